//! Who can be called: providers of the configuration, the database and the environment, in this order
//! of precedence, with their credentials unsealed and the prices in force.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hub_domain::ids::{CredentialId, ProviderId};
use hub_domain::ports::{
    CredentialRecord, ModelBook, ProviderBook, ProviderRecord, ProviderTimeouts, RateBook, SecretText,
    Secrets, SecretsError, StorageError,
};
use hub_domain::routing::{Credential, ListedModel, Provider, Snapshot, VirtualModel};
use hub_domain::vocabulary::CallType;
use hub_providers::{price_list, well_known};

use crate::settings::{Configuration, ProviderSource, Timeouts, keys_in};
use crate::snapshot::LoadSnapshot;

/// A provider with who said that there is one.
#[derive(Debug, Clone)]
pub struct CatalogueProvider {
    pub source: ProviderSource,
    pub provider: Provider,
    /// Another one of the same name stands before it.
    pub is_shadowed: bool,
    /// Credentials that could not be unsealed.
    pub locked: usize,
}

/// A virtual model with who said that there is one.
#[derive(Debug, Clone)]
pub struct CatalogueModel {
    pub source: ProviderSource,
    pub model: VirtualModel,
    /// Another one of the same name stands before it.
    pub is_shadowed: bool,
}

/// Makes snapshots of who can be called.
pub struct Catalogue {
    book: Arc<dyn ProviderBook>,
    rates: Arc<dyn RateBook>,
    secrets: Arc<dyn Secrets>,
    /// Those of the configuration and of the environment; they don't change while the process lives.
    fixed: Vec<(ProviderSource, Provider)>,
    general_timeouts: ProviderTimeouts,
    models: Arc<dyn ModelBook>,
    /// Those of the configuration.
    fixed_models: Vec<VirtualModel>,
    /// `routing.named_only`
    named_only: Vec<String>,
    /// Unsealing is not free, and a credential never changes.
    unsealed: Mutex<HashMap<CredentialId, SecretText>>,
    /// Looks at the master keys again; they may be part of what changed.
    refresh_keys: Arc<dyn Fn() + Send + Sync>,
}

impl Catalogue {
    pub fn new(
        book: Arc<dyn ProviderBook>,
        rates: Arc<dyn RateBook>,
        models: Arc<dyn ModelBook>,
        secrets: Arc<dyn Secrets>,
        fixed: Vec<(ProviderSource, Provider)>,
    ) -> Self {
        Self {
            book,
            rates,
            secrets,
            fixed,
            general_timeouts: ProviderTimeouts::default(),
            models,
            fixed_models: Vec::new(),
            named_only: Vec::new(),
            unsealed: Mutex::default(),
            refresh_keys: Arc::new(|| {}),
        }
    }

    /// To be done before credentials are opened anew.
    pub fn refreshing(self, refresh_keys: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { refresh_keys, ..self }
    }

    /// What the configuration says of names.
    pub fn with_names(self, fixed_models: Vec<VirtualModel>, named_only: Vec<String>) -> Self {
        Self { fixed_models, named_only, ..self }
    }

    /// Every virtual model, also those that stand behind another of the same name.
    pub async fn virtual_models(&self) -> Result<Vec<CatalogueModel>, StorageError> {
        let of = |source, is_shadowed| move |model| CatalogueModel { source, model, is_shadowed };
        let fixed = self.fixed_models.iter().cloned().map(of(ProviderSource::Configuration, false));
        let stored = self.models.list().await?.into_iter().map(|model| {
            let is_shadowed = self.fixed_models.iter().any(|fixed| fixed.name == model.name);
            of(ProviderSource::Database, is_shadowed)(model)
        });
        Ok(fixed.chain(stored).collect())
    }

    /// For providers of the database that have no time-outs of their own.
    pub fn with_timeouts(self, general_timeouts: ProviderTimeouts) -> Self {
        Self { general_timeouts, ..self }
    }

