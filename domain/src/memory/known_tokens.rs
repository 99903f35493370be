//! A verifier that knows a few tokens by heart.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::ports::{AuthError, IdentityVerifier, Presented};
use crate::vocabulary::Principal;

#[derive(Default)]
pub struct KnownTokens(Mutex<HashMap<String, Principal>>);

impl KnownTokens {
    pub fn know(&self, token: impl Into<String>, principal: Principal) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.into(), principal);
    }

    pub fn forget(&self, token: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
    }
}

#[async_trait]
impl IdentityVerifier for KnownTokens {
    async fn verify(&self, presented: Presented<'_>) -> Result<Principal, AuthError> {
        let Presented::Token(token) = presented;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(token).cloned().ok_or(AuthError::Invalid)
    }
}
