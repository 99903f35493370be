//! `aigne-hub accounts`: who pays.

use clap::Subcommand;
use hub_domain::ports::Account;
use serde::Serialize;

use super::limits::LimitsView;
use super::table::fields;
use super::{Failure, Output, moment};
use crate::compose::Books;

mod create;
mod grant;
mod limit;
mod list;
mod show;

/// Make accounts, give them credits and limit them.
#[derive(Debug, Subcommand)]
pub enum Accounts {
    Create(create::Create),
    List(list::List),
    Show(show::Show),
    Grant(grant::Grant),
    Limit(limit::Limit),
}

impl Accounts {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        match self {
            Self::Create(create) => create.run(books).await,
            Self::List(list) => list.run(books).await,
            Self::Show(show) => show.run(books).await,
            Self::Grant(grant) => grant.run(books).await,
            Self::Limit(limit) => limit.run(books).await,
        }
    }
}

/// An account as programs see it. Amounts are decimal credits.
#[derive(Serialize)]
struct AccountView {
    id: String,
    name: String,
    did: Option<String>,
    /// What can be spent now.
    balance: String,
    /// Reserved for calls that are open.
    held: String,
    /// All that was ever granted.
    granted: String,
    /// All that was ever charged.
    spent: String,
    limits: LimitsView,
    created: String,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        let balance = &account.balance;
        // What was granted is the sum of what is left and what was spent, so it is in range.
        let spent = balance.granted.checked_sub(balance.posted).unwrap_or_default();
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            did: account.did.clone(),
            balance: balance.available().to_string(),
            held: balance.held.to_string(),
            granted: balance.granted.to_string(),
            spent: spent.to_string(),
            limits: account.limits.into(),
            created: moment::show(account.created),
        }
    }
}

impl AccountView {
    fn text(&self) -> String {
        let [calls, requests, tokens] = self.limits.words();
        fields(&[
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("did", self.did.clone().unwrap_or_default()),
            ("balance", self.balance.clone()),
            ("held", self.held.clone()),
            ("granted", self.granted.clone()),
            ("spent", self.spent.clone()),
            ("calls at once", calls),
            ("requests per minute", requests),
            ("tokens per minute", tokens),
            ("created", self.created.clone()),
        ])
    }
}

/// The account that the operator means.
pub async fn find(books: &Books, id_or_name: &str) -> Result<Account, Failure> {
    books.accounts.find(id_or_name).await?.ok_or_else(|| Failure::no_account(id_or_name))
}

#[cfg(test)]
mod tests;
