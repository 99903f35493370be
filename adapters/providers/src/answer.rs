//! From an HTTP answer to frames, or to the error that it is.

use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use hub_dialects::{anthropic, gemini, openai, responses};
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::ports::{FrameStream, UpstreamAnswer};
use hub_domain::vocabulary::{CallType, Event, Frame};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::http::{Body, Limits, Watch, retry_after};

/// A whole answer is never larger; images in base64 are the largest there are.
const WHOLE_LIMIT: usize = 64 * 1024 * 1024;
/// More of an error's body is not looked at, and it is not waited for longer.
const ERROR_LIMIT: usize = 64 * 1024;
const ERROR_TIME: Duration = Duration::from_secs(5);

/// Headers under which upstreams tell their own id of a request.
const ID_HEADERS: [&str; 5] =
    ["x-request-id", "request-id", "x-generation-id", "x-groq-id", "mistral-correlation-id"];
const MAX_ID: usize = 200;

/// What the answer is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    OpenAi(CallType),
    Responses,
    Anthropic,
    Gemini(CallType),
}

/// What a body is, by its content type. The answer decides, not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Events,
    Json,
    Foreign,
}

pub async fn read(
    response: Response,
    codec: Codec,
    streams: bool,
    limits: Limits,
    dropped: Vec<String>,
) -> Result<UpstreamAnswer, ProviderError> {
    let response = successful(response, limits).await?;
    let upstream_id = upstream_id(response.headers());
    let frames = match shape(response.headers(), streams) {
        Shape::Events => events(Body::new(response, limits)?, codec),
        Shape::Json => whole(Body::new(response, limits)?, codec),
        Shape::Foreign => return Err(foreign(&response)),
    };
    Ok(UpstreamAnswer { frames, upstream_id, dropped })
}

/// Whether the answer to a test is a good one.
pub async fn check(response: Response, limits: Limits) -> Result<(), ProviderError> {
    let response = successful(response, limits).await?;
    if shape(response.headers(), false) == Shape::Json { Ok(()) } else { Err(foreign(&response)) }
}

fn events(body: Body, codec: Codec) -> FrameStream {
    let watch = body.watch();
    match codec {
        Codec::OpenAi(call_type) => watched(openai::decode_stream(body, call_type), watch),
        Codec::Responses => watched(responses::decode_stream(body), watch),
        Codec::Anthropic => watched(anthropic::decode_stream(body), watch),
        Codec::Gemini(_) => watched(gemini::decode_stream(body), watch),
    }
}

fn watched<S>(frames: S, watch: Arc<Watch>) -> FrameStream
where
    S: Stream<Item = Result<Frame, ProviderError>> + Send + 'static,
{
    Box::pin(frames.map(move |frame| match frame {
        Ok(frame) => {
            if frame.events.iter().any(|event| matches!(event, Event::End)) {
                watch.ended();
            }
            Ok(frame)
        }
        // The decoder knows only that reading failed; the body knows why.
        Err(error) => Err(watch.take_fault().unwrap_or(error)),
    }))
}

fn whole(body: Body, codec: Codec) -> FrameStream {
    Box::pin(stream::once(async move {
        let body = body.whole(WHOLE_LIMIT).await?;
        match codec {
            Codec::OpenAi(call_type) => openai::decode_whole(body, call_type),
            Codec::Responses => responses::decode_whole(body),
            Codec::Anthropic => anthropic::decode_whole(body),
            Codec::Gemini(CallType::Embedding) => gemini::decode_vectors(&body),
            Codec::Gemini(_) => gemini::decode_whole(body),
        }
    }))
}

/// Passes an answer of status 2xx on; any other becomes its error.
async fn successful(response: Response, limits: Limits) -> Result<Response, ProviderError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status.is_redirection() {
        // Never followed: it would carry the key, and what was asked, to somebody else.
        return Err(ProviderError {
            status: Some(status.as_u16()),
            code: Some("upstream_redirect".to_owned()),
            ..ProviderError::new(UpstreamClass::BadAnswer, "the upstream answered with a redirect", false)
        });
    }
    let asked_to_wait = retry_after::from_headers(status.as_u16(), response.headers());
    let text = match Body::new(response, limits) {
        Ok(body) => body.beginning(ERROR_LIMIT, ERROR_TIME).await,
        Err(_) => Vec::new(),
    };
    let mut error = openai::decode_error(status.as_u16(), asked_to_wait, &text);
    if error.retry_after.is_none() && error.class == UpstreamClass::RateLimited {
        error.retry_after = retry_after::from_text(&String::from_utf8_lossy(&text));
    }
    Err(error)
}

fn shape(headers: &HeaderMap, streams: bool) -> Shape {
    let Some(kind) = headers.get(CONTENT_TYPE) else {
        return if streams { Shape::Events } else { Shape::Json };
    };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    match kind.as_str() {
        "text/event-stream" => Shape::Events,
        "application/json" => Shape::Json,
        other if other.ends_with("+json") => Shape::Json,
        // Small servers forget the type of what they send.
        "" | "text/plain" | "application/octet-stream" => {
            if streams {
                Shape::Events
            } else {
                Shape::Json
            }
        }
        _ => Shape::Foreign,
    }
}

fn foreign(response: &Response) -> ProviderError {
    ProviderError {
        status: Some(response.status().as_u16()),
        ..ProviderError::new(
            UpstreamClass::BadAnswer,
            "the upstream answered with something that is not its API",
            true,
        )
    }
}

fn upstream_id(headers: &HeaderMap) -> Option<String> {
    let value = ID_HEADERS.iter().find_map(|name| headers.get(*name))?;
    let id = value.to_str().ok()?.trim();
    (!id.is_empty() && id.len() <= MAX_ID).then(|| id.to_owned())
}
