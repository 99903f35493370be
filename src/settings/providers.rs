//! Providers that stand in the configuration or in the environment, beside those in the database.

use std::collections::BTreeMap;
use std::time::Duration;

use hub_domain::call::OnDisconnect;
use hub_domain::ports::{ProviderTimeouts, SecretText};
use hub_domain::routing::ProviderKind;
use hub_providers::well_known::WELL_KNOWN;
use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::http_url::HttpUrl;
use super::setting::{Optional, Required, Setting};
use super::text::{Names, ShortName};

/// `[providers.NAME]`, by name.
pub type ConfiguredProviders = BTreeMap<String, ProviderSettings>;

/// One `[providers.NAME]`. Every key but `kind` may be left out.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ProviderSettings {
    pub kind: Required<ProviderKind>,
    #[serde(default)]
    pub base_url: Optional<HttpUrl>,
    /// The environment variable that holds the key, or several with commas between them.
    #[serde(default)]
    pub api_key_env: Optional<ShortName>,
    #[serde(default)]
    pub models: Required<Names>,
    #[serde(default)]
    pub on_disconnect: Required<OnDisconnect>,
    /// Where it is left out, the address tells.
    #[serde(default)]
    pub responses: Optional<bool>,
    #[serde(default)]
    pub timeouts: ProviderTimeoutSettings,
}

/// Where one is missing, that of `[timeouts]` applies.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ProviderTimeoutSettings {
    pub connect: Optional<Duration>,
    pub first_byte: Optional<Duration>,
    pub idle: Optional<Duration>,
    pub total: Optional<Duration>,
}

impl ProviderSettings {
    /// A provider with nothing set, whose fields are the keys that there are.
    pub fn blank() -> Self {
        Self {
            kind: Required(ProviderKind::OpenAi),
            base_url: Optional::default(),
            api_key_env: Optional::default(),
            models: Required::default(),
            on_disconnect: Required::default(),
            responses: Optional::default(),
            timeouts: ProviderTimeoutSettings::default(),
        }
    }
}

impl ProviderTimeoutSettings {
    pub fn over(&self, general: ProviderTimeouts) -> ProviderTimeouts {
        ProviderTimeouts {
            connect: self.connect.unwrap_or(general.connect),
            first_byte: self.first_byte.unwrap_or(general.first_byte),
            idle: self.idle.unwrap_or(general.idle),
            total: self.total.unwrap_or(general.total),
        }
    }
}

/// Who said that there is a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderSource {
    /// A file, or `HUB__PROVIDERS__…`.
    Configuration,
    Database,
    /// Nobody, but its key is in the environment (`OPENAI_API_KEY`).
    Environment,
}

impl ProviderSource {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Database => "database",
            Self::Environment => "environment",
        }
    }
}

/// A provider without any set-up.
#[derive(Debug, Clone)]
pub struct WellKnownProvider {
    pub name: &'static str,
    pub kind: ProviderKind,
    pub base_url: Option<HttpUrl>,
    pub keys: Vec<SecretText>,
}

/// The providers whose keys are in the environment. An address that is none is told with its
/// variable's name and what it accepts.
pub fn from_environment(environment: &Environment) -> Result<Vec<WellKnownProvider>, (String, String)> {
    let mut found = Vec::new();
    for known in WELL_KNOWN {
        let (name, kind, base) = (known.name, known.kind, known.base_variable);
        let keys = known.key_variables.iter().map(|variable| keys(environment, variable));
        let Some(keys) = keys.into_iter().find(|keys| !keys.is_empty()) else { continue };
        let base_url = match environment.get(base) {
            None => known.own_base_url().and_then(HttpUrl::parse),
            Some(text) => Some(
                HttpUrl::parse(text)
                    .ok_or_else(|| (base.to_owned(), format!("accepts {}", HttpUrl::accepts())))?,
            ),
        };
        found.push(WellKnownProvider { name, kind, base_url, keys });
    }
    Ok(found)
}

/// The keys that a variable holds: one, or several with commas between them.
pub fn keys(environment: &Environment, variable: &str) -> Vec<SecretText> {
    let all = environment.get(variable).unwrap_or_default();
    all.split(',').map(str::trim).filter(|key| !key.is_empty()).map(SecretText::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_environment_is_enough_for_a_provider() {
        let environment = Environment::new([
            ("OPENAI_API_KEY", "sk-one, sk-two"),
            ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
        ]);
        let found = from_environment(&environment).unwrap();
        let keys: Vec<_> = found[0].keys.iter().map(SecretText::expose).collect();
        assert_eq!((found[0].name, keys), ("openai", vec!["sk-one", "sk-two"]));
        assert_eq!(found[0].base_url.as_ref().unwrap().0.as_str(), "http://127.0.0.1:9/v1");
    }

    #[test]
    fn every_well_known_provider_needs_its_key_only() {
        let environment = Environment::new([("DOUBAO_API_KEY", "k"), ("GROQ_API_KEY", "a,b")]);
        let found = from_environment(&environment).unwrap();
        let shown: Vec<_> = found.iter().map(|known| (known.name, known.keys.len())).collect();
        assert_eq!(shown, [("groq", 2), ("doubao", 1)]);
        assert!(found.iter().all(|known| known.base_url.is_some()));
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let unset = Environment::new([("OPENAI_API_KEY", " "), ("OPENAI_BASE_URL", "")]);
        assert!(from_environment(&unset).unwrap().is_empty());
        let default_address = Environment::new([("OPENAI_API_KEY", "sk-one"), ("OPENAI_BASE_URL", "")]);
        assert_eq!(from_environment(&default_address).unwrap()[0].base_url, None);
    }

    #[test]
    fn a_bad_address_is_told_with_its_variable() {
        let environment =
            Environment::new([("OPENAI_API_KEY", "sk-one"), ("OPENAI_BASE_URL", "api.openai.com")]);
        assert_eq!(from_environment(&environment).unwrap_err().0, "OPENAI_BASE_URL");
    }

    #[test]
    fn a_provider_without_a_time_out_of_its_own_has_the_general_one() {
        let own = ProviderTimeoutSettings {
            first_byte: Optional(Some(Duration::from_secs(300))),
            ..ProviderTimeoutSettings::default()
        };
        let times = own.over(ProviderTimeouts::default());
        assert_eq!(times.first_byte, Duration::from_secs(300));
        assert_eq!(times.connect, ProviderTimeouts::default().connect);
    }
}
