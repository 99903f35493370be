//! When keys were last used: noted in memory, at most once a minute for each key, and written together.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hub_domain::ids::KeyId;
use hub_domain::ports::{KeyStore, UnixMillis};

use crate::known_key::KnownKey;

const MINUTE_MS: i64 = 60_000;

#[derive(Default)]
pub(crate) struct LastUse(Mutex<HashMap<KeyId, UnixMillis>>);

impl LastUse {
    fn waiting(&self) -> MutexGuard<'_, HashMap<KeyId, UnixMillis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a use. Within a minute after the last one it costs one atomic read.
    pub fn note(&self, key: &KnownKey, now: UnixMillis) {
        let minute = now.0.div_euclid(MINUTE_MS);
        if key.noted.load(Ordering::Relaxed) == minute {
            return;
        }
        key.noted.store(minute, Ordering::Relaxed);
        if let Some(id) = key.principal().key {
            self.waiting().insert(id, now);
        }
    }

    /// Writes what was noted. What can't be written waits for the next time.
    pub async fn flush(&self, keys: &dyn KeyStore) {
        let used: Vec<_> = std::mem::take(&mut *self.waiting()).into_iter().collect();
        if used.is_empty() || keys.note_use(&used).await.is_ok() {
            return;
        }
        let mut waiting = self.waiting();
        for (key, at) in used {
            let latest = waiting.entry(key).or_insert(at);
            *latest = at.max(*latest);
        }
    }
}
