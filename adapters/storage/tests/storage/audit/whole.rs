//! The audit as a whole: beside running calls, and on books that are wrong everywhere.

use futures_util::future::{join, join_all};
use hub_domain::ids::CallId;
use hub_domain::ports::Auditor;

use super::{Books, tokens};
use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    calls_that_go_on_meanwhile_are_not_found_wrong,
    findings_are_listed_as_far_as_somebody_would_read,
    more_calls_than_a_page,
}

async fn calls_that_go_on_meanwhile_are_not_found_wrong(database: &Database) {
    let books = Books::honest(database).await;
    let auditor = database.open_again().await;
    let calls: Vec<_> = (0..200).map(|_| books.stage.call(10, Some(10))).collect();
    let traffic = async {
        for some in calls.chunks(20) {
            join_all(some.iter().map(|call| books.stage.run(call, tokens(5, 5)))).await;
        }
    };
    let audits = async {
        for _ in 0..10 {
            assert_eq!(auditor.audit().await.unwrap().findings, []);
        }
    };
    join(traffic, audits).await;

    let report = auditor.audit().await.unwrap();
    assert_eq!((report.findings, report.open_holds, report.checked.calls), (Vec::new(), 0, 204));
    auditor.close().await;
}

async fn findings_are_listed_as_far_as_somebody_would_read(database: &Database) {
    let books = Books::honest(database).await;
    let rows: Vec<_> = (0..150)
        .map(|_| {
            format!("({}, 'meter', 'ledger', {}, 1, 1)", books.sql(CallId::new()), books.sql(books.account()))
        })
        .collect();
    books
        .break_by(&format!(
            "INSERT INTO outbox (dedupe_key, kind, mode, account_id, amount, created_ms) VALUES {}",
            rows.join(", ")
        ))
        .await;

    let findings = database.audit().await;
    let of_events: Vec<_> = findings.iter().filter(|finding| finding.check == "A10").collect();
    assert_eq!(of_events.len(), 101);
    assert!(of_events[100].message.contains("more findings"), "{:?}", of_events[100]);
    assert_eq!(findings.len(), 102, "the account's total is wrong too");
}

async fn more_calls_than_a_page(database: &Database) {
    let books = Books::honest(database).await;
    let calls: Vec<_> = (0..1_200).map(|_| books.stage.call(1, Some(1))).collect();
    for some in calls.chunks(100) {
        join_all(some.iter().map(|call| books.stage.run(call, tokens(1, 1)))).await;
    }
    books.are_found_wrong(&[]).await;
    let last = books.sql(calls.last().unwrap());
    books.break_by(&format!("UPDATE model_calls SET rate_id = NULL WHERE id = {last}")).await;

    books.are_found_wrong_once("A6", calls.last().unwrap(), &["no rate"]).await;
}
