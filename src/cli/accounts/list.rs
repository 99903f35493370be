//! `aigne-hub accounts list`.

use clap::Args;

use super::super::table::Table;
use super::super::{Failure, Output};
use super::AccountView;
use crate::compose::Books;

/// List all accounts with what they can spend.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub accounts list\n  aigne-hub accounts list --json")]
pub struct List {}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let views: Vec<_> = books.accounts.list().await?.iter().map(AccountView::from).collect();
        let mut table = Table::new(["ID", "NAME", "BALANCE", "HELD", "SPENT"]);
        for view in &views {
            let AccountView { id, name, balance, held, spent, .. } = view;
            table.row([id.clone(), name.clone(), balance.clone(), held.clone(), spent.clone()]);
        }
        Ok(Output::new(&views, table.or("no accounts; make one with: aigne-hub accounts create NAME")))
    }
}