    /// Every provider, also those that stand behind another of the same name.
    pub async fn providers(&self) -> Result<Vec<CatalogueProvider>, StorageError> {
        let of_source = |source: ProviderSource| {
            let matching = self.fixed.iter().filter(move |(of, _)| *of == source);
            matching.map(move |(_, provider)| (source, provider.clone(), 0))
        };
        let stored = self.book.list().await?;
        let stored = stored.into_iter().map(|record| {
            let (provider, locked) = self.unseal(record);
            (ProviderSource::Database, provider, locked)
        });
        let all = of_source(ProviderSource::Configuration)
            .chain(stored)
            .chain(of_source(ProviderSource::Environment));
        let mut found: Vec<CatalogueProvider> = Vec::new();
        for (source, provider, locked) in all {
            let is_shadowed =
                found.iter().any(|other| other.provider.name.eq_ignore_ascii_case(&provider.name));
            found.push(CatalogueProvider { source, provider, is_shadowed, locked });
        }
        Ok(found)
    }

    /// One credential that can't be opened must not take the others down.
    fn unseal(&self, record: ProviderRecord) -> (Provider, usize) {
        let mut locked = 0;
        let mut credentials = Vec::with_capacity(record.credentials.len());
        for credential in &record.credentials {
            match self.open(record.id, record.base_url.as_deref(), credential) {
                Ok(secret) => credentials.push(Credential {
                    id: Some(credential.id),
                    secret,
                    weight: credential.weight,
                }),
                Err(error) => {
                    locked += 1;
                    tracing::error!(
                        provider = record.name, key = format!("…{}", credential.tail), %error,
                        "a provider's key can't be opened; is the master key another one?"
                    );
                }
            }
        }
        let provider = Provider {
            id: Some(record.id),
            is_keyless: record.credentials.is_empty()
                && well_known::may_be_keyless(record.base_url.as_deref()),
            models: price_list::models(&record.name, record.kind),
            name: Arc::from(record.name),
            kind: record.kind,
            base_url: record.base_url.map(Arc::from),
            enabled: record.enabled,
            on_disconnect: record.on_disconnect,
            responses: record.responses,
            timeouts: record.timeouts.unwrap_or(self.general_timeouts),
            credentials,
            created: record.created.seconds(),
        };
        (provider, locked)
    }

    fn open(
        &self,
        provider: ProviderId,
        base_url: Option<&str>,
        credential: &CredentialRecord,
    ) -> Result<SecretText, SecretsError> {
        let mut unsealed = self.unsealed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = unsealed.get(&credential.id) {
            return Ok(secret.clone());
        }
        let plain =
            self.secrets.open(&credential.sealed, &credential_context(provider, credential.id, base_url))?;
        let secret = SecretText::new(std::str::from_utf8(&plain).map_err(|_| SecretsError::Tampered)?);
        unsealed.insert(credential.id, secret.clone());
        Ok(secret)
    }
}

#[async_trait]
impl LoadSnapshot for Catalogue {
    async fn load(&self) -> Result<Snapshot, StorageError> {
        // First, so that a change in the midst of this is seen as one by the next look.
        let version = self.rates.settings_version().await?;
        (self.refresh_keys)();
        let providers = self.providers().await?.into_iter().filter(|found| !found.is_shadowed);
        let providers = providers.map(|found| found.provider).collect();
        let models = self.virtual_models().await?.into_iter().filter(|found| !found.is_shadowed);
        Ok(Snapshot::new(version, providers, self.rates.current().await?)
            .with_virtual_models(models.map(|found| found.model).collect())
            .with_named_only(self.named_only.clone()))
    }
}

/// Where a sealed credential belongs: a row can't be moved, nor aimed at another server.
pub fn credential_context(provider: ProviderId, credential: CredentialId, base_url: Option<&str>) -> String {
    let origin = base_url.and_then(|url| url::Url::parse(url).ok());
    let origin = origin.map_or_else(|| "default".to_owned(), |url| url.origin().ascii_serialization());
    format!("hub/credential/v1|{provider}|{credential}|{origin}")
}

/// Seals a provider's key for the database.
pub fn seal_credential(
    secrets: &dyn Secrets,
    provider: ProviderId,
    base_url: Option<&str>,
    secret: &SecretText,
) -> Result<CredentialRecord, SecretsError> {
    let id = CredentialId::new();
    let sealed = secrets.seal(secret.expose().as_bytes(), &credential_context(provider, id, base_url))?;
    let tail = secret.masked().trim_start_matches('…').to_owned();
    Ok(CredentialRecord { id, tail, sealed, weight: Credential::WEIGHT })
}

