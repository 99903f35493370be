//! `aigne-hub accounts show`.

use clap::Args;

use super::super::{Failure, Output};
use super::{AccountView, find};
use crate::compose::Books;

/// Show one account.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub accounts show alice\n  aigne-hub accounts show alice --json")]
pub struct Show {
    /// The account's id or name
    account: String,
}

impl Show {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let view = AccountView::from(&find(books, &self.account).await?);
        Ok(Output::new(&view, view.text()))
    }
}
