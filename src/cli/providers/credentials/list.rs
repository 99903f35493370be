//! `aigne-hub providers credentials list`.

use clap::Args;

use super::super::super::table::Table;
use super::super::super::{Failure, Output};
use super::{CredentialView, stored};
use crate::compose::Books;

/// List the keys of a provider by their last characters.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub providers credentials list openai")]
pub struct List {
    /// The provider's name
    provider: String,
}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let provider = stored(books, &self.provider).await?;
        let views: Vec<_> = provider.credentials.iter().map(CredentialView::from).collect();
        let mut table = Table::new(["KEY", "WEIGHT", "ID"]);
        for view in &views {
            table.row([view.key.clone(), view.weight.to_string(), view.id.clone()]);
        }
        let none = format!("no keys; add one with: aigne-hub providers credentials add {}", provider.name);
        Ok(Output::new(&views, table.or(&none)))
    }
}
