//! Accounts, keys, providers and rates where several processes change them at once, and what their
//! contracts leave to the databases.

use futures_util::future::join_all;
use hub_domain::call::OnDisconnect;
use hub_domain::ids::{AccountId, CredentialId, KeyId, ProviderId};
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::{
    Account, Accounts, AccountsError, CredentialRecord, Grant, KeyStore, NewAccount, NewKey, NewProvider,
    NewRate, ProviderBook, ProviderBookError, RateBook, UnixMillis,
};
use hub_domain::rates::Prices;
use hub_domain::routing::ProviderKind;
use hub_domain::vocabulary::{CallType, KeyLimits, Role};
use uuid::Uuid;

use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    equal_grants_of_several_processes_count_once,
    grants_of_several_processes_add_up,
    a_refused_grant_leaves_its_key_unused,
    grants_change_no_settings,
    accounts_of_the_system_are_nobodys,
    names_are_taken_once_by_several_processes,
    a_revocation_is_seen_by_other_processes,
    a_refused_key_changes_no_settings,
    uses_of_many_keys_are_noted_by_several_processes,
    a_key_with_a_role_of_a_later_version_may_do_the_least,
    a_provider_of_a_later_version_is_left_out,
    a_provider_takes_its_credentials_with_it,
    a_refused_provider_changes_no_settings,
    equal_prices_of_several_processes_are_one_version,
    versions_of_several_processes_count_up,
}

async fn account(database: &Database, name: &str) -> Account {
    database.store.create(NewAccount { name: name.to_owned(), did: None }).await.unwrap()
}

fn grant(account: AccountId, units: i64, key: &str) -> Grant {
    Grant { account, amount: Credits::from_units(units), idempotency_key: key.to_owned() }
}

async fn equal_grants_of_several_processes_count_once(database: &Database) {
    let (ann, other) = (account(database, "ann").await, database.open_again().await);
    let storm = (0..40).map(|n| {
        let store = if n % 2 == 0 { &database.store } else { &other };
        store.grant(grant(ann.id, 7, "storm"))
    });
    let outcomes = join_all(storm).await;

    assert_eq!(outcomes.into_iter().filter(|outcome| *outcome.as_ref().unwrap()).count(), 1);
    let balance = Accounts::get(&other, ann.id).await.unwrap().unwrap().balance;
    assert_eq!((balance.posted.units(), balance.granted.units(), balance.grants), (7, 7, 1));
    assert_eq!(database.audit().await, []);
}

async fn grants_of_several_processes_add_up(database: &Database) {
    let (ann, other) = (account(database, "ann").await, database.open_again().await);
    let keys: Vec<_> = (0..40).map(|n| format!("grant {n}")).collect();
    let grants = keys.iter().enumerate().map(|(n, key)| {
        let store = if n % 2 == 0 { &database.store } else { &other };
        store.grant(grant(ann.id, 3, key))
    });
    let outcomes = join_all(grants).await;

    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap()));
    let balance = Accounts::get(&other, ann.id).await.unwrap().unwrap().balance;
    assert_eq!((balance.posted.units(), balance.grants), (120, 40));
    assert_eq!(database.audit().await, []);
}

async fn a_refused_grant_leaves_its_key_unused(database: &Database) {
    let ann = account(database, "ann").await;
    assert!(database.store.grant(grant(ann.id, 1, "first")).await.unwrap());
    let refused = database.store.grant(grant(ann.id, i64::MAX, "key")).await;

    assert!(matches!(refused, Err(AccountsError::BadAmount)), "{refused:?}");
    assert!(database.store.grant(grant(ann.id, 5, "key")).await.unwrap());
    assert_eq!(Accounts::get(&database.store, ann.id).await.unwrap().unwrap().balance.posted.units(), 6);
    assert_eq!(database.audit().await, []);
}

async fn grants_change_no_settings(database: &Database) {
    let before = database.store.settings_version().await.unwrap();
    let ann = account(database, "ann").await;
    database.store.grant(grant(ann.id, 5, "key")).await.unwrap();

    assert_eq!(database.store.settings_version().await.unwrap(), before);
}

async fn accounts_of_the_system_are_nobodys(database: &Database) {
    let revenue = AccountId(Uuid::from_u128(2));
    let accounts: &dyn Accounts = &database.store;

    assert_eq!(accounts.list().await.unwrap(), []);
    assert_eq!(accounts.get(revenue).await.unwrap(), None);
    assert_eq!(accounts.find("sys:revenue").await.unwrap(), None);
    let granted = accounts.grant(grant(revenue, 5, "key")).await;
    assert!(matches!(granted, Err(AccountsError::Unknown)), "{granted:?}");
    let taken = accounts.create(NewAccount { name: "sys:revenue".to_owned(), did: None }).await;
    assert!(matches!(taken, Err(AccountsError::Taken("name"))), "{taken:?}");
}

async fn names_are_taken_once_by_several_processes(database: &Database) {
    let other = database.open_again().await;
    let creations = (0..20).map(|n| {
        let store = if n % 2 == 0 { &database.store } else { &other };
        store.create(NewAccount { name: "ann".to_owned(), did: None })
    });
    let outcomes = join_all(creations).await;

    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = |outcome: &Result<_, _>| matches!(outcome, Ok(_) | Err(AccountsError::Taken("name")));
    assert!(outcomes.iter().all(refused), "{outcomes:?}");
}

fn key_of(account: AccountId) -> NewKey {
    let id = KeyId::new();
    let mut hash = [3; 32];
    hash[..16].copy_from_slice(id.0.as_bytes());
    NewKey {
        id,
        hash,
        tail: "cdef".to_owned(),
        account,
        name: None,
        role: Role::Owner,
        expires: None,
        limits: KeyLimits::default(),
    }
}

