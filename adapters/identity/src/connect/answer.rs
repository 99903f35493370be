//! What a wallet answers, and the checks that it has to pass.

use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::session::{ConnectSession, ConnectState};
use super::text::ConnectText;
use crate::arc_jwt::{InvalidJwt, Times, VerifiedJwt, verify_jwt};
use crate::byte_text::guessed_bytes;
use crate::did::{Did, KeyKind};
use crate::passkey::AssertedAt;

/// As it came in.
#[derive(Debug, Clone, Copy, Default)]
pub struct WalletAnswer<'a> {
    pub user_pk: Option<&'a str>,
    pub user_info: Option<&'a str>,
}

/// A site at which passkeys are used for this hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeySite {
    /// Such as `https://hub.example.com`.
    pub origin: String,
    /// The relying party's id: the origin's host, or a domain above it.
    pub rp_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletAction {
    Answers,
    Declines,
    IsBusy,
}

/// An answer that passed every check.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedAnswer {
    pub signer: Did,
    /// As the wallet spelt it.
    pub public_key: String,
    pub action: WalletAction,
    /// What was asked for, one object each.
    pub claims: Vec<Value>,
}

/// An answer that did not, and what becomes of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectRefused {
    pub text: ConnectText,
    /// Nothing where the wallet may try again.
    pub ends_in: Option<ConnectState>,
}

/// Longer ones are refused before anything is looked at.
const LONGEST_KEY: usize = 1024;

impl ConnectSession {
    /// Checks an answer and writes down what it does to the session. Whoever has not seen the challenge
    /// changes nothing but by a token that nobody signed. `now` is in seconds.
    pub fn answer(
        &mut self,
        answer: WalletAnswer<'_>,
        sites: &[PasskeySite],
        now: u64,
    ) -> Result<AcceptedAnswer, ConnectRefused> {
        let outcome = self.check(answer, sites, now).and_then(|accepted| {
            let is_right = accepted.action != WalletAction::Answers || self.has_right_code(&accepted.claims);
            self.take(&accepted, now);
            if is_right { Ok(accepted) } else { Err(ends(ConnectText::CodeMismatch, ConnectState::Error)) }
        });
        outcome.inspect_err(|refused| self.refuse(*refused, now))
    }

    fn check(
        &self,
        answer: WalletAnswer<'_>,
        sites: &[PasskeySite],
        now: u64,
    ) -> Result<AcceptedAnswer, ConnectRefused> {
        if !self.state.is_open() || self.is_over(now) {
            return Err(ConnectRefused { text: ConnectText::SessionNotFound, ends_in: None });
        }
        let error = |text| ends(text, ConnectState::Error);
        let present = |text: Option<_>| text.filter(|text: &&str| !text.is_empty());
        let public_key = present(answer.user_pk).ok_or(error(ConnectText::UserKeyMissing))?;
        let user_info = present(answer.user_info).ok_or(error(ConnectText::UserInfoMissing))?;
        let verified = verified(public_key, user_info, sites, now).map_err(|invalid| match invalid {
            InvalidJwt::Invalid => error(ConnectText::InvalidToken),
            InvalidJwt::Expired => error(ConnectText::ExpiredToken),
        })?;
        if !self.is_challenge(verified.payload.get("challenge")) {
            return Err(ConnectRefused { text: ConnectText::ChallengeMismatch, ends_in: None });
        }
        if !self.may_be_from(&verified.signer) {
            return Err(ends(ConnectText::UserMismatch, ConnectState::Forbidden));
        }
        let action = match verified.payload.get("action").and_then(Value::as_str) {
            Some("declineAuth") => WalletAction::Declines,
            Some("busy") => WalletAction::IsBusy,
            Some("responseAuth") => WalletAction::Answers,
            _ => return Err(error(ConnectText::InvalidToken)),
        };
        let claims = match verified.payload.get("requestedClaims") {
            Some(Value::Array(claims)) => claims.clone(),
            _ => Vec::new(),
        };
        Ok(AcceptedAnswer { signer: verified.signer, public_key: public_key.to_owned(), action, claims })
    }

    fn is_challenge(&self, answered: Option<&Value>) -> bool {
        let answered = answered.and_then(Value::as_str).unwrap_or_default();
        !self.challenge.is_empty() && bool::from(answered.as_bytes().ct_eq(self.challenge.as_bytes()))
    }

    /// Whoever answered the first step answers all; and nobody else where the browser named somebody.
    fn may_be_from(&self, signer: &Did) -> bool {
        let is_forced = self.forced_account().is_none_or(|forced| is_same(forced, signer));
        let is_same_as_before =
            self.current_step == 0 || self.did.as_deref().is_some_and(|did| is_same(did, signer));
        is_forced && is_same_as_before
    }

    /// Where the browser shows a number, the wallet must have found it.
    fn has_right_code(&self, claims: &[Value]) -> bool {
        let Some(code) = self.mfa_code.filter(|code| self.mfa_supported && *code != 0) else { return true };
        claims
            .iter()
            .any(|claim| claim["mfaCode"].as_array().is_some_and(|codes| codes.contains(&code.into())))
    }
}

fn ends(text: ConnectText, state: ConnectState) -> ConnectRefused {
    ConnectRefused { text, ends_in: Some(state) }
}

fn is_same(did: &str, signer: &Did) -> bool {
    did.parse::<Did>().is_ok_and(|did| did.canonical().address() == signer.address())
}

fn verified(
    public_key: &str,
    token: &str,
    sites: &[PasskeySite],
    now: u64,
) -> Result<VerifiedJwt, InvalidJwt> {
    if public_key.len() > LONGEST_KEY {
        return Err(InvalidJwt::Invalid);
    }
    let verified = verify_jwt(token, &guessed_bytes(public_key), Times::at(now))?;
    let is_passkey = verified.signer.kind().key == KeyKind::Passkey;
    let is_at_home = verified.asserted_at.as_ref().is_some_and(|at| sites.iter().any(|site| site.is(at)));
    if is_passkey && !is_at_home { Err(InvalidJwt::Invalid) } else { Ok(verified) }
}

impl PasskeySite {
    /// Where a passkey signed is this site and none like it.
    fn is(&self, at: &AssertedAt) -> bool {
        self.origin == at.origin && Sha256::digest(&self.rp_id).as_slice() == at.rp_id_hash
    }
}
