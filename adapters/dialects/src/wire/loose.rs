//! Fields of upstream answers whose type can't be relied on. What is not understood there is ignored:
//! a strange field must not break an answer that is otherwise fine.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A count of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Count {
    #[default]
    Absent,
    Of(u64),
    /// Negative, broken, absurdly large, or no number at all.
    Bad,
}

impl Count {
    /// No answer has more.
    const MAX: u64 = 1_000_000_000;

    pub(crate) fn known(self) -> Option<u64> {
        match self {
            Count::Of(count) => Some(count),
            Count::Absent | Count::Bad => None,
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Scalar::deserialize(deserializer)? {
            Scalar::Null => Count::Absent,
            Scalar::Unsigned(count) if count <= Count::MAX => Count::Of(count),
            _ => Count::Bad,
        })
    }
}

/// A small number, such as an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) Option<u32>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Unsigned(number) => u32::try_from(number).ok(),
            _ => None,
        }))
    }
}

/// Unix seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Option<i64>);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Unsigned(seconds) => i64::try_from(seconds).ok(),
            _ => None,
        }))
    }
}

/// A text, or nothing. Lone surrogates, which JSON can spell and Unicode has not, become U+FFFD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) Option<String>);

impl Text {
    /// The text, if there is any.
    pub(crate) fn filled(self) -> Option<String> {
        self.0.filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(TextOrNull).map(Self)
    }
}

struct TextOrNull;

impl<'de> Visitor<'de> for TextOrNull {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // As bytes, because a string with a lone surrogate would be refused.
        deserializer.deserialize_bytes(self)
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }))
    }

    /// Some providers answer with content parts, as in requests.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut whole = None;
        while let Some(part) = parts.next_element::<TextPart>()? {
            if let Some(text) = part.text.0 {
                whole.get_or_insert_with(String::new).push_str(&text);
            }
        }
        Ok(whole)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TextPart {
    text: Text,
}

/// What a message says: a text, or parts, of which some may be thoughts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) text: Text,
    pub(crate) thinking: Text,
    pub(crate) is_list: bool,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(ContentOrNull)
    }
}

struct ContentOrNull;

impl<'de> Visitor<'de> for ContentOrNull {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a list or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Content::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Content { text: Text(TextOrNull.visit_bytes::<E>(bytes)?), ..Content::default() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut content = Content { is_list: true, ..Content::default() };
        while let Some(part) = parts.next_element::<ContentPart>()? {
            for (whole, more) in [(&mut content.text, part.text), (&mut content.thinking, part.thinking)] {
                if let Some(more) = more.0 {
                    whole.0.get_or_insert_with(String::new).push_str(&more);
                }
            }
        }
        Ok(content)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContentPart {
    text: Text,
    thinking: Text,
}

/// A text that is only looked at, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Short<'a>(pub(crate) Option<Cow<'a, str>>);

impl Short<'_> {
    /// What there is of it.
    pub(crate) fn text(self) -> String {
        self.0.map(Cow::into_owned).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Short<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => Some(text),
            _ => None,
        }))
    }
}

/// Any JSON, as far as it is a number, a text or null.
enum Scalar<'a> {
    Null,
    Unsigned(u64),
    Text(Cow<'a, str>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyScalar)
    }
}

struct AnyScalar;

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Unsigned(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// A text of a body without a copy of it, where it is written without escapes.
pub(crate) fn shared(body: &Bytes, text: Short<'_>) -> Option<Bytes> {
    match text.0? {
        text if text.is_empty() => None,
        Cow::Borrowed(text) => Some(body.slice_ref(text.as_bytes())),
        Cow::Owned(text) => Some(Bytes::from(text)),
    }
}
