//! From a model's name to who serves it. Pure code over a snapshot; no I/O.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::call::OnDisconnect;
use crate::error::CallError;
use crate::ids::{CredentialId, ProviderId};
use crate::ports::{ProviderTimeouts, SecretText};
use crate::rates::Rate;
use crate::vocabulary::CallType;

mod turns;
mod virtual_model;

pub use turns::whose;
pub use virtual_model::{Fallback, MAX_TARGETS, MAX_WEIGHT, Strategy, Target, TargetTimeouts, VirtualModel};

use turns::Turns;

/// Which protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// OpenAI's API, or one like it.
    #[serde(rename = "openai")]
    OpenAi,
    Anthropic,
    /// Google's Gemini.
    Google,
    /// Built in: answers without an upstream.
    Simulated,
}

impl ProviderKind {
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Google, Self::Simulated];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Google => "google",
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
    /// Input tokens at most.
    pub max_input_tokens: Option<u64>,
    /// Output tokens at most, reasoning included.
    pub max_output_tokens: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Credential {
    pub id: Option<CredentialId>,
    pub secret: SecretText,
    /// Its share of the provider's calls.
    pub weight: u32,
}

impl Credential {
    /// The weight of one that has none of its own.
    pub const WEIGHT: u32 = 100;
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
    /// It has OpenAI's Responses, or has it not; `None` where its address tells.
    pub responses: Option<bool>,
    pub timeouts: ProviderTimeouts,
    pub credentials: Vec<Credential>,
    /// It was set up without a key, as a server of one's own may be, and is called so.
    pub is_keyless: bool,
    pub models: Vec<ListedModel>,
    /// Unix seconds, for model lists.
    pub created: i64,
}

impl Provider {
    /// One that is switched on and has nothing else yet.
    pub fn new(name: impl Into<Arc<str>>, kind: ProviderKind) -> Self {
        Self {
            id: None,
            name: name.into(),
            kind,
            base_url: None,
            enabled: true,
            on_disconnect: OnDisconnect::default(),
            responses: None,
            timeouts: ProviderTimeouts::default(),
            credentials: Vec::new(),
            is_keyless: false,
            models: Vec::new(),
            created: 0,
        }
    }

    /// Whether it is switched on and has what it takes.
    pub fn can_be_called(&self) -> bool {
        let needs_none = self.kind == ProviderKind::Simulated || self.is_keyless;
        self.enabled && (needs_none || !self.credentials.is_empty())
    }
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
    pub route: Route,
}

/// To which of a name's provider models a candidate belongs, and what applies to it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Those of one provider model have the same, and stand side by side.
    pub index: usize,
    pub timeouts: ProviderTimeouts,
    /// Of one try, to the first content of the answer.
    pub first_content: Option<Duration>,
    /// Of one try as a whole.
    pub total: Option<Duration>,
    /// What leads to the next route.
    pub fallback: Fallback,
}

impl Route {
    /// The only one.
    pub const fn single(timeouts: ProviderTimeouts) -> Self {
        Self { index: 0, timeouts, first_content: None, total: None, fallback: Fallback::NONE }
    }
}

/// Ordered: the first is tried first.
pub type Candidates = SmallVec<[Candidate; 2]>;

/// The first candidate of each route.
pub fn routes(candidates: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    let is_first = |at: usize| at == 0 || candidates[at - 1].route.index != candidates[at].route.index;
    candidates.iter().enumerate().filter(move |(at, _)| is_first(*at)).map(|(_, candidate)| candidate)
}

/// Everything that routing needs to know, at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub settings_version: i64,
    providers: Vec<Arc<Provider>>,
    rates: HashMap<RateKey, Arc<Rate>>,
    virtual_models: Vec<VirtualModel>,
    /// Providers that a bare name doesn't mean where others have it, too.
    named_only: Vec<String>,
    /// For names of which each call takes another provider.
    turns: Turns,
}

/// Provider (in lower case, because its name is the same in any), model, kind of call.
type RateKey = (Box<str>, Box<str>, CallType);

fn rate_key(provider: &str, model: &str, call_type: CallType) -> RateKey {
    (provider.to_ascii_lowercase().into(), model.into(), call_type)
}

/// The model of a rate for all models that have none of their own.
const ANY_MODEL: &str = "*";