/// `[timeouts]` as providers without time-outs of their own have them.
pub fn general_timeouts(timeouts: &Timeouts) -> ProviderTimeouts {
    ProviderTimeouts {
        connect: *timeouts.connect,
        first_byte: *timeouts.first_byte,
        idle: *timeouts.idle,
        // A call's own limit is the tighter one.
        total: (*timeouts.stream).max(*timeouts.plain),
    }
}

/// What a model does, as far as its name tells.
fn told_by(name: &str) -> CallType {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["embed"]) {
        CallType::Embedding
    } else if has(&["whisper", "transcribe", "tts"]) {
        CallType::AudioGeneration
    } else if has(&["gpt-image", "dall-e"]) {
        CallType::ImageGeneration
    } else {
        CallType::ChatCompletion
    }
}

/// Models that the operator listed, beside the built-in ones.
fn listed(names: &[String]) -> impl Iterator<Item = ListedModel> + '_ {
    names.iter().map(|name| ListedModel {
        name: Arc::from(name.as_str()),
        call_type: told_by(name),
        max_input_tokens: None,
        max_output_tokens: None,
    })
}

/// The virtual models of the configuration.
pub fn fixed_models(configuration: &Configuration, now_seconds: i64) -> Vec<VirtualModel> {
    let models = configuration.settings.models.iter();
    models.map(|(name, settings)| settings.model(name, now_seconds)).collect()
}

/// The providers of the configuration and of the environment.
pub fn fixed_providers(
    configuration: &Configuration,
    general: ProviderTimeouts,
    now_seconds: i64,
) -> Vec<(ProviderSource, Provider)> {
    let credentials = |keys: Vec<SecretText>| {
        keys.into_iter()
            .map(|secret| Credential { id: None, secret, weight: Credential::WEIGHT })
            .collect::<Vec<_>>()
    };
    let configured = configuration.settings.providers.iter().map(|(name, settings)| {
        let known = well_known::find(name).filter(|known| known.kind == *settings.kind);
        let own = known.and_then(|known| known.own_base_url());
        let base_url = settings.base_url.as_ref().map(|url| url.0.as_str()).or(own);
        let mut models = price_list::models(name, *settings.kind);
        models.extend(listed(&settings.models.0.0));
        let keys =
            settings.api_key_env.as_ref().map(|variable| keys_in(&configuration.environment, &variable.0));
        let provider = Provider {
            id: None,
            name: Arc::from(name.as_str()),
            kind: *settings.kind,
            base_url: base_url.map(Arc::from),
            enabled: true,
            on_disconnect: *settings.on_disconnect,
            responses: settings.responses.0,
            timeouts: settings.timeouts.over(general),
            is_keyless: keys.is_none() && well_known::may_be_keyless(base_url),
            credentials: credentials(keys.unwrap_or_default()),
            models,
            created: now_seconds,
        };
        (ProviderSource::Configuration, provider)
    });
    let well_known = configuration.well_known.iter().map(|found| {
        let base_url = found.base_url.as_ref().map(|url| url.0.as_str());
        let provider = Provider {
            id: None,
            name: Arc::from(found.name),
            kind: found.kind,
            base_url: base_url.map(Arc::from),
            enabled: true,
            on_disconnect: Default::default(),
            responses: None,
            timeouts: general,
            credentials: credentials(found.keys.clone()),
            is_keyless: false,
            models: price_list::models(found.name, found.kind),
            created: now_seconds,
        };
        (ProviderSource::Environment, provider)
    });
    configured.chain(well_known).collect()
}

#[cfg(test)]
mod tests {
    use hub_domain::memory::{MarkedSecrets, Memory};
    use hub_domain::ports::NewProvider;
    use hub_domain::routing::ProviderKind;

    use super::*;

    const URL: &str = "http://127.0.0.1:9/v1";

    fn provider(name: &str) -> Provider {
        Provider { base_url: Some(Arc::from(URL)), ..Provider::new(name, ProviderKind::OpenAi) }
    }

