//! `aigne-hub providers credentials`: the keys of a provider of the database.

use clap::Subcommand;
use hub_domain::ids::CredentialId;
use hub_domain::ports::{CredentialRecord, ProviderRecord};
use hub_domain::routing::MAX_WEIGHT;
use serde::Serialize;

use super::super::{Failure, Output};
use super::in_force;
use crate::compose::Books;
use crate::settings::Environment;

mod add;
mod list;
mod remove;
mod weigh;

/// Add keys to a provider, list, weigh and remove them. Try them with: aigne-hub providers test NAME
#[derive(Debug, Subcommand)]
pub enum Credentials {
    Add(add::Add),
    List(list::List),
    Weigh(weigh::Weigh),
    Remove(remove::Remove),
}

impl Credentials {
    pub async fn run(self, books: &Books, environment: &Environment) -> Result<Output, Failure> {
        match self {
            Self::Add(add) => add.run(books, environment).await,
            Self::List(list) => list.run(books).await,
            Self::Weigh(weigh) => weigh.run(books).await,
            Self::Remove(remove) => remove.run(books).await,
        }
    }
}

/// A key as programs see it.
#[derive(Serialize)]
struct CredentialView {
    id: String,
    /// Its last characters.
    key: String,
    /// Its share of the provider's calls; 0 only stands by.
    weight: u32,
}

impl From<&CredentialRecord> for CredentialView {
    fn from(record: &CredentialRecord) -> Self {
        Self { id: record.id.to_string(), key: format!("…{}", record.tail), weight: record.weight }
    }
}

/// The provider of the database that has this name.
async fn stored(books: &Books, name: &str) -> Result<ProviderRecord, Failure> {
    let all = books.providers.list().await?;
    if let Some(record) = all.into_iter().find(|record| record.name.eq_ignore_ascii_case(name)) {
        return Ok(record);
    }
    let found = in_force(books, name).await?;
    Err(Failure::refused(format!(
        "the provider `{name}` stands in the {}; its keys do, too",
        found.source.name()
    )))
}

/// The one key of a provider that an id or last characters mean.
fn the_one(provider: &ProviderRecord, given: &str) -> Result<CredentialId, Failure> {
    let tail = given.trim_start_matches('…');
    let is_meant = |own: &&CredentialRecord| own.id.to_string() == given || own.tail == tail;
    match provider.credentials.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
        [one] => Ok(one.id),
        [] => Err(Failure::refused(format!("the provider `{}` has no key `{given}`", provider.name))),
        _ => Err(Failure::refused(format!("several keys end with `{given}`; name one by its id"))),
    }
}

fn weight(text: &str) -> Result<u32, String> {
    let weight = text.parse().ok().filter(|weight| *weight <= MAX_WEIGHT);
    weight.ok_or_else(|| format!("write a whole number from 0 to {MAX_WEIGHT}"))
}

#[cfg(test)]
mod tests;
