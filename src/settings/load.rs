//! Reads settings from where they can stand, in order of precedence.

use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};
use hub_domain::ports::BillingMode;
use hub_identity::{MasterKeys, key_of_text};

use super::data_dir::DataDir;
use super::entries::{Entry, flatten};
use super::environment::Environment;
use super::providers::{self, ProviderSettings, WellKnownProvider};
use super::virtual_models::VirtualModelSettings;
use super::{Settings, ShortName};
use crate::settings::setting::Setting;

/// The built-in values, which are also their documentation.
pub const DEFAULTS: &str = include_str!("../../config.toml");

/// What flags say.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub file: Option<PathBuf>,
    /// Key, value, and the flag that said it.
    pub values: Vec<(String, String, String)>,
}

/// Settings with where they are from.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub settings: Settings,
    pub data_dir: DataDir,
    pub file: Option<PathBuf>,
    /// Providers that only their key in the environment speaks of.
    pub well_known: Vec<WellKnownProvider>,
    pub environment: Environment,
    tree: Value,
}

/// One line for the operator: the key, where it stands, and what it accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("{key}{}: there is no such setting; {section} has {known}", place(origin))]
    Unknown { key: String, origin: Option<String>, section: String, known: String },
    #[error("{key}{}: {reason}", place(origin))]
    Bad { key: String, origin: Option<String>, reason: String },
}

fn place(origin: &Option<String>) -> String {
    origin.as_ref().map(|origin| format!(" (in {origin})")).unwrap_or_default()
}

impl Configuration {
    pub fn load(overrides: &Overrides, environment: Environment) -> Result<Self, SettingsError> {
        let built_in = read(Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)))?;
        let mut sources = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = &overrides.file {
            sources = sources.add_source(operators_file(path)?);
        }
        let tree = read(sources.add_source(environment.clone()).add_source(Flags(overrides.values.clone())))?;
        let (known, found) = (table(&built_in), table(&tree));
        refuse_unknown(found, known, "")?;
        refuse_unknown_of(found, "providers", "a provider's", &ProviderSettings::blank())?;
        refuse_unknown_of(found, "models", "a virtual model's", &VirtualModelSettings::blank())?;

        let settings: Settings =
            serde::Deserialize::deserialize(tree.clone()).map_err(|error| bad(error, &tree))?;
        check(&settings).map_err(|(key, reason)| {
            let origin = origin_of(&tree, key);
            SettingsError::Bad { key: key.to_owned(), origin, reason }
        })?;
        let well_known = providers::from_environment(&environment)
            .map_err(|(key, reason)| SettingsError::Bad { key, origin: None, reason })?;
        let data_dir = DataDir::resolve(settings.data_dir.as_deref(), &environment);
        Ok(Self { settings, data_dir, file: overrides.file.clone(), well_known, environment, tree })
    }

    /// A setting whose value turned out not to be right, though its form is.
    pub fn bad(&self, key: &str, reason: impl Into<String>) -> SettingsError {
        SettingsError::Bad { key: key.to_owned(), origin: origin_of(&self.tree, key), reason: reason.into() }
    }

    /// Whether somebody set it: a file, a variable or a flag.
    pub fn is_set(&self, key: &str) -> bool {
        origin_of(&self.tree, key).is_some()
    }

    /// Every setting in force, secrets masked.
    pub fn entries(&self) -> Vec<Entry> {
        let tree = serde_json::to_value(&self.settings).unwrap_or_default();
        let origin = |key: &str| origin_of(&self.tree, key);
        flatten(&tree).into_iter().map(|(key, value)| Entry { origin: origin(&key), key, value }).collect()
    }

    /// The settings in force as a tree, secrets masked.
    pub fn masked(&self) -> serde_json::Value {
        serde_json::to_value(&self.settings).unwrap_or_default()
    }
}

fn read(sources: config::ConfigBuilder<config::builder::DefaultState>) -> Result<Value, SettingsError> {
    sources.build().map(|config| config.cache).map_err(|error| bad(error, &Value::default()))
}

/// The operator's file, read here so that the error names it as it was given.
fn operators_file(path: &Path) -> Result<impl Source + Send + Sync + 'static, SettingsError> {
    let fails = |reason: String| SettingsError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| fails(error.to_string()))?;
    let parsed =
        File::from_str(&text, FileFormat::Toml).collect().map_err(|error| fails(one_line(&error)))?;
    Ok(NamedFile { name: path.display().to_string(), values: parsed })
}

/// A file whose values know its name.
#[derive(Debug, Clone)]
struct NamedFile {
    name: String,
    values: Map<String, Value>,
}

impl Source for NamedFile {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.values.iter().map(|(key, value)| (key.clone(), named(&self.name, value))).collect())
    }
}

fn named(name: &String, value: &Value) -> Value {
    let kind = match &value.kind {
        ValueKind::Table(table) => {
            ValueKind::Table(table.iter().map(|(key, value)| (key.clone(), named(name, value))).collect())
        }
        ValueKind::Array(items) => ValueKind::Array(items.iter().map(|item| named(name, item)).collect()),
        scalar => scalar.clone(),
    };
    Value::new(Some(name), kind)
}

#[derive(Debug, Clone)]
struct Flags(Vec<(String, String, String)>);

impl Source for Flags {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let value = |(key, text, flag): &(String, String, String)| {
            (key.clone(), Value::new(Some(flag), text.as_str()))
        };
        Ok(self.0.iter().map(value).collect())
    }
}

fn table(value: &Value) -> &Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match &value.kind {
        ValueKind::Table(table) => table,
        _ => &EMPTY,
    }
}

