//! A3, A4, A7 and A8: each call ends once and pays what it says.

use super::{ADJUST, Books, IntoId, OVERRUN, REVENUE, system};
use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    charges_that_were_posted_otherwise,
    an_overrun_that_was_not_posted,
    a_charge_of_more_than_was_held,
    a_voided_call_with_a_charge,
    a_free_call_with_a_charge,
    a_posting_for_a_voided_call,
    a_posting_for_a_call_that_does_not_exist,
    a_charge_that_another_account_paid,
    a_charge_that_went_elsewhere,
    an_overrun_that_was_posted_twice,
    a_charge_that_was_posted_twice,
    a_grant_out_of_nowhere,
    an_ended_call_without_a_time,
    a_settled_call_that_is_open_again,
    an_open_call_past_its_deadline,
    an_open_call_of_nobody,
    an_open_call_whose_owner_is_gone,
}

async fn charges_that_were_posted_otherwise(database: &Database) {
    let books = Books::honest(database).await;
    let (first, second) = (books.sql(&books.first), books.sql(&books.second));
    books
        .break_by(&format!(
            "UPDATE transfers SET amount = 99 WHERE call_id = {first};
             UPDATE transfers SET amount = 101 WHERE call_id = {second};"
        ))
        .await;

    let findings = books.are_found_wrong(&[("A3", books.first.id.0), ("A3", books.second.id.0)]).await;
    let of_first = findings.iter().find(|finding| finding.subject == books.first.id.to_string()).unwrap();
    assert!(of_first.message.contains("charge is 0.00000001 credits, 0.0000000099 credits was posted"));
}

async fn an_overrun_that_was_not_posted(database: &Database) {
    let books = Books::honest(database).await;
    let beyond = books.sql(&books.beyond);
    books.break_by(&format!("DELETE FROM transfers WHERE kind = 'overrun' AND call_id = {beyond}")).await;

    books.are_found_wrong_once("A3", &books.beyond, &["overrun", "0.000000005 ", " 0 credits"]).await;
}

async fn a_charge_of_more_than_was_held(database: &Database) {
    let books = Books::honest(database).await;
    let first = books.sql(&books.first);
    books.break_by(&format!("UPDATE model_calls SET hold = 60 WHERE id = {first}")).await;

    books.are_found_wrong_once("A3", &books.first, &["0.00000001 ", "0.000000006 "]).await;
}

async fn a_voided_call_with_a_charge(database: &Database) {
    let books = Books::honest(database).await;
    let failed = books.sql(&books.failed);
    books.break_by(&format!("UPDATE model_calls SET charge = 5 WHERE id = {failed}")).await;

    books.are_found_wrong_once("A3", &books.failed, &["voided", "0.0000000005"]).await;
}

async fn a_free_call_with_a_charge(database: &Database) {
    let books = Books::honest(database).await;
    let free = books.stage.free_call();
    let held = books.stage.open(&free).await;
    let division = hub_domain::ending::Division::default();
    let usage = super::tokens(5, 5);
    books
        .stage
        .close(hub_domain::ports::Closing { division, ..books.stage.settlement(&free, held, usage) })
        .await;
    books.are_found_wrong(&[]).await;

    let id = books.sql(&free);
    books.break_by(&format!("UPDATE model_calls SET overrun = 5 WHERE id = {id}")).await;
    books.are_found_wrong_once("A3", &free, &["none", "0.0000000005"]).await;
}

async fn a_posting_for_a_voided_call(database: &Database) {
    let books = Books::honest(database).await;
    let (overrun, revenue) = (system(books.hand, OVERRUN), system(books.hand, REVENUE));
    let transfer = books.transfer("overrun", &overrun, &revenue, 5, Some(books.failed.id)).await;

    books.are_found_wrong_once("A4", transfer, &["nothing to pay", "0.0000000005", " 0 credits"]).await;
}

async fn a_posting_for_a_call_that_does_not_exist(database: &Database) {
    let books = Books::honest(database).await;
    let (overrun, revenue) = (system(books.hand, OVERRUN), system(books.hand, REVENUE));
    let unknown = hub_domain::ids::CallId::new();
    let transfer = books.transfer("overrun", &overrun, &revenue, 5, Some(unknown)).await;

    books.are_found_wrong_once("A4", transfer, &["no such call", "0.0000000005"]).await;
}

