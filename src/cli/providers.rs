//! `aigne-hub providers`: who answers.

use clap::Subcommand;
use hub_domain::call::OnDisconnect;
use hub_domain::ports::UpstreamReport;
use serde::Serialize;

use super::{Failure, Output, moment};
use crate::compose::{Books, CatalogueProvider};
use crate::settings::Environment;

mod add;
mod credentials;
mod list;
mod remove;
mod test;

pub use test::try_keys;

/// Add upstream providers, list, try and remove them.
#[derive(Debug, Subcommand)]
pub enum Providers {
    Add(add::Add),
    List(list::List),
    Test(test::Test),
    Remove(remove::Remove),
    #[command(subcommand)]
    Credentials(credentials::Credentials),
}

impl Providers {
    pub async fn run(self, books: &Books, environment: &Environment) -> Result<Output, Failure> {
        match self {
            Self::Add(add) => add.run(books, environment).await,
            Self::List(list) => list.run(books).await,
            Self::Test(test) => test.run(books).await,
            Self::Remove(remove) => remove.run(books).await,
            Self::Credentials(credentials) => credentials.run(books, environment).await,
        }
    }
}

const fn on_disconnect_name(on_disconnect: OnDisconnect) -> &'static str {
    match on_disconnect {
        OnDisconnect::Cancel => "cancel",
        OnDisconnect::Drain => "drain",
    }
}

/// A provider as programs see it.
#[derive(Serialize)]
struct ProviderView {
    /// None for one that does not stand in the database.
    id: Option<String>,
    name: String,
    kind: &'static str,
    base_url: Option<String>,
    /// `configuration`, `database` or `environment`.
    source: &'static str,
    /// Another one of the same name stands before it.
    shadowed: bool,
    enabled: bool,
    on_disconnect: &'static str,
    /// None where its address tells.
    responses: Option<bool>,
    /// Its keys by their last characters.
    keys: Vec<String>,
    /// Keys that this master key does not open.
    locked_keys: usize,
    models: Vec<String>,
    /// What running servers leave alone now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    troubles: Vec<TroubleView>,
}

/// Why a running server does not call a model, or use a key.
#[derive(Serialize)]
struct TroubleView {
    instance: String,
    model: Option<String>,
    key: Option<String>,
    /// `cooling_down`, `removed`, `circuit_open` or `half_open`.
    state: String,
    reason: String,
    /// When it is tried again; none where only a test brings it back.
    until: Option<String>,
}

impl ProviderView {
    fn with_troubles(mut self, reports: &[UpstreamReport]) -> Self {
        for report in reports {
            let own =
                report.troubles.iter().filter(|trouble| trouble.provider.eq_ignore_ascii_case(&self.name));
            self.troubles.extend(own.map(|trouble| TroubleView {
                instance: report.instance.to_string(),
                model: trouble.model.clone(),
                key: trouble.credential.clone(),
                state: trouble.state.clone(),
                reason: trouble.reason.clone(),
                until: trouble.until.map(moment::show),
            }));
        }
        self
    }
}

impl From<&CatalogueProvider> for ProviderView {
    fn from(found: &CatalogueProvider) -> Self {
        let provider = &found.provider;
        Self {
            id: provider.id.map(|id| id.to_string()),
            name: provider.name.to_string(),
            kind: provider.kind.name(),
            base_url: provider.base_url.as_deref().map(str::to_owned),
            source: found.source.name(),
            shadowed: found.is_shadowed,
            enabled: provider.enabled,
            on_disconnect: on_disconnect_name(provider.on_disconnect),
            responses: provider.responses,
            keys: provider.credentials.iter().map(|credential| credential.secret.masked()).collect(),
            locked_keys: found.locked,
            models: provider.models.iter().map(|model| model.name.to_string()).collect(),
            troubles: Vec::new(),
        }
    }
}

/// The provider in force of this name.
async fn in_force(books: &Books, name: &str) -> Result<CatalogueProvider, Failure> {
    let all = books.catalogue.providers().await?;
    all.into_iter()
        .find(|found| !found.is_shadowed && found.provider.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| Failure::refused(format!("there is no provider `{name}`")))
}

#[cfg(test)]
mod tests;
