//! `aigne-hub keys`: what callers prove themselves with.

use clap::Subcommand;
use hub_domain::ports::{KeyRecord, UnixMillis};
use serde::Serialize;

use super::limits::LimitsView;
use super::{Failure, Output, moment};
use crate::compose::Books;

mod create;
mod limit;
mod list;
mod revoke;

/// Make access keys, list them, limit them and revoke them.
#[derive(Debug, Subcommand)]
pub enum Keys {
    Create(create::Create),
    List(list::List),
    Limit(limit::Limit),
    Revoke(revoke::Revoke),
}

impl Keys {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        match self {
            Self::Create(create) => create.run(books).await,
            Self::List(list) => list.run(books).await,
            Self::Limit(limit) => limit.run(books).await,
            Self::Revoke(revoke) => revoke.run(books).await,
        }
    }
}

/// A key as programs see it; its text is not among it.
#[derive(Serialize)]
struct KeyView {
    id: String,
    /// The account's id.
    account: String,
    account_name: String,
    name: Option<String>,
    /// The last four characters.
    tail: String,
    role: &'static str,
    limits: LimitsView,
    /// `active`, `expired` or `revoked`.
    status: &'static str,
    created: String,
    expires: Option<String>,
    revoked: Option<String>,
    last_used: Option<String>,
}

impl KeyView {
    fn new(key: &KeyRecord, now: UnixMillis) -> Self {
        let status = match (key.revoked, key.expires) {
            (Some(_), _) => "revoked",
            (None, Some(expires)) if expires <= now => "expired",
            _ => "active",
        };
        Self {
            id: key.id.to_string(),
            account: key.account.to_string(),
            account_name: key.account_name.clone(),
            name: key.name.clone(),
            tail: key.tail.clone(),
            role: key.role.name(),
            limits: key.limits.into(),
            status,
            created: moment::show(key.created),
            expires: key.expires.map(moment::show),
            revoked: key.revoked.map(moment::show),
            last_used: key.last_used.map(moment::show),
        }
    }
}

#[cfg(test)]
mod tests;