async fn a_charge_that_another_account_paid(database: &Database) {
    let books = Books::honest(database).await;
    let other = books.other_account().await;
    let (first, payer, owner) = (books.sql(&books.first), books.sql(other), books.sql(books.account()));
    books
        .break_by(&format!(
            "UPDATE transfers SET debit = {payer} WHERE call_id = {first};
             UPDATE accounts SET posted = posted - 100, overdraft = 100 WHERE id = {payer};
             UPDATE accounts SET posted = posted + 100 WHERE id = {owner};"
        ))
        .await;

    let transfer = books.posted("charge", &books.first).await;
    // Both accounts' totals are not those of their calls.
    let expected = [("A4", transfer), ("A12", other.0), ("A12", books.account().id())];
    let findings = books.are_found_wrong(&expected).await;
    let ledger = findings.iter().find(|finding| finding.subject == other.to_string()).unwrap();
    assert!(
        ledger.message.contains("the ledger has 0.00000001 credits in all, its calls were charged 0 credits")
    );
}

async fn a_charge_that_went_elsewhere(database: &Database) {
    let books = Books::honest(database).await;
    let (first, adjust) = (books.sql(&books.first), system(books.hand, ADJUST));
    books.break_by(&format!("UPDATE transfers SET credit = {adjust} WHERE call_id = {first}")).await;

    let transfer = books.posted("charge", &books.first).await;
    books.are_found_wrong_once("A4", transfer, &["sys:revenue", "0.00000001 "]).await;
}

async fn an_overrun_that_was_posted_twice(database: &Database) {
    let books = Books::honest(database).await;
    let (overrun, revenue) = (system(books.hand, OVERRUN), system(books.hand, REVENUE));
    books.transfer("overrun", &overrun, &revenue, 50, Some(books.beyond.id)).await;

    books.are_found_wrong_once("A4", &books.beyond, &["overrun was posted twice", "0.000000005 "]).await;
}

async fn a_charge_that_was_posted_twice(database: &Database) {
    let books = Books::honest(database).await;
    let (account, revenue) = (books.sql(books.account()), system(books.hand, REVENUE));
    books.transfer("charge", &account, &revenue, 100, Some(books.first.id)).await;

    books.are_found_wrong(&[("A4", books.first.id.0), ("A12", books.account().id())]).await;
}

async fn a_grant_out_of_nowhere(database: &Database) {
    let books = Books::honest(database).await;
    let adjust = system(books.hand, ADJUST);
    books.transfer("grant", &adjust, &books.sql(books.account()), 40, None).await;

    let findings = books.database.audit().await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].check, "A4");
    assert!(findings[0].message.contains("a grant of 0.000000004 credits"), "{findings:?}");
}

async fn an_ended_call_without_a_time(database: &Database) {
    let books = Books::honest(database).await;
    let first = books.sql(&books.first);
    books.break_by(&format!("UPDATE model_calls SET closed_ms = NULL WHERE id = {first}")).await;

    books.are_found_wrong_once("A7", &books.first, &["settled, success, not closed"]).await;
}

async fn a_settled_call_that_is_open_again(database: &Database) {
    let books = Books::honest(database).await;
    let first = books.sql(&books.first);
    books
        .break_by(&format!(
            "UPDATE model_calls SET state = 'held', outcome = NULL, closed_ms = NULL WHERE id = {first}"
        ))
        .await;

    let (call, account) = (books.first.id.0, books.account().id());
    let transfer = books.posted("charge", &books.first).await;
    books
        .are_found_wrong(&[
            ("A2", account),
            ("A3", call),
            ("A4", transfer),
            ("A10", call),
            ("A12", account),
            ("A12", account),
        ])
        .await;
}

async fn an_open_call_past_its_deadline(database: &Database) {
    let books = Books::honest(database).await;
    let open = books.stage.call(100, Some(100));
    books.stage.open(&open).await;
    books.are_found_wrong(&[]).await;
    let id = books.sql(&open);
    books.break_by(&format!("UPDATE model_calls SET deadline_ms = 12345 WHERE id = {id}")).await;

    books.are_found_wrong_once("A7", &open, &["12345", &books.stage.owner.instance]).await;
}

async fn an_open_call_of_nobody(database: &Database) {
    let books = Books::honest(database).await;
    let open = books.stage.call(100, Some(100));
    books.stage.open(&open).await;
    books.break_by("DELETE FROM instances").await;

    books.are_found_wrong_once("A8", &open, &[&books.stage.owner.instance]).await;
}

async fn an_open_call_whose_owner_is_gone(database: &Database) {
    let books = Books::honest(database).await;
    let open = books.stage.call(100, Some(100));
    books.stage.open(&open).await;
    books.break_by("UPDATE instances SET lease_until_ms = 12345").await;

    books.are_found_wrong_once("A8", &open, &["12345", &books.stage.owner.instance]).await;
}
