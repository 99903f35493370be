//! The store on real databases. Each test has a database of its own and runs on SQLite and on PostgreSQL,
//! the latter in the cluster that `HUB_TEST_POSTGRES` names.

#![allow(clippy::unwrap_used, clippy::expect_used)] // these are tests

mod audit;
mod books;
mod by_hand;
mod call_history;
mod contract;
mod crash;
mod database;
mod postgres;
mod reports;
mod several;
mod sqlite;

/// Runs each test on both databases.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(&crate::database::Database::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(&crate::database::Database::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;
