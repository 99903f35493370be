//! A provider without an upstream, for trying things out: each model shows one way in which a provider
//! behaves. It says what a provider would say, and counts its tokens honestly.

mod answer;
mod embedding;
mod model;
mod playback;
mod refusal;
mod sample;
mod speech;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use hub_domain::bound;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::ports::{Attempt, ProviderTimeouts, TokenCounter, UpstreamAnswer};
use hub_domain::vocabulary::{Canonical, ChatRequest, EmbeddingsRequest, Request};

use model::SimulatedModel;
pub use model::{CHAT_MODELS, EMBEDDING_MODELS};
use playback::{Patience, Step};

use crate::providers::fault;
use crate::token_counter::TiktokenCounter;
use crate::tokenizer::Encoding;

/// Output tokens of one answer, at most.
pub const MAX_OUTPUT_TOKENS: u64 = 4_096;

pub struct Simulated {
    tokens: TiktokenCounter,
    /// Requests that were refused once and will be answered at their next try.
    refused: Mutex<Vec<Weak<Request>>>,
}

impl Simulated {
    pub fn new() -> Self {
        Self { tokens: TiktokenCounter::new(), refused: Mutex::default() }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, time_left, .. } = attempt;
        let ProviderTimeouts { first_byte, idle, total, .. } = candidate.provider.timeouts;
        let model = SimulatedModel::from_name(&candidate.model).ok_or_else(refusal::no_such_model)?;
        let patience = Patience::new(idle, total.min(time_left));
        match model {
            SimulatedModel::Silent => {
                tokio::time::sleep(first_byte.min(total).min(time_left)).await;
                return Err(fault(UpstreamClass::Timeout, "the upstream did not answer in time", true));
            }
            SimulatedModel::Error429ThenOk if self.is_first_try(&request) => return Err(refusal::busy()),
            _ => {}
        }
        if let Some(error) = refusal::of(model) {
            return Err(error);
        }
        let steps = match &request.canonical {
            Canonical::Chat(chat) if model.chats() => {
                let asked = [output_limit, chat.max_output_tokens, Some(MAX_OUTPUT_TOKENS)];
                let limit = asked.into_iter().flatten().min().unwrap_or(MAX_OUTPUT_TOKENS);
                self.chat(model, chat, &request, limit).await?
            }
            Canonical::Embeddings(embeddings) if !model.chats() => {
                self.embed(model, embeddings, &request).await?
            }
            _ => return Err(refusal::wrong_kind_of_call()),
        };
        let frames = playback::play(steps, patience);
        Ok(UpstreamAnswer { frames, upstream_id: Some(format!("sim-{:016x}", rand::random::<u64>())) })
    }

    async fn chat(
        &self,
        model: SimulatedModel,
        chat: &ChatRequest,
        request: &Request,
        limit: u64,
    ) -> Result<Vec<Step>, ProviderError> {
        let input = self.count(request).await.saturating_add(bound::likely_overhead(&request.canonical));
        load().await?;
        let spoken = (0..chat.choices.max(1))
            .map(|choice| speech::speak(choice, answer::to(model, chat, choice), &chat.stop, limit))
            .collect();
        Ok(playback::chat(model, spoken, input))
    }

    async fn embed(
        &self,
        model: SimulatedModel,
        embeddings: &EmbeddingsRequest,
        request: &Request,
    ) -> Result<Vec<Step>, ProviderError> {
        let vectors = embedding::vectors(embeddings)?;
        let input = self.count(request).await.saturating_add(embedding::given_tokens(embeddings));
        Ok(playback::embeddings(model, vectors, input))
    }

    async fn count(&self, request: &Request) -> u64 {
        self.tokens.count(ENCODED_LIKE, bound::texts(&request.canonical)).await
    }

    /// A call's tries share one request, which is hence known again.
    fn is_first_try(&self, request: &Arc<Request>) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|known| known.strong_count() > 0);
        let here = Arc::downgrade(request);
        match refused.iter().position(|known| known.ptr_eq(&here)) {
            Some(known) => {
                refused.swap_remove(known);
                false
            }
            None => {
                refused.push(here);
                true
            }
        }
    }
}

/// The model whose tokenizer counts here.
const ENCODED_LIKE: &str = "gpt-4o";

/// Unpacks the tokenizer where that may block.
async fn load() -> Result<(), ProviderError> {
    if speech::ENCODING.is_loaded() {
        return Ok(());
    }
    let loaded = tokio::task::spawn_blocking(|| Encoding::count(speech::ENCODING, "a")).await;
    loaded.map(drop).map_err(|_| fault(UpstreamClass::Server, "the simulated provider can't count", false))
}
