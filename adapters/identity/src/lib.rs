//! Who is calling, and what must stay hidden: access keys (their text, their check, their cache),
//! secrets sealed under a master key, and the two things of wallets that stand on their own, DIDs and
//! the signatures of passkeys. It knows no HTTP and no database; both meet it through ports of the
//! domain. Wallet sign-in, tokens, sessions and signed component calls are not here yet.

mod access_key;
mod did;
mod known_key;
mod last_use;
mod master_key;
mod passkey;
mod random;
mod sealed_secrets;
mod verifier;

pub use access_key::{InvalidKeyText, IssuedKey, access_key_id, issue_access_key, key_of_text};
pub use did::{Did, DidEncoding, DidHash, DidKind, DidRole, InvalidDid, KeyKind};
pub use master_key::{MasterKey, MasterKeyError};
pub use passkey::{AssertedAt, InvalidAssertion, InvalidPasskey, PasskeyKey};
pub use sealed_secrets::SealedSecrets;
pub use verifier::AccessKeyVerifier;
