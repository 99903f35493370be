//! The contract of [`Accounts`](crate::ports::Accounts).

use futures_util::future::join_all;

use super::stage::{account_with, unique, units};
use super::{World, books_are_clean};
use crate::ids::AccountId;
use crate::money::Credits;
use crate::ports::{AccountsError, Balance, Grant, NewAccount};
use crate::vocabulary::{LimitChange, Limits, PerMinute};

pub async fn accounts(world: &dyn World) {
    a_new_account_is_empty(world).await;
    an_account_is_found_by_id_and_by_name(world).await;
    a_name_is_taken_once(world).await;
    a_did_is_taken_once(world).await;
    accounts_are_listed_in_the_order_of_their_making(world).await;
    limits_of_an_account_change_one_by_one(world).await;
    grants_add_up(world).await;
    a_grant_is_posted_once_for_each_key(world).await;
    of_equal_grants_at_once_one_counts(world).await;
    a_grant_needs_an_account(world).await;
    a_grant_is_more_than_nothing(world).await;
    a_balance_never_leaves_its_range(world).await;
    books_are_clean(world).await;
}

async fn a_new_account_is_empty(world: &dyn World) {
    let account = account_with(world, 0).await;
    assert_eq!(account.balance, Balance::default());
    assert_eq!(account.balance.available(), Credits::ZERO);
}

async fn limits_of_an_account_change_one_by_one(world: &dyn World) {
    let account = account_with(world, 5).await;
    assert_eq!(account.limits, Limits::default());
    let requests_per_minute = PerMinute::Unlimited;
    let first = LimitChange {
        concurrent_calls: Some(Some(3)),
        requests_per_minute: Some(requests_per_minute),
        ..LimitChange::default()
    };
    let changed = world.accounts().limit(account.id, first).await.unwrap().unwrap();
    let limits = Limits { concurrent_calls: Some(3), requests_per_minute, ..Limits::default() };
    assert_eq!((changed.limits, changed.balance), (limits, account.balance));

    let second = LimitChange { concurrent_calls: Some(None), ..LimitChange::default() };
    world.accounts().limit(account.id, second).await.unwrap();
    let found = world.accounts().get(account.id).await.unwrap().unwrap();
    assert_eq!(found.limits, Limits { concurrent_calls: None, ..limits });
    assert_eq!(world.accounts().limit(AccountId::new(), second).await.unwrap(), None, "there is none");
}

async fn an_account_is_found_by_id_and_by_name(world: &dyn World) {
    let account = account_with(world, 5).await;
    let accounts = world.accounts();

    assert_eq!(accounts.find(&account.id.to_string()).await.unwrap().as_ref(), Some(&account));
    assert_eq!(accounts.find(&account.name).await.unwrap().as_ref(), Some(&account));
    assert_eq!(accounts.get(account.id).await.unwrap().as_ref(), Some(&account));
    assert_eq!(accounts.find(&unique("nobody")).await.unwrap(), None);
    assert_eq!(accounts.find(&AccountId::new().to_string()).await.unwrap(), None);
    assert_eq!(accounts.get(AccountId::new()).await.unwrap(), None);
}

async fn a_name_is_taken_once(world: &dyn World) {
    let account = account_with(world, 0).await;
    let again = world.accounts().create(NewAccount { name: account.name, did: None }).await;
    assert!(matches!(again, Err(AccountsError::Taken("name"))), "{again:?}");
}

async fn a_did_is_taken_once(world: &dyn World) {
    let did = Some(unique("did"));
    let first = NewAccount { name: unique("first"), did: did.clone() };
    let account = world.accounts().create(first).await.unwrap();
    assert_eq!(account.did, did);

    let again = world.accounts().create(NewAccount { name: unique("second"), did }).await;
    assert!(matches!(again, Err(AccountsError::Taken("did"))), "{again:?}");
}

async fn accounts_are_listed_in_the_order_of_their_making(world: &dyn World) {
    let (first, second) = (account_with(world, 1).await, account_with(world, 2).await);
    let listed = world.accounts().list().await.unwrap();
    let place = |account| listed.iter().position(|other| other == account);

    assert!(place(&first).is_some());
    assert!(place(&first) < place(&second));
}

async fn grants_add_up(world: &dyn World) {
    let account = account_with(world, 40).await;
    let second = Grant { account: account.id, amount: units(2), idempotency_key: unique("second") };
    assert!(world.accounts().grant(second).await.unwrap());

    let balance = world.accounts().get(account.id).await.unwrap().unwrap().balance;
    assert_eq!((balance.posted, balance.granted, balance.grants), (units(42), units(42), 2));
}

async fn a_grant_is_posted_once_for_each_key(world: &dyn World) {
    let account = account_with(world, 0).await;
    let grant = Grant { account: account.id, amount: units(7), idempotency_key: unique("once") };

    assert!(world.accounts().grant(grant.clone()).await.unwrap());
    assert!(!world.accounts().grant(grant).await.unwrap());
    assert_eq!(world.accounts().get(account.id).await.unwrap().unwrap().balance.posted, units(7));
}

async fn of_equal_grants_at_once_one_counts(world: &dyn World) {
    let account = account_with(world, 0).await;
    let grant = Grant { account: account.id, amount: units(7), idempotency_key: unique("storm") };
    let outcomes = join_all((0..10).map(|_| world.accounts().grant(grant.clone()))).await;

    assert_eq!(outcomes.into_iter().filter(|outcome| *outcome.as_ref().unwrap()).count(), 1);
    assert_eq!(world.accounts().get(account.id).await.unwrap().unwrap().balance.posted, units(7));
}

async fn a_grant_needs_an_account(world: &dyn World) {
    let grant = Grant { account: AccountId::new(), amount: units(1), idempotency_key: unique("lost") };
    let outcome = world.accounts().grant(grant).await;
    assert!(matches!(outcome, Err(AccountsError::Unknown)), "{outcome:?}");
}

async fn a_grant_is_more_than_nothing(world: &dyn World) {
    let account = account_with(world, 3).await;
    for amount in [units(0), units(-1)] {
        let grant = Grant { account: account.id, amount, idempotency_key: unique("nothing") };
        let outcome = world.accounts().grant(grant).await;
        assert!(matches!(outcome, Err(AccountsError::BadAmount)), "{amount}: {outcome:?}");
    }
    assert_eq!(world.accounts().get(account.id).await.unwrap(), Some(account));
}

async fn a_balance_never_leaves_its_range(world: &dyn World) {
    let account = account_with(world, 1).await;
    let grant = Grant { account: account.id, amount: Credits::MAX, idempotency_key: unique("too much") };
    let outcome = world.accounts().grant(grant).await;

    assert!(matches!(outcome, Err(AccountsError::BadAmount)), "{outcome:?}");
    assert_eq!(world.accounts().get(account.id).await.unwrap(), Some(account));
}
