//! In which form an answer is written, and the headers that go with it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use hub_dialects::{AnswerStyle, ImageList, MediaAnswer, responses};
use hub_domain::ids::CallId;
use hub_domain::vocabulary::{Answer, AudioFormat, CallType, Canonical, Dialect, OutputFormat, Request};
use uuid::Uuid;

use super::dialect_choice::accepts_events;
use super::generate::BATCH;
use crate::exchange::Exchange;
use crate::query::Query;
use crate::response_headers::{X_CALL_ID, X_DROPPED};
use crate::routes::{AIGNE_IMAGE, DOUBLED_IMAGES};
use crate::surface::Surface;

/// A header's name and value.
type Header = (&'static str, &'static str);

const JSON: &[Header] = &[("content-type", "application/json")];
const EVENTS: &[Header] = &[
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache"),
    // nginx in front would hold back what is meant to be seen at once.
    ("x-accel-buffering", "no"),
];

/// Text and subtitles.
const PLAIN: &[Header] = &[("content-type", "text/plain; charset=utf-8")];

/// A stream of nothing but the answer's text.
const TEXT: &[Header] = &[
    ("content-type", "text/plain; charset=utf-8"),
    ("cache-control", "no-cache"),
    ("x-accel-buffering", "no"),
];

/// How an answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// One JSON object, when the call is settled.
    Whole,
    /// Events, or what a dialect has in their place, as they come.
    Stream,
    /// Audio and nothing else, as it comes.
    Sound(AudioFormat),
}

/// The types of audio. Clients tell it by them.
const fn sound(format: AudioFormat) -> &'static [Header] {
    match format {
        AudioFormat::Mp3 => &[("content-type", "audio/mpeg")],
        AudioFormat::Opus => &[("content-type", "audio/ogg")],
        AudioFormat::Aac => &[("content-type", "audio/aac")],
        AudioFormat::Flac => &[("content-type", "audio/flac")],
        AudioFormat::Wav => &[("content-type", "audio/wav")],
        AudioFormat::Pcm => &[("content-type", "audio/pcm")],
    }
}

#[derive(Debug, Clone)]
pub(super) struct Form {
    dialect: Dialect,
    call_type: CallType,
    delivery: Delivery,
    media: Option<MediaAnswer>,
    include_usage: bool,
    base64: bool,
    superset: bool,
    json_output: bool,
    plain_text: bool,
    echo: Option<Arc<str>>,
    json_array: bool,
    batch: bool,
}

impl Form {
    pub(super) fn of(request: &Request, exchange: &Exchange) -> Self {
        let canonical = &request.canonical;
        let call_type = canonical.call_type();
        let dialect = request.source.as_ref().map_or(Dialect::OpenAi, |source| source.dialect);
        Self {
            dialect,
            call_type,
            delivery: match canonical {
                _ if canonical.is_stream() => Delivery::Stream,
                Canonical::Speech(speech) => Delivery::Sound(speech.format),
                _ => Delivery::Whole,
            },
            media: match canonical {
                Canonical::Speech(_) => Some(MediaAnswer::Speech),
                Canonical::Transcription(asked) => Some(MediaAnswer::Transcript(asked.format.clone())),
                Canonical::Images(images) => {
                    Some(MediaAnswer::Images { edited: images.edit.is_some(), list: image_list(exchange) })
                }
                _ => None,
            },
            include_usage: matches!(canonical, Canonical::Chat(chat) if chat.include_usage),
            base64: matches!(canonical, Canonical::Embeddings(embeddings) if embeddings.base64),
            superset: exchange.surface == Surface::Api && call_type == CallType::ChatCompletion,
            json_output: matches!(canonical, Canonical::Chat(chat) if chat.output != OutputFormat::Text),
            plain_text: dialect == Dialect::Legacy && !accepts_events(exchange.headers()),
            echo: echo(request),
            batch: exchange.request.uri().path().ends_with(BATCH),
            json_array: exchange.surface == Surface::Gemini && !wants_events(exchange),
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn delivery(&self) -> Delivery {
        self.delivery
    }

    pub(super) fn style(&self, call: CallId, model: String) -> AnswerStyle {
        AnswerStyle {
            dialect: self.dialect,
            call,
            model,
            call_type: self.call_type,
            media: self.media.clone(),
            superset: self.superset,
            json_output: self.json_output,
            plain_text: self.plain_text,
            echo: self.echo.clone(),
            json_array: self.json_array,
            batch: self.batch,
            include_usage: self.include_usage,
            base64: self.base64,
        }
    }

    /// The headers that this form has; a kept answer has them too.
    pub(super) fn headers(&self) -> &'static [Header] {
        match self {
            Self { delivery: Delivery::Whole, media: Some(MediaAnswer::Transcript(format)), .. }
                if !format.get().is_json() =>
            {
                PLAIN
            }
            Self { delivery: Delivery::Sound(format), .. } => sound(*format),
            Self { delivery: Delivery::Stream, plain_text: true, .. } => TEXT,
            Self { delivery: Delivery::Stream, json_array: false, .. } => EVENTS,
            _ => JSON,
        }
    }

    /// What a whole answer is may be decided as late as its last byte.
    pub(super) fn set_headers(&self, response: &mut HttpResponseBuilder) {
        for (name, value) in self.headers() {
            response.insert_header((HeaderName::from_static(name), HeaderValue::from_static(value)));
        }
    }

    /// An answer without its body.
    pub(super) fn response(&self, answer: &Answer) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(StatusCode::OK);
        self.set_headers(&mut response);
        response.insert_header((X_CALL_ID, call_header(answer.call)));
        // Names are a client's own: one that no header can carry is left out with the rest of them.
        if !answer.dropped.is_empty()
            && let Ok(dropped) = HeaderValue::from_str(&answer.dropped.join(", "))
        {
            response.insert_header((X_DROPPED, dropped));
        }
        response
    }
}

/// The original has two paths of its own, each with its own list.
fn image_list(exchange: &Exchange) -> ImageList {
    match exchange.route {
        AIGNE_IMAGE => ImageList::Aigne,
        DOUBLED_IMAGES => ImageList::Doubled,
        _ => ImageList::OpenAi,
    }
}

/// What a response repeats of its request.
fn echo(request: &Request) -> Option<Arc<str>> {
    let source = request.source.as_ref().filter(|source| source.dialect == Dialect::Responses)?;
    Some(responses::echo(&source.body).into())
}

/// Gemini's `?alt=sse`.
fn wants_events(exchange: &Exchange) -> bool {
    let query = exchange.request.uri().query();
    query.is_some_and(|query| Query::parse(query).text("alt") == Some("sse"))
}

pub(super) fn call_header(call: CallId) -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let text = call.0.hyphenated().encode_lower(&mut buffer);
    // Digits, letters and hyphens are always a header's value.
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}
