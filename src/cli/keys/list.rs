//! `aigne-hub keys list`.

use clap::Args;

use super::super::table::{Table, or_dash};
use super::super::{Failure, Output, accounts};
use super::KeyView;
use crate::compose::Books;

/// List access keys, revoked and expired ones included.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub keys list\n  aigne-hub keys list --account alice --json")]
pub struct List {
    /// Only those of this account: its id or name
    #[arg(long)]
    account: Option<String>,
}

impl List {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let account = match &self.account {
            Some(account) => Some(accounts::find(books, account).await?.id),
            None => None,
        };
        let now = books.clock.now();
        let keys = books.keys.list(account).await?;
        let views: Vec<_> = keys.iter().map(|key| KeyView::new(key, now)).collect();
        let mut table = Table::new(["ID", "KEY", "ACCOUNT", "NAME", "STATUS", "EXPIRES", "LAST USED"]);
        for view in &views {
            table.row([
                view.id.clone(),
                format!("…{}", view.tail),
                view.account_name.clone(),
                or_dash(&view.name),
                view.status.to_owned(),
                or_dash(&view.expires),
                or_dash(&view.last_used),
            ]);
        }
        Ok(Output::new(&views, table.or("no keys; make one with: aigne-hub keys create --account ACCOUNT")))
    }
}
