//! A9 to A11, A14 and A15: each charge is reported once, as it is.

use hub_domain::ids::CallId;
use hub_domain::ports::NewCall;
use uuid::Uuid;

use super::{Books, IntoId};
use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    charges_in_reports_are_right,
    a_charge_that_nobody_reports,
    a_charge_that_waits_and_is_reported,
    events_that_are_not_the_charge,
    an_event_of_a_call_that_does_not_exist,
    an_event_of_a_voided_call,
    an_event_for_another_account,
    an_item_that_is_not_the_charge,
    reports_that_are_not_the_sum_of_their_items,
    a_report_that_was_refused,
    a_report_whose_sender_is_gone,
    a_report_that_waits_for_more_than_a_day,
    a_residue_out_of_nowhere,
}

impl Books<'_> {
    /// Moves waiting events into a report, as the reporter does.
    async fn report(&self, calls: &[&NewCall]) -> Uuid {
        let report = Uuid::now_v7();
        let (id, account) = (self.hand.id(report), self.sql(self.account()));
        let calls: Vec<_> = calls.iter().map(|call| self.sql(*call)).collect();
        let calls = calls.join(", ");
        self.break_by(&format!(
            "INSERT INTO meter_reports (id, identifier, account_id, amount, event_ms, state, created_ms, acked_ms)
             SELECT {id}, 'hub-{report}', {account}, SUM(amount), 1, 'acked', {}, 2
               FROM outbox WHERE dedupe_key IN ({calls});
             INSERT INTO meter_report_items (call_id, report_id, amount)
             SELECT dedupe_key, {id}, amount FROM outbox WHERE dedupe_key IN ({calls});
             DELETE FROM outbox WHERE dedupe_key IN ({calls});",
            report.get_timestamp().unwrap().to_unix().0 * 1000
        ))
        .await;
        report
    }
}

async fn charges_in_reports_are_right(database: &Database) {
    let books = Books::honest(database).await;
    books.report(&[&books.first, &books.second]).await;
    books.report(&[&books.beyond]).await;

    books.are_found_wrong(&[]).await;
}

async fn a_charge_that_nobody_reports(database: &Database) {
    let books = Books::honest(database).await;
    let first = books.sql(&books.first);
    books.break_by(&format!("DELETE FROM outbox WHERE dedupe_key = {first}")).await;

    let expected = [("A9", books.first.id.0), ("A12", books.account().id())];
    let findings = books.are_found_wrong(&expected).await;
    let of_call = findings.iter().find(|finding| finding.check == "A9").unwrap();
    assert!(of_call.message.contains("0.00000001 credits is neither in the outbox nor in a report"));
    let of_account = findings.iter().find(|finding| finding.check == "A12").unwrap();
    assert!(
        of_account.message.contains("0.00000003 credits in all, its calls were charged 0.00000004 credits")
    );
}

async fn a_charge_that_waits_and_is_reported(database: &Database) {
    let books = Books::honest(database).await;
    books.report(&[&books.first, &books.second]).await;
    let (first, account) = (books.sql(&books.first), books.sql(books.account()));
    books
        .break_by(&format!(
            "INSERT INTO outbox (dedupe_key, kind, mode, account_id, amount, created_ms)
             VALUES ({first}, 'meter', 'payment-kit', {account}, 100, 1)"
        ))
        .await;

    books.are_found_wrong(&[("A9", books.first.id.0), ("A12", books.account().id())]).await;
}

async fn events_that_are_not_the_charge(database: &Database) {
    let books = Books::honest(database).await;
    let (first, second) = (books.sql(&books.first), books.sql(&books.second));
    books
        .break_by(&format!(
            "UPDATE outbox SET amount = 99 WHERE dedupe_key = {first};
             UPDATE outbox SET amount = 101 WHERE dedupe_key = {second};"
        ))
        .await;

    let expected = [("A10", books.first.id.0), ("A10", books.second.id.0)];
    let findings = books.are_found_wrong(&expected).await;
    assert!(
        findings.iter().all(|finding| finding.message.contains("the call was charged 0.00000001 credits"))
    );
    assert!(
        findings.iter().any(|finding| finding.message.contains("0.0000000099 credits stands in the outbox"))
    );
}