async fn a_revocation_is_seen_by_other_processes(database: &Database) {
    let (ann, other) = (account(database, "ann").await, database.open_again().await);
    let key = key_of(ann.id);
    KeyStore::add(&database.store, key.clone()).await.unwrap();
    let version = other.settings_version().await.unwrap();
    assert!(database.store.revoke(key.id).await.unwrap());

    assert!(other.settings_version().await.unwrap() > version);
    assert!(KeyStore::find(&other, &key.hash).await.unwrap().unwrap().revoked.is_some());
}

async fn a_refused_key_changes_no_settings(database: &Database) {
    let ann = account(database, "ann").await;
    let key = key_of(ann.id);
    KeyStore::add(&database.store, key.clone()).await.unwrap();
    let version = database.store.settings_version().await.unwrap();

    KeyStore::add(&database.store, key.clone()).await.unwrap_err();
    KeyStore::add(&database.store, key_of(AccountId::new())).await.unwrap_err();
    assert!(!database.store.revoke(KeyId::new()).await.unwrap());
    assert_eq!(database.store.settings_version().await.unwrap(), version);
}

async fn uses_of_many_keys_are_noted_by_several_processes(database: &Database) {
    let (ann, other) = (account(database, "ann").await, database.open_again().await);
    let mut used = Vec::new();
    for n in 0..30 {
        let key = key_of(ann.id);
        KeyStore::add(&database.store, key.clone()).await.unwrap();
        used.push((key.id, UnixMillis(1_763_942_400_000 + n * 60_000)));
    }
    let backwards: Vec<_> = used.iter().rev().copied().collect();
    for outcome in join_all([
        database.store.note_use(&used),
        other.note_use(&backwards),
        database.store.note_use(&backwards),
        other.note_use(&used),
    ])
    .await
    {
        outcome.unwrap();
    }

    let keys = KeyStore::list(&other, Some(ann.id)).await.unwrap();
    assert!(keys.iter().zip(&used).all(|(key, (_, at))| key.last_used == Some(*at)), "{keys:?}");
}

async fn a_key_with_a_role_of_a_later_version_may_do_the_least(database: &Database) {
    let ann = account(database, "ann").await;
    let key = key_of(ann.id);
    KeyStore::add(&database.store, key.clone()).await.unwrap();
    database.hand.run("UPDATE access_keys SET role = 'emperor'").await;

    assert_eq!(KeyStore::find(&database.store, &key.hash).await.unwrap().unwrap().role, Role::Guest);
}

fn provider(name: &str) -> NewProvider {
    NewProvider {
        id: ProviderId::new(),
        name: name.to_owned(),
        kind: ProviderKind::OpenAi,
        base_url: None,
        on_disconnect: OnDisconnect::Cancel,
        responses: None,
        timeouts: None,
        credentials: vec![CredentialRecord {
            id: CredentialId::new(),
            tail: "wxyz".to_owned(),
            sealed: vec![0, 1, 255],
            weight: 100,
        }],
    }
}

async fn a_provider_of_a_later_version_is_left_out(database: &Database) {
    ProviderBook::add(&database.store, provider("known")).await.unwrap();
    ProviderBook::add(&database.store, provider("unknown")).await.unwrap();
    database.hand.run("UPDATE providers SET kind = 'telepathy' WHERE name = 'unknown'").await;

    let names: Vec<_> =
        ProviderBook::list(&database.store).await.unwrap().into_iter().map(|record| record.name).collect();
    assert_eq!(names, ["known"]);
}

async fn a_provider_takes_its_credentials_with_it(database: &Database) {
    ProviderBook::add(&database.store, provider("OpenAI")).await.unwrap();
    assert!(database.store.remove("openai").await.unwrap());

    assert_eq!(database.hand.ask("SELECT tail FROM credentials").await, []);
}

async fn a_refused_provider_changes_no_settings(database: &Database) {
    ProviderBook::add(&database.store, provider("OpenAI")).await.unwrap();
    let version = database.store.settings_version().await.unwrap();
    let taken = ProviderBook::add(&database.store, provider("openai")).await;

    assert!(matches!(taken, Err(ProviderBookError::Taken)), "{taken:?}");
    assert!(!database.store.remove("nobody").await.unwrap());
    assert_eq!(database.store.settings_version().await.unwrap(), version);
    assert_eq!(database.hand.ask("SELECT tail FROM credentials").await.len(), 1, "and leaves none behind");
}

fn rate(price: i64) -> NewRate {
    NewRate {
        provider: "openai".to_owned(),
        model: "demo".to_owned(),
        call_type: CallType::ChatCompletion,
        prices: Prices::default().with(Meter::Input, Credits::from_units(price)),
        tiers: Vec::new(),
    }
}

async fn equal_prices_of_several_processes_are_one_version(database: &Database) {
    let other = database.open_again().await;
    let sets = (0..20).map(|n| if n % 2 == 0 { &database.store } else { &other }.set(rate(5)));
    let rates: Vec<_> = join_all(sets).await.into_iter().map(Result::unwrap).collect();

    assert!(rates.iter().all(|rate| *rate == rates[0] && rate.version == 1), "{rates:?}");
    assert_eq!(other.settings_version().await.unwrap(), 1);
}

async fn versions_of_several_processes_count_up(database: &Database) {
    let other = database.open_again().await;
    let sets = (0..20).map(|n| if n % 2 == 0 { &database.store } else { &other }.set(rate(n + 1)));
    let rates = join_all(sets).await;
    let mut versions: Vec<_> = rates.into_iter().map(|rate| rate.unwrap().version).collect();
    versions.sort_unstable();

    assert_eq!(versions, (1..=20).collect::<Vec<_>>());
    assert_eq!(RateBook::current(&other).await.unwrap().len(), 1);
}
