//! Virtual models that the configuration names.

use std::collections::BTreeMap;
use std::sync::Arc;

use hub_domain::routing::{Fallback, Strategy, VirtualModel};
use serde::{Deserialize, Serialize};

use super::route_target::Targets;
use super::setting::Required;

/// `[models.NAME]`, by name.
pub type ConfiguredModels = BTreeMap<String, VirtualModelSettings>;

/// One `[models.NAME]`. Every key but `targets` may be left out.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct VirtualModelSettings {
    pub targets: Required<Targets>,
    #[serde(default)]
    pub strategy: Required<Strategy>,
    #[serde(default = "fallback")]
    pub fallback: Required<Fallback>,
}

fn fallback() -> Required<Fallback> {
    Required(Fallback::ALL)
}

impl VirtualModelSettings {
    /// One with nothing set, whose fields are the keys that there are.
    pub fn blank() -> Self {
        Self { targets: Required(Targets(Vec::new())), strategy: Required::default(), fallback: fallback() }
    }

    pub fn model(&self, name: &str, created: i64) -> VirtualModel {
        VirtualModel {
            name: Arc::from(name),
            strategy: *self.strategy,
            targets: self.targets.0.0.clone(),
            fallback: *self.fallback,
            created,
        }
    }
}
