//! Requests of Anthropic's, Google's and AIGNE's dialects, and of the older one: understood or refused, and what is understood has a bound and
//! is written for every kind of upstream, or refused for it, without a panic.

#![no_main]

use bytes::Bytes;
use hub_dialects::aigne;
use hub_dialects::anthropic::{self, Generation, Purpose, decode_messages};
use hub_dialects::gemini::{self, ThinkingControl, decode_count, decode_embed, decode_generate};
use hub_dialects::legacy;
use hub_dialects::openai::{self, LimitField, Quirks};
use hub_dialects::responses;
use hub_domain::bound::overhead;
use hub_domain::vocabulary::{Canonical, Dialect, Request, Source};
use libfuzzer_sys::fuzz_target;

fn write(dialect: Dialect, body: &Bytes, canonical: Canonical) {
    let _ = overhead(&canonical);
    for source in [Some(Source::of(dialect, body.clone())), None] {
        let request = Request { source, canonical: canonical.clone() };
        let target = openai::UpstreamTarget {
            model: "m",
            output_limit: Some(7),
            limit_field: LimitField::MaxTokens,
            quirks: Quirks {
                short_call_ids: true,
                developer_role: false,
                thinking_back: openai::ThinkingBack::WithCalls("reasoning_content"),
                json_schema: false,
                bare_tools: false,
                refused: &["user"],
                refused_by_reasoning: &["temperature"],
                ..Quirks::default()
            },
        };
        let _ = openai::encode_request(&request, &target);
        let generation = Generation { budget: true, sampling: true, max_output_tokens: 9 };
        let target = anthropic::UpstreamTarget { model: "m", output_limit: Some(7), generation };
        let _ = anthropic::encode_request(&request, &target);
        let target = gemini::UpstreamTarget { model: "m", output_limit: Some(7), thinking: ThinkingControl::Level };
        let _ = gemini::encode_request(&request, &target);
        let target = responses::UpstreamTarget { model: "m", output_limit: Some(7), is_reasoning: true };
        let _ = responses::encode_request(&request, &target);
    }
}

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    let _ = decode_count(&body, "m");
    let _ = decode_embed(&body, "m", true);
    if let Ok(canonical) = decode_messages(&body, Purpose::Answer) {
        write(Dialect::Anthropic, &body, canonical);
    }
    if let Ok(canonical) = decode_generate(&body, "m", true) {
        write(Dialect::Gemini, &body, canonical);
    }
    let _ = responses::echo(&body);
    if let Ok(canonical) = responses::decode_request(&body) {
        write(Dialect::Responses, &body, canonical);
    }
    if let Ok(canonical) = aigne::decode_chat(&body) {
        write(Dialect::Aigne, &body, canonical);
    }
    let _ = aigne::is_nested(&body);
    let _ = aigne::decode_embeddings(&body);
    if let Ok(canonical) = legacy::decode_chat(&body, true) {
        write(Dialect::Legacy, &body, canonical);
    }
});
