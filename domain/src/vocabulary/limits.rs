//! How much a key or an account may do at a time and in a minute.

use std::num::NonZeroU64;

/// How often or how much in any sixty seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PerMinute {
    /// What the hub's configuration says for keys or accounts that have no limit of their own.
    #[default]
    HubsOwn,
    /// Whatever the configuration says.
    Unlimited,
    AtMost(NonZeroU64),
}

impl PerMinute {
    /// As it is stored and written: nothing, 0, or the number.
    pub fn from_number(number: Option<u64>) -> Self {
        match number {
            None => Self::HubsOwn,
            Some(number) => NonZeroU64::new(number).map_or(Self::Unlimited, Self::AtMost),
        }
    }

    pub fn number(self) -> Option<u64> {
        match self {
            Self::HubsOwn => None,
            Self::Unlimited => Some(0),
            Self::AtMost(most) => Some(most.get()),
        }
    }

    /// The limit in force; `None` where there is none.
    pub fn or(self, hubs_own: Option<NonZeroU64>) -> Option<NonZeroU64> {
        match self {
            Self::HubsOwn => hubs_own,
            Self::Unlimited => None,
            Self::AtMost(most) => Some(most),
        }
    }
}

/// What one key, or all keys of one account together, may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Calls in flight, more than 0; `None` for the hub's own limit.
    pub concurrent_calls: Option<u32>,
    pub requests_per_minute: PerMinute,
    pub tokens_per_minute: PerMinute,
}

/// A change of some limits; what is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitChange {
    /// `Some(None)` goes back to the hub's own limit.
    pub concurrent_calls: Option<Option<u32>>,
    pub requests_per_minute: Option<PerMinute>,
    pub tokens_per_minute: Option<PerMinute>,
}

impl LimitChange {
    pub fn apply(self, limits: Limits) -> Limits {
        Limits {
            concurrent_calls: self.concurrent_calls.unwrap_or(limits.concurrent_calls),
            requests_per_minute: self.requests_per_minute.unwrap_or(limits.requests_per_minute),
            tokens_per_minute: self.tokens_per_minute.unwrap_or(limits.tokens_per_minute),
        }
    }
}
