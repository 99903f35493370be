//! Everything that commands work on, behind ports.

use std::sync::Arc;

use hub_domain::ports::{
    Accounts, Auditor, CallHistory, Clock, Health, KeyStore, Leases, ModelBook, ModelProvider, ProviderBook,
    RateBook, Secrets, UpstreamReports,
};

use hub_identity::{MasterKeys, SealedSecrets};
use hub_providers::{EgressSettings, Providers, ProvidersSettings};
use hub_storage::Store;

use super::catalogue::{Catalogue, fixed_models, fixed_providers, general_timeouts};
use super::data_dir::create_private_dir;
use super::master_key::{known_master_keys, master_keys, refresher};
use super::store::{OpenedStore, Opening, open_store};
use super::system_clock::SystemClock;
use crate::cli::Failure;
use crate::settings::{Configuration, Settings};

/// What a command reads and writes, with the means to try a provider.
#[derive(Clone)]
pub struct Books {
    pub accounts: Arc<dyn Accounts>,
    pub keys: Arc<dyn KeyStore>,
    pub providers: Arc<dyn ProviderBook>,
    pub models: Arc<dyn ModelBook>,
    pub upstream_reports: Arc<dyn UpstreamReports>,
    pub rates: Arc<dyn RateBook>,
    pub calls: Arc<dyn CallHistory>,
    pub auditor: Arc<dyn Auditor>,
    pub leases: Arc<dyn Leases>,
    pub health: Arc<dyn Health>,
    pub secrets: Arc<dyn Secrets>,
    pub clock: Arc<dyn Clock>,
    pub upstream: Arc<dyn ModelProvider>,
    pub catalogue: Arc<Catalogue>,
}

/// Books with the store behind them, which has to be closed.
pub struct OpenedBooks {
    pub books: Books,
    pub store: Store,
    /// The master keys, by which [`Books::secrets`] are sealed.
    pub keys: Arc<SealedSecrets>,
    /// The steps that brought the tables up to date.
    pub migrated: Vec<String>,
}

impl OpenedBooks {
    /// Waits for what is queued.
    pub async fn close(self) {
        self.store.close().await;
    }
}

fn egress_settings(settings: &Settings) -> EgressSettings {
    let egress = &settings.egress;
    EgressSettings {
        allowed: egress.allow.0.clone(),
        max_bytes: egress.max_bytes.0.0,
        timeout: *egress.timeout,
    }
}

/// What a store has to be for [`Books`].
pub trait BookStore:
    Accounts
    + KeyStore
    + ProviderBook
    + ModelBook
    + UpstreamReports
    + RateBook
    + CallHistory
    + Auditor
    + Leases
    + Health
    + 'static
{
}

impl<S> BookStore for S where
    S: Accounts
        + KeyStore
        + ProviderBook
        + ModelBook
        + UpstreamReports
        + RateBook
        + CallHistory
        + Auditor
        + Leases
        + Health
        + 'static
{
}

impl Books {
    pub fn new<S: BookStore>(
        store: Arc<S>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        upstream: Arc<dyn ModelProvider>,
        catalogue: Arc<Catalogue>,
    ) -> Self {
        Self {
            accounts: store.clone(),
            keys: store.clone(),
            providers: store.clone(),
            models: store.clone(),
            upstream_reports: store.clone(),
            rates: store.clone(),
            calls: store.clone(),
            auditor: store.clone(),
            leases: store.clone(),
            health: store,
            secrets,
            clock,
            upstream,
            catalogue,
        }
    }

    /// Opens the configured books, as far as `opening` allows.
    pub async fn open(configuration: &Configuration, opening: Opening) -> Result<OpenedBooks, Failure> {
        let keys = if opening == Opening::Existing {
            // Who only looks leaves no key behind.
            known_master_keys(configuration)?.unwrap_or_else(MasterKeys::generate)
        } else {
            create_private_dir(configuration.data_dir.path())?;
            master_keys(configuration)?
        };
        let OpenedStore { store, migrated } = open_store(configuration, opening).await?;
        let keys = Arc::new(SealedSecrets::new(keys));
        let secrets: Arc<dyn Secrets> = keys.clone();
        let shared = Arc::new(store.clone());
        let general = general_timeouts(&configuration.settings.timeouts);
        let fixed = fixed_providers(configuration, general, SystemClock.now().seconds());
        let models = fixed_models(configuration, SystemClock.now().seconds());
        let named_only = configuration.settings.routing.named_only.0.0.clone();
        let catalogue =
            Catalogue::new(shared.clone(), shared.clone(), shared.clone(), secrets.clone(), fixed)
                .with_timeouts(general)
                .with_names(models, named_only)
                .refreshing(refresher(configuration, keys.clone()));
        let upstream = Providers::new(ProvidersSettings {
            egress: egress_settings(&configuration.settings),
            ..ProvidersSettings::default()
        });
        let books =
            Self::new(shared, secrets, Arc::new(SystemClock), Arc::new(upstream), Arc::new(catalogue));
        Ok(OpenedBooks { books, store, keys, migrated })
    }

    /// Books that live and die with a test.
    #[cfg(test)]
    pub fn of(memory: hub_domain::memory::Memory) -> Self {
        use hub_domain::memory::{MarkedSecrets, ScriptedProvider};

        let secrets: Arc<dyn Secrets> = Arc::new(MarkedSecrets);
        let clock = memory.clock().clone();
        let store = Arc::new(memory);
        let catalogue =
            Catalogue::new(store.clone(), store.clone(), store.clone(), secrets.clone(), Vec::new());
        Self::new(store, secrets, clock, Arc::new(ScriptedProvider::default()), Arc::new(catalogue))
    }
}
