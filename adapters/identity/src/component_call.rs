//! Calls that a component signs (`x-component-*`): method, path, query and body, for five minutes or for
//! a challenge of the hub's.
//!
//! It proves that the key's owner sent this. The label `x-component-did` and the version are not signed
//! and mean nothing. What a route reads must be what was signed: a body that is not JSON counts as none.

mod canonical;
mod guard;
mod key;

use crate::byte_text::{guessed_bytes, hex};
use crate::decimal::plain_decimal;
use crate::secret_key::{InvalidSecretKey, SecretKey};

pub(crate) use canonical::signed_body;
pub use canonical::{ReceivedCall, Stamp};
pub use guard::CallGuard;
pub use key::CallKey;
pub(crate) use key::digest;

/// The longest time for which a call may be signed, in seconds.
pub const CALL_LIFE: u64 = 300;
/// By how much a caller's clock may be ahead, in seconds.
const AHEAD: u64 = 60;
/// The longest signature in any spelling, and the longest challenge.
const LONGEST_HEADER: usize = 1024;

/// The headers of a signed call, as received.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallHeaders<'a> {
    /// `x-component-sig`
    pub signature: Option<&'a str>,
    /// `x-component-sig-iat`
    pub iat: Option<&'a str>,
    /// `x-component-sig-exp`
    pub exp: Option<&'a str>,
    /// `x-component-challenge`: in place of the two times.
    pub challenge: Option<&'a str>,
    /// `x-path-prefix`: what a proxy took off the path. Only from trusted ones.
    pub path_prefix: Option<&'a str>,
}

/// A call whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCall {
    /// Which of the keys signed.
    pub key: usize,
    /// What was signed, hashed: the same for equal calls. By this a repeat is known.
    pub digest: [u8; 32],
    /// The challenge, which must be used up now.
    pub challenge: Option<String>,
    /// Until when a repeat would be accepted, in seconds; for a challenge: as long as it lives.
    pub exp: Option<u64>,
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallRefused {
    /// Not a signed call at all.
    #[error("the call is not signed")]
    Unsigned,
    /// It has times and no signature.
    #[error("the signature is missing")]
    NoSignature,
    /// Late, early, for too long, changed, by another key: which is nobody's business.
    #[error("verify sig failed")]
    Invalid,
}

/// Signs a call; the text of `x-component-sig`.
pub fn sign_call(
    key: &SecretKey,
    call: &ReceivedCall<'_>,
    stamp: Stamp<'_>,
) -> Result<String, InvalidSecretKey> {
    let text = call.canonical(call.path, stamp).map_err(|_| InvalidSecretKey)?;
    let signature = key.sign(&digest(key.kind(), &text))?;
    Ok(format!("0x{}", hex(&signature)))
}

/// Checks a call against the keys of a component, the newest first. `now` is in seconds.
///
/// A repeat within its time is as good as the first: see [`SignedCall::digest`].
pub fn verify_call(
    call: &ReceivedCall<'_>,
    headers: CallHeaders<'_>,
    keys: &[CallKey],
    now: u64,
) -> Result<SignedCall, CallRefused> {
    let signature = signature(headers)?;
    let stamp = stamp(headers, now).ok_or(CallRefused::Invalid)?;
    let check = |path: &str| {
        let text = call.canonical(path, stamp).ok()?;
        keys.iter().enumerate().find_map(|(place, key)| {
            key.verify(&text, &signature).map(|digest| SignedCall {
                key: place,
                digest,
                challenge: stamp.challenge().map(str::to_owned),
                exp: stamp.exp(),
            })
        })
    };
    let with_prefix = || {
        let prefix = headers.path_prefix.filter(|prefix| !call.path.starts_with(prefix))?;
        check(&format!("{prefix}{}", call.path))
    };
    check(call.path).or_else(with_prefix).ok_or(CallRefused::Invalid)
}

fn signature(headers: CallHeaders<'_>) -> Result<Vec<u8>, CallRefused> {
    let has_times = headers.iat.is_some() && headers.exp.is_some();
    match headers.signature.filter(|text| !text.is_empty()) {
        Some(text) if text.len() <= LONGEST_HEADER => Ok(guessed_bytes(text)),
        Some(_) => Err(CallRefused::Invalid),
        None if has_times || headers.challenge.is_some() => Err(CallRefused::NoSignature),
        None => Err(CallRefused::Unsigned),
    }
}

/// Until when the call is good, if its times are: plain digits, now between them, not too long apart.
/// Times and a challenge at once are neither.
fn stamp<'a>(headers: CallHeaders<'a>, now: u64) -> Option<Stamp<'a>> {
    if let Some(challenge) = headers.challenge {
        let is_alone = headers.iat.is_none() && headers.exp.is_none();
        let is_plain = (1..=LONGEST_HEADER).contains(&challenge.len());
        return (is_alone && is_plain).then_some(Stamp::Challenge(challenge));
    }
    let (iat, exp) = (plain_decimal(headers.iat?)?, plain_decimal(headers.exp?)?);
    let is_window = iat <= exp && exp - iat <= CALL_LIFE;
    let is_now = now <= exp && iat <= now.saturating_add(AHEAD);
    (is_window && is_now).then_some(Stamp::Times { iat, exp })
}
