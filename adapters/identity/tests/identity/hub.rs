//! A verifier over a store in memory, with everything that a test wants to move or count.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ids::{AccountId, KeyId};
use hub_domain::memory::Memory;
use hub_domain::ports::{
    Accounts, AuthError, Clock, IdentityVerifier, KeyRecord, KeyStore, KeyStoreError, NewAccount, NewKey,
    Presented, RateBook, Snapshots, StorageError, UnixMillis,
};
use hub_domain::routing::Snapshot;
use hub_domain::vocabulary::{LimitChange, Limits, Principal, Role};
use hub_identity::{AccessKeyVerifier, IssuedKey};

/// The settings version that this instance has seen.
pub struct Seen(AtomicI64);

impl Snapshots for Seen {
    fn current(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot::new(self.0.load(Ordering::Relaxed), Vec::new(), Vec::new()))
    }
}

/// Counts how often a key is looked for.
struct Counted {
    memory: Memory,
    lookups: AtomicU64,
}

#[async_trait]
impl KeyStore for Counted {
    async fn add(&self, key: NewKey) -> Result<KeyRecord, KeyStoreError> {
        KeyStore::add(&self.memory, key).await
    }
    async fn list(&self, account: Option<AccountId>) -> Result<Vec<KeyRecord>, StorageError> {
        KeyStore::list(&self.memory, account).await
    }
    async fn find(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>, StorageError> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        KeyStore::find(&self.memory, hash).await
    }
    async fn revoke(&self, id: KeyId) -> Result<bool, StorageError> {
        self.memory.revoke(id).await
    }
    async fn limit(&self, id: KeyId, change: LimitChange) -> Result<Option<KeyRecord>, StorageError> {
        KeyStore::limit(&self.memory, id, change).await
    }
    async fn note_use(&self, used: &[(KeyId, UnixMillis)]) -> Result<(), StorageError> {
        self.memory.note_use(used).await
    }
}

pub struct Hub {
    pub memory: Memory,
    pub verifier: AccessKeyVerifier,
    seen: Arc<Seen>,
    store: Arc<Counted>,
}

impl Hub {
    pub fn new() -> Self {
        let memory = Memory::new();
        let seen = Arc::new(Seen(AtomicI64::new(0)));
        let store = Arc::new(Counted { memory: memory.clone(), lookups: AtomicU64::new(0) });
        let clock: Arc<dyn Clock> = memory.clock().clone();
        let verifier = AccessKeyVerifier::new(store.clone(), clock, seen.clone());
        Self { memory, verifier, seen, store }
    }

    pub async fn account(&self, name: &str, did: Option<&str>) -> AccountId {
        let new = NewAccount { name: name.to_owned(), did: did.map(str::to_owned) };
        self.memory.create(new).await.unwrap().id
    }

    pub async fn account_named(&self, name: &str) -> Option<AccountId> {
        Accounts::find(&self.memory, name).await.unwrap().map(|account| account.id)
    }

    /// Stores a key of an account.
    pub async fn store(&self, key: &IssuedKey, account: AccountId) -> KeyId {
        self.store_as(NewKey { hash: key.hash, tail: key.tail.clone(), ..new_key(account) }).await
    }

    pub async fn store_as(&self, key: NewKey) -> KeyId {
        KeyStore::add(&self.memory, key).await.unwrap().id
    }

    pub async fn verify(&self, text: &str) -> Result<Principal, AuthError> {
        self.verifier.verify(Presented::Token(text)).await
    }

    pub async fn is_valid(&self, text: &str) -> bool {
        match self.verify(text).await {
            Ok(_) => true,
            Err(AuthError::Invalid) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// This instance learns of the last change of settings.
    pub async fn learn(&self) {
        let version = self.memory.settings_version().await.unwrap();
        self.seen.0.store(version, Ordering::Relaxed);
    }

    pub fn pass(&self, seconds: u64) {
        self.memory.clock().advance(Duration::from_secs(seconds));
    }

    pub fn now(&self) -> UnixMillis {
        self.memory.clock().now()
    }

    pub fn lookups(&self) -> u64 {
        self.store.lookups.load(Ordering::Relaxed)
    }
}

/// A key with nothing special about it.
pub fn new_key(account: AccountId) -> NewKey {
    NewKey {
        id: KeyId::new(),
        hash: [0; 32],
        tail: "cdef".to_owned(),
        account,
        name: None,
        role: Role::Member,
        expires: None,
        limits: Limits::default(),
    }
}
