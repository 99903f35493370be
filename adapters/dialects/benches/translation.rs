//! What translation costs: time and allocations of one chunk in the midst of a stream, and of one request, from each
//! kind of upstream to each kind of client.
//!
//! `cargo bench -p hub-dialects`; a row is a client's dialect and an upstream's.

#![allow(clippy::unwrap_used)] // a benchmark, like a test, stops where something is odd

use std::collections::VecDeque;
use std::fmt;

use bytes::{Bytes, BytesMut};
use divan::{AllocProfiler, Bencher, black_box};
use hub_dialects::anthropic::{self, Generation, Purpose};
use hub_dialects::gemini::{self, ThinkingControl};
use hub_dialects::openai::{self, LimitField, Quirks};
use hub_dialects::{AnswerStyle, Encoded, StreamEncoder, aigne, responses};
use hub_domain::ids::CallId;
use hub_domain::vocabulary::{CallType, Canonical, Dialect, Frame, Request, Source};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A client's dialect and an upstream's.
#[derive(Clone, Copy)]
struct Pair(Dialect, Dialect);

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(client, upstream) = self;
        let same = if client == upstream { ", as it is" } else { "" };
        write!(f, "{client:?} from {upstream:?}{same}")
    }
}

const CLIENTS: [Dialect; 5] =
    [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic, Dialect::Gemini, Dialect::Aigne];
const UPSTREAMS: [Dialect; 4] = [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic, Dialect::Gemini];

fn pairs() -> impl Iterator<Item = Pair> {
    CLIENTS.into_iter().flat_map(|client| UPSTREAMS.into_iter().map(move |upstream| Pair(client, upstream)))
}

/// How an upstream's stream begins, and one of its chunks.
fn stream(upstream: Dialect) -> (&'static str, &'static str) {
    match upstream {
        Dialect::OpenAi => (
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"system_fingerprint\":\"fp_1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"x7Yq2\"}\n\n",
        ),
        Dialect::Responses => (
            "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1760000000,\"status\":\"in_progress\",\"model\":\"gpt-4o-mini-2024-07-18\",\"output\":[],\"usage\":null}}\n\nevent: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}\n\n",
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"item_id\":\"msg_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b\",\"output_index\":0,\"content_index\":0,\"delta\":\" word\",\"logprobs\":[],\"obfuscation\":\"x7Yq2\"}\n\n",
        ),
        Dialect::Anthropic => (
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\",\"content\":[],\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}\n\n",
        ),
        _ => (
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"The\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":8,\"totalTokenCount\":8},\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"r1\"}\n\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" word\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":8,\"candidatesTokenCount\":3,\"totalTokenCount\":11},\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"r1\"}\n\n",
        ),
    }
}

/// Feeds bytes to a decoder, which adds the frames that they complete.
type Feed = Box<dyn FnMut(Bytes, &mut VecDeque<Frame>)>;

macro_rules! feed {
    ($decoder:expr) => {{
        let mut decoder = $decoder;
        Box::new(move |bytes, frames| decoder.push(bytes, frames).unwrap())
    }};
}

fn decoder(upstream: Dialect) -> Feed {
    match upstream {
        Dialect::OpenAi => feed!(openai::StreamDecoder::new(CallType::ChatCompletion)),
        Dialect::Responses => feed!(responses::StreamDecoder::new()),
        Dialect::Anthropic => feed!(anthropic::StreamDecoder::new()),
        _ => feed!(gemini::StreamDecoder::new()),
    }
}

fn style(dialect: Dialect) -> AnswerStyle {
    AnswerStyle {
        dialect,
        call: CallId::new(),
        model: "p/m".to_owned(),
        call_type: CallType::ChatCompletion,
        superset: false,
        json_output: false,
        plain_text: false,
        include_usage: true,
        echo: None,
        json_array: false,
        batch: false,
        base64: false,
    }
}

/// From a chunk's bytes as they come to its bytes as they go.
#[divan::bench(args = pairs(), sample_count = 200, sample_size = 500)]
fn chunk(bencher: Bencher<'_, '_>, Pair(client, upstream): Pair) {
    let (beginning, piece) = stream(upstream);
    let (mut feed, mut encoder) = (decoder(upstream), StreamEncoder::new(style(client)));
    let (mut frames, mut out) = (VecDeque::new(), BytesMut::new());
    let mut pass = move |bytes: Bytes| {
        feed(bytes, &mut frames);
        for frame in frames.drain(..) {
            encoder.frame(&frame, &mut out);
        }
        // As on the way to a socket: what was written is taken away as it is.
        black_box(out.split().freeze());
    };
    pass(Bytes::from_static(beginning.as_bytes()));
    let piece = Bytes::from_static(piece.as_bytes());
    bencher.bench_local(move || pass(piece.clone()));
}

