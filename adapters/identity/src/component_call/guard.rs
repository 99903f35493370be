//! What the routes that take signed calls answer to one that is refused.

use super::CallRefused;

/// Who stands before a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallGuard {
    /// Signed calls only, as the payment callback takes them.
    SignatureOnly,
    /// Routes under `/api/v1`: an administrator's session will do as well.
    OrAdmin,
}

impl CallGuard {
    /// Status and JSON body for a caller without a session.
    pub fn answer(self, refused: CallRefused) -> (u16, &'static str) {
        match (self, refused) {
            (Self::SignatureOnly, CallRefused::NoSignature) => (400, r#"{"error":"Bad Request"}"#),
            (Self::SignatureOnly, _) => (401, r#"{"error":"verify sig failed"}"#),
            (Self::OrAdmin, _) => (401, r#"{"code":"forbidden","error":"not authorized"}"#),
        }
    }
}
