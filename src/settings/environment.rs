//! The process's environment, looked at once.

use std::collections::BTreeMap;

use config::{ConfigError, Map, Source, Value};

const PREFIX: &str = "HUB__";

/// Names that others gave to settings of ours. `HUB__…` of the same setting wins.
const FOREIGN: [(&str, &str); 2] =
    [("RUST_LOG", "log.filter"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint")];

/// Variables by name. An empty one counts as unset.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    pub fn of_process() -> Self {
        let text = |part: std::ffi::OsString| part.to_string_lossy().into_owned();
        Self::new(std::env::vars_os().map(|(name, value)| (text(name), text(value))))
    }

    pub fn new<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(variables.filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// `HUB__SERVER__LISTEN` is `server.listen`.
impl Source for Environment {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut found = Map::new();
        let value = |name: &str, text: &str| Value::new(Some(&name.to_owned()), text);
        for (name, key) in FOREIGN {
            if let Some(text) = self.get(name) {
                found.insert(key.to_owned(), value(name, text));
            }
        }
        for (name, text) in &self.0 {
            if let Some(key) = name.strip_prefix(PREFIX) {
                found.insert(key.to_lowercase().replace("__", "."), value(name, text));
            }
        }
        Ok(found)
    }
}
