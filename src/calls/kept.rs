//! Kept answers: sealed under the call's id, so that one can't be passed off as another's.

use hub_domain::ids::CallId;
use hub_domain::ports::{KeptAnswer, SealedAnswer, Secrets};
use serde::{Deserialize, Serialize};

/// One line of JSON; the body stands behind it, as it is.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// Where a kept answer belongs.
pub fn answer_context(call: CallId) -> String {
    format!("hub/answer/v1|{call}")
}

pub fn seal(secrets: &dyn Secrets, call: CallId, answer: &KeptAnswer) -> Option<SealedAnswer> {
    let head = Head { status: answer.status, headers: answer.headers.clone() };
    let mut plain = serde_json::to_vec(&head).ok()?;
    plain.push(b'\n');
    plain.extend_from_slice(&answer.body);
    let sealed = secrets.seal(&plain, &answer_context(call)).ok()?;
    Some(SealedAnswer(sealed.into()))
}

pub fn open(secrets: &dyn Secrets, call: CallId, answer: &SealedAnswer) -> Option<KeptAnswer> {
    let plain = secrets.open(&answer.0, &answer_context(call)).ok()?;
    let end = plain.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&plain[..end]).ok()?;
    Some(KeptAnswer { status: head.status, headers: head.headers, body: plain[end + 1..].to_vec().into() })
}
