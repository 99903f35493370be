//! `aigne-hub migrate`.

use clap::Args;
use serde::Serialize;

use super::{Failure, Output};

/// Bring the database's tables up to date. Safe to repeat, and beside a running server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub migrate\n  \
    aigne-hub migrate --set storage.url=postgres://hub@db/hub --json")]
pub struct Migrate {}

#[derive(Serialize)]
struct Migrated<'a> {
    ok: bool,
    /// The steps that were taken now.
    applied: &'a [String],
}

impl Migrate {
    /// Opening the store took the steps.
    pub fn run(self, applied: &[String]) -> Result<Output, Failure> {
        let text = match applied {
            [] => "the database is up to date".to_owned(),
            steps => format!("the database is up to date after: {}", steps.join(", ")),
        };
        Ok(Output::new(&Migrated { ok: true, applied }, text))
    }
}
