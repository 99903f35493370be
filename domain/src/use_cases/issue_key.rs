//! Issues an access key: stores the hash of a key that the caller made, and never its text.

use crate::ports::{Clock, KeyRecord, KeyStore, KeyStoreError, NewKey};

/// The longest name of a key, in characters.
const LONGEST_NAME: usize = 200;

/// Why there is no such key now. Nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IssueKeyError {
    #[error("the expiry must lie in the future")]
    Expired,
    #[error("a key's name has 1 to {LONGEST_NAME} printable characters")]
    BadName,
    /// A revocation is for good.
    #[error("this key was revoked; make another one")]
    Revoked,
    #[error(transparent)]
    Store(#[from] KeyStoreError),
}

/// Stores a new key. Who issues it decides the role; a user may hand out only those that he has.
pub async fn issue_key(
    keys: &dyn KeyStore,
    clock: &dyn Clock,
    key: NewKey,
) -> Result<KeyRecord, IssueKeyError> {
    if key.expires.is_some_and(|expires| expires <= clock.now()) {
        return Err(IssueKeyError::Expired);
    }
    let is_name = |name: &String| {
        (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    if !key.name.as_ref().is_none_or(is_name) {
        return Err(IssueKeyError::BadName);
    }
    Ok(keys.add(key).await?)
}

/// Makes sure that a key exists, as configuration wants it: stores it, or finds it as it was stored
/// before. A key of another account is not taken over, and one that was revoked does not come back.
pub async fn ensure_key(
    keys: &dyn KeyStore,
    clock: &dyn Clock,
    key: NewKey,
) -> Result<KeyRecord, IssueKeyError> {
    let (hash, account) = (key.hash, key.account);
    if keys.find(&hash).await.map_err(KeyStoreError::from)?.is_none() {
        match issue_key(keys, clock, key).await {
            // Another instance was faster; what it stored is looked at like any other.
            Err(IssueKeyError::Store(KeyStoreError::Taken)) => {}
            outcome => return outcome,
        }
    }
    match keys.find(&hash).await.map_err(KeyStoreError::from)? {
        Some(found) if found.account != account => Err(KeyStoreError::Taken.into()),
        Some(found) if found.revoked.is_some() => Err(IssueKeyError::Revoked),
        Some(found) => Ok(found),
        None => Err(KeyStoreError::Taken.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_executor::block_on;

    use super::*;
    use crate::ids::{AccountId, KeyId};
    use crate::memory::Memory;
    use crate::ports::{Accounts, NewAccount, UnixMillis};
    use crate::vocabulary::{Limits, Role};

    async fn account(memory: &Memory, name: &str) -> AccountId {
        memory.create(NewAccount { name: name.to_owned(), did: None }).await.unwrap().id
    }

    fn key_of(account: AccountId) -> NewKey {
        NewKey {
            id: KeyId::new(),
            hash: [7; 32],
            tail: "cdef".to_owned(),
            account,
            name: Some("robot".to_owned()),
            role: Role::Member,
            expires: None,
            limits: Limits::default(),
        }
    }

    fn now(memory: &Memory) -> UnixMillis {
        memory.clock().now()
    }

    async fn issue(memory: &Memory, key: NewKey) -> Result<KeyRecord, IssueKeyError> {
        issue_key(memory, memory.clock().as_ref(), key).await
    }

    async fn ensure(memory: &Memory, key: NewKey) -> Result<KeyRecord, IssueKeyError> {
        ensure_key(memory, memory.clock().as_ref(), key).await
    }

    #[test]
    fn an_issued_key_is_found_with_its_role_and_expiry() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory, "alice").await;
            let expires = Some(now(&memory).plus(Duration::from_secs(60)));
            let issued = issue(&memory, NewKey { role: Role::Admin, expires, ..key_of(alice) }).await;

            let found = KeyStore::find(&memory, &[7; 32]).await.unwrap().unwrap();
            assert_eq!(issued.unwrap(), found);
            assert_eq!((found.role, found.expires, found.account), (Role::Admin, expires, alice));
        });
    }

    #[test]
    fn an_expiry_lies_in_the_future() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory, "alice").await;
            for expires in [now(&memory), UnixMillis(0)] {
                let refused = issue(&memory, NewKey { expires: Some(expires), ..key_of(alice) }).await;
                assert!(matches!(refused, Err(IssueKeyError::Expired)), "{expires:?}: {refused:?}");
            }
        });
    }

    #[test]
    fn a_name_is_short_and_printable() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory, "alice").await;
            for name in [String::new(), "a\tb".to_owned(), "x".repeat(201)] {
                let refused = issue(&memory, NewKey { name: Some(name), ..key_of(alice) }).await;
                assert!(matches!(refused, Err(IssueKeyError::BadName)), "{refused:?}");
            }
        });
    }

    #[test]
    fn a_key_needs_an_account() {
        block_on(async {
            let refused = issue(&Memory::new(), key_of(AccountId::new())).await;
            assert!(matches!(refused, Err(IssueKeyError::Store(KeyStoreError::UnknownAccount))));
        });
    }

    #[test]
    fn a_key_that_must_exist_is_stored_once() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory, "alice").await;
            let first = ensure(&memory, key_of(alice)).await.unwrap();
            let second = ensure(&memory, key_of(alice)).await.unwrap();

            assert_eq!(first, second);
            assert_eq!(KeyStore::list(&memory, None).await.unwrap().len(), 1);
        });
    }

    #[test]
    fn the_key_of_another_account_is_not_taken_over() {
        block_on(async {
            let memory = Memory::new();
            let (alice, bob) = (account(&memory, "alice").await, account(&memory, "bob").await);
            ensure(&memory, key_of(alice)).await.unwrap();

            let refused = ensure(&memory, key_of(bob)).await;
            assert!(matches!(refused, Err(IssueKeyError::Store(KeyStoreError::Taken))), "{refused:?}");
        });
    }

    #[test]
    fn a_revoked_key_does_not_come_back() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory, "alice").await;
            let key = ensure(&memory, key_of(alice)).await.unwrap();
            memory.revoke(key.id).await.unwrap();

            let refused = ensure(&memory, key_of(alice)).await;
            assert!(matches!(refused, Err(IssueKeyError::Revoked)), "{refused:?}");
        });
    }
}
