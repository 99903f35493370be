//! `aigne-hub providers remove`.

use clap::Args;
use serde::Serialize;

use super::super::{Failure, Output};
use super::in_force;
use crate::compose::Books;
use crate::settings::ProviderSource;

/// Remove a provider and its keys. Records of its calls and its prices stay.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub providers remove local\n  aigne-hub providers remove local --json"
)]
pub struct Remove {
    name: String,
}

#[derive(Serialize)]
struct Removed {
    name: String,
    removed: bool,
}

impl Remove {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let name = self.name;
        if !books.providers.remove(&name).await? {
            let found = in_force(books, &name).await?;
            let place = match found.source {
                ProviderSource::Environment => "the environment",
                _ => "the configuration",
            };
            return Err(Failure::refused(format!(
                "the provider `{name}` stands in {place}; remove it there"
            )));
        }
        let text = format!("provider `{name}` was removed");
        Ok(Output::new(&Removed { name, removed: true }, text))
    }
}
