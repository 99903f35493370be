//! A request is understood or refused; one that is understood can be sent, and is read again as the same.

#![no_main]

use bytes::Bytes;
use hub_dialects::openai::{LimitField, Quirks, UpstreamTarget, decode_chat, decode_embeddings, encode_request};
use hub_domain::vocabulary::{Canonical, Dialect, Request, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    let _ = decode_embeddings(&body);
    let Ok(canonical) = decode_chat(&body) else { return };
    let source = Some(Source::of(Dialect::OpenAi, body));
    let target = UpstreamTarget {
        model: "m",
        output_limit: Some(7),
        limit_field: LimitField::MaxCompletionTokens,
        quirks: Quirks::default(),
        speech_events: false,
    };
    let sent = encode_request(&Request { source, canonical: canonical.clone() }, &target);
    let again = decode_chat(&sent.expect("what was decoded is sent").body);
    let (Canonical::Chat(asked), Ok(Canonical::Chat(sent))) = (canonical, again) else {
        panic!("what was sent can't be read");
    };
    assert_eq!(sent.max_output_tokens, Some(asked.max_output_tokens.unwrap_or(7).min(7)));
    assert_eq!((sent.choices, sent.stream), (asked.choices, asked.stream));
    assert_eq!(sent.messages, asked.messages);
    assert_eq!(sent.tools, asked.tools);
});
