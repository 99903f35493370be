//! The account that the configuration asks for: `bootstrap`, its key, and credits that are granted once.

use hub_domain::ids::{AccountId, KeyId};
use hub_domain::money::Credits;
use hub_domain::ports::{Account, Accounts, AccountsError, Grant, KeyStoreError, NewAccount, NewKey};
use hub_domain::use_cases::issue_key::{IssueKeyError, ensure_key};
use hub_domain::vocabulary::{Limits, Role};
use hub_identity::{IssuedKey, key_of_text};

use super::Books;
use crate::cli::Failure;
use crate::settings::Configuration;

const ACCOUNT: &str = "bootstrap";

/// An owner's key is unlimited in rights: of the limits on calls in flight only the process's holds.
const CALLS_AT_ONCE: u32 = 1_000_000;

/// Sees to it that the bootstrap account and its key exist, when the configuration names a key.
pub async fn bootstrap(configuration: &Configuration, books: &Books) -> Result<(), Failure> {
    let settings = &configuration.settings.bootstrap;
    let Some(secret) = settings.access_key.as_ref() else {
        return Ok(());
    };
    let refused = |reason: String| Failure::from(configuration.bad("bootstrap.access_key", reason));
    let key = key_of_text(secret.0.expose()).map_err(|error| refused(error.to_string()))?;
    let account = ensure_account(books.accounts.as_ref(), ACCOUNT).await?;
    match ensure_owner_key(books, account.id, ACCOUNT, key).await {
        Ok(()) => {}
        Err(IssueKeyError::Store(KeyStoreError::Storage(error))) => return Err(error.into()),
        Err(IssueKeyError::Store(KeyStoreError::Taken)) => {
            return Err(refused("belongs to another account; choose another text".to_owned()));
        }
        Err(error) => return Err(refused(error.to_string())),
    }
    if !settings.credits.is_zero() {
        grant_once(books.accounts.as_ref(), account.id, *settings.credits, ACCOUNT).await?;
    }
    Ok(())
}

/// The account of this name, made where it is missing; several instances may start at once.
pub async fn ensure_account(accounts: &dyn Accounts, name: &str) -> Result<Account, Failure> {
    if let Some(found) = accounts.find(name).await? {
        return Ok(found);
    }
    match accounts.create(NewAccount { name: name.to_owned(), did: None }).await {
        Ok(made) => Ok(made),
        Err(AccountsError::Taken(_)) => accounts.find(name).await?.ok_or_else(|| Failure::no_account(name)),
        Err(error) => Err(error.into()),
    }
}

/// Sees to it that a key exists and belongs to the account.
pub async fn ensure_owner_key(
    books: &Books,
    account: AccountId,
    name: &str,
    key: IssuedKey,
) -> Result<(), IssueKeyError> {
    let new = NewKey {
        id: KeyId::new(),
        hash: key.hash,
        tail: key.tail,
        account,
        name: Some(name.to_owned()),
        role: Role::Owner,
        expires: None,
        limits: Limits { concurrent_calls: Some(CALLS_AT_ONCE), ..Limits::default() },
    };
    ensure_key(books.keys.as_ref(), books.clock.as_ref(), new).await.map(drop)
}

/// Grants credits the first time that it is asked for.
pub async fn grant_once(
    accounts: &dyn Accounts,
    account: AccountId,
    amount: Credits,
    reason: &str,
) -> Result<(), Failure> {
    accounts.grant(Grant { account, amount, idempotency_key: reason.to_owned() }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use hub_domain::memory::Memory;

    use super::*;
    use crate::settings::{Environment, Overrides};

    fn configured(credits: &str) -> Configuration {
        let environment = Environment::new([
            ("HUB__BOOTSTRAP__ACCESS_KEY", "bootstrap-key-0123456789"),
            ("HUB__BOOTSTRAP__CREDITS", credits),
        ]);
        Configuration::load(&Overrides::default(), environment).unwrap()
    }

    #[tokio::test]
    async fn the_bootstrap_account_gets_its_key_and_its_credits_once() {
        let books = Books::of(Memory::new());
        for _ in 0..2 {
            bootstrap(&configured("100"), &books).await.unwrap();
        }
        let account = books.accounts.find(ACCOUNT).await.unwrap().unwrap();
        assert_eq!(account.balance.available().to_string(), "100");
        let keys = books.keys.list(Some(account.id)).await.unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].role, Role::Owner);
    }

    #[tokio::test]
    async fn without_a_key_nothing_is_made() {
        let books = Books::of(Memory::new());
        let bare = Configuration::load(&Overrides::default(), Environment::default()).unwrap();
        bootstrap(&bare, &books).await.unwrap();
        assert!(books.accounts.list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_key_of_somebody_else_stops_the_start_and_is_not_repeated() {
        let books = Books::of(Memory::new());
        let alice = ensure_account(books.accounts.as_ref(), "alice").await.unwrap();
        let key = key_of_text("bootstrap-key-0123456789").unwrap();
        ensure_owner_key(&books, alice.id, "hers", key).await.unwrap();
        let line = bootstrap(&configured("1"), &books).await.unwrap_err().to_string();
        assert!(line.starts_with("bootstrap.access_key (in HUB__BOOTSTRAP__ACCESS_KEY)"), "{line}");
        assert!(!line.contains("0123456789"), "{line}");
    }
}
