//! The built program from outside: real processes, real sockets, both databases, and an upstream that does
//! as it is told. Every scenario ends with a clean audit and without an open hold.
//!
//! PostgreSQL is the throw-away cluster that `tests/run` starts.

// In a test an `unwrap` says what must hold; the lint knows only functions marked as tests.
#![allow(clippy::unwrap_used)]

/// Each of these scenarios on SQLite and on PostgreSQL.
macro_rules! on_both_databases {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            #[test]
            fn sqlite() {
                crate::kit::play(crate::kit::Kind::Sqlite, super::$scenario);
            }

            #[test]
            fn postgres() {
                crate::kit::play(crate::kit::Kind::Postgres, super::$scenario);
            }
        }
    )+};
}

mod kit;

mod aigne;
mod anthropic;
mod bad_input;
mod broken_upstreams;
mod commands;
mod compatible;
mod configuration;
mod conformance;
mod crash;
mod credits;
mod database_away;
mod demo;
mod departures;
mod egress;
mod gemini;
mod idempotency;
mod images;
mod instances;
mod keys;
mod limits;
mod pictures;
mod prices;
mod rate_limits;
mod records;
mod responses;
mod responses_upstream;
mod restarts;
mod resting_upstreams;
mod routing;
mod secrets;
mod shutdown;
mod speech;
mod streams;
mod telemetry;
mod transcription;
mod whole_answers;
