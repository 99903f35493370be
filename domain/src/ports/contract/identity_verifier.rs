//! The contract of [`IdentityVerifier`](crate::ports::IdentityVerifier).

use crate::ids::AccountId;
use crate::ports::{AuthError, IdentityVerifier, Presented};

/// `token` is a key of `account`; nothing else is known.
pub async fn identity_verifier(verifier: &dyn IdentityVerifier, token: &str, account: AccountId) {
    a_known_key_names_its_account(verifier, token, account).await;
    whatever_else_is_presented_is_invalid(verifier, token).await;
}

async fn a_known_key_names_its_account(verifier: &dyn IdentityVerifier, token: &str, account: AccountId) {
    for _ in 0..2 {
        let principal = verifier.verify(Presented::Token(token)).await.unwrap();
        assert_eq!(principal.account, account);
    }
}

async fn whatever_else_is_presented_is_invalid(verifier: &dyn IdentityVerifier, token: &str) {
    let others = [
        String::new(),
        " ".to_owned(),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}x"),
        token[..token.len() - 1].to_owned(),
        token.to_uppercase(),
        "x".repeat(100_000),
        "a.b.c".to_owned(),
        "schlüssel-mit-umlaut".to_owned(),
        "' OR 1=1; --".to_owned(),
    ];
    for other in others {
        let verified = verifier.verify(Presented::Token(&other)).await;
        assert!(matches!(verified, Err(AuthError::Invalid)), "{other:?}: {verified:?}");
    }
}
