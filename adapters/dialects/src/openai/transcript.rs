//! A transcription as an upstream sends it: JSON, a stream of events, or plain text from servers that know
//! nothing else.

use std::fmt::Display;

use bytes::Bytes;
use futures_core::Stream;
use hub_domain::error::ProviderError;
use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{Dialect, Event, Frame, Receipt};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::chunk::failure;
use super::decode_transcription::TranscriptPrices;
use super::stream_state::Events;
use super::typed_events::{Kind, TypedReader};
use crate::wire::decode_stream;
use crate::wire::loose::{Count, Short};
use crate::wire::receipt::annotated;
use crate::wire::upstream_error::{bad_answer, inside_answer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Transcript<'a> {
    #[serde(borrow)]
    text: Short<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reported<'a> {
    #[serde(borrow)]
    seconds: Option<&'a RawValue>,
    input_tokens: Count,
    output_tokens: Count,
    input_token_details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    audio_tokens: Count,
}

/// Reads a whole answer.
pub fn decode_transcript(body: Bytes, prices: TranscriptPrices) -> Result<Frame, ProviderError> {
    let text = std::str::from_utf8(&body).map_err(|_| bad_answer("the provider's answer is not UTF-8"))?;
    if !text.trim_ascii_start().starts_with('{') {
        return Ok(Frame { raw: None, events: told(text.trim_ascii().to_owned(), None) });
    }
    let answer: Transcript<'_> =
        serde_json::from_str(text).map_err(|_| bad_answer("the provider's answer can't be understood"))?;
    if let Some(error) = failure(answer.error) {
        return Err(inside_answer(error.get()));
    }
    let Some(said) = answer.text.0 else {
        return Err(inside_answer(text));
    };
    let usage = usage(answer.usage.map(RawValue::get), answer.duration.map(RawValue::get), prices);
    let events = told(said.into_owned(), usage);
    Ok(Frame { raw: Some((Dialect::OpenAi, body)), events })
}

fn told(text: String, usage: Option<Usage>) -> Events {
    let start = Event::Start { id: String::new(), model: String::new(), created: None };
    // A file without speech has an empty text: the finish is its content.
    let finish = Event::Finish { choice: 0, reason: hub_domain::vocabulary::FinishReason::Stop };
    let said = Event::Text { choice: 0, text };
    [start, said, finish].into_iter().chain(usage.map(Event::Usage)).chain([Event::End]).collect()
}

/// What is reported of what is priced; `None` where a price needs a number that is missing.
fn usage(reported: Option<&str>, duration: Option<&str>, prices: TranscriptPrices) -> Option<Usage> {
    let reported: Reported<'_> =
        reported.and_then(|usage| serde_json::from_str(usage).ok()).unwrap_or_default();
    let seconds = reported.seconds.map(RawValue::get).or(duration).and_then(whole_seconds);
    let tokens = reported.input_tokens.known().zip(reported.output_tokens.known());
    if (prices.by_seconds && seconds.is_none()) || (prices.by_tokens && tokens.is_none()) {
        return None;
    }
    if seconds.is_none() && tokens.is_none() {
        return None;
    }
    let (input, output) = tokens.unwrap_or_default();
    let audio = reported.input_token_details.unwrap_or_default().audio_tokens.known().unwrap_or(input);
    let quantities = Quantities::default()
        .with(Meter::Second, seconds.unwrap_or(0))
        .with(Meter::Input, input.saturating_sub(audio))
        .with(Meter::InputAudio, audio.min(input))
        .with(Meter::Output, output);
    Some(Usage { quantities, inconsistent: audio > input, ..Usage::default() })
}

/// A decimal number of seconds, a begun one counted whole.
fn whole_seconds(text: &str) -> Option<u64> {
    // Some servers send it as a string.
    let text = text.trim_matches('"');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let begun = fraction.bytes().any(|digit| digit != b'0');
    whole.parse::<u64>().ok()?.checked_add(u64::from(begun))
}

/// The events of a streamed answer.
pub fn decode_transcript_events<S, E>(
    bytes: S,
    prices: TranscriptPrices,
) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    decode_stream::decode_stream(bytes, TypedReader::new(Written { prices }))
}

#[derive(Debug)]
struct Written {
    prices: TranscriptPrices,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    #[serde(borrow)]
    delta: Short<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

impl Kind for Written {
    fn event(&mut self, kind: &str, text: &str, _: &Bytes) -> Result<Events, ProviderError> {
        let piece: Piece<'_> = serde_json::from_str(text)
            .map_err(|_| bad_answer("a piece of the provider's answer can't be understood"))?;
        let mut events = Events::new();
        match kind {
            "transcript.text.delta" => events.push(Event::Text { choice: 0, text: piece.delta.text() }),
            "transcript.text.done" => {
                events.extend(usage(piece.usage.map(RawValue::get), None, self.prices).map(Event::Usage));
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
        decode_transcript(body, self.prices)
    }
}

/// The usage object of a settled transcription: the provider's own where it is what was charged.
pub(super) fn settled_usage(own: Option<&str>, receipt: &Receipt) -> String {
    let quantities = &receipt.usage.quantities;
    let own = own.filter(|own| {
        let known = own.starts_with('{').then(|| usage(Some(own), None, TranscriptPrices::default()));
        known.flatten().is_some_and(|known| known.quantities == *quantities)
    });
    let made = || match quantities.get(Meter::Second) {
        seconds if seconds > 0 && !receipt.usage.estimated => {
            format!("{{\"type\":\"duration\",\"seconds\":{seconds}}}")
        }
        seconds if seconds > 0 && quantities.output_tokens() == 0 => {
            format!("{{\"type\":\"duration\",\"seconds\":{seconds}}}")
        }
        _ => format!(
            "{{\"type\":\"tokens\",\"input_tokens\":{},\"output_tokens\":{},\"total_tokens\":{},\
             \"input_token_details\":{{\"text_tokens\":{},\"audio_tokens\":{}}}}}",
            quantities.input_tokens(),
            quantities.output_tokens(),
            quantities.total_tokens(),
            quantities.get(Meter::Input),
            quantities.get(Meter::InputAudio),
        ),
    };
    annotated(own, made, receipt)
}

#[cfg(test)]
mod tests {
    use super::whole_seconds;

    #[test]
    fn a_begun_second_counts_and_nothing_goes_through_a_float() {
        for (text, seconds) in [
            ("8", Some(8)),
            ("8.0", Some(8)),
            ("8.470000267028809", Some(9)),
            ("\"12.5\"", Some(13)),
            ("0.1", Some(1)),
            ("-1", None),
            ("1e3", None),
            ("null", None),
            (".5", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(whole_seconds(text), seconds, "{text}");
        }
    }
}
