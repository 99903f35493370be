//! Answers in the client's dialect, whichever that is.

use bytes::{Bytes, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Dialect, Frame, Receipt};

use crate::answer_style::{AnswerStyle, ImageList, MediaAnswer};
use crate::{aigne, anthropic, gemini, legacy, openai, responses};

/// Writes a streamed answer, piece by piece.
#[derive(Debug)]
pub enum StreamEncoder {
    Speech(openai::SpeechEncoder),
    Transcript(openai::TranscriptStreamEncoder),
    Images(openai::ImageStreamEncoder),
    OpenAi(openai::StreamEncoder),
    Anthropic(anthropic::StreamEncoder),
    Gemini(gemini::StreamEncoder),
    Aigne(aigne::StreamEncoder),
    Legacy(legacy::StreamEncoder),
    Responses(responses::StreamEncoder),
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        match style.media {
            None => {}
            Some(MediaAnswer::Images { edited, .. }) => {
                return Self::Images(openai::ImageStreamEncoder::new(edited));
            }
            Some(MediaAnswer::Speech) => return Self::Speech(openai::SpeechEncoder::default()),
            Some(MediaAnswer::Transcript(_)) => {
                return Self::Transcript(openai::TranscriptStreamEncoder::default());
            }
        }
        match style.dialect {
            Dialect::OpenAi => Self::OpenAi(openai::StreamEncoder::new(style)),
            Dialect::Anthropic => Self::Anthropic(anthropic::StreamEncoder::new(style)),
            Dialect::Gemini => Self::Gemini(gemini::StreamEncoder::new(style)),
            Dialect::Aigne => Self::Aigne(aigne::StreamEncoder::new(style)),
            Dialect::Legacy => Self::Legacy(legacy::StreamEncoder::new(style)),
            Dialect::Responses => Self::Responses(responses::StreamEncoder::new(style)),
        }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        match self {
            Self::Speech(encoder) => encoder.frame(frame, out),
            Self::Transcript(encoder) => encoder.frame(frame, out),
            Self::Images(encoder) => encoder.frame(frame, out),
            Self::OpenAi(encoder) => encoder.frame(frame, out),
            Self::Anthropic(encoder) => encoder.frame(frame, out),
            Self::Gemini(encoder) => encoder.frame(frame, out),
            Self::Aigne(encoder) => encoder.frame(frame, out),
            Self::Legacy(encoder) => encoder.frame(frame, out),
            Self::Responses(encoder) => encoder.frame(frame, out),
        }
    }

    /// The answer is whole and paid for: what it cost, and the end.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        match self {
            Self::Speech(encoder) => encoder.settled(receipt, out),
            Self::Transcript(encoder) => encoder.settled(receipt, out),
            Self::Images(encoder) => encoder.settled(receipt, out),
            Self::OpenAi(encoder) => encoder.settled(receipt, out),
            Self::Anthropic(encoder) => encoder.settled(receipt, out),
            Self::Gemini(encoder) => encoder.settled(receipt, out),
            Self::Aigne(encoder) => encoder.settled(receipt, out),
            Self::Legacy(encoder) => encoder.settled(receipt, out),
            Self::Responses(encoder) => encoder.settled(receipt, out),
        }
    }

    /// The answer broke off.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        match self {
            Self::Speech(encoder) => encoder.failed(error, out),
            Self::Transcript(encoder) => encoder.failed(error, out),
            Self::Images(encoder) => encoder.failed(error, out),
            Self::OpenAi(encoder) => encoder.failed(error, out),
            Self::Anthropic(encoder) => encoder.failed(error, out),
            Self::Gemini(encoder) => encoder.failed(error, out),
            Self::Aigne(encoder) => encoder.failed(error, out),
            Self::Legacy(encoder) => encoder.failed(error, out),
            Self::Responses(encoder) => encoder.failed(error, out),
        }
    }

    /// What keeps a silent stream open, where clients skip it.
    pub fn keep_alive(&self) -> Option<&'static str> {
        match self {
            Self::OpenAi(_) | Self::Speech(_) | Self::Transcript(_) | Self::Images(_) => {
                Some(openai::KEEP_ALIVE)
            }
            Self::Anthropic(_) => Some(anthropic::KEEP_ALIVE),
            // Its clients fail on anything that is no answer.
            Self::Gemini(_) => None,
            Self::Aigne(_) => Some(aigne::KEEP_ALIVE),
            Self::Legacy(encoder) => encoder.keep_alive(),
            Self::Responses(_) => Some(responses::KEEP_ALIVE),
        }
    }
}

/// Collects an answer and writes it as one JSON object.
#[derive(Debug)]
pub enum WholeEncoder {
    Transcript(openai::TranscriptEncoder),
    AigneImages(aigne::ImagesEncoder),
    OpenAi(openai::WholeEncoder),
    Anthropic(anthropic::WholeEncoder),
    Gemini(gemini::WholeEncoder),
    Aigne(aigne::WholeEncoder),
    Responses(responses::WholeEncoder),
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        match &style.media {
            Some(MediaAnswer::Transcript(format)) => {
                return Self::Transcript(openai::TranscriptEncoder::new(format.clone()));
            }
            Some(MediaAnswer::Images { list: ImageList::Aigne, .. }) => {
                return Self::AigneImages(aigne::ImagesEncoder::new(style.model));
            }
            _ => {}
        }
        match style.dialect {
            // The older dialect's whole answers are OpenAI's.
            Dialect::OpenAi | Dialect::Legacy => Self::OpenAi(openai::WholeEncoder::new(style)),
            Dialect::Anthropic => Self::Anthropic(anthropic::WholeEncoder::new(style)),
            Dialect::Gemini => Self::Gemini(gemini::WholeEncoder::new(style)),
            Dialect::Aigne => Self::Aigne(aigne::WholeEncoder::new(style)),
            Dialect::Responses => Self::Responses(responses::WholeEncoder::new(style)),
        }
    }

    pub fn push(&mut self, frame: &Frame) {
        match self {
            Self::Transcript(encoder) => encoder.push(frame),
            Self::AigneImages(encoder) => encoder.push(frame),
            Self::OpenAi(encoder) => encoder.push(frame),
            Self::Anthropic(encoder) => encoder.push(frame),
            Self::Gemini(encoder) => encoder.push(frame),
            Self::Aigne(encoder) => encoder.push(frame),
            Self::Responses(encoder) => encoder.push(frame),
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        match self {
            Self::Transcript(encoder) => encoder.finish(receipt),
            Self::AigneImages(encoder) => encoder.finish(receipt),
            Self::OpenAi(encoder) => encoder.finish(receipt),
            Self::Anthropic(encoder) => encoder.finish(receipt),
            Self::Gemini(encoder) => encoder.finish(receipt),
            Self::Aigne(encoder) => encoder.finish(receipt),
            Self::Responses(encoder) => encoder.finish(receipt),
        }
    }
}
