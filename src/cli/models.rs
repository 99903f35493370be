//! `aigne-hub models`: names of one's own for provider models.

use clap::Subcommand;
use serde::Serialize;

use super::{Failure, Output};
use crate::compose::{Books, CatalogueModel};
use crate::settings::{RouteTarget, Setting};

mod add;
mod list;
mod remove;

/// Add virtual models, list and remove them.
#[derive(Debug, Subcommand)]
pub enum Models {
    Add(add::Add),
    List(list::List),
    Remove(remove::Remove),
}

impl Models {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        match self {
            Self::Add(add) => add.run(books).await,
            Self::List(list) => list.run(books).await,
            Self::Remove(remove) => remove.run(books).await,
        }
    }
}

/// A virtual model as programs see it.
#[derive(Serialize)]
struct ModelView {
    name: String,
    /// `configuration` or `database`.
    source: &'static str,
    /// Another one of the same name stands before it.
    shadowed: bool,
    strategy: &'static str,
    /// As they are given to `--target`.
    targets: Vec<String>,
    /// `errors`, `timeouts`, `context_length`.
    fallback: Vec<&'static str>,
}

impl From<&CatalogueModel> for ModelView {
    fn from(found: &CatalogueModel) -> Self {
        let model = &found.model;
        Self {
            name: model.name.to_string(),
            source: found.source.name(),
            shadowed: found.is_shadowed,
            strategy: model.strategy.name(),
            targets: model.targets.iter().map(|target| RouteTarget(target.clone()).show()).collect(),
            fallback: model.fallback.words().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
