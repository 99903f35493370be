//! The audit, on books that somebody broke by hand: each invariant is broken alone where that can be
//! done, and exactly that is found.

mod accounts;
mod calls;
mod price_lines;
mod reports;
mod whole;

use hub_domain::ids::{AccountId, CallId};
use hub_domain::meter::Meter;
use hub_domain::ports::contract::Stage;
use hub_domain::ports::{Accounts, Auditor, Closed, Finding, NewAccount, NewCall};
use hub_domain::usage::{Quantities, Usage};
use uuid::Uuid;

use crate::by_hand::Hand;
use crate::database::Database;

/// An account with 10,000 units and calls of all kinds, each token a unit: two that cost 100 each, one
/// that cost its hold of 200 and the operator 50 more, and one that failed.
struct Books<'a> {
    stage: Stage<'a>,
    database: &'a Database,
    hand: &'a Hand,
    first: NewCall,
    second: NewCall,
    beyond: NewCall,
    failed: NewCall,
}

fn tokens(input: u64, output: u64) -> Usage {
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
    Usage { quantities, ..Usage::default() }
}

impl<'a> Books<'a> {
    async fn honest(database: &'a Database) -> Books<'a> {
        let stage = Stage::set(database, 10_000).await;
        let call = || stage.call(100, Some(100));
        let (first, second, beyond, failed) = (call(), call(), call(), call());
        for call in [&first, &second] {
            let closed = stage.run(call, tokens(90, 10)).await;
            assert!(matches!(closed, Closed::Done { charge } if charge.units() == 100));
        }
        stage.run(&beyond, tokens(100, 150)).await;
        stage.open(&failed).await;
        stage.close(stage.void(&failed)).await;
        let books = Books { stage, database, hand: &database.hand, first, second, beyond, failed };
        books.are_found_wrong(&[]).await;
        books
    }

    async fn break_by(&self, sql: &str) {
        self.hand.force(sql).await;
    }

    fn account(&self) -> AccountId {
        self.stage.account.id
    }

    async fn other_account(&self) -> AccountId {
        let new = NewAccount { name: "other".to_owned(), did: None };
        self.database.store.create(new).await.unwrap().id
    }

    /// An id as SQL.
    fn sql(&self, id: impl IntoId) -> String {
        self.hand.id(id.id())
    }

    /// Exactly these checks find something, about exactly these rows.
    async fn are_found_wrong(&self, expected: &[(&str, Uuid)]) -> Vec<Finding> {
        let findings = self.database.store.audit().await.unwrap().findings;
        let mut found: Vec<_> =
            findings.iter().map(|finding| (finding.check.clone(), finding.subject.clone())).collect();
        let mut expected: Vec<_> =
            expected.iter().map(|(check, row)| ((*check).to_owned(), row.to_string())).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{findings:#?}");
        for finding in &findings {
            assert!(finding.message.contains(&finding.subject), "the message names the row: {finding:?}");
        }
        findings
    }

    /// The only finding, whose message has all these.
    async fn are_found_wrong_once(&self, check: &str, row: impl IntoId, says: &[&str]) {
        let findings = self.are_found_wrong(&[(check, row.id())]).await;
        for part in says {
            assert!(findings[0].message.contains(part), "{part} in {}", findings[0].message);
        }
    }

    /// Writes a transfer by hand, with the balances that follow from it.
    async fn transfer(&self, kind: &str, from: &str, to: &str, amount: i64, call: Option<CallId>) -> Uuid {
        let id = Uuid::now_v7();
        let (call_id, key) = match call {
            Some(call) => (self.sql(call), "NULL".to_owned()),
            None => ("NULL".to_owned(), format!("'{id}'")),
        };
        let transfer = self.hand.id(id);
        self.break_by(&format!(
            "INSERT INTO transfers (id, kind, debit, credit, amount, call_id, idem_key, created_ms)
             VALUES ({transfer}, '{kind}', {from}, {to}, {amount}, {call_id}, {key}, 1);
             UPDATE accounts SET posted = posted - {amount} WHERE id = {from} AND kind = 'user';
             UPDATE accounts SET posted = posted + {amount} WHERE id = {to} AND kind = 'user';"
        ))
        .await;
        id
    }

    /// The id of the transfer that a call's charge or overrun was posted with.
    async fn posted(&self, kind: &str, call: &NewCall) -> Uuid {
        let sql = match self.hand {
            Hand::Sqlite(_) => "lower(hex(id))",
            Hand::Postgres(_) => "CAST(id AS text)",
        };
        let call = self.sql(call.id);
        let found = self
            .hand
            .ask(&format!("SELECT {sql} FROM transfers WHERE kind = '{kind}' AND call_id = {call}"))
            .await;
        found[0].as_deref().unwrap().parse().unwrap()
    }
}

trait IntoId {
    fn id(self) -> Uuid;
}

impl IntoId for Uuid {
    fn id(self) -> Uuid {
        self
    }
}

impl IntoId for AccountId {
    fn id(self) -> Uuid {
        self.0
    }
}

impl IntoId for CallId {
    fn id(self) -> Uuid {
        self.0
    }
}

impl IntoId for &NewCall {
    fn id(self) -> Uuid {
        self.id.0
    }
}

/// A system account as SQL, by its number.
fn system(hand: &Hand, number: u128) -> String {
    hand.id(Uuid::from_u128(number))
}

const GRANTS: u128 = 1;
const REVENUE: u128 = 2;
const OVERRUN: u128 = 3;
const ADJUST: u128 = 4;