/// Every key that is set has to be one of the built-in ones.
fn refuse_unknown(
    found: &Map<String, Value>,
    known: &Map<String, Value>,
    path: &str,
) -> Result<(), SettingsError> {
    let mut keys: Vec<_> = found.iter().collect();
    keys.sort_by_key(|(key, _)| key.as_str());
    for (key, value) in keys {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if full == "providers" || full == "models" {
            continue;
        }
        match known.get(key) {
            None => {
                let mut known: Vec<_> = known.keys().map(String::as_str).collect();
                known.sort_unstable();
                let section = if path.is_empty() { "the top".to_owned() } else { format!("`{path}`") };
                let origin = first_origin(value);
                return Err(SettingsError::Unknown { key: full, origin, section, known: known.join(", ") });
            }
            Some(expected) if matches!(expected.kind, ValueKind::Table(_)) => {
                if !matches!(value.kind, ValueKind::Table(_)) {
                    let reason = format!("is a section with the keys {}", keys_of(table(expected)));
                    return Err(SettingsError::Bad { key: full, origin: first_origin(value), reason });
                }
                refuse_unknown(table(value), table(expected), &full)?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn keys_of(table: &Map<String, Value>) -> String {
    let mut keys: Vec<_> = table.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(", ")
}

/// `[providers.NAME]` and the like have names that nobody knows before, and keys that are known.
fn refuse_unknown_of(
    found: &Map<String, Value>,
    section: &str,
    whose: &str,
    blank: &impl serde::Serialize,
) -> Result<(), SettingsError> {
    let blank = Config::try_from(blank).map(|config| config.cache).unwrap_or_default();
    let Some(named) = found.get(section) else { return Ok(()) };
    for (name, value) in table(named) {
        let key = format!("{section}.{name}");
        let is_name = ShortName::parse(name).is_some() && *name == name.to_lowercase();
        if !is_name {
            let reason = format!("{whose} name is 1 to 64 small letters, digits, `-`, `_` or `.`");
            return Err(SettingsError::Bad { key, origin: first_origin(value), reason });
        }
        if !matches!(value.kind, ValueKind::Table(_)) {
            let reason = format!("is a section with the keys {}", keys_of(table(&blank)));
            return Err(SettingsError::Bad { key, origin: first_origin(value), reason });
        }
        refuse_unknown(table(value), table(&blank), &key)?;
    }
    Ok(())
}

/// The first place that a value, or something under it, is from.
fn first_origin(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Table(table) => table.values().find_map(first_origin),
        _ => value.origin().map(str::to_owned),
    }
}

fn origin_of(tree: &Value, key: &str) -> Option<String> {
    let found = key.split('.').try_fold(tree, |tree, part| table(tree).get(part))?;
    found.origin().map(str::to_owned)
}

fn bad(error: ConfigError, tree: &Value) -> SettingsError {
    let (key, reason) = match error {
        ConfigError::At { key: Some(key), error, .. } => (key, one_line(&error)),
        ConfigError::Type { key: Some(key), unexpected, expected, .. } => {
            (key, format!("accepts {expected}, not {unexpected}"))
        }
        ConfigError::NotFound(key) => (key, "is missing".to_owned()),
        other => ("configuration".to_owned(), one_line(&other)),
    };
    SettingsError::Bad { origin: origin_of(tree, &key), key, reason }
}

/// A parser's drawing of the place is left out.
fn one_line(error: &ConfigError) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next_back()) {
        (Some(first), Some(last)) => format!("{first}: {last}"),
        (Some(only), None) => only.to_owned(),
        _ => "can't be read".to_owned(),
    }
}

/// What a value's type can't say.
fn check(settings: &Settings) -> Result<(), (&'static str, String)> {
    if *settings.billing.mode == BillingMode::PaymentKit {
        return Err(("billing.mode", "`payment-kit` is not built yet; use `ledger` or `off`".into()));
    }
    if settings.lease.ttl.as_secs() < 1 {
        return Err(("lease.ttl", "accepts a duration of at least `1s`".into()));
    }
    if let Some(key) = settings.bootstrap.access_key.as_ref() {
        key_of_text(key.0.expose()).map_err(|error| ("bootstrap.access_key", error.to_string()))?;
    }
    if let Some(key) = settings.secrets.master_key.as_ref() {
        MasterKeys::from_text(key.0.expose()).map_err(|error| ("secrets.master_key", error.to_string()))?;
    }
    let secrets = &settings.secrets;
    for (key, is_set, other, is_other_set) in [
        (
            "secrets.master_key_file",
            secrets.master_key_file.is_some(),
            "secrets.master_key",
            secrets.master_key.is_some(),
        ),
        (
            "secrets.master_key_command",
            secrets.master_key_command.is_some(),
            "secrets.master_key",
            secrets.master_key.is_some(),
        ),
        (
            "secrets.master_key_command",
            secrets.master_key_command.is_some(),
            "secrets.master_key_file",
            secrets.master_key_file.is_some(),
        ),
    ] {
        if is_set && is_other_set {
            return Err((key, format!("stands beside `{other}`; use one of them")));
        }
    }
    let timeouts = &settings.timeouts;
    for (key, time) in [
        ("timeouts.connect", timeouts.connect),
        ("timeouts.first_byte", timeouts.first_byte),
        ("timeouts.idle", timeouts.idle),
        ("timeouts.content_idle", timeouts.content_idle),
        ("timeouts.keep_alive", timeouts.keep_alive),
        ("timeouts.stream", timeouts.stream),
        ("timeouts.plain", timeouts.plain),
        ("timeouts.write_stall", timeouts.write_stall),
        ("timeouts.settle", timeouts.settle),
        ("server.head_timeout", settings.server.head_timeout),
        ("server.body_timeout", settings.server.body_timeout),
    ] {
        if time.is_zero() {
            return Err((key, "accepts a duration of more than `0s`".into()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
