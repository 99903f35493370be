//! The contract of [`KeyStore`](crate::ports::KeyStore).

use std::time::Duration;

use super::World;
use super::stage::account_with;
use crate::ids::{AccountId, KeyId};
use crate::ports::{Account, KeyStoreError, NewKey, UnixMillis};
use crate::vocabulary::{LimitChange, Limits, PerMinute, Role};

pub async fn key_store(world: &dyn World) {
    a_key_is_found_by_its_hash(world).await;
    a_key_belongs_to_an_account(world).await;
    a_key_exists_once(world).await;
    keys_are_listed_by_account(world).await;
    a_revoked_key_stays_revoked(world).await;
    limits_of_a_key_change_one_by_one(world).await;
    a_key_knows_the_limits_of_its_account(world).await;
    last_use_never_goes_back(world).await;
    every_change_of_keys_raises_the_settings_version(world).await;
}

fn key_of(account: &Account) -> NewKey {
    let id = KeyId::new();
    let mut hash = [3; 32];
    hash[..16].copy_from_slice(id.0.as_bytes());
    NewKey {
        id,
        hash,
        tail: "cdef".to_owned(),
        account: account.id,
        name: Some("robot".to_owned()),
        role: Role::Admin,
        expires: Some(UnixMillis(1_900_000_000_123)),
        limits: Limits {
            concurrent_calls: Some(4),
            requests_per_minute: PerMinute::from_number(Some(60)),
            tokens_per_minute: PerMinute::Unlimited,
        },
    }
}

async fn a_key_is_found_by_its_hash(world: &dyn World) {
    let account = account_with(world, 0).await;
    let key = key_of(&account);
    let added = world.keys().add(key.clone()).await.unwrap();

    let found = world.keys().find(&key.hash).await.unwrap().unwrap();
    assert_eq!(found, added);
    assert_eq!((found.id, found.account, found.account_name), (key.id, account.id, account.name));
    assert_eq!((found.name, found.tail, found.role), (key.name, key.tail, key.role));
    assert_eq!((found.expires, found.limits), (key.expires, key.limits));
    assert_eq!((found.revoked, found.last_used), (None, None));
    assert_eq!(world.keys().find(&[0; 32]).await.unwrap(), None);
}

async fn a_key_belongs_to_an_account(world: &dyn World) {
    let account = account_with(world, 0).await;
    let orphan = NewKey { account: AccountId::new(), ..key_of(&account) };
    let added = world.keys().add(orphan).await;
    assert!(matches!(added, Err(KeyStoreError::UnknownAccount)), "{added:?}");
}

async fn a_key_exists_once(world: &dyn World) {
    let account = account_with(world, 0).await;
    let key = key_of(&account);
    world.keys().add(key.clone()).await.unwrap();
    let again = world.keys().add(NewKey { id: KeyId::new(), ..key }).await;
    assert!(matches!(again, Err(KeyStoreError::Taken)), "{again:?}");
}

async fn keys_are_listed_by_account(world: &dyn World) {
    let (account, other) = (account_with(world, 0).await, account_with(world, 0).await);
    let first = world.keys().add(key_of(&account)).await.unwrap();
    let second = world.keys().add(key_of(&account)).await.unwrap();
    let foreign = world.keys().add(key_of(&other)).await.unwrap();

    assert_eq!(world.keys().list(Some(account.id)).await.unwrap(), [first.clone(), second]);
    let all = world.keys().list(None).await.unwrap();
    assert!(all.contains(&first) && all.contains(&foreign));
}

async fn a_revoked_key_stays_revoked(world: &dyn World) {
    let account = account_with(world, 0).await;
    let key = key_of(&account);
    world.keys().add(key.clone()).await.unwrap();

    assert!(world.keys().revoke(key.id).await.unwrap());
    let revoked = world.keys().find(&key.hash).await.unwrap().unwrap().revoked;
    assert!(revoked.is_some());
    assert!(!world.keys().revoke(key.id).await.unwrap(), "it was revoked before");
    assert_eq!(world.keys().find(&key.hash).await.unwrap().unwrap().revoked, revoked);
    assert!(!world.keys().revoke(KeyId::new()).await.unwrap(), "there is no such key");
}

