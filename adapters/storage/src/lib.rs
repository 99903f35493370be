//! The ledger, the catalogue and the records of calls on SQLite or PostgreSQL: the domain's storage
//! ports, each in a file of its own, over one engine.
//!
//! The engine ([`Store`]) has two ways to do work: reads, on a pool, and writes, which run one after the
//! other on SQLite's writer thread and in pooled transactions on PostgreSQL. It decides nothing about
//! money; what is decided stands in the domain and, as constraints, in `migrations/`.
//!
//! | what | where |
//! |---|---|
//! | the books: holds, charges, voids | `ledger`; `accounts` for grants, `outbox` for what is to be reported |
//! | the proof that they are right | `audit`, whose head lists the checks |
//! | what was called | `call_history` to read it, `call_lines` for its price, `answers` for kept answers, `sealed_rows` for what of all this is sealed |
//! | the catalogue | `key_store`, `provider_book`, `rate_book`; each change counts in `settings_version` |
//! | processes that share a database | `leases`, `jobs`, `health` |
//! | how a query is written for both databases | the head of `store`, `connection`, `sql_types`, `schema` |
//! | what differs between them | `sqlite`: its writer and its sync thread; `postgres`: sessions and TLS |
//!
//! A new table is a step in both folders of `migrations/`, an entry in `schema` and a file here.

mod accounts;
mod answers;
mod audit;
mod call_history;
mod call_lines;
mod connection;
mod failure;
mod fixed;
mod health;
mod jobs;
mod key_store;
mod leases;
mod ledger;
mod limit_columns;
mod local_ledger;
mod migrate;
mod model_book;
mod outbox;
mod pool;
mod postgres;
mod provider_book;
mod rate_book;
mod schema;
mod sealed_rows;
mod settings;
mod settings_version;
mod sql_types;
mod sqlite;
mod step;
mod store;
mod system_accounts;
mod upstream_reports;

pub use local_ledger::LocalLedger;
pub use settings::{Durability, InvalidStorageUrl, OpenError, StorageUrl, StoreSettings};
pub use store::Store;