/// A short conversation with a tool.
fn body(client: Dialect) -> &'static str {
    match client {
        Dialect::OpenAi => {
            r#"{"model":"p/m","max_tokens":200,"temperature":0.2,"stream":true,"messages":[{"role":"system","content":"You are a helpful assistant that answers in one short paragraph."},{"role":"user","content":"What is the capital of France, and where does it lie?"}],"tools":[{"type":"function","function":{"name":"map","description":"Shows a place.","parameters":{"type":"object","properties":{"place":{"type":"string"}}}}}]}"#
        }
        Dialect::Responses => {
            r#"{"model":"p/m","max_output_tokens":200,"temperature":0.2,"stream":true,"instructions":"You are a helpful assistant that answers in one short paragraph.","input":[{"role":"user","content":"What is the capital of France, and where does it lie?"}],"tools":[{"type":"function","name":"map","description":"Shows a place.","parameters":{"type":"object","properties":{"place":{"type":"string"}}}}]}"#
        }
        Dialect::Anthropic => {
            r#"{"model":"p/m","max_tokens":200,"temperature":0.2,"stream":true,"system":"You are a helpful assistant that answers in one short paragraph.","messages":[{"role":"user","content":"What is the capital of France, and where does it lie?"}],"tools":[{"name":"map","description":"Shows a place.","input_schema":{"type":"object","properties":{"place":{"type":"string"}}}}]}"#
        }
        Dialect::Gemini => {
            r#"{"generationConfig":{"maxOutputTokens":200,"temperature":0.2},"systemInstruction":{"parts":[{"text":"You are a helpful assistant that answers in one short paragraph."}]},"contents":[{"role":"user","parts":[{"text":"What is the capital of France, and where does it lie?"}]}],"tools":[{"functionDeclarations":[{"name":"map","description":"Shows a place.","parameters":{"type":"OBJECT","properties":{"place":{"type":"STRING"}}}}]}]}"#
        }
        _ => {
            r#"{"model":"p/m","input":{"modelOptions":{"temperature":0.2},"messages":[{"role":"system","content":"You are a helpful assistant that answers in one short paragraph."},{"role":"user","content":"What is the capital of France, and where does it lie?"}],"tools":[{"type":"function","function":{"name":"map","description":"Shows a place.","parameters":{"type":"object","properties":{"place":{"type":"string"}}}}}]}}"#
        }
    }
}

fn decoded(client: Dialect, body: &Bytes) -> Canonical {
    match client {
        Dialect::OpenAi => openai::decode_chat(body),
        Dialect::Responses => responses::decode_request(body),
        Dialect::Anthropic => anthropic::decode_messages(body, Purpose::Answer),
        Dialect::Gemini => gemini::decode_generate(body, "m", true),
        _ => aigne::decode_chat(body),
    }
    .unwrap()
}

fn encoded(request: &Request, upstream: Dialect) -> Encoded {
    let (model, output_limit) = ("m", Some(100));
    match upstream {
        Dialect::OpenAi => {
            let (limit_field, quirks) = (LimitField::MaxCompletionTokens, Quirks::default());
            let target = openai::UpstreamTarget { model, output_limit, limit_field, quirks };
            openai::encode_request(request, &target)
        }
        Dialect::Responses => {
            let target = responses::UpstreamTarget { model, output_limit, is_reasoning: false };
            responses::encode_request(request, &target)
        }
        Dialect::Anthropic => {
            let generation = Generation { budget: true, sampling: true, max_output_tokens: 8_192 };
            anthropic::encode_request(request, &anthropic::UpstreamTarget { model, output_limit, generation })
        }
        _ => {
            let thinking = ThinkingControl::None;
            gemini::encode_request(request, &gemini::UpstreamTarget { model, output_limit, thinking })
        }
    }
    .unwrap()
}

/// From a request's bytes as they come to its bytes as they go.
#[divan::bench(args = pairs(), sample_count = 100, sample_size = 50)]
fn request(bencher: Bencher<'_, '_>, Pair(client, upstream): Pair) {
    let body = Bytes::from_static(body(client).as_bytes());
    bencher.bench_local(|| {
        let canonical = decoded(client, &body);
        let request = Request { source: Some(Source::of(client, body.clone())), canonical };
        encoded(&request, upstream)
    });
}
