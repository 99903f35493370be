//! A check that the database does itself: one query, the same text on both databases, that returns what
//! is wrong. On sound books it returns no row, however many there are.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use hub_domain::money::Credits;

use super::findings::{Findings, LISTED};
use crate::connection::{Connection, on_backend};
use crate::sql_types::{Id, Key};

pub struct Check {
    /// `A1` to `A15`; several queries may belong to one check.
    pub name: &'static str,
    /// `:now` stands for the database's time in milliseconds.
    pub sql: &'static str,
    pub tell: fn(&Wrong) -> String,
}

/// One thing that is wrong: a row, and what was found beside what is due.
#[derive(QueryableByName)]
pub struct Wrong {
    #[diesel(sql_type = Id)]
    subject: Key,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub found: i64,
    #[diesel(sql_type = BigInt)]
    pub due: i64,
}

impl Wrong {
    pub fn subject(&self) -> String {
        self.subject.0.hyphenated().to_string()
    }

    pub fn detail(&self) -> &str {
        self.detail.as_deref().unwrap_or_default()
    }
}

/// Units as decimal credits.
pub fn credits(units: impl Into<i128>) -> String {
    let units = units.into();
    match Credits::from_wide(units) {
        Ok(amount) => format!("{amount} credits"),
        Err(_) => format!("{units} units"),
    }
}

impl Check {
    /// Looks for what is wrong and notes it.
    pub async fn run(&self, conn: &mut Connection, now_ms: i64, findings: &mut Findings) -> QueryResult<()> {
        let sql = format!("{} LIMIT {}", self.sql.replace(":now", &now_ms.to_string()), LISTED + 1);
        let wrong: Vec<Wrong> = on_backend!(conn, c => diesel::sql_query(sql).load(c).await)?;
        for wrong in wrong {
            findings.add(self.name, wrong.subject(), (self.tell)(&wrong));
        }
        Ok(())
    }
}
