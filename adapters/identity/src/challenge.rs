//! Challenges that a component signs in place of times: made without keeping them, good for a minute, and
//! used once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::random;

/// Seconds for which a challenge is good.
pub const CHALLENGE_LIFE: u64 = 60;

const NONCE: usize = 16;
const BODY: usize = 8 + NONCE;

/// Makes challenges and knows its own again. Instances that share the key know each other's.
pub struct Challenges(Zeroizing<[u8; 32]>);

impl Challenges {
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// A challenge that was never made before. `now` is in seconds.
    pub fn issue(&self, now: u64) -> String {
        let mut body = [0; BODY];
        let (exp, nonce) = body.split_at_mut(BODY - NONCE);
        exp.copy_from_slice(&now.saturating_add(CHALLENGE_LIFE).to_be_bytes());
        random::fill(nonce);
        let mac = self.mac(&body).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([body.as_slice(), &mac].concat())
    }

    /// Until when a challenge is good, in seconds; `None` for one that is over, or was made by nobody
    /// with this key.
    pub fn expiry(&self, challenge: &str, now: u64) -> Option<u64> {
        let bytes = URL_SAFE_NO_PAD.decode(challenge).ok()?;
        let (body, mac) = bytes.split_first_chunk::<BODY>()?;
        self.mac(body).verify_slice(mac).ok()?;
        let exp = u64::from_be_bytes(*body.first_chunk()?);
        (exp >= now).then_some(exp)
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        crate::session_token::keyed::<Hmac<Sha256>>(self.0.as_slice()).chain_update(body)
    }
}

/// Remembers in this process what was used, for as long as it could be used again.
pub struct UsedOnce {
    used: Mutex<HashMap<[u8; 32], u64>>,
    most: usize,
}

impl UsedOnce {
    /// Remembers at most so many; where there is no room everything counts as used.
    pub fn new(most: usize) -> Self {
        Self { used: Mutex::default(), most }
    }

    /// Whether this is the first use of what has this digest. `exp` and `now` are in seconds.
    pub fn is_first(&self, digest: [u8; 32], exp: u64, now: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= self.most {
            used.retain(|_, exp| *exp >= now);
        }
        let is_first = !used.contains_key(&digest) && used.len() < self.most;
        if is_first {
            used.insert(digest, exp);
        }
        is_first
    }
}