    async fn stored(memory: &Memory, name: &str, key: &str) {
        let id = ProviderId::new();
        let sealed = seal_credential(&MarkedSecrets, id, Some(URL), &SecretText::new(key)).unwrap();
        let new = NewProvider {
            id,
            name: name.to_owned(),
            kind: ProviderKind::OpenAi,
            base_url: Some(URL.to_owned()),
            on_disconnect: Default::default(),
            responses: None,
            timeouts: None,
            credentials: vec![sealed],
        };
        ProviderBook::add(memory, new).await.unwrap();
    }

    fn catalogue(memory: &Memory, fixed: Vec<(ProviderSource, Provider)>) -> Catalogue {
        let store = Arc::new(memory.clone());
        Catalogue::new(store.clone(), store.clone(), store, Arc::new(MarkedSecrets), fixed)
    }

    #[tokio::test]
    async fn the_configuration_stands_before_the_database_and_that_before_the_environment() {
        let memory = Memory::new();
        stored(&memory, "one", "sk-0123456789abcdef").await;
        stored(&memory, "two", "sk-0123456789abcdef").await;
        let fixed = vec![
            (ProviderSource::Environment, provider("two")),
            (ProviderSource::Environment, provider("three")),
            (ProviderSource::Configuration, provider("ONE")),
        ];
        let found = catalogue(&memory, fixed).providers().await.unwrap();
        let in_force: Vec<_> = found
            .iter()
            .filter(|found| !found.is_shadowed)
            .map(|found| (&*found.provider.name, found.source.name()))
            .collect();
        assert_eq!(in_force, [("ONE", "configuration"), ("two", "database"), ("three", "environment")]);
    }

    #[tokio::test]
    async fn a_server_of_ones_own_may_be_called_without_a_key_but_not_when_its_key_is_lost() {
        let memory = Memory::new();
        stored(&memory, "locked", "sk-0123456789abcdef").await;
        for (name, url) in
            [("own", Some(URL)), ("hosted", Some("https://api.deepseek.com")), ("openai", None)]
        {
            let new = NewProvider {
                id: ProviderId::new(),
                name: name.to_owned(),
                kind: ProviderKind::OpenAi,
                base_url: url.map(str::to_owned),
                on_disconnect: Default::default(),
                responses: None,
                timeouts: None,
                credentials: Vec::new(),
            };
            ProviderBook::add(&memory, new).await.unwrap();
        }
        let mut found = catalogue(&memory, Vec::new()).providers().await.unwrap();
        let locked = found.iter_mut().find(|found| &*found.provider.name == "locked").unwrap();
        locked.provider.credentials.clear();
        let can: Vec<_> = found.iter().filter(|found| found.provider.can_be_called()).collect();
        assert_eq!(can.iter().map(|found| &*found.provider.name).collect::<Vec<_>>(), ["own"]);
    }

    #[tokio::test]
    async fn a_stored_key_is_unsealed_for_its_provider() {
        let memory = Memory::new();
        stored(&memory, "one", "sk-0123456789abcdef").await;
        let snapshot = catalogue(&memory, Vec::new()).load().await.unwrap();
        assert_eq!(snapshot.providers()[0].credentials[0].secret.expose(), "sk-0123456789abcdef");
        assert_eq!(snapshot.settings_version, 1);
    }

    #[tokio::test]
    async fn a_key_that_was_sealed_for_another_server_stays_locked() {
        let memory = Memory::new();
        let id = ProviderId::new();
        let secret = SecretText::new("sk-0123456789abcdef");
        let sealed = seal_credential(&MarkedSecrets, id, Some("https://api.openai.com/v1"), &secret).unwrap();
        let new = NewProvider {
            id,
            name: "one".to_owned(),
            kind: ProviderKind::OpenAi,
            base_url: Some(URL.to_owned()),
            on_disconnect: Default::default(),
            responses: None,
            timeouts: None,
            credentials: vec![sealed],
        };
        ProviderBook::add(&memory, new).await.unwrap();
        let found = catalogue(&memory, Vec::new()).providers().await.unwrap();
        assert!(found[0].provider.credentials.is_empty());
        assert_eq!(found[0].locked, 1);
    }
}
