//! A value of a setting: read from text, with an error that says what would have been accepted.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// What can stand behind a key.
pub trait Setting: Sized {
    /// Completes "it accepts …".
    fn accepts() -> Cow<'static, str>;
    /// `None` when the text is not accepted.
    fn parse(text: &str) -> Option<Self>;
    /// For people; a secret is masked.
    fn show(&self) -> String;
    /// The value is left out of messages.
    const IS_SECRET: bool = false;
}

/// The same for a flag of a command.
pub fn parse<T: Setting>(text: &str) -> Result<T, String> {
    T::parse(text).ok_or_else(|| format!("accepts {}", T::accepts()))
}

/// A setting that always has a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Required<T>(pub T);

/// A setting that is unset when its text is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Optional<T>(pub Option<T>);

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Required<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Optional<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T: Setting> Serialize for Required<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.show())
    }
}

impl<T: Setting> Serialize for Optional<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.as_ref().map(Setting::show).unwrap_or_default())
    }
}

impl<'de, T: Setting> Deserialize<'de> for Required<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(Text::<T>(PhantomData))?;
        T::parse(&text).map(Self).ok_or_else(|| refused::<T, _>(&text))
    }
}

impl<'de, T: Setting> Deserialize<'de> for Optional<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(Text::<T>(PhantomData))?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        T::parse(&text).map(|value| Self(Some(value))).ok_or_else(|| refused::<T, _>(&text))
    }
}

fn refused<T: Setting, E: de::Error>(text: &str) -> E {
    if T::IS_SECRET {
        E::custom(format_args!("accepts {}", T::accepts()))
    } else {
        E::custom(format_args!("accepts {}, not {text:?}", T::accepts()))
    }
}

/// A scalar as its text: a file may write `5` or `["a", "b"]` where the environment can only say `"5"`
/// or `"a, b"`.
struct Text<T>(PhantomData<T>);

impl<'de, T: Setting> Visitor<'de> for Text<T> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&T::accepts())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.trim().to_owned())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        let mut all: Vec<String> = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(all.join(", "))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<String, E> {
        Ok(value.to_string())
    }
}
