//! An Embeddings request into the vocabulary.

use std::fmt;

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, EmbeddingInput, EmbeddingsRequest};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::decode_chat;
use crate::wire::objects::only_objects;
use crate::wire::{fault, number, request_text};

const MAX_INPUTS: usize = 2_048;
const MAX_DIMENSIONS: u64 = 65_536;

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
struct EmbeddingsBody<'a> {
    model: Option<String>,
    input: Option<Input>,
    #[serde(borrow)]
    dimensions: Option<&'a RawValue>,
    encoding_format: Option<String>,
    user: Option<String>,
}

only_objects!(EmbeddingsBody<'a>);

/// Decodes an Embeddings request. What it does not know it accepts.
pub fn decode_embeddings(body: &Bytes) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::outline::<EmbeddingsBody<'_>>(text)?;
    let text = request_text::unique::<EmbeddingsBody<'_>>(text, outline)?;
    let body: EmbeddingsBody<'_> = request_text::read(&text)?;
    let dimensions =
        body.dimensions.map(|raw| number::whole(raw, "dimensions", 1, MAX_DIMENSIONS)).transpose()?;
    let base64 = match body.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => return Err(fault::invalid_value("encoding_format", other, "'float' or 'base64'")),
    };
    Ok(Canonical::Embeddings(EmbeddingsRequest {
        model: decode_chat::model(body.model)?,
        inputs: inputs(body.input.ok_or_else(|| fault::missing("input"))?)?,
        dimensions: dimensions.and_then(|dimensions| u32::try_from(dimensions).ok()),
        base64,
        user: body.user,
    }))
}

#[derive(Debug)]
enum Input {
    Text(String),
    Items(Vec<Item>),
}

#[derive(Debug)]
enum Item {
    Text(String),
    Token(u32),
    Tokens(Vec<u32>),
}

fn inputs(input: Input) -> Result<Vec<EmbeddingInput>, CallError> {
    let items = match input {
        Input::Text(text) => vec![Item::Text(text)],
        Input::Items(items) => items,
    };
    if items.is_empty() {
        return Err(fault::empty("input", "array"));
    }
    if items.iter().all(|item| matches!(item, Item::Token(_))) {
        let tokens = items.into_iter().filter_map(|item| match item {
            Item::Token(token) => Some(token),
            _ => None,
        });
        return Ok(vec![EmbeddingInput::Tokens(tokens.collect())]);
    }
    if items.len() > MAX_INPUTS {
        return Err(fault::too_long("input", "inputs", MAX_INPUTS, items.len()));
    }
    let mut inputs: Vec<EmbeddingInput> = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let path = || format!("input[{index}]");
        let input = match item {
            Item::Text(text) if text.is_empty() => {
                return Err(fault::empty(if index == 0 { "input".to_owned() } else { path() }, "string"));
            }
            Item::Text(text) => EmbeddingInput::Text(text),
            Item::Tokens(tokens) if tokens.is_empty() => return Err(fault::empty(path(), "array")),
            Item::Tokens(tokens) => EmbeddingInput::Tokens(tokens),
            Item::Token(_) => {
                return Err(fault::invalid_type(path(), "what the other inputs are", "an integer"));
            }
        };
        let is_other =
            |first: &EmbeddingInput| std::mem::discriminant(first) != std::mem::discriminant(&input);
        if inputs.first().is_some_and(is_other) {
            return Err(fault::invalid_type(path(), "what the other inputs are", "something else"));
        }
        inputs.push(input);
    }
    Ok(inputs)
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrItems;
        impl<'de> Visitor<'de> for TextOrItems {
            type Value = Input;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, an array of strings or arrays of tokens")
            }

            fn visit_str<E>(self, text: &str) -> Result<Input, E> {
                Ok(Input::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Input, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Input::Items(items))
            }
        }
        deserializer.deserialize_any(TextOrItems)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTokens;
        impl<'de> Visitor<'de> for TextOrTokens {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a token or an array of tokens")
            }

            fn visit_str<E>(self, text: &str) -> Result<Item, E> {
                Ok(Item::Text(text.to_owned()))
            }

            fn visit_u64<E: serde::de::Error>(self, token: u64) -> Result<Item, E> {
                let unexpected = serde::de::Unexpected::Other("number");
                let token = u32::try_from(token).map_err(|_| E::invalid_type(unexpected, &self))?;
                Ok(Item::Token(token))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Item, A::Error> {
                let mut tokens = Vec::new();
                while let Some(token) = seq.next_element()? {
                    tokens.push(token);
                }
                Ok(Item::Tokens(tokens))
            }
        }
        deserializer.deserialize_any(TextOrTokens)
    }
}
