//! What can be fetched, as a test put it there.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

use crate::ports::{Egress, EgressError, Fetched};

/// By URL.
#[derive(Debug, Clone, Default)]
pub struct KeptMedia(pub HashMap<String, Fetched>);

#[async_trait]
impl Egress for KeptMedia {
    async fn fetch(&self, url: &str, _: Duration) -> Result<Fetched, EgressError> {
        self.0.get(url).cloned().ok_or(EgressError::Unreachable)
    }
}
