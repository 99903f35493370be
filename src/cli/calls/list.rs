//! `aigne-hub calls list`.

use clap::Args;
use hub_domain::ports::{CallFilter, CallStatus, Scope};

use super::super::table::{Table, or_dash};
use super::super::{Failure, Output, accounts, moment};
use super::CallView;
use crate::compose::Books;

/// List calls, newest first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub calls list\n  \
    aigne-hub calls list --account alice --status failed --since 24h\n  \
    aigne-hub calls list --model gpt-4o --limit 100 --json")]
pub struct List {
    /// Only those of this account: its id or name
    #[arg(long)]
    account: Option<String>,
    /// processing, success or failed
    #[arg(long, value_parser = status)]
    status: Option<CallStatus>,
    /// A part of the model's name
    #[arg(long)]
    model: Option<String>,
    #[arg(long)]
    provider: Option<String>,
    /// From when on: 24h, 7d, 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// How many, at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// How many to pass over
    #[arg(long, default_value_t = 0)]
    offset: u64,
}

fn status(text: &str) -> Result<CallStatus, String> {
    let all = [CallStatus::Processing, CallStatus::Success, CallStatus::Failed];
    let found = all.into_iter().find(|status| status.name() == text);
    found.ok_or_else(|| "write processing, success or failed".to_owned())
}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let from = self.since.as_deref().map(|text| moment::earlier(text, books.clock.now())).transpose();
        let scope = match &self.account {
            Some(account) => Scope::Account(accounts::find(books, account).await?.id),
            None => Scope::All,
        };
        let filter = CallFilter {
            from: from.map_err(|reason| Failure::Usage(format!("--since: {reason}")))?,
            model: self.model,
            provider: self.provider,
            status: self.status,
            offset: self.offset,
            limit: self.limit,
            ..CallFilter::default()
        };
        let page = books.calls.page(scope, &filter).await?;
        let views: Vec<_> = page.records.iter().map(CallView::from).collect();
        let mut table =
            Table::new(["ID", "ACCEPTED", "ACCOUNT", "MODEL", "STATUS", "REASON", "TOKENS", "COST"]);
        for view in &views {
            let tokens = view.usage.as_ref().map(|usage| usage.total_tokens);
            table.row([
                view.id.clone(),
                view.accepted.clone(),
                view.account_name.clone(),
                format!("{}/{}", view.provider, view.model),
                view.status.to_owned(),
                or_dash(&view.reason),
                or_dash(&tokens),
                view.cost.clone(),
            ]);
        }
        let output = Output::new(&views, table.or("no calls"));
        let shown = filter.offset.saturating_add(u64::try_from(views.len()).unwrap_or(u64::MAX));
        if shown < page.total {
            return Ok(output.note(format!("{shown} of {}; go on with --offset {shown}", page.total)));
        }
        Ok(output)
    }
}
