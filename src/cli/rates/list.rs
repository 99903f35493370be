//! `aigne-hub rates list`.

use clap::Args;

use super::super::table::Table;
use super::super::{Failure, Output};
use super::RateView;
use crate::compose::Books;

/// List the prices in force: credits for a million tokens or characters, or for one of anything else.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub rates list\n  aigne-hub rates list --provider openai --json")]
pub struct List {
    /// Only those of this provider
    #[arg(long)]
    provider: Option<String>,
}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let wanted =
            |provider: &str| self.provider.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(provider));
        let rates = books.rates.current().await?;
        let views: Vec<_> = rates.iter().filter(|rate| wanted(&rate.provider)).map(RateView::from).collect();
        let mut table = Table::new(["MODEL", "TYPE", "VERSION", "PRICES"]);
        for view in &views {
            table.row([
                format!("{}/{}", view.provider, view.model),
                view.call_type.to_owned(),
                view.version.to_string(),
                view.prices.to_string(),
            ]);
        }
        Ok(Output::new(
            &views,
            table.or("no prices; set one with: aigne-hub rates set PROVIDER/MODEL --input P --output P"),
        ))
    }
}
