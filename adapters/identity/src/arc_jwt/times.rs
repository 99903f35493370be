//! When a token is good.

use serde_json::{Map, Value};

/// Whose clock tells whether a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Seconds, rounded up; and how many seconds clocks may differ by.
    At { now: u64, tolerance: u64 },
    /// They must be there and well written; what they say does not matter.
    Ignored,
}

impl Times {
    /// Wallets' clocks may differ by five seconds.
    pub fn at(now: u64) -> Self {
        Self::At { now, tolerance: 5 }
    }
}

/// The times that a token states, in seconds.
pub(super) struct Stated {
    exp: u64,
    iat: Option<u64>,
    nbf: Option<u64>,
}

impl Stated {
    /// `None` where one is not a whole number of seconds, or the end is missing.
    pub fn of(payload: &Map<String, Value>) -> Option<Self> {
        let optional = |name: &str| match payload.get(name) {
            None => Some(None),
            Some(value) => seconds(value).map(Some),
        };
        Some(Self { exp: seconds(payload.get("exp")?)?, iat: optional("iat")?, nbf: optional("nbf")? })
    }

    pub fn are_good(&self, times: Times) -> bool {
        let Times::At { now, tolerance } = times else { return true };
        let is_past = |time: Option<u64>| time.is_none_or(|time| time <= now.saturating_add(tolerance));
        self.exp.saturating_add(tolerance) >= now && is_past(self.iat) && is_past(self.nbf)
    }
}

/// Plain decimal digits, as text or as a number, so that one time has one spelling.
fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) => crate::decimal::plain_decimal(digits),
        number => number.as_u64(),
    }
}
