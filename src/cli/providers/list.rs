//! `aigne-hub providers list`.

use clap::Args;

use super::super::table::{Table, or_dash};
use super::super::{Failure, Output};
use super::ProviderView;
use crate::compose::Books;

/// List providers: those of the configuration, of the database and of the environment.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub providers list\n  aigne-hub providers list --json")]
pub struct List {}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let found = books.catalogue.providers().await?;
        let views: Vec<_> = found.iter().map(ProviderView::from).collect();
        let mut table = Table::new(["NAME", "KIND", "BASE URL", "KEYS", "FROM", "ON DISCONNECT"]);
        for view in &views {
            let from =
                if view.shadowed { format!("{} (shadowed)", view.source) } else { view.source.to_owned() };
            let keys = view.keys.iter().cloned().chain((0..view.locked_keys).map(|_| "locked".to_owned()));
            let keys = keys.collect::<Vec<_>>().join(" ");
            table.row([
                view.name.clone(),
                view.kind.to_owned(),
                or_dash(&view.base_url),
                or_dash(&Some(keys).filter(|keys| !keys.is_empty())),
                from,
                view.on_disconnect.to_owned(),
            ]);
        }
        Ok(Output::new(
            &views,
            table.or("no providers; add one with: aigne-hub providers add NAME --kind openai"),
        ))
    }
}