/// Writes a waiting event of one unit by hand.
async fn add_event(books: &Books<'_>, call: CallId) {
    let (id, account) = (books.sql(call), books.sql(books.account()));
    books
        .break_by(&format!(
            "INSERT INTO outbox (dedupe_key, kind, mode, account_id, amount, created_ms)
             VALUES ({id}, 'meter', 'ledger', {account}, 1, 1)"
        ))
        .await;
}

async fn an_event_of_a_call_that_does_not_exist(database: &Database) {
    let books = Books::honest(database).await;
    let unknown = CallId::new();
    add_event(&books, unknown).await;

    books.are_found_wrong(&[("A10", unknown.0), ("A12", books.account().id())]).await;
}

async fn an_event_of_a_voided_call(database: &Database) {
    let books = Books::honest(database).await;
    add_event(&books, books.failed.id).await;

    books.are_found_wrong(&[("A10", books.failed.id.0), ("A12", books.account().id())]).await;
}

async fn an_event_for_another_account(database: &Database) {
    let books = Books::honest(database).await;
    let other = books.other_account().await;
    let (first, account) = (books.sql(&books.first), books.sql(other));
    books.break_by(&format!("UPDATE outbox SET account_id = {account} WHERE dedupe_key = {first}")).await;

    let expected = [("A10", books.first.id.0), ("A12", other.0), ("A12", books.account().id())];
    books.are_found_wrong(&expected).await;
}

async fn an_item_that_is_not_the_charge(database: &Database) {
    let books = Books::honest(database).await;
    let report = books.report(&[&books.first, &books.second]).await;
    let (first, second) = (books.sql(&books.first), books.sql(&books.second));
    books
        .break_by(&format!(
            "UPDATE meter_report_items SET amount = 98 WHERE call_id = {first};
             UPDATE meter_report_items SET amount = 102 WHERE call_id = {second};"
        ))
        .await;

    let expected = [("A10", books.first.id.0), ("A10", books.second.id.0)];
    let findings = books.are_found_wrong(&expected).await;
    assert!(findings[0].message.contains(&format!("report hub-{report}")), "{findings:?}");
}

async fn reports_that_are_not_the_sum_of_their_items(database: &Database) {
    let books = Books::honest(database).await;
    let (one, other) = (books.report(&[&books.first]).await, books.report(&[&books.second]).await);
    let (more, less) = (books.hand.id(one), books.hand.id(other));
    books
        .break_by(&format!(
            "UPDATE meter_reports SET amount = amount + 1 WHERE id = {more};
             UPDATE meter_reports SET amount = amount - 1 WHERE id = {less};"
        ))
        .await;

    let findings = books.are_found_wrong(&[("A11", one), ("A11", other)]).await;
    assert!(findings.iter().any(|finding| finding.message.contains("reports 0.0000000101 credits")));
    assert!(findings.iter().all(|finding| finding.message.contains("sum to 0.00000001 credits")));
}

async fn a_report_that_was_refused(database: &Database) {
    let books = Books::honest(database).await;
    let report = books.report(&[&books.first]).await;
    books.break_by("UPDATE meter_reports SET state = 'parked', acked_ms = NULL").await;

    books.are_found_wrong_once("A14", report, &["parked"]).await;
}

async fn a_report_whose_sender_is_gone(database: &Database) {
    let books = Books::honest(database).await;
    let report = books.report(&[&books.first]).await;
    books
        .break_by("UPDATE meter_reports SET state = 'sending', acked_ms = NULL, claim_until_ms = 12345")
        .await;

    books.are_found_wrong_once("A14", report, &["sending", "12345"]).await;
}

async fn a_report_that_waits_for_more_than_a_day(database: &Database) {
    let books = Books::honest(database).await;
    let report = books.report(&[&books.first]).await;
    books.break_by("UPDATE meter_reports SET state = 'pending', acked_ms = NULL").await;
    books.are_found_wrong(&[]).await;

    books.break_by("UPDATE meter_reports SET created_ms = created_ms - 90000000").await;
    books.are_found_wrong_once("A14", report, &["pending"]).await;
}

async fn a_residue_out_of_nowhere(database: &Database) {
    let books = Books::honest(database).await;
    let report = books.report(&[&books.first]).await;
    books.break_by("UPDATE meter_reports SET carry_in = 5, amount = amount + 5").await;

    books
        .are_found_wrong_once("A15", report, &["carries in 0.0000000005 credits", "carried out 0 credits"])
        .await;
}
