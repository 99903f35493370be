//! Speech as an upstream sends it: bytes as they are, or events with pieces in base64.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_core::Stream;
use hub_domain::error::ProviderError;
use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{Event, Frame, Receipt};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::stream_state::Events;
use super::typed_events::{Kind, TypedReader};
use crate::wire::decode_stream;
use crate::wire::loose::{Count, Short};
use crate::wire::receipt::annotated;
use crate::wire::upstream_error::{bad_answer, inside_answer};

/// How the use of a text that was read aloud is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpokenUsage {
    /// Of the text.
    pub characters: u64,
    /// Its tokens are priced, so that the number of characters alone is no usage.
    pub by_tokens: bool,
}

impl SpokenUsage {
    /// What is known without a word from the provider.
    pub fn unreported(self) -> Option<Usage> {
        let quantities = Quantities::default().with(Meter::Character, self.characters);
        (!self.by_tokens).then_some(Usage { quantities, ..Usage::default() })
    }

    fn reported(self, reported: Option<&str>) -> Option<Usage> {
        let Some(reported) = reported.and_then(|usage| serde_json::from_str::<Reported>(usage).ok()) else {
            return self.unreported();
        };
        let (Some(input), Some(output)) = (reported.input_tokens.known(), reported.output_tokens.known())
        else {
            return self.unreported();
        };
        let total = reported.total_tokens.known();
        let quantities = Quantities::default()
            .with(Meter::Character, self.characters)
            .with(Meter::Input, input)
            .with(Meter::OutputAudio, output);
        let inconsistent = total.is_some_and(|total| total != input.saturating_add(output));
        Some(Usage { quantities, inconsistent, ..Usage::default() })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reported {
    input_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
}

/// An answer that is events.
pub fn decode_speech_events<S, E>(
    bytes: S,
    usage: SpokenUsage,
) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    decode_stream::decode_stream(bytes, TypedReader::new(Spoken { usage }))
}

#[derive(Debug)]
struct Spoken {
    usage: SpokenUsage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    #[serde(borrow)]
    audio: Short<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

impl Kind for Spoken {
    fn event(&mut self, kind: &str, text: &str, _: &Bytes) -> Result<Events, ProviderError> {
        let mut events = Events::new();
        let piece = || serde_json::from_str::<Piece<'_>>(text).map_err(|_| not_audio());
        match kind {
            "speech.audio.delta" => {
                let digits = piece()?.audio.0.ok_or_else(not_audio)?;
                let audio = STANDARD.decode(digits.as_bytes()).map_err(|_| not_audio())?;
                events.push(Event::Audio(audio.into()));
            }
            "speech.audio.done" => {
                let usage = self.usage.reported(piece()?.usage.map(RawValue::get));
                events.extend(usage.map(Event::Usage));
                events.push(Event::End);
            }
            _ => {}
        }
        Ok(events)
    }

    fn end(&mut self) -> Option<Events> {
        None
    }

    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError> {
        Err(no_audio(&body))
    }
}

fn not_audio() -> ProviderError {
    bad_answer("a piece of the provider's answer is no audio")
}

/// JSON in place of audio is an error, whatever its status.
pub fn no_audio(body: &[u8]) -> ProviderError {
    std::str::from_utf8(body).map_or_else(|_| not_audio(), inside_answer)
}

/// The usage object of settled speech: the provider's own where it is what was charged.
pub(super) fn settled_usage(own: Option<&str>, receipt: &Receipt) -> String {
    let quantities = &receipt.usage.quantities;
    let known = SpokenUsage { characters: quantities.get(Meter::Character), by_tokens: true };
    let own = own.filter(|own| own.starts_with('{') && known.reported(Some(own)) == Some(receipt.usage));
    let made = || {
        format!(
            "{{\"input_tokens\":{},\"output_tokens\":{},\"total_tokens\":{}}}",
            quantities.input_tokens(),
            quantities.output_tokens(),
            quantities.total_tokens(),
        )
    };
    annotated(own, made, receipt)
}
