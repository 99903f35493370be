//! Limits on calls: in flight, of the process, an account and a key, and on requests for each minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hub_domain::error::CallError;
use hub_domain::ids::{AccountId, KeyId};
use hub_domain::rate_limits::RateLimits;
use hub_domain::vocabulary::Principal;

use crate::CallLimits;

/// When a refused caller may come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Counts calls in flight. Every count is held by a guard, so none can leak.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Counters>);

struct Counters {
    limits: CallLimits,
    rates: Arc<RateLimits>,
    process: AtomicU32,
    accounts: Tally<AccountId>,
    keys: Tally<KeyId>,
}

/// A call in flight; dropping it makes room for another.
pub(crate) struct Admitted {
    counters: Arc<Counters>,
    account: AccountId,
    key: Option<KeyId>,
}

impl Admission {
    pub(crate) fn new(limits: CallLimits, rates: Arc<RateLimits>) -> Self {
        Self(Arc::new(Counters {
            limits,
            rates,
            process: AtomicU32::new(0),
            accounts: Tally::default(),
            keys: Tally::default(),
        }))
    }

    /// 503 when the process is full, 429 when the account or the key is, or made enough requests in the last
    /// minute.
    pub(crate) fn admit(&self, caller: &Principal) -> Result<Admitted, CallError> {
        let counters = &self.0;
        let limits = counters.limits;
        let running = counters.process.fetch_add(1, Ordering::Relaxed);
        if running >= limits.process {
            counters.process.fetch_sub(1, Ordering::Relaxed);
            return Err(CallError::Unavailable {
                message: "the hub has as many calls in flight as it takes; try again in a moment".into(),
                code: "overloaded",
                retry_after: RETRY_AFTER,
            });
        }
        // A key that was given a higher limit of its own is not bound by the hub's limit for accounts.
        let own = caller.limits.concurrent_calls;
        let account_limit = match caller.account_limits.concurrent_calls {
            Some(accounts_own) => limits.share(accounts_own, running),
            None => limits.share(limits.account, running).max(own.unwrap_or(0)),
        };
        if !counters.accounts.take(caller.account, account_limit) {
            counters.process.fetch_sub(1, Ordering::Relaxed);
            return Err(too_many("account"));
        }
        if let Some(key) = caller.key
            && !counters.keys.take(key, own.unwrap_or(limits.key))
        {
            counters.accounts.give_back(caller.account);
            counters.process.fetch_sub(1, Ordering::Relaxed);
            return Err(too_many("access key"));
        }
        let admitted = Admitted { counters: Arc::clone(counters), account: caller.account, key: caller.key };
        counters.rates.take_request(caller, Instant::now())?;
        Ok(admitted)
    }
}

impl CallLimits {
    /// When the process is nearly full, no account may take it all.
    fn share(self, account: u32, running: u32) -> u32 {
        if u64::from(running) * 10 <= u64::from(self.process) * 8 {
            account
        } else {
            account.min((self.process / 10).max(16))
        }
    }
}

fn too_many(whose: &str) -> CallError {
    CallError::RateLimited {
        message: format!("this {whose} has too many calls in flight; try again when one has ended"),
        code: "too_many_concurrent",
        retry_after: RETRY_AFTER,
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.counters.keys.give_back(key);
        }
        self.counters.accounts.give_back(self.account);
        self.counters.process.fetch_sub(1, Ordering::Relaxed);
    }
}

const SHARDS: usize = 16;

/// Counts by id. Ids that have nothing in flight take no memory.
struct Tally<K>([Mutex<HashMap<K, u32>>; SHARDS]);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(HashMap::new())))
    }
}

trait Sharded: Copy + Eq + Hash {
    /// The last byte of a UUIDv7 is random.
    fn last_byte(self) -> u8;
}

impl Sharded for AccountId {
    fn last_byte(self) -> u8 {
        self.0.as_bytes()[15]
    }
}

impl Sharded for KeyId {
    fn last_byte(self) -> u8 {
        self.0.as_bytes()[15]
    }
}

