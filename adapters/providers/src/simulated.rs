//! A provider without an upstream, for trying things out: each model shows one way in which a provider
//! behaves. It says what a provider would say, and counts its tokens honestly.

mod answer;
mod embedding;
mod model;
mod playback;
mod refusal;
mod sample;
mod speech;
mod transcript;
mod voice;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use hub_domain::bound;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::ports::{Attempt, ProviderTimeouts, UpstreamAnswer};
use hub_domain::vocabulary::{Canonical, Request};

use model::SimulatedModel;
pub use model::{CHAT_MODELS, EMBEDDING_MODELS, IMAGE_MODELS, SPEECH_MODELS, TRANSCRIPTION_MODELS};
use playback::{Patience, Step};

use crate::token_counter;

/// Output tokens of one answer, at most.
pub const MAX_OUTPUT_TOKENS: u64 = 4_096;

pub struct Simulated {
    /// Requests that were refused once and will be answered at their next try.
    refused: Mutex<Vec<Weak<Request>>>,
}

impl Simulated {
    pub fn new() -> Self {
        Self { refused: Mutex::default() }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, time_left, .. } = attempt;
        let ProviderTimeouts { first_byte, idle, total, .. } = candidate.route.timeouts;
        let model = SimulatedModel::from_name(&candidate.model).ok_or_else(refusal::no_such_model)?;
        let patience = Patience::new(idle, total.min(time_left));
        if model == SimulatedModel::Silent {
            tokio::time::sleep(first_byte.min(total).min(time_left)).await;
            return Err(ProviderError::new(
                UpstreamClass::Timeout,
                "the upstream did not answer in time",
                true,
            ));
        }
        if model == SimulatedModel::Error429ThenOk && self.is_first_try(&request) {
            return Err(refusal::busy());
        }
        if let Some(error) = refusal::of(model) {
            return Err(error);
        }
        if let Canonical::Transcription(transcription) = &request.canonical
            && model == SimulatedModel::Transcription
        {
            let text = transcript::listen(transcription).await?;
            return Ok(answer(playback::transcript(model, text, transcription), patience));
        }
        // Making and counting tokens is work.
        let composed = tokio::task::spawn_blocking(move || compose(model, &request.canonical, output_limit));
        let steps = composed.await.map_err(|_| {
            ProviderError::new(UpstreamClass::Server, "the simulated provider broke down", false)
        })??;
        Ok(answer(steps, patience))
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

fn answer(steps: Vec<Step>, patience: Patience) -> UpstreamAnswer {
    UpstreamAnswer {
        frames: playback::play(steps, patience),
        upstream_id: Some(format!("sim-{:016x}", rand::random::<u64>())),
        dropped: Vec::new(),
    }
}

/// The whole of an answer, step by step.
fn compose(
    model: SimulatedModel,
    canonical: &Canonical,
    output_limit: Option<u64>,
) -> Result<Vec<Step>, ProviderError> {
    let input = token_counter::count_here(speech::ENCODING, &bound::texts(canonical));
    match canonical {
        Canonical::Chat(chat) if model.chats() => {
            let asked = [output_limit, chat.max_output_tokens].into_iter().flatten();
            let limit = asked.fold(MAX_OUTPUT_TOKENS, u64::min);
            let speak = |choice| speech::speak(choice, answer::to(model, chat, choice), &chat.stop, limit);
            let spoken = (0..chat.choices.max(1)).map(speak).collect();
            Ok(playback::chat(model, spoken, input.saturating_add(bound::likely_overhead(canonical))))
        }
        Canonical::Images(images) if model == SimulatedModel::Image => {
            Ok(playback::images(model, images, input))
        }
        Canonical::Speech(speech) if model == SimulatedModel::Speech => {
            Ok(playback::audio(model, voice::read_aloud(speech)?, speech.characters()))
        }
        Canonical::Embeddings(embeddings) if model == SimulatedModel::Embedding => {
            let vectors = embedding::vectors(embeddings)?;
            let input = input.saturating_add(embedding::given_tokens(embeddings));
            Ok(playback::embeddings(model, vectors, input))
        }
        _ => Err(refusal::wrong_kind_of_call()),
    }
}
