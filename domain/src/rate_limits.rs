//! Requests and tokens for each minute, of keys and of accounts.
//!
//! It is exact within one process; each instance of several counts for itself. Who has no limit is not
//! counted and meets no lock.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::CallError;
use crate::ids::{AccountId, KeyId};
use crate::vocabulary::{Limits, Principal};

mod window;

pub use window::Room;
use window::{Mark, Window};

/// The hub's own limits, for whoever has none of their own; `None` is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defaults {
    pub key: Rates,
    pub account: Rates,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    pub requests: Option<NonZeroU64>,
    pub tokens: Option<NonZeroU64>,
}

impl Rates {
    fn of(limits: Limits, default: Self) -> Self {
        Self {
            requests: limits.requests_per_minute.or(default.requests),
            tokens: limits.tokens_per_minute.or(default.tokens),
        }
    }

    fn get(self, what: Counted) -> Option<NonZeroU64> {
        match what {
            Counted::Requests => self.requests,
            Counted::Tokens => self.tokens,
        }
    }
}

/// What there is a limit on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    Requests,
    Tokens,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this {owner} may {} for each minute; try again in {} s",
    match what {
        Counted::Requests => format!("make {limit} requests"),
        Counted::Tokens => format!("use {limit} tokens"),
    },
    retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0)
)]
pub struct Exceeded {
    pub owner: Owner,
    pub what: Counted,
    pub limit: NonZeroU64,
    pub retry_after: Duration,
}

impl From<Exceeded> for CallError {
    fn from(exceeded: Exceeded) -> Self {
        Self::RateLimited {
            message: exceeded.to_string(),
            code: "rate_limit_exceeded",
            retry_after: exceeded.retry_after,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    Account(AccountId),
    Key(KeyId),
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account(_) => "account",
            Self::Key(_) => "access key",
        })
    }
}

/// What is left for a caller: of its key or its account, whichever has less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    pub requests: Option<Room>,
    pub tokens: Option<Room>,
}

const SHARDS: usize = 16;
/// A shard that has grown to so many owners is looked through for those that rest.
const SWEEP_AT: usize = 64;

pub struct RateLimits {
    defaults: Defaults,
    /// By account, so that an account and its keys stand under one lock.
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    owners: HashMap<Owner, Box<Windows>>,
    sweep_at: usize,
}

#[derive(Default)]
struct Windows {
    requests: Window,
    tokens: Window,
}

impl Windows {
    fn get(&mut self, what: Counted) -> &mut Window {
        match what {
            Counted::Requests => &mut self.requests,
            Counted::Tokens => &mut self.tokens,
        }
    }
}

impl Shard {
    fn window(&mut self, owner: Owner, what: Counted) -> &mut Window {
        self.owners.entry(owner).or_default().get(what)
    }

    /// Owners that took nothing for a minute take no memory.
    fn sweep(&mut self, now: Instant) {
        if self.owners.len() < self.sweep_at.max(SWEEP_AT) {
            return;
        }
        self.owners.retain(|_, windows| !(windows.requests.is_empty(now) && windows.tokens.is_empty(now)));
        self.sweep_at = self.owners.len().saturating_mul(2);
    }
}

impl RateLimits {
    pub fn new(defaults: Defaults) -> Self {
        Self { defaults, shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Whether there is anything to count for this caller.
    pub fn is_limited(&self, caller: &Principal) -> bool {
        self.owners(caller).iter().flatten().any(|(_, rates)| *rates != Rates::default())
    }

    /// Counts a request, or says that there were enough in the last minute; those that are refused do
    /// not count.
    pub fn take_request(&self, caller: &Principal, now: Instant) -> Result<(), Exceeded> {
        self.take(caller, Counted::Requests, 1, true, now).map(drop)
    }

    /// Reserves the most tokens that a call can use, until [`Reservation::used`] says how many it did.
    pub fn reserve(
        self: &Arc<Self>,
        caller: &Principal,
        tokens: u64,
        now: Instant,
    ) -> Result<Option<Reservation>, Exceeded> {
        let marks = self.take(caller, Counted::Tokens, tokens, false, now)?;
        let is_counted = marks.iter().any(Option::is_some);
        Ok(is_counted.then(|| Reservation { limits: Arc::clone(self), account: caller.account, marks }))
    }

    pub fn standing(&self, caller: &Principal, now: Instant) -> Standing {
        if !self.is_limited(caller) {
            return Standing::default();
        }
        let mut shard = self.shard(caller.account);
        let mut tightest = |what| {
            let limited = self.limited(caller, what);
            let rooms = limited
                .into_iter()
                .flatten()
                .map(|(owner, limit)| shard.window(owner, what).room(limit, now));
            rooms.min_by_key(|room| room.remaining)
        };
        Standing { requests: tightest(Counted::Requests), tokens: tightest(Counted::Tokens) }
    }

    fn owners(&self, caller: &Principal) -> [Option<(Owner, Rates)>; 2] {
        let account = Rates::of(caller.account_limits, self.defaults.account);
        let key = caller.key.map(|key| (Owner::Key(key), Rates::of(caller.limits, self.defaults.key)));
        [Some((Owner::Account(caller.account), account)), key]
    }

    fn limited(&self, caller: &Principal, what: Counted) -> [Option<(Owner, NonZeroU64)>; 2] {
        self.owners(caller).map(|owner| owner.and_then(|(owner, rates)| Some((owner, rates.get(what)?))))
    }

    /// From all that have a limit, or from none.
    fn take(
        &self,
        caller: &Principal,
        what: Counted,
        amount: u64,
        is_final: bool,
        now: Instant,
    ) -> Result<Marks, Exceeded> {
        let limited = self.limited(caller, what);
        if limited.iter().all(Option::is_none) {
            return Ok([None; 2]);
        }
        let mut shard = self.shard(caller.account);
        shard.sweep(now);
        for (owner, limit) in limited.into_iter().flatten() {
            let checked = shard.window(owner, what).check(amount, limit, now);
            checked.map_err(|retry_after| Exceeded { owner, what, limit, retry_after })?;
        }
        Ok(limited.map(|limited| {
            let (owner, limit) = limited?;
            // A call that is larger than the limit has the whole minute for itself.
            let amount = amount.min(limit.get());
            let mark = shard.window(owner, what).take(amount, is_final, now);
            Some(Taken { owner, mark, amount })
        }))
    }

    fn shard(&self, account: AccountId) -> MutexGuard<'_, Shard> {
        // The last byte of a UUIDv7 is random.
        let shard = &self.shards[usize::from(account.0.as_bytes()[15]) % SHARDS];
        // No count is left half changed by a panic.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Marks = [Option<Taken>; 2];

#[derive(Debug, Clone, Copy)]
struct Taken {
    owner: Owner,
    mark: Mark,
    amount: u64,
}

/// Tokens that a call may use. Dropped without a word it gives all of them back.
pub struct Reservation {
    limits: Arc<RateLimits>,
    account: AccountId,
    marks: Marks,
}

impl Reservation {
    /// The call has ended, and this is what it used.
    pub fn used(mut self, tokens: u64) {
        self.correct(tokens);
    }

    fn correct(&mut self, used: u64) {
        let marks = std::mem::take(&mut self.marks);
        if marks.iter().all(Option::is_none) {
            return;
        }
        let mut shard = self.limits.shard(self.account);
        for Taken { owner, mark, amount } in marks.into_iter().flatten() {
            shard.window(owner, Counted::Tokens).correct(mark, amount, used);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.correct(0);
    }
}

#[cfg(test)]
mod tests;