async fn limits_of_a_key_change_one_by_one(world: &dyn World) {
    let account = account_with(world, 0).await;
    let key = key_of(&account);
    world.keys().add(key.clone()).await.unwrap();

    let tokens_per_minute = PerMinute::from_number(Some(5_000_000_000));
    let change = LimitChange { tokens_per_minute: Some(tokens_per_minute), ..LimitChange::default() };
    let changed = world.keys().limit(key.id, change).await.unwrap().unwrap();
    assert_eq!(changed.limits, Limits { tokens_per_minute, ..key.limits });
    assert_eq!(world.keys().find(&key.hash).await.unwrap(), Some(changed));

    let back = LimitChange {
        concurrent_calls: Some(None),
        requests_per_minute: Some(PerMinute::HubsOwn),
        tokens_per_minute: Some(PerMinute::HubsOwn),
    };
    let changed = world.keys().limit(key.id, back).await.unwrap().unwrap();
    assert_eq!(changed.limits, Limits::default());
    assert_eq!(world.keys().limit(KeyId::new(), back).await.unwrap(), None, "there is no such key");
}

async fn a_key_knows_the_limits_of_its_account(world: &dyn World) {
    let (account, other) = (account_with(world, 0).await, account_with(world, 0).await);
    let (key, foreign) = (key_of(&account), key_of(&other));
    for key in [&key, &foreign] {
        assert_eq!(world.keys().add(key.clone()).await.unwrap().account_limits, Limits::default());
    }
    let requests_per_minute = PerMinute::from_number(Some(7));
    let change = LimitChange { requests_per_minute: Some(requests_per_minute), ..LimitChange::default() };
    world.accounts().limit(account.id, change).await.unwrap().unwrap();

    let found = world.keys().find(&key.hash).await.unwrap().unwrap();
    assert_eq!(found.account_limits, Limits { requests_per_minute, ..Limits::default() });
    assert_eq!(found.limits, key.limits, "its own stay as they are");
    let foreign = world.keys().find(&foreign.hash).await.unwrap().unwrap();
    assert_eq!(foreign.account_limits, Limits::default());
}

async fn last_use_never_goes_back(world: &dyn World) {
    let account = account_with(world, 0).await;
    let key = key_of(&account);
    world.keys().add(key.clone()).await.unwrap();
    let used = UnixMillis(1_763_942_430_000);
    let earlier = UnixMillis(used.0 - 600_000);
    world.keys().note_use(&[(key.id, used), (KeyId::new(), used)]).await.unwrap();
    world.keys().note_use(&[(key.id, earlier)]).await.unwrap();
    world.keys().note_use(&[]).await.unwrap();

    let last_used = world.keys().find(&key.hash).await.unwrap().unwrap().last_used.unwrap();
    assert!(last_used <= used && used < last_used.plus(Duration::from_secs(60)), "{last_used:?}");
}

async fn every_change_of_keys_raises_the_settings_version(world: &dyn World) {
    let account = account_with(world, 0).await;
    let key = key_of(&account);
    let before = world.rates().settings_version().await.unwrap();
    world.keys().add(key.clone()).await.unwrap();
    let added = world.rates().settings_version().await.unwrap();
    assert!(added > before);

    world.keys().note_use(&[(key.id, UnixMillis(1_763_942_400_000))]).await.unwrap();
    assert_eq!(world.rates().settings_version().await.unwrap(), added, "a use is no change");
    world.keys().limit(key.id, LimitChange::default()).await.unwrap();
    let limited = world.rates().settings_version().await.unwrap();
    assert!(limited > added);
    world.accounts().limit(account.id, LimitChange::default()).await.unwrap();
    let account_limited = world.rates().settings_version().await.unwrap();
    assert!(account_limited > limited, "a key's limits are also those of its account");
    world.keys().revoke(key.id).await.unwrap();
    assert!(world.rates().settings_version().await.unwrap() > account_limited);
}
