//! The registry: which code speaks to which kind of provider.

use std::sync::Arc;

use async_trait::async_trait;
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, ModelProvider, UpstreamAnswer};
use hub_domain::routing::{Candidate, ProviderKind};

use crate::anthropic::{self, Anthropic};
use crate::egress::{EgressSettings, GuardedEgress};
use crate::google::{self, Google};
use crate::http::Http;
use crate::openai::{self, OpenAi};
use crate::simulated::Simulated;

#[derive(Debug, Clone)]
pub struct ProvidersSettings {
    /// How the hub names itself to providers.
    pub user_agent: String,
    /// DER certificates that are trusted beside the system's.
    pub extra_roots: Vec<Vec<u8>>,
    /// What is fetched because a caller names it.
    pub egress: EgressSettings,
}

impl Default for ProvidersSettings {
    fn default() -> Self {
        Self {
            user_agent: concat!("aigne-hub/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
            egress: EgressSettings::default(),
        }
    }
}

/// Every kind of provider behind the one port.
pub struct Providers {
    openai: OpenAi,
    anthropic: Anthropic,
    google: Google,
    simulated: Simulated,
}

impl Providers {
    pub fn new(settings: ProvidersSettings) -> Self {
        let http = Arc::new(Http::new(&settings.user_agent, settings.extra_roots));
        let egress = GuardedEgress::new(settings.egress, Arc::clone(&http));
        Self {
            openai: OpenAi::new(Arc::clone(&http)),
            anthropic: Anthropic::new(Arc::clone(&http)),
            google: Google::new(http, Arc::new(egress)),
            simulated: Simulated::new(),
        }
    }
}

/// Where a provider without an address of its own is.
pub fn default_base_url(kind: ProviderKind) -> Option<&'static str> {
    match kind {
        ProviderKind::OpenAi => Some(openai::BASE_URL),
        ProviderKind::Anthropic => Some(anthropic::BASE_URL),
        ProviderKind::Google => Some(google::BASE_URL),
        ProviderKind::Simulated => None,
    }
}

#[async_trait]
impl ModelProvider for Providers {
    async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        match attempt.candidate.provider.kind {
            ProviderKind::OpenAi => self.openai.start(attempt).await,
            ProviderKind::Anthropic => self.anthropic.start(attempt).await,
            ProviderKind::Google => self.google.start(attempt).await,
            ProviderKind::Simulated => self.simulated.start(attempt).await,
        }
    }

    async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError> {
        match candidate.provider.kind {
            ProviderKind::OpenAi => self.openai.test(candidate).await,
            ProviderKind::Anthropic => self.anthropic.test(candidate).await,
            ProviderKind::Google => self.google.test(candidate).await,
            ProviderKind::Simulated => Ok(()),
        }
    }
}
