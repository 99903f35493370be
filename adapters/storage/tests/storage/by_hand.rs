//! A database as somebody with a SQL prompt has it: nothing of the store's own code in between, and
//! triggers and constraints out of the way on request.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use uuid::Uuid;

#[derive(Clone)]
pub enum Hand {
    Sqlite(PathBuf),
    Postgres(String),
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Nullable<Text>)]
    answer: Option<String>,
}

impl Hand {
    /// An id as this database writes it in a statement.
    pub fn id(&self, id: Uuid) -> String {
        match self {
            Self::Sqlite(_) => format!("x'{}'", id.simple()),
            Self::Postgres(_) => format!("'{id}'::uuid"),
        }
    }

    pub async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => self.sqlite().batch_execute(sql).unwrap(),
            Self::Postgres(_) => self.postgres().await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Runs statements that no trigger and no constraint would let pass. Those stay gone.
    pub async fn force(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => {
                let freely = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
                    DROP TRIGGER IF EXISTS transfers_no_update; DROP TRIGGER IF EXISTS transfers_no_delete;
                    DROP INDEX IF EXISTS transfers_one_charge; DROP INDEX IF EXISTS transfers_one_overrun;";
                self.sqlite().batch_execute(&format!("{freely} {sql}")).unwrap();
            }
            Self::Postgres(_) => {
                let freely = "SET session_replication_role = replica;
                    DROP INDEX IF EXISTS transfers_one_charge; DROP INDEX IF EXISTS transfers_one_overrun;
                    DO $$ DECLARE rule record; BEGIN
                      FOR rule IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
                                   WHERE contype = 'c' AND connamespace = 'public'::regnamespace
                      LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.place, rule.conname); END LOOP;
                    END $$;";
                self.postgres().await.batch_execute(&format!("{freely} {sql}")).await.unwrap();
            }
        }
    }

    /// The rows of a query with one column of text.
    pub async fn ask(&self, sql: &str) -> Vec<Option<String>> {
        match self {
            Self::Sqlite(_) => {
                let rows = diesel::sql_query(format!("SELECT answer FROM ({})", named(sql)));
                rows.load::<Answer>(&mut self.sqlite()).unwrap().into_iter().map(|row| row.answer).collect()
            }
            Self::Postgres(_) => {
                let messages = self.postgres().await.simple_query(sql).await.unwrap();
                let rows = messages.into_iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
                    _ => None,
                });
                rows.collect()
            }
        }
    }

    /// How SQLite would answer a query.
    pub async fn plan(&self, sql: &str) -> String {
        #[derive(QueryableByName)]
        struct Step {
            #[diesel(sql_type = Text)]
            detail: String,
        }
        let steps = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load::<Step>(&mut self.sqlite());
        steps.unwrap().into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n")
    }

    fn sqlite(&self) -> SqliteConnection {
        let Self::Sqlite(file) = self else { panic!("this is PostgreSQL") };
        let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 0;").unwrap();
        conn
    }

    async fn postgres(&self) -> Client {
        let Self::Postgres(url) = self else { panic!("this is SQLite") };
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

/// A query whose one column is called `answer`.
fn named(sql: &str) -> String {
    format!("WITH answers(answer) AS ({sql}) SELECT CAST(answer AS TEXT) AS answer FROM answers")
}
