//! A key that was found, as the cache keeps it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hub_domain::ports::{KeyRecord, UnixMillis};
use hub_domain::vocabulary::Principal;

/// A change of keys raises the settings version, which is what normally ends a cached key. Should news
/// of it not come through, a key is looked at again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// For so long after it was last seen in the database a key counts while the database is away.
const TRUST_WHILE_AWAY: Duration = Duration::from_secs(5 * 60);

pub(crate) struct KnownKey {
    principal: Principal,
    expires: Option<UnixMillis>,
    /// The settings version that was in force before the key was looked up.
    settings_version: i64,
    /// When the database said so.
    seen: UnixMillis,
    /// When it was last asked, whatever it said.
    asked: AtomicI64,
    /// The minute whose use was noted.
    pub noted: AtomicI64,
}

impl KnownKey {
    /// What a call needs of a record; `None` for a revoked key.
    pub fn of(record: KeyRecord, settings_version: i64, now: UnixMillis) -> Option<Self> {
        if record.revoked.is_some() {
            return None;
        }
        let principal = Principal {
            account: record.account,
            account_name: record.account_name.into(),
            did: record.did.map(Arc::from),
            key: Some(record.id),
            key_name: record.name.map(Arc::from),
            role: record.role,
            limits: record.limits,
            account_limits: record.account_limits,
        };
        let (seen, asked) = (now, AtomicI64::new(now.0));
        let noted = AtomicI64::new(i64::MIN);
        Some(Self { principal, expires: record.expires, settings_version, seen, asked, noted })
    }

    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// At the very instant of its expiry a key is still good.
    pub fn is_expired(&self, now: UnixMillis) -> bool {
        self.expires.is_some_and(|expires| now > expires)
    }

    /// Nothing has changed since it was found, as far as is known here.
    pub fn is_fresh(&self, settings_version: i64, now: UnixMillis) -> bool {
        let asked = UnixMillis(self.asked.load(Ordering::Relaxed));
        self.settings_version == settings_version && is_within(LOOK_AGAIN, asked, now)
    }

    /// Whether it counts though the database can't be asked. After a change of settings it doesn't:
    /// it may be the one that was revoked.
    pub fn is_trusted(&self, settings_version: i64, now: UnixMillis) -> bool {
        self.settings_version == settings_version && is_within(TRUST_WHILE_AWAY, self.seen, now)
    }

    /// The database was asked in vain, and is left alone for a while.
    pub fn asked_in_vain(&self, now: UnixMillis) {
        self.asked.store(now.0, Ordering::Relaxed);
    }
}

/// A clock that was set back says nothing about the time that has passed.
fn is_within(time: Duration, since: UnixMillis, now: UnixMillis) -> bool {
    now >= since && now < since.plus(time)
}
