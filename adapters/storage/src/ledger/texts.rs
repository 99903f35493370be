//! Texts that clients and upstreams choose. PostgreSQL takes no NUL in a text, and a settlement must not
//! fail for one; both databases keep U+FFFD in its place.

use std::sync::Arc;

use hub_domain::ports::{AttemptRecord, Closing, NewCall, Served};

const NUL: char = '\0';
const INSTEAD: &str = "\u{FFFD}";

fn clean(text: &mut String) {
    if text.contains(NUL) {
        *text = text.replace(NUL, INSTEAD);
    }
}

fn clean_optional(text: &mut Option<String>) {
    if let Some(text) = text {
        clean(text);
    }
}

fn clean_shared(text: &mut Arc<str>) {
    if text.contains(NUL) {
        *text = text.replace(NUL, INSTEAD).into();
    }
}

fn clean_served(served: &mut Served) {
    clean_shared(&mut served.provider);
    clean_shared(&mut served.model);
}

pub fn call_without_nul(mut call: NewCall) -> NewCall {
    clean_optional(&mut call.app_did);
    clean_optional(&mut call.request_id);
    clean_optional(&mut call.trace_id);
    clean_served(&mut call.served);
    call
}

pub fn closing_without_nul(closing: Arc<Closing>) -> Arc<Closing> {
    if !has_nul(&closing) {
        return closing;
    }
    let mut cleaned = Closing::clone(&closing);
    let Closing { reason, error, served, attempts, finish_reason, upstream_id, .. } = &mut cleaned;
    for text in [reason, error, finish_reason, upstream_id] {
        clean_optional(text);
    }
    clean_served(served);
    for AttemptRecord { provider, model, error, .. } in attempts {
        clean(provider);
        clean(model);
        clean_optional(error);
    }
    Arc::new(cleaned)
}

fn has_nul(closing: &Closing) -> bool {
    let Closing { reason, error, served, attempts, finish_reason, upstream_id, .. } = closing;
    let own = [reason, error, finish_reason, upstream_id].into_iter().filter_map(Option::as_deref);
    let mut texts = own.chain([&*served.provider, &*served.model]);
    let is_touched = |attempt: &AttemptRecord| {
        let texts = [Some(&*attempt.provider), Some(&*attempt.model), attempt.error.as_deref()];
        texts.into_iter().flatten().any(|text| text.contains(NUL))
    };
    texts.any(|text| text.contains(NUL)) || attempts.iter().any(is_touched)
}
