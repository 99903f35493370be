//! `aigne-hub accounts limit`.

use clap::Args;

use super::super::limits::LimitFlags;
use super::super::{Failure, Output};
use super::{AccountView, find};
use crate::compose::Books;

/// Limit what all keys of an account together may do at a time and in a minute. Running servers see it
/// within a second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub accounts limit alice --rpm 600 --tpm 1000000\n  \
    aigne-hub accounts limit alice --tpm none --calls-at-once 32 --json")]
pub struct Limit {
    /// The account's id or name
    account: String,
    #[command(flatten)]
    limits: LimitFlags,
}

impl Limit {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let account = find(books, &self.account).await?;
        let changed = books.accounts.limit(account.id, self.limits.change()).await?;
        let view = AccountView::from(&changed.ok_or_else(|| Failure::no_account(&self.account))?);
        Ok(Output::new(&view, view.text()))
    }
}
