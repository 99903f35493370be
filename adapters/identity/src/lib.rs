//! Who is calling, and what must stay hidden: access keys (their text, their check, their cache),
//! secrets sealed under a master key, what wallets are made of (DIDs, keys, passkeys, the tokens that they sign),
//! the conversation in which they sign in, session tokens, and the calls that components and applications sign. It knows no HTTP and no database; both meet it through ports of the domain.

mod access_key;
mod arc_jwt;
mod byte_text;
mod canonical_json;
mod challenge;
mod component_call;
pub mod connect;
mod decimal;
mod did;
mod handed_key;
mod known_key;
mod last_use;
mod master_key;
mod master_keys;
mod passkey;
mod presented_token;
mod public_key;
mod query_string;
mod random;
mod remote_call;
mod sealed_secrets;
mod secret_key;
mod session_token;
mod verifier;

pub use access_key::{
    InvalidKeyText, IssuedKey, access_key_id, issue_access_key, key_of_text, role_of_passport,
};
pub use arc_jwt::{
    DecodedJwt, InvalidJwt, JWT_VERSION, Times, UnsignedJwt, VerifiedJwt, sign_jwt, verify_jwt, verify_jwt_by,
};
pub use byte_text::{base58btc, guessed_bytes, hex};
pub use canonical_json::{NotJson, canonical_json, canonical_value};
pub use challenge::{CHALLENGE_LIFE, Challenges, UsedOnce};
pub use component_call::{
    CALL_LIFE, CallGuard, CallHeaders, CallKey, CallRefused, ReceivedCall, SignedCall, Stamp, sign_call,
    verify_call,
};
pub use did::{Did, DidEncoding, DidHash, DidKind, DidRole, InvalidDid, KeyKind};
pub use handed_key::{handed_key, handed_key_with_salt};
pub use master_key::{MasterKey, MasterKeyError, MasterKeyId};
pub use master_keys::MasterKeys;
pub use passkey::{AssertedAt, InvalidAssertion, InvalidPasskey, PasskeyKey};
pub use presented_token::{PresentedToken, TokenForm, TokenPlaces, bearer, cookie};
pub use public_key::{InvalidPublicKey, InvalidSignature, PublicKey};
pub use query_string::query_object;
pub use remote_call::{
    RemoteCall, RemoteHeaders, remote_app_id, remote_signed_text, sign_remote_call, verify_remote_call,
};
pub use sealed_secrets::{SealedHead, SealedSecrets};
pub use secret_key::{InvalidSecretKey, SecretKey};
pub use session_token::{
    InvalidSession, Passport, SecretTooShort, SessionClaims, SessionSecret, SessionUse, csrf_token,
    is_csrf_token_of,
};
pub use verifier::AccessKeyVerifier;
