//! `aigne-hub models remove`.

use clap::Args;
use serde::Serialize;

use super::super::{Failure, Output};
use crate::compose::Books;

/// Remove a virtual model. What it stands for stays.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub models remove smart\n  aigne-hub models remove smart --json")]
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
        if !books.models.remove(&name).await? {
            let all = books.catalogue.virtual_models().await?;
            return Err(Failure::refused(if all.iter().any(|found| *found.model.name == *name) {
                format!("the virtual model `{name}` stands in the configuration; remove it there")
            } else {
                format!("there is no virtual model `{name}`")
            }));
        }
        let text = format!("virtual model `{name}` was removed");
        Ok(Output::new(&Removed { name, removed: true }, text))
    }
}
