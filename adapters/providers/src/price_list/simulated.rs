//! The simulated provider: cheap, but not free, so that a demonstration shows what an answer costs.

use hub_domain::meter::Meter::{Character, Image, Input, Output, OutputReasoning, Second};
use hub_domain::vocabulary::CallType::{AudioGeneration, ChatCompletion, Embedding, ImageGeneration};

use super::{Entry, usd};
use crate::simulated::{
    CHAT_MODELS, EMBEDDING_MODELS, IMAGE_MODELS, MAX_OUTPUT_TOKENS, SPEECH_MODELS, TRANSCRIPTION_MODELS,
};

pub const ENTRIES: &[Entry] = &[
    Entry {
        names: CHAT_MODELS,
        call_type: ChatCompletion,
        max_input_tokens: None,
        max_output_tokens: Some(MAX_OUTPUT_TOKENS),
        prices: &[(Input, usd("1")), (Output, usd("4")), (OutputReasoning, usd("4"))],
        long: None,
    },
    Entry {
        names: EMBEDDING_MODELS,
        call_type: Embedding,
        max_input_tokens: None,
        max_output_tokens: None,
        prices: &[(Input, usd("0.1"))],
        long: None,
    },
    Entry {
        names: IMAGE_MODELS,
        call_type: ImageGeneration,
        max_input_tokens: None,
        max_output_tokens: None,
        // A hundredth of a credit for one image: what `usd` takes is the price of a million.
        prices: &[(Image, usd("10000"))],
        long: None,
    },
    Entry {
        names: SPEECH_MODELS,
        call_type: AudioGeneration,
        max_input_tokens: None,
        max_output_tokens: None,
        prices: &[(Character, usd("15"))],
        long: None,
    },
    Entry {
        names: TRANSCRIPTION_MODELS,
        call_type: AudioGeneration,
        max_input_tokens: None,
        max_output_tokens: None,
        // A ten-thousandth of a credit for a second.
        prices: &[(Second, usd("100"))],
        long: None,
    },
];
