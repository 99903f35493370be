//! Checks access keys: by the hash of the text, with a cache of keys that were found.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use async_trait::async_trait;
use hub_domain::ports::{AuthError, Clock, IdentityVerifier, KeyStore, Presented, Snapshots};
use hub_domain::vocabulary::Principal;
use moka::sync::Cache;

use crate::access_key::{KeyHash, is_key_text};
use crate::known_key::KnownKey;
use crate::last_use::LastUse;

/// Keys that are remembered; the least used ones make room.
const CACHED_KEYS: u64 = 50_000;

/// Verifies access keys.
///
/// Only keys that were found are cached, under their hash and never under their text: a key that is
/// made now works now, and whoever sends made-up keys fills nothing but costs one indexed read each. A
/// cached key ends with the next change of settings, hence a revoked one within a second everywhere.
/// While the database is away cached keys go on for five minutes, and any other is "not known now"
/// ([`AuthError::Storage`]), never "not valid".
pub struct AccessKeyVerifier {
    keys: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    snapshots: Arc<dyn Snapshots>,
    known: Cache<KeyHash, Arc<KnownKey>>,
    last_use: LastUse,
}

impl AccessKeyVerifier {
    pub fn new(keys: Arc<dyn KeyStore>, clock: Arc<dyn Clock>, snapshots: Arc<dyn Snapshots>) -> Self {
        let known = Cache::new(CACHED_KEYS);
        Self { keys, clock, snapshots, known, last_use: LastUse::default() }
    }

    /// Writes down when keys were last used; to be called about once a minute, and at the end.
    pub async fn flush_last_use(&self) {
        self.last_use.flush(self.keys.as_ref()).await;
    }

    async fn find(&self, hash: KeyHash) -> Result<Arc<KnownKey>, AuthError> {
        // Read before the key is: a change in between makes the result old at once.
        let settings_version = self.snapshots.current().settings_version;
        let now = self.clock.now();
        let known = self.known.get(&hash);
        if let Some(known) = known.as_ref().filter(|known| known.is_fresh(settings_version, now)) {
            return Ok(Arc::clone(known));
        }
        match self.keys.find(&hash.0).await {
            Ok(record) => {
                let found = record.and_then(|record| KnownKey::of(record, settings_version, now));
                let Some(found) = found.map(Arc::new) else {
                    self.known.invalidate(&hash);
                    return Err(AuthError::Invalid);
                };
                if let Some(before) = known {
                    found.noted.store(before.noted.load(Relaxed), Relaxed);
                }
                self.known.insert(hash, Arc::clone(&found));
                Ok(found)
            }
            Err(error) => match known.filter(|known| known.is_trusted(settings_version, now)) {
                Some(known) if error.is_away() => {
                    known.asked_in_vain(now);
                    Ok(known)
                }
                _ => Err(error.into()),
            },
        }
    }
}

#[async_trait]
impl IdentityVerifier for AccessKeyVerifier {
    async fn verify(&self, presented: Presented<'_>) -> Result<Principal, AuthError> {
        let Presented::Token(text) = presented;
        if !is_key_text(text) {
            return Err(AuthError::Invalid);
        }
        let key = self.find(KeyHash::of(text)).await?;
        // The lookup may have taken its time.
        let now = self.clock.now();
        if key.is_expired(now) {
            return Err(AuthError::Invalid);
        }
        self.last_use.note(&key, now);
        Ok(key.principal().clone())
    }
}
