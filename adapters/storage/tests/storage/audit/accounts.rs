//! A1, A2, A12 and A13: what is cached, and what may be spent.

use uuid::Uuid;

use super::{ADJUST, Books, GRANTS, IntoId, system};
use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    a_balance_that_is_not_the_sum_of_transfers,
    transfers_whose_sum_leaves_64_bits,
    a_transfer_to_nobody,
    a_hold_that_no_open_call_explains,
    a_released_hold_of_an_open_call,
    a_balance_below_zero_that_nothing_explains,
    a_balance_below_zero_after_an_adjustment_is_right,
    an_overdraft_explains_a_balance_below_zero,
}

async fn a_balance_that_is_not_the_sum_of_transfers(database: &Database) {
    let books = Books::honest(database).await;
    let account = books.sql(books.account());
    books.break_by(&format!("UPDATE accounts SET posted = posted + 1 WHERE id = {account}")).await;

    books.are_found_wrong_once("A1", books.account(), &["0.0000009601", "0.00000096 "]).await;
}

async fn transfers_whose_sum_leaves_64_bits(database: &Database) {
    let books = Books::honest(database).await;
    let (account, grants) = (books.sql(books.account()), system(books.hand, GRANTS));
    let (one, other) = (books.hand.id(Uuid::now_v7()), books.hand.id(Uuid::now_v7()));
    books
        .break_by(&format!(
            "INSERT INTO transfers (id, kind, debit, credit, amount, idem_key, created_ms) VALUES
               ({one}, 'grant', {grants}, {account}, 9223372036854775807, 'one', 1),
               ({other}, 'grant', {grants}, {account}, 9223372036854775807, 'other', 1)"
        ))
        .await;

    let sum = 2 * i128::from(i64::MAX) + 9_600;
    books.are_found_wrong_once("A1", books.account(), &["0.00000096 ", &format!("{sum} units")]).await;
}

async fn a_transfer_to_nobody(database: &Database) {
    let books = Books::honest(database).await;
    let nobody = books.hand.id(Uuid::now_v7());
    let transfer = books.transfer("adjust", &system(books.hand, ADJUST), &nobody, 7, None).await;

    books.are_found_wrong_once("A1", transfer, &["adjust", "0.0000000007"]).await;
}

async fn a_hold_that_no_open_call_explains(database: &Database) {
    let books = Books::honest(database).await;
    let account = books.sql(books.account());
    books.break_by(&format!("UPDATE accounts SET held = held + 3 WHERE id = {account}")).await;

    books.are_found_wrong_once("A2", books.account(), &["0.0000000003", " 0 credits"]).await;
}

async fn a_released_hold_of_an_open_call(database: &Database) {
    let books = Books::honest(database).await;
    let open = books.stage.call(100, Some(100));
    books.stage.open(&open).await;
    let account = books.sql(books.account());
    books.break_by(&format!("UPDATE accounts SET held = 0 WHERE id = {account}")).await;

    books.are_found_wrong_once("A2", books.account(), &[" 0 credits", "0.00000002"]).await;
}

async fn a_balance_below_zero_that_nothing_explains(database: &Database) {
    let books = Books::honest(database).await;
    let account = books.sql(books.account());
    books.transfer("refund", &account, &system(books.hand, ADJUST), 9_607, None).await;

    books.are_found_wrong_once("A13", books.account(), &["-0.0000000007", " 0 credits"]).await;
}

async fn a_balance_below_zero_after_an_adjustment_is_right(database: &Database) {
    let books = Books::honest(database).await;
    let account = books.sql(books.account());
    books.transfer("adjust", &account, &system(books.hand, ADJUST), 20_000, None).await;

    books.are_found_wrong(&[]).await;
}

async fn an_overdraft_explains_a_balance_below_zero(database: &Database) {
    let books = Books::honest(database).await;
    let account = books.sql(books.account());
    books.transfer("refund", &account, &system(books.hand, ADJUST), 9_607, None).await;
    books.break_by(&format!("UPDATE accounts SET overdraft = 7 WHERE id = {account}")).await;
    books.are_found_wrong(&[]).await;

    books.break_by(&format!("UPDATE accounts SET overdraft = 6 WHERE id = {account}")).await;
    books.are_found_wrong(&[("A13", books.account().id())]).await;
}
