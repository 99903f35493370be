//! A piece of a streamed answer, and a whole answer, as they are on the wire.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::loose::{Content, Number, Seconds, Short, Text};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub id: Short<'a>,
    #[serde(borrow)]
    pub model: Short<'a>,
    /// `error` where a failure is not told by a member of that name.
    #[serde(borrow)]
    pub object: Short<'a>,
    pub created: Seconds,
    #[serde(borrow)]
    pub choices: Option<Vec<ChunkChoice<'a>>>,
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    /// Where Groq puts its usage.
    #[serde(borrow)]
    pub x_groq: Option<XGroq<'a>>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct XGroq<'a> {
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    /// What failed after a good beginning.
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChunkChoice<'a> {
    pub index: Number,
    pub delta: Option<Said>,
    #[serde(borrow)]
    pub finish_reason: Short<'a>,
}

/// A whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Completion<'a> {
    #[serde(borrow)]
    pub id: Short<'a>,
    #[serde(borrow)]
    pub model: Short<'a>,
    pub created: Seconds,
    #[serde(borrow)]
    pub choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    pub index: Number,
    pub message: Option<Said>,
    #[serde(borrow)]
    pub finish_reason: Short<'a>,
}

/// What a choice says: a message, or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub content: Content,
    pub refusal: Text,
    pub reasoning_content: Text,
    pub reasoning: Text,
    pub tool_calls: Option<Vec<CallPiece>>,
    /// Deprecated form of a tool call.
    pub function_call: Option<Box<FunctionPiece>>,
    pub audio: Option<Box<AudioPiece>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallPiece {
    pub index: Number,
    pub id: Text,
    pub function: Option<FunctionPiece>,
    pub custom: Option<CustomPiece>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionPiece {
    pub name: Text,
    pub arguments: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CustomPiece {
    pub name: Text,
    pub input: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AudioPiece {
    pub transcript: Text,
}

/// An answer with vectors.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Vectors<'a> {
    #[serde(borrow)]
    pub model: Short<'a>,
    #[serde(borrow)]
    pub data: Option<Vec<Vector<'a>>>,
    #[serde(borrow)]
    pub usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Vector<'a> {
    pub index: Number,
    #[serde(borrow)]
    pub embedding: Option<&'a RawValue>,
}

/// An object that stands for a failure. Some send `"error": null` with every piece.
pub(super) fn failure(error: Option<&RawValue>) -> Option<&RawValue> {
    error.filter(|error| !matches!(error.get(), "null" | "false" | "\"\"" | "0"))
}
