//! Calls of applications that registered themselves (`x-app-id`): the body, the application and its user
//! are signed, neither method nor path. Whoever sees such a call can send the same body elsewhere for ten
//! minutes.

use crate::byte_text::{guessed_bytes, hex};
use crate::canonical_json::{NotJson, canonical_value};
use crate::component_call::{CallKey, CallRefused, signed_body};
use crate::decimal::plain_decimal;
use crate::did::{Did, DidKind, DidRole, KeyKind};
use crate::secret_key::{InvalidSecretKey, SecretKey};

/// By how much a caller's clock may differ, in seconds.
const WINDOW: u64 = 600;
/// The longest signature in any spelling, and the longest name of a user.
const LONGEST_HEADER: usize = 1024;

/// The headers, as received. An empty one counts as absent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RemoteHeaders<'a> {
    /// `x-app-id`
    pub app: Option<&'a str>,
    /// `x-timestamp`
    pub timestamp: Option<&'a str>,
    /// `x-component-sig`
    pub signature: Option<&'a str>,
    /// `x-app-user-did`
    pub user: Option<&'a str>,
}

/// A call of an application whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCall {
    pub app: Did,
    /// As the application names it; the hub knows it from nobody else.
    pub user: Option<String>,
    /// What was signed, hashed. By this a repeat is known.
    pub digest: [u8; 32],
    /// Until when a repeat would be accepted, in seconds.
    pub exp: u64,
}

/// The identifier of an application by its public key: what registering it answers. `None` for bytes
/// that are no key of Ed25519, or one for which anybody can sign.
pub fn remote_app_id(public_key: &[u8]) -> Option<Did> {
    CallKey::new(KeyKind::Ed25519, public_key).ok()?;
    Some(Did::of_key(APPLICATION, public_key))
}

const APPLICATION: DidKind = DidKind { role: DidRole::APPLICATION, ..DidKind::ACCOUNT };

/// Signs a body; the text of `x-component-sig`. `timestamp` is in seconds.
pub fn sign_remote_call(
    key: &SecretKey,
    app: &str,
    user: Option<&str>,
    body: &[u8],
    timestamp: u64,
) -> Result<String, InvalidSecretKey> {
    let text = remote_signed_text(app, user, body, timestamp).map_err(|_| InvalidSecretKey)?;
    let signature = key.sign(&crate::component_call::digest(key.kind(), &text))?;
    Ok(format!("0x{}", hex(&signature)))
}

/// What is signed of a body that is sent as JSON.
pub fn remote_signed_text(
    app: &str,
    user: Option<&str>,
    body: &[u8],
    timestamp: u64,
) -> Result<String, NotJson> {
    signed_text(app, user, JSON, body, timestamp)
}

const JSON: Option<&str> = Some("application/json");

/// Checks a call against the key that its application registered with. `now` is in seconds.
pub fn verify_remote_call(
    headers: RemoteHeaders<'_>,
    content_type: Option<&str>,
    body: &[u8],
    public_key: impl FnOnce(&Did) -> Option<Vec<u8>>,
    now: u64,
) -> Result<RemoteCall, CallRefused> {
    let present = |header: Option<&'_ str>| header.filter(|text| !text.is_empty()).map(str::to_owned);
    let name = present(headers.app).ok_or(CallRefused::Unsigned)?;
    let signature = present(headers.signature).ok_or(CallRefused::NoSignature)?;
    let user = present(headers.user);
    let check = || {
        let is_short = |text: &str| text.len() <= LONGEST_HEADER;
        if !is_short(&signature) || !user.as_deref().is_none_or(is_short) {
            return None;
        }
        let timestamp = plain_decimal(headers.timestamp?)?;
        if now.abs_diff(timestamp) > WINDOW {
            return None;
        }
        // One spelling of one role, and of a key that is its own.
        let app: Did = name.parse().ok()?;
        let public_key = public_key(&app)?;
        let is_own = app.kind().role == DidRole::APPLICATION && app.owns(&public_key);
        let key = CallKey::new(app.kind().key, &public_key).ok().filter(|_| is_own)?;
        let text = signed_text(&name, user.as_deref(), content_type, body, timestamp).ok()?;
        let digest = key.verify(&text, &guessed_bytes(&signature))?;
        Some(RemoteCall { app, user: user.clone(), digest, exp: timestamp.saturating_add(WINDOW) })
    };
    check().ok_or(CallRefused::Invalid)
}

fn signed_text(
    app: &str,
    user: Option<&str>,
    content_type: Option<&str>,
    body: &[u8],
    timestamp: u64,
) -> Result<String, NotJson> {
    let data = signed_body(content_type, body)?;
    let text = |text: &str| canonical_value(&text.into());
    let user = user.map(|user| format!(r#","userDid":{}"#, text(user))).unwrap_or_default();
    Ok(format!(r#"{{"appId":{},"data":{data},"timestamp":{timestamp}{user}}}"#, text(app)))
}
