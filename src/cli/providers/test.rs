//! `aigne-hub providers test`.

use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use hub_domain::routing::{Candidate, Provider, Route};
use serde::Serialize;
use std::sync::Arc;

use super::super::table::Table;
use super::super::{Failure, Output};
use super::in_force;
use crate::compose::Books;

const LIMIT: Duration = Duration::from_secs(20);

/// Try a provider's address and keys, without spending anything.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub providers test openai\n  aigne-hub providers test openai --json"
)]
pub struct Test {
    name: String,
}

#[derive(Serialize)]
struct Tested {
    name: String,
    ok: bool,
    keys: Vec<TestedKey>,
}

/// How one key did.
#[derive(Debug, Clone, Serialize)]
pub struct TestedKey {
    /// Its last characters; none where the provider has no key.
    pub key: Option<String>,
    pub ok: bool,
    pub error: Option<String>,
}

impl Test {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let found = in_force(books, &self.name).await?;
        let keys = try_keys(books, found.provider).await;
        let ok = keys.iter().all(|tested| tested.ok);
        let mut table = Table::new(["KEY", "RESULT"]);
        for tested in &keys {
            let key = tested.key.clone().unwrap_or_else(|| "(none)".to_owned());
            table.row([key, tested.error.clone().unwrap_or_else(|| "ok".to_owned())]);
        }
        Ok(Output::new(&Tested { name: self.name, ok, keys }, table.render()).exit(u8::from(!ok)))
    }
}

/// Tries each key of a provider, all at once.
pub async fn try_keys(books: &Books, provider: Provider) -> Vec<TestedKey> {
    let provider = Arc::new(provider);
    let model = provider.models.first().map_or_else(|| Arc::from("any"), |model| model.name.clone());
    let candidate = |credential| Candidate {
        provider: provider.clone(),
        model: model.clone(),
        credential,
        rate: None,
        max_output_tokens: None,
        route: Route::single(provider.timeouts),
    };
    let mut candidates: Vec<_> =
        provider.credentials.iter().map(|credential| candidate(Some(credential.clone()))).collect();
    if candidates.is_empty() {
        candidates.push(candidate(None));
    }
    join_all(candidates.iter().map(|candidate| async {
        let tried = tokio::time::timeout(LIMIT, books.upstream.test(candidate)).await;
        let error = match tried {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} s", LIMIT.as_secs())),
        };
        let key = candidate.credential.as_ref().map(|credential| credential.secret.masked());
        TestedKey { key, ok: error.is_none(), error }
    }))
    .await
}