/// Names that mean the same provider. What a provider is really called comes first.
const ALIASES: [(&str, &str); 1] = [("gemini", "google")];

/// Matches the contract: what may be a model's name.
pub fn is_model_name(name: &str) -> bool {
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
            .map(|rate| (rate_key(&rate.provider, &rate.model, rate.call_type), Arc::new(rate)))
            .collect();
        let providers = providers.into_iter().map(Arc::new).collect();
        Self { settings_version, providers, rates, ..Self::default() }
    }

    pub fn with_virtual_models(self, virtual_models: Vec<VirtualModel>) -> Self {
        Self { virtual_models, ..self }
    }

    /// Providers that are called by their names only, unless nobody else has a model.
    pub fn with_named_only(self, named_only: Vec<String>) -> Self {
        Self { named_only, ..self }
    }

    pub fn virtual_models(&self) -> &[VirtualModel] {
        &self.virtual_models
    }

    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    pub fn rates(&self) -> impl Iterator<Item = &Arc<Rate>> {
        self.rates.values()
    }

    /// The provider that a model's name begins with, where it begins with one.
    pub fn named_provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.split(name).0
    }

    fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        let named = |name: &str| self.providers.iter().find(|one| one.name.eq_ignore_ascii_case(name));
        let alias = || ALIASES.into_iter().find(|(alias, _)| name.eq_ignore_ascii_case(alias));
        named(name).or_else(|| named(alias()?.1))
    }

    fn own_rate(&self, provider: &str, model: &str, call_type: CallType) -> Option<&Arc<Rate>> {
        self.rates.get(&rate_key(provider, model, call_type))
    }

    /// The rate in force: the model's own, else that for all of the provider's models.
    pub fn rate(&self, provider: &str, model: &str, call_type: CallType) -> Option<&Arc<Rate>> {
        self.own_rate(provider, model, call_type).or_else(|| self.own_rate(provider, ANY_MODEL, call_type))
    }

    fn has_own_rate(&self, provider: &str, model: &str) -> bool {
        CallType::ALL.into_iter().any(|call_type| self.own_rate(provider, model, call_type).is_some())
    }

    /// Whether the provider is known to have the model itself, and not just any.
    fn has_model(&self, provider: &Provider, model: &str) -> bool {
        provider.models.iter().any(|listed| &*listed.name == model)
            || (model != ANY_MODEL && self.has_own_rate(&provider.name, model))
    }

    /// Whether a rate for all of its models makes every model of the provider known.
    fn has_any_model(&self, provider: &Provider) -> bool {
        self.has_own_rate(&provider.name, ANY_MODEL)
    }

    /// Who has the model by name, else who prices whatever it is asked for. Those that can't be called count only
    /// when there is no other.
    fn providers_of(&self, name: &str, model: &str) -> Result<Holders<'_>, CallError> {
        // A slash without a provider before it is more likely a mistake than a model that nobody lists.
        let by_any = |one: &Provider| !model.contains('/') && self.has_any_model(one);
        let having = self.providers_that(|one| self.has_model(one, model));
        let mut having = if having.is_empty() { self.providers_that(by_any) } else { having };
        if having.is_empty() {
            return Err(CallError::ModelNotFound { model: name.to_owned() });
        }
        let is_free =
            |one: &Provider| !self.named_only.iter().any(|name| one.name.eq_ignore_ascii_case(name));
        if having.iter().any(|one| is_free(one)) {
            having.retain(|one| is_free(one));
        }
        Ok(having)
    }

    fn providers_that(&self, hold: impl Fn(&Provider) -> bool) -> Holders<'_> {
        let holding = || self.providers.iter().filter(|one| hold(one));
        let usable: Holders<'_> = holding().filter(|one| one.can_be_called()).collect();
        if usable.is_empty() { holding().collect() } else { usable }
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
        let stripped = name.strip_prefix("aignehub/").unwrap_or(name);
        let asked = Asked { name, call_type, priced };
        let (provider, model) = match self.split(stripped) {
            (Some(provider), model) => (provider, model),
            (None, model) => match self.virtual_models.iter().find(|one| *one.name == *model) {
                Some(virtual_model) => return self.by_target(virtual_model, asked),
                None => match self.providers_of(name, model)?.as_slice() {
                    [one] => (*one, model),
                    several => return self.by_turns(several, model, asked),
                },
            },
        };
        let mut candidates = Candidates::new();
        self.push(&mut candidates, provider, model, asked, Route::single(provider.timeouts))?;
        Ok(candidates)
    }

    /// Several providers have it: each is first in its turn, and stands in for the others.
    fn by_turns(
        &self,
        providers: &[&Arc<Provider>],
        model: &str,
        asked: Asked<'_>,
    ) -> Result<Candidates, CallError> {
        let first = whose(self.turns.next(model), providers.iter().map(|_| 1));
        let fallback = Fallback { context_length: false, ..Fallback::ALL };
        let routes = (0..providers.len()).map(|at| {
            let provider = providers[(first + at) % providers.len()];
            let route = Route { fallback, ..Route::single(provider.timeouts) };
            Ok((provider, model, route))
        });
        self.by_routes(routes, asked)
    }

    /// The targets that can be called, the one whose turn it is first.
    fn by_target(&self, model: &VirtualModel, asked: Asked<'_>) -> Result<Candidates, CallError> {
        let targets = &model.targets;
        let first = match model.strategy {
            Strategy::Ordered => 0,
            Strategy::Weighted => {
                whose(self.turns.next(&model.name), targets.iter().map(|target| target.weight))
            }
        };
        let others = (0..targets.len()).filter(|at| *at != first);
        let routes = targets.get(first).map(|_| first).into_iter().chain(others).map(|at| {
            let target = &targets[at];
            let (Some(provider), model_name) = self.split(&target.model) else {
                return Err(CallError::ProviderUnavailable { model: asked.name.to_owned() });
            };
            let route = Route {
                timeouts: target.timeouts.over(provider.timeouts),
                first_content: target.timeouts.first_content,
                total: target.timeouts.total,
                fallback: model.fallback,
                ..Route::single(provider.timeouts)
            };
            Ok((provider, model_name, route))
        });
        self.by_routes(routes, asked)
    }

    /// The routes that can be called; where there is none, why the first one can't.
    fn by_routes<'a>(
        &self,
        routes: impl Iterator<Item = Result<(&'a Arc<Provider>, &'a str, Route), CallError>>,
        asked: Asked<'_>,
    ) -> Result<Candidates, CallError> {
        let mut candidates = Candidates::new();
        let mut fault = None;
        for (index, route) in routes.enumerate() {
            let pushed = route.and_then(|(provider, model, route)| {
                self.push(&mut candidates, provider, model, asked, Route { index, ..route })
            });
            if let Err(error) = pushed {
                fault.get_or_insert(error);
            }
        }
        match fault {
            Some(error) if candidates.is_empty() => Err(match error {
                // The name is known; what it stands for is not, any more.
                CallError::ModelNotFound { model } => CallError::ProviderUnavailable { model },
                error => error,
            }),
            _ => Ok(candidates),
        }
    }

    /// Adds one candidate for each credential of a provider.
    fn push(
        &self,
        candidates: &mut Candidates,
        provider: &Arc<Provider>,
        model: &str,
        asked: Asked<'_>,
        route: Route,
    ) -> Result<(), CallError> {
        let Asked { name, call_type, priced } = asked;
        let listed = provider.models.iter().find(|listed| &*listed.name == model);
        if priced && !self.has_model(provider, model) && !self.has_any_model(provider) {
            return Err(CallError::ModelNotFound { model: name.to_owned() });
        }
        let rate = self.rate(&provider.name, model, call_type).cloned();
        if priced && rate.is_none() {
            return Err(CallError::ModelNotPriced { model: name.to_owned() });
        }
        if !provider.can_be_called() {
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
            route,
        };
        if provider.credentials.is_empty() {
            candidates.push(candidate(None));
        }
        candidates.extend(provider.credentials.iter().map(|credential| candidate(Some(credential.clone()))));
        Ok(())
    }
}

/// Providers that have a model.
type Holders<'a> = SmallVec<[&'a Arc<Provider>; 4]>;

/// What a call asks of routing.
#[derive(Clone, Copy)]
struct Asked<'a> {
    name: &'a str,
    call_type: CallType,
    priced: bool,
}

#[cfg(test)]
mod tests;
