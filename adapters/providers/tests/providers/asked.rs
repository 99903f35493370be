//! What a test asks of a provider, and what it hears.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use hub_dialects::openai::{decode_chat, decode_embeddings};
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, FrameStream, ModelProvider, ProviderTimeouts, SecretText};
use hub_domain::routing::{Candidate, Credential, Provider, ProviderKind, Route};
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{Dialect, Event, Frame, Request, Source};
use hub_providers::{Providers, ProvidersSettings};

use crate::upstream::Upstream;

pub const KEY: &str = "sk-test-0123456789abcdef";

pub const TIMEOUTS: ProviderTimeouts = ProviderTimeouts {
    connect: Duration::from_secs(1),
    first_byte: Duration::from_secs(3),
    idle: Duration::from_secs(3),
    total: Duration::from_secs(10),
};

/// One question to one model, in the making.
#[derive(Clone)]
pub struct Asked {
    pub kind: ProviderKind,
    pub base_url: Option<String>,
    pub model: &'static str,
    pub key: Option<&'static str>,
    pub timeouts: ProviderTimeouts,
    pub output_limit: Option<u64>,
    pub body: String,
    embeds: bool,
}

/// A chat that is answered whole.
pub fn whole(upstream: &Upstream) -> Asked {
    chat(upstream, r#"{"model":"up/model-x","messages":[{"role":"user","content":"Hi"}]}"#)
}

/// A chat that is answered in pieces.
pub fn stream(upstream: &Upstream) -> Asked {
    chat(upstream, r#"{"model":"up/model-x","messages":[{"role":"user","content":"Hi"}],"stream":true}"#)
}

pub fn chat(upstream: &Upstream, body: &str) -> Asked {
    Asked {
        kind: ProviderKind::OpenAi,
        base_url: Some(upstream.base_url()),
        model: "model-x",
        key: Some(KEY),
        timeouts: TIMEOUTS,
        output_limit: None,
        body: body.to_owned(),
        embeds: false,
    }
}

pub fn embedding(upstream: &Upstream, body: &str) -> Asked {
    Asked { embeds: true, ..chat(upstream, body) }
}

/// A chat with a simulated model.
pub fn simulated(model: &'static str, body: &str) -> Asked {
    Asked {
        kind: ProviderKind::Simulated,
        base_url: None,
        model,
        key: None,
        timeouts: TIMEOUTS,
        output_limit: None,
        body: body.to_owned(),
        embeds: model == "embedding",
    }
}

impl Asked {
    pub fn candidate(&self) -> Candidate {
        let credential = self.key.map(|key| Credential {
            id: None,
            secret: SecretText::new(key),
            weight: Credential::WEIGHT,
        });
        let provider = Provider {
            base_url: self.base_url.as_deref().map(Into::into),
            timeouts: self.timeouts,
            credentials: credential.iter().cloned().collect(),
            ..Provider::new("up", self.kind)
        };
        Candidate {
            provider: Arc::new(provider),
            model: self.model.into(),
            credential,
            rate: None,
            max_output_tokens: None,
            route: Route::single(self.timeouts),
        }
    }

    pub fn attempt(&self) -> Attempt {
        let body = Bytes::from(self.body.clone());
        let canonical = if self.embeds { decode_embeddings(&body) } else { decode_chat(&body) };
        let source = Some(Source::of(Dialect::OpenAi, body));
        Attempt {
            request: Arc::new(Request { source, canonical: canonical.unwrap() }),
            candidate: self.candidate(),
            output_limit: self.output_limit,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            time_left: Duration::from_secs(60),
        }
    }

    /// Asks, and waits for the head only.
    pub async fn head(&self, providers: &Providers) -> Result<FrameStream, ProviderError> {
        providers.start(self.attempt()).await.map(|answer| answer.frames)
    }

    /// Asks, and hears the answer out.
    pub async fn send(&self, providers: &Providers) -> Heard {
        match self.head(providers).await {
            Ok(frames) => hear(frames).await,
            Err(error) => Heard { frames: Vec::new(), error: Some(error) },
        }
    }

    pub async fn fails(&self, providers: &Providers) -> ProviderError {
        let heard = self.send(providers).await;
        heard.error.unwrap_or_else(|| panic!("no error: {:?}", heard.frames))
    }
}

pub fn providers() -> Providers {
    Providers::new(ProvidersSettings::default())
}

pub struct Heard {
    pub frames: Vec<Frame>,
    pub error: Option<ProviderError>,
}

pub async fn hear(mut frames: FrameStream) -> Heard {
    let mut heard = Heard { frames: Vec::new(), error: None };
    while let Some(frame) = frames.next().await {
        match frame {
            Ok(frame) => heard.frames.push(frame),
            Err(error) => {
                heard.error = Some(error);
                break;
            }
        }
    }
    heard
}

impl Heard {
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.frames.iter().flat_map(|frame| &frame.events)
    }

    pub fn text(&self) -> String {
        let texts = self.events().filter_map(|event| match event {
            Event::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    pub fn usage(&self) -> Option<Usage> {
        self.events()
            .filter_map(|event| if let Event::Usage(usage) = event { Some(*usage) } else { None })
            .last()
    }

    pub fn is_whole(&self) -> bool {
        self.error.is_none() && self.events().last() == Some(&Event::End)
    }
}

/// An answer of OpenAI's.
pub const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"model-x","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;

/// A piece of a streamed answer.
pub fn delta(text: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"model-x\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// What ends a streamed answer.
pub fn finish() -> String {
    let head = "\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"model-x\"";
    format!(
        "data: {{{head},\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
         data: {{{head},\"choices\":[],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}}}\n\n\
         data: [DONE]\n\n"
    )
}
