//! `aigne-hub models list`.

use clap::Args;

use super::super::table::Table;
use super::super::{Failure, Output};
use super::ModelView;
use crate::compose::Books;

/// List virtual models: those of the configuration and of the database.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub models list\n  aigne-hub models list --json")]
pub struct List {}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let found = books.catalogue.virtual_models().await?;
        let views: Vec<_> = found.iter().map(ModelView::from).collect();
        let mut table = Table::new(["NAME", "STRATEGY", "TARGETS", "NEXT AFTER", "FROM"]);
        for view in &views {
            let from =
                if view.shadowed { format!("{} (shadowed)", view.source) } else { view.source.to_owned() };
            let fallback = if view.fallback.is_empty() { "-".to_owned() } else { view.fallback.join(" ") };
            table.row([view.name.clone(), view.strategy.to_owned(), view.targets.join(", "), fallback, from]);
        }
        let none = "no virtual models; add one with: aigne-hub models add NAME --target PROVIDER/MODEL";
        Ok(Output::new(&views, table.or(none)))
    }
}
