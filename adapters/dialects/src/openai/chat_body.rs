//! The body of a Chat Completions request as it is on the wire, as far as the hub reads it.
//!
//! Nothing is required here and numbers stay text, so that every fault can be told with its path.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::wire::objects::only_objects;

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct ChatBody<'a> {
    pub model: Option<String>,
    #[serde(borrow)]
    pub messages: Option<Vec<WireMessage<'a>>>,
    #[serde(borrow)]
    pub tools: Option<Vec<WireTool<'a>>>,
    pub tool_choice: Option<WireChoice>,
    /// Deprecated forms of `tools` and `tool_choice`.
    #[serde(borrow)]
    pub functions: Option<Vec<WireFunction<'a>>>,
    pub function_call: Option<WireChoice>,
    pub parallel_tool_calls: Option<bool>,
    #[serde(borrow)]
    pub max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    pub max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    pub temperature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub top_p: Option<&'a RawValue>,
    #[serde(borrow)]
    pub frequency_penalty: Option<&'a RawValue>,
    #[serde(borrow)]
    pub presence_penalty: Option<&'a RawValue>,
    #[serde(borrow)]
    pub logit_bias: Option<&'a RawValue>,
    #[serde(borrow)]
    pub seed: Option<&'a RawValue>,
    #[serde(borrow)]
    pub n: Option<&'a RawValue>,
    pub logprobs: Option<bool>,
    #[serde(borrow)]
    pub top_logprobs: Option<&'a RawValue>,
    pub stop: Option<OneOrMany>,
    #[serde(borrow)]
    pub response_format: Option<WireFormat<'a>>,
    pub reasoning_effort: Option<String>,
    pub modalities: Option<Vec<String>>,
    #[serde(borrow)]
    pub audio: Option<&'a RawValue>,
    pub stream: Option<bool>,
    pub stream_options: Option<StreamOptions>,
    pub user: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct StreamOptions {
    pub include_usage: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireMessage<'a> {
    pub role: Option<String>,
    pub content: Option<Content>,
    pub name: Option<String>,
    pub refusal: Option<String>,
    /// What others than OpenAI call the model's thoughts.
    pub reasoning_content: Option<String>,
    pub reasoning: Option<String>,
    pub tool_calls: Option<Vec<WireToolCall>>,
    pub function_call: Option<CalledFunction>,
    pub tool_call_id: Option<String>,
    /// An earlier answer's audio, by its id.
    #[serde(borrow)]
    pub audio: Option<WireAudioId<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireAudioId<'a> {
    #[serde(borrow)]
    pub id: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Debug)]
pub(crate) enum Content {
    Text(String),
    Parts(Vec<WirePart>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WirePart {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub text: Option<String>,
    pub refusal: Option<String>,
    pub image_url: Option<WireImage>,
    pub input_audio: Option<WireAudio>,
    pub file: Option<WireFile>,
}

impl WirePart {
    /// How many kinds of content there are; upstreams differ in which of two they take.
    pub fn payloads(&self) -> usize {
        let is_there = [
            self.text.is_some(),
            self.refusal.is_some(),
            self.image_url.is_some(),
            self.input_audio.is_some(),
            self.file.is_some(),
        ];
        is_there.into_iter().filter(|is_there| *is_there).count()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireImage {
    pub url: Option<String>,
    pub detail: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireAudio {
    pub data: Option<String>,
    pub format: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireFile {
    pub file_data: Option<String>,
    pub file_id: Option<String>,
    pub filename: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireToolCall {
    pub id: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub function: Option<CalledFunction>,
    pub custom: Option<CalledCustom>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct CalledFunction {
    pub name: Option<String>,
    pub arguments: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct CalledCustom {
    pub name: Option<String>,
    pub input: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireTool<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(borrow)]
    pub function: Option<WireFunction<'a>>,
    #[serde(borrow)]
    pub custom: Option<WireCustom<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireFunction<'a> {
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(borrow)]
    pub parameters: Option<&'a RawValue>,
    pub strict: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireCustom<'a> {
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(borrow)]
    pub format: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireFormat<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(borrow)]
    pub json_schema: Option<WireSchema<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct WireSchema<'a> {
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(borrow)]
    pub schema: Option<&'a RawValue>,
    pub strict: Option<bool>,
}

/// `tool_choice`, and `function_call`.
#[derive(Debug)]
pub(crate) enum WireChoice {
    Word(String),
    Object(ChoiceObject),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChoiceObject {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub function: Option<Named>,
    pub custom: Option<Named>,
    pub allowed_tools: Option<AllowedTools>,
    /// Of `function_call`.
    pub name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct Named {
    pub name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(crate) struct AllowedTools {
    pub mode: Option<String>,
}

#[derive(Debug)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

only_objects! {
    ChatBody<'a>,
    StreamOptions,
    WireMessage<'a>,
    WireAudioId<'a>,
    WirePart,
    WireImage,
    WireAudio,
    WireFile,
    WireToolCall,
    CalledFunction,
    CalledCustom,
    WireTool<'a>,
    WireFunction<'a>,
    WireCustom<'a>,
    WireFormat<'a>,
    WireSchema<'a>,
    Named,
    AllowedTools,
}

/// A value that is a string or something else.
macro_rules! string_or {
    ($type:ident, $text:ident, $expecting:literal, $method:ident($access:ident: $trait:ident) => $value:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;
                impl<'de> Visitor<'de> for Either {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E>(self, text: &str) -> Result<$type, E> {
                        Ok($type::$text(text.to_owned()))
                    }

                    fn visit_string<E>(self, text: String) -> Result<$type, E> {
                        Ok($type::$text(text))
                    }

                    fn $method<A: $trait<'de>>(self, $access: A) -> Result<$type, A::Error> {
                        $value
                    }
                }
                deserializer.deserialize_any(Either)
            }
        }
    };
}

string_or!(Content, Text, "a string or an array of parts", visit_seq(parts: SeqAccess) => collect(parts).map(Content::Parts));
string_or!(OneOrMany, One, "a string or an array of strings", visit_seq(texts: SeqAccess) => collect(texts).map(OneOrMany::Many));
string_or!(WireChoice, Word, "a string or an object", visit_map(map: MapAccess) => {
    ChoiceObject::deserialize(MapAccessDeserializer::new(map)).map(WireChoice::Object)
});

fn collect<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(mut seq: A) -> Result<Vec<T>, A::Error> {
    let mut all = Vec::new();
    while let Some(one) = seq.next_element()? {
        all.push(one);
    }
    Ok(all)
}
