//! The ports that requests are answered with.

use std::sync::Arc;

use hub_domain::ports::{Accounts, CallHistory, CallRunner, IdentityVerifier, Readiness, Snapshots};
use hub_domain::rate_limits::RateLimits;

use crate::Observer;

#[derive(Clone)]
pub struct HttpState {
    pub runner: Arc<dyn CallRunner>,
    pub verifier: Arc<dyn IdentityVerifier>,
    pub accounts: Arc<dyn Accounts>,
    pub history: Arc<dyn CallHistory>,
    pub rates: Arc<RateLimits>,
    pub snapshots: Arc<dyn Snapshots>,
    pub readiness: Arc<dyn Readiness>,
    pub observer: Arc<dyn Observer>,
}
