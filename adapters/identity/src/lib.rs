//! Who is calling, and what must stay hidden: access keys (their text, their check, their cache),
//! secrets sealed under a master key, and what wallets are made of: DIDs, keys, passkeys and the tokens
//! that they sign. It knows no HTTP and no database; both meet it through ports of the domain.

mod access_key;
mod arc_jwt;
mod byte_text;
mod canonical_json;
mod decimal;
mod did;
mod handed_key;
mod known_key;
mod last_use;
mod master_key;
mod passkey;
mod public_key;
mod random;
mod sealed_secrets;
mod secret_key;
mod verifier;

pub use access_key::{
    InvalidKeyText, IssuedKey, access_key_id, issue_access_key, key_of_text, role_of_passport,
};
pub use arc_jwt::{
    DecodedJwt, InvalidJwt, JWT_VERSION, Times, UnsignedJwt, VerifiedJwt, sign_jwt, verify_jwt, verify_jwt_by,
};
pub use byte_text::{base58btc, guessed_bytes, hex};
pub use canonical_json::{NotJson, canonical_json, canonical_value};
pub use did::{Did, DidEncoding, DidHash, DidKind, DidRole, InvalidDid, KeyKind};
pub use handed_key::{handed_key, handed_key_with_salt};
pub use master_key::{MasterKey, MasterKeyError};
pub use passkey::{AssertedAt, InvalidAssertion, InvalidPasskey, PasskeyKey};
pub use public_key::{InvalidPublicKey, InvalidSignature, PublicKey};
pub use sealed_secrets::SealedSecrets;
pub use secret_key::{InvalidSecretKey, SecretKey};
pub use verifier::AccessKeyVerifier;
