//! From a model's name to who serves it. Pure code over a snapshot; no I/O.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::call::OnDisconnect;
use crate::error::CallError;
use crate::ids::{CredentialId, ProviderId};
use crate::ports::{ProviderTimeouts, SecretText};
use crate::rates::Rate;
use crate::vocabulary::CallType;

/// Which protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// OpenAI's API, or one like it.
    #[serde(rename = "openai")]
    OpenAi,
    /// Built in: answers without an upstream.
    Simulated,
}

impl ProviderKind {
    pub const ALL: [Self; 2] = [Self::OpenAi, Self::Simulated];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Simulated => "simulated",
        }
    }
}

impl FromStr for ProviderKind {
    type Err = ();
    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}

/// A model that the catalogue knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    pub name: Arc<str>,
    pub call_type: CallType,
    /// Output tokens at most, reasoning included.
    pub max_output_tokens: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Credential {
    pub id: Option<CredentialId>,
    pub secret: SecretText,
}

/// A provider that can be called.
#[derive(Debug, Clone)]
pub struct Provider {
    /// `None` for one that stands in the environment only.
    pub id: Option<ProviderId>,
    pub name: Arc<str>,
    pub kind: ProviderKind,
    pub base_url: Option<Arc<str>>,
    pub enabled: bool,
    pub on_disconnect: OnDisconnect,
    pub timeouts: ProviderTimeouts,
    pub credentials: Vec<Credential>,
    pub models: Vec<ListedModel>,
    /// Unix seconds, for model lists.
    pub created: i64,
}

/// One way to serve a call.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub provider: Arc<Provider>,
    /// The model's name at the provider.
    pub model: Arc<str>,
    /// `None` for providers that need none.
    pub credential: Option<Credential>,
    pub rate: Option<Arc<Rate>>,
    pub max_output_tokens: Option<u64>,
}

/// Ordered: the first is tried first.
pub type Candidates = SmallVec<[Candidate; 2]>;

/// Everything that routing needs to know, at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub settings_version: i64,
    providers: Vec<Arc<Provider>>,
    rates: HashMap<(Arc<str>, Arc<str>, CallType), Arc<Rate>>,
}

/// Matches the contract: what may be a model's name.
fn is_model_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/@+-".contains(&byte);
    name.len() <= 256
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && name.bytes().all(allowed)
        && !name.contains("..")
}

impl Snapshot {
    pub fn new(settings_version: i64, providers: Vec<Provider>, rates: Vec<Rate>) -> Self {
        let rates = rates
            .into_iter()
            .map(|rate| {
                let key = (Arc::from(rate.provider.as_str()), Arc::from(rate.model.as_str()), rate.call_type);
                (key, Arc::new(rate))
            })
            .collect();
        Self { settings_version, providers: providers.into_iter().map(Arc::new).collect(), rates }
    }

    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    pub fn rates(&self) -> impl Iterator<Item = &Arc<Rate>> {
        self.rates.values()
    }

    fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        let name = if name.eq_ignore_ascii_case("gemini") { "google" } else { name };
        self.providers.iter().find(|provider| provider.name.eq_ignore_ascii_case(name))
    }

    /// The rate in force: the model's own, else the provider's `*`.
    pub fn rate(&self, provider: &Arc<str>, model: &str, call_type: CallType) -> Option<&Arc<Rate>> {
        let own = (Arc::clone(provider), Arc::from(model), call_type);
        let any = (Arc::clone(provider), Arc::from("*"), call_type);
        self.rates.get(&own).or_else(|| self.rates.get(&any))
    }

    fn has_any_rate(&self, provider: &Arc<str>, model: &str) -> bool {
        CallType::ALL.into_iter().any(|call_type| self.rate(provider, model, call_type).is_some())
    }

    fn has_own_rate(&self, provider: &Arc<str>, model: &str) -> bool {
        CallType::ALL
            .into_iter()
            .any(|call_type| self.rates.contains_key(&(Arc::clone(provider), Arc::from(model), call_type)))
    }

    /// Splits `provider/model` (or `provider:model`) where the first part is a configured provider.
    fn split<'a>(&self, name: &'a str) -> (Option<&Arc<Provider>>, &'a str) {
        let parts = name.split_once('/').or_else(|| name.split_once(':'));
        match parts.and_then(|(first, rest)| Some((self.provider(first)?, rest))) {
            Some((provider, model)) if !model.is_empty() => (Some(provider), model),
            _ => (None, name),
        }
    }

    /// Who serves a model: candidates in the order in which they are tried.
    ///
    /// `priced` says whether a rate is needed (it is, unless nothing is charged).
    pub fn resolve(&self, name: &str, call_type: CallType, priced: bool) -> Result<Candidates, CallError> {
        if !is_model_name(name) {
            return Err(CallError::invalid(
                "`model` must be 1 to 256 letters, digits or `._:/@+-`, begin with a letter or digit, and have no `..`",
                "model".to_owned(),
                "invalid_model_name",
            ));
        }
        let unknown = || CallError::ModelNotFound { model: name.to_owned() };
        let stripped = name.strip_prefix("aignehub/").unwrap_or(name);
        let (provider, model) = match self.split(stripped) {
            (Some(provider), model) => (provider, model),
            (None, model) => {
                let having: Vec<_> = self
                    .providers
                    .iter()
                    .filter(|provider| {
                        provider.models.iter().any(|listed| &*listed.name == model)
                            || self.has_own_rate(&provider.name, model)
                    })
                    .collect();
                match having.as_slice() {
                    [] => return Err(unknown()),
                    [one] => (*one, model),
                    several => {
                        let candidates =
                            several.iter().map(|provider| format!("{}/{model}", provider.name)).collect();
                        return Err(CallError::ModelAmbiguous { model: name.to_owned(), candidates });
                    }
                }
            }
        };
        let listed = provider.models.iter().find(|listed| &*listed.name == model);
        if listed.is_none() && !self.has_any_rate(&provider.name, model) && priced {
            return Err(unknown());
        }
        let rate = self.rate(&provider.name, model, call_type).cloned();
        if priced && rate.is_none() {
            return Err(CallError::ModelNotPriced { model: name.to_owned() });
        }
        let needs_credential = provider.kind != ProviderKind::Simulated;
        if !provider.enabled || (needs_credential && provider.credentials.is_empty()) {
            return Err(CallError::ProviderUnavailable { model: name.to_owned() });
        }
        let model: Arc<str> = listed.map_or_else(|| Arc::from(model), |listed| Arc::clone(&listed.name));
        let max_output_tokens = listed.and_then(|listed| listed.max_output_tokens);
        let candidate = |credential| Candidate {
            provider: Arc::clone(provider),
            model: Arc::clone(&model),
            credential,
            rate: rate.clone(),
            max_output_tokens,
        };
        if provider.credentials.is_empty() {
            return Ok(SmallVec::from_iter([candidate(None)]));
        }
        Ok(provider.credentials.iter().map(|credential| candidate(Some(credential.clone()))).collect())
    }
}