impl<K: Sharded> Tally<K> {
    fn with<T>(&self, id: K, work: impl FnOnce(&mut HashMap<K, u32>) -> T) -> T {
        let shard = &self.0[usize::from(id.last_byte()) % SHARDS];
        // A panic can't leave a count half changed.
        work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&self, id: K, limit: u32) -> bool {
        self.with(id, |counts| {
            let running = counts.get(&id).copied().unwrap_or(0);
            if running >= limit {
                return false;
            }
            counts.insert(id, running + 1);
            true
        })
    }

    fn give_back(&self, id: K) {
        self.with(id, |counts| match counts.get_mut(&id) {
            Some(running) if *running > 1 => *running -= 1,
            _ => {
                counts.remove(&id);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hub_domain::rate_limits::Defaults;
    use hub_domain::vocabulary::{Limits, PerMinute, Role};

    fn caller(limit: Option<u32>) -> Principal {
        Principal {
            account: AccountId::new(),
            account_name: "ann".into(),
            did: None,
            key: Some(KeyId::new()),
            key_name: None,
            role: Role::Member,
            limits: Limits { concurrent_calls: limit, ..Limits::default() },
            account_limits: Limits::default(),
        }
    }

    fn admission(process: u32, account: u32, key: u32) -> Admission {
        let rates = Arc::new(RateLimits::new(Defaults::default()));
        Admission::new(CallLimits { process, account, key }, rates)
    }

    #[test]
    fn a_full_process_is_the_hubs_fault_and_a_full_account_the_callers() {
        let ann = caller(None);
        let full_process = admission(1, 8, 8);
        let _running = full_process.admit(&ann).unwrap();
        assert!(matches!(full_process.admit(&ann), Err(CallError::Unavailable { code: "overloaded", .. })));

        let full_account = admission(100, 1, 8);
        let _running = full_account.admit(&ann).unwrap();
        assert!(matches!(full_account.admit(&ann), Err(CallError::RateLimited { .. })));
    }

    #[test]
    fn a_key_of_its_own_limit_is_held_to_it() {
        let (admission, bob) = (admission(100, 100, 1), caller(Some(2)));
        let running: Vec<_> = (0..2).map(|_| admission.admit(&bob).unwrap()).collect();
        assert!(admission.admit(&bob).is_err());
        drop(running);
        assert!(admission.admit(&bob).is_ok());
    }

    #[test]
    fn the_limit_of_an_account_binds_all_its_keys() {
        let (admission, mut bob) = (admission(100, 100, 1), caller(Some(5)));
        bob.account_limits.concurrent_calls = Some(2);
        let _running: Vec<_> = (0..2).map(|_| admission.admit(&bob).unwrap()).collect();
        assert!(admission.admit(&bob).is_err());
        bob.key = Some(KeyId::new());
        assert!(admission.admit(&bob).is_err(), "another key makes no difference");
    }

    #[test]
    fn enough_requests_in_a_minute_are_no_calls_in_flight() {
        let (admission, mut ann) = (admission(10, 10, 10), caller(None));
        ann.limits.requests_per_minute = PerMinute::from_number(Some(2));
        for _ in 0..2 {
            drop(admission.admit(&ann).unwrap());
        }
        let refused = admission.admit(&ann).err().unwrap();
        assert!(matches!(refused, CallError::RateLimited { code: "rate_limit_exceeded", .. }), "{refused:?}");
        assert_eq!(admission.0.process.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_refusal_leaves_no_count_behind() {
        let (admission, ann) = (admission(10, 10, 1), caller(None));
        let running = admission.admit(&ann).unwrap();
        for _ in 0..50 {
            assert!(admission.admit(&ann).is_err());
        }
        drop(running);
        assert_eq!(admission.0.process.load(Ordering::Relaxed), 0);
        assert!(admission.0.accounts.with(ann.account, |counts| counts.is_empty()));
        assert!(admission.0.keys.with(ann.key.unwrap(), |counts| counts.is_empty()));
    }

    #[test]
    fn near_the_limit_of_the_process_no_account_takes_the_rest() {
        let admission = admission(200, 200, 200);
        let others: Vec<_> = (0..161).map(|_| admission.admit(&caller(None)).unwrap()).collect();
        let ann = caller(None);
        let running: Vec<_> = (0..20).map(|_| admission.admit(&ann).unwrap()).collect();
        assert!(admission.admit(&ann).is_err());
        drop((others, running));
    }
}
