//! Who is calling, and what must stay hidden: access keys (their text, their check, their cache) and
//! secrets sealed under a master key. It knows no HTTP and no database; both meet it through ports of
//! the domain. Wallet sign-in, sessions and signed component calls are not here yet.

mod access_key;
mod known_key;
mod last_use;
mod master_key;
mod random;
mod sealed_secrets;
mod verifier;

pub use access_key::{InvalidKeyText, IssuedKey, issue_access_key, key_of_text};
pub use master_key::{MasterKey, MasterKeyError};
pub use sealed_secrets::SealedSecrets;
pub use verifier::AccessKeyVerifier;
