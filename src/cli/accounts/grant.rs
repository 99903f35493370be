//! `aigne-hub accounts grant`.

use clap::Args;
use hub_domain::money::Credits;
use hub_domain::ports;

use super::super::{Failure, Output, amount};
use super::{AccountView, find};
use crate::compose::Books;

/// Give an account credits.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub accounts grant alice 100\n  \
    aigne-hub accounts grant alice 12.5 --once invoice-4711   (a repeat grants nothing)")]
pub struct Grant {
    /// The account's id or name
    account: String,
    /// Decimal credits
    #[arg(value_parser = amount::credits)]
    credits: Credits,
    /// A text that makes this grant unique: given again, nothing is granted again
    #[arg(long, value_name = "TEXT")]
    once: Option<String>,
}

impl Grant {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let account = find(books, &self.account).await?;
        let unique = || uuid::Uuid::now_v7().to_string();
        let idempotency_key = self.once.map_or_else(unique, |text| format!("cli/{text}"));
        let grant = ports::Grant { account: account.id, amount: self.credits, idempotency_key };
        let is_new = books.accounts.grant(grant).await?;
        let view = AccountView::from(&find(books, &account.id.to_string()).await?);
        let output = Output::new(&view, view.text());
        Ok(if is_new { output } else { output.note("this grant was made before; nothing was granted again") })
    }
}
