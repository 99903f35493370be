//! Who gets in, when, and what it costs the database.

use std::time::Duration;

use futures_executor::block_on;
use hub_domain::ports::{AuthError, KeyStore, NewKey, UnixMillis, contract};
use hub_domain::vocabulary::{Limits, Role};
use hub_identity::{IssuedKey, issue_access_key, key_of_text};

use crate::hub::{Hub, new_key};

fn is_away<T>(outcome: &Result<T, AuthError>) -> bool {
    matches!(outcome, Err(AuthError::Storage(error)) if error.is_away())
}

/// A hub with one key of one account, which was used once.
async fn with_known_key() -> (Hub, IssuedKey) {
    let (hub, key) = (Hub::new(), issue_access_key());
    let account = hub.account("alice", None).await;
    hub.store(&key, account).await;
    hub.learn().await;
    assert!(hub.is_valid(key.text.expose()).await);
    (hub, key)
}

#[test]
fn access_keys_keep_the_contract() {
    block_on(async {
        for key in [issue_access_key(), key_of_text("bootstrap-key-for-tests").unwrap()] {
            let hub = Hub::new();
            let account = hub.account("alice", None).await;
            hub.store(&key, account).await;
            contract::identity_verifier(&hub.verifier, key.text.expose(), account).await;
        }
    });
}

#[test]
fn a_key_tells_all_that_a_call_needs_to_know() {
    block_on(async {
        let (hub, key) = (Hub::new(), issue_access_key());
        let account = hub.account("alice", Some("z1Alice")).await;
        let limits = Limits { concurrent_calls: Some(3), ..Limits::default() };
        let new = NewKey { name: Some("robot".to_owned()), role: Role::Admin, limits, ..new_key(account) };
        let id = hub.store_as(NewKey { hash: key.hash, ..new }).await;
        let principal = hub.verify(key.text.expose()).await.unwrap();

        assert_eq!((principal.account, principal.key), (account, Some(id)));
        assert_eq!((&*principal.account_name, principal.key_name.as_deref()), ("alice", Some("robot")));
        assert_eq!(principal.user_did(), "z1Alice");
        assert_eq!((principal.role, principal.limits), (Role::Admin, limits));
    });
}

#[test]
fn a_key_that_is_in_use_is_looked_up_once() {
    block_on(async {
        let (hub, key) = with_known_key().await;
        for _ in 0..100 {
            assert!(hub.is_valid(key.text.expose()).await);
        }
        assert_eq!(hub.lookups(), 1);
        hub.pass(31);
        assert!(hub.is_valid(key.text.expose()).await);
        assert_eq!(hub.lookups(), 2, "and looked at again every half minute");
    });
}

#[test]
fn what_can_not_be_a_key_never_reaches_the_database() {
    block_on(async {
        let hub = Hub::new();
        for text in ["", "short", "header.payload.signature", "line\nline-line-line", &"x".repeat(1_000_000)]
        {
            assert!(!hub.is_valid(text).await);
        }
        assert_eq!(hub.lookups(), 0);
    });
}

#[test]
fn a_key_that_was_refused_works_as_soon_as_it_exists() {
    block_on(async {
        let (hub, key) = (Hub::new(), issue_access_key());
        let account = hub.account("alice", None).await;
        assert!(!hub.is_valid(key.text.expose()).await);
        hub.store(&key, account).await;
        assert!(hub.is_valid(key.text.expose()).await, "though this instance has not learned of it");
    });
}

#[test]
fn a_revoked_key_is_refused_once_the_change_is_known() {
    block_on(async {
        let (hub, key) = with_known_key().await;
        let id = hub.verify(key.text.expose()).await.unwrap().key.unwrap();
        hub.memory.revoke(id).await.unwrap();
        hub.learn().await;
        assert!(!hub.is_valid(key.text.expose()).await);
    });
}

#[test]
fn a_revoked_key_is_refused_in_the_end_though_no_change_is_told() {
    block_on(async {
        let (hub, key) = with_known_key().await;
        let id = hub.verify(key.text.expose()).await.unwrap().key.unwrap();
        hub.memory.revoke(id).await.unwrap();
        hub.pass(30);
        assert!(!hub.is_valid(key.text.expose()).await);
    });
}

#[test]
fn an_expiry_is_looked_at_on_every_use() {
    block_on(async {
        let (hub, key) = (Hub::new(), issue_access_key());
        let account = hub.account("alice", None).await;
        let expires = Some(hub.now().plus(Duration::from_secs(10)));
        hub.store_as(NewKey { hash: key.hash, expires, ..new_key(account) }).await;
        assert!(hub.is_valid(key.text.expose()).await);

        hub.pass(10);
        assert!(hub.is_valid(key.text.expose()).await, "the last instant counts");
        hub.memory.clock().advance(Duration::from_millis(1));
        assert!(!hub.is_valid(key.text.expose()).await);
        assert_eq!(hub.lookups(), 1, "known from the cache");
    });
}

#[test]
fn while_the_database_is_away_a_known_key_goes_on_for_five_minutes() {
    block_on(async {
        let (hub, key) = with_known_key().await;
        hub.memory.set_away(true);
        for _ in 0..9 {
            hub.pass(31);
            assert!(hub.is_valid(key.text.expose()).await);
        }
        hub.pass(31);
        assert!(is_away(&hub.verify(key.text.expose()).await));

        hub.memory.set_away(false);
        assert!(hub.is_valid(key.text.expose()).await);
    });
}

#[test]
fn while_the_database_is_away_an_unknown_key_is_not_called_invalid() {
    block_on(async {
        let (hub, key) = (Hub::new(), issue_access_key());
        hub.memory.set_away(true);
        assert!(is_away(&hub.verify(key.text.expose()).await));
    });
}

#[test]
fn a_database_that_goes_away_after_a_change_leaves_no_key_in_force() {
    block_on(async {
        let (hub, key) = with_known_key().await;
        hub.memory.revoke(hub.verify(key.text.expose()).await.unwrap().key.unwrap()).await.unwrap();
        hub.learn().await;
        hub.memory.set_away(true);
        assert!(is_away(&hub.verify(key.text.expose()).await), "it may be the one that was revoked");
    });
}

async fn last_used(hub: &Hub, key: &IssuedKey) -> Option<UnixMillis> {
    KeyStore::find(&hub.memory, &key.hash).await.unwrap().unwrap().last_used
}

#[test]
fn the_last_use_is_written_when_it_is_asked_for() {
    block_on(async {
        let (hub, key) = with_known_key().await;
        let used = hub.now();
        assert_eq!(last_used(&hub, &key).await, None);
        hub.verifier.flush_last_use().await;

        let written = last_used(&hub, &key).await.unwrap();
        assert!(written <= used && used < written.plus(Duration::from_secs(60)));

        hub.pass(3600);
        hub.verifier.flush_last_use().await;
        assert_eq!(last_used(&hub, &key).await, Some(written), "it was not used since");
        assert!(hub.is_valid(key.text.expose()).await);
        hub.verifier.flush_last_use().await;
        assert!(last_used(&hub, &key).await > Some(written));
    });
}

#[test]
fn a_last_use_that_could_not_be_written_is_written_later() {
    block_on(async {
        let (hub, key) = with_known_key().await;
        hub.memory.set_away(true);
        hub.verifier.flush_last_use().await;
        hub.memory.set_away(false);
        assert_eq!(last_used(&hub, &key).await, None);

        hub.verifier.flush_last_use().await;
        assert!(last_used(&hub, &key).await.is_some());
    });
}
