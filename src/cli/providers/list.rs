//! `aigne-hub providers list`.

use clap::Args;

use super::super::table::{Table, or_dash};
use super::super::{Failure, Output};
use super::{ProviderView, TroubleView};
use crate::compose::Books;

/// List providers: those of the configuration, of the database and of the environment, and which of their keys
/// and models running servers leave alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub providers list\n  aigne-hub providers list --json")]
pub struct List {}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let found = books.catalogue.providers().await?;
        let reports = books.upstream_reports.told().await?;
        let view = |found| {
            let view = ProviderView::from(found);
            if view.shadowed { view } else { view.with_troubles(&reports) }
        };
        let views: Vec<_> = found.iter().map(view).collect();
        let mut table = Table::new(["NAME", "KIND", "BASE URL", "KEYS", "FROM", "ON DISCONNECT", "HEALTH"]);
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
                health(&view.troubles),
            ]);
        }
        Ok(Output::new(
            &views,
            table.or("no providers; add one with: aigne-hub providers add NAME --kind openai"),
        ))
    }
}

/// What is wrong, or that nothing is, as far as running servers know.
fn health(troubles: &[TroubleView]) -> String {
    if troubles.is_empty() {
        return "ok".to_owned();
    }
    let told = troubles.iter().map(|trouble| {
        let what = trouble.model.as_deref().or(trouble.key.as_deref()).unwrap_or("its key");
        let until = trouble.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
        format!("{what} {}: {}{until} ({})", trouble.state, trouble.reason, trouble.instance)
    });
    told.collect::<Vec<_>>().join("; ")
}
