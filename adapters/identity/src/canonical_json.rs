//! JSON as JavaScript would write it after reading it, with sorted members: what the platform signs.
//!
//! Members are sorted by UTF-16 code units at every depth, the last of equal names counts, numbers are
//! doubles in JavaScript's spelling, and half a surrogate pair, which no Rust text can hold, is kept as
//! its escape.

mod parser;
mod text;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use text::quoted;

/// The text is not JSON, or nests deeper than the hub reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not JSON")]
pub struct NotJson;

/// Reads JSON and writes it in its canonical form.
pub fn canonical_json(text: &str) -> Result<String, NotJson> {
    parser::parse(text).map(|json| json.written())
}

/// A value in its canonical form.
pub fn canonical_value(value: &Value) -> String {
    Json::of(value).written()
}

/// A value that was read: all but lists and objects are in their canonical spelling.
enum Json {
    Plain(Box<str>),
    List(Vec<Json>),
    Object(Members),
}

/// By the UTF-16 code units of their names.
type Members = BTreeMap<Vec<u16>, Json>;

impl Json {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::plain("null"),
            Value::Bool(truth) => Self::plain(if *truth { "true" } else { "false" }),
            Value::Number(number) => Self::number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Self::Plain(quoted(&units(text)).into()),
            Value::Array(values) => Self::List(values.iter().map(Self::of).collect()),
            Value::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| (units(name), Self::of(value))).collect())
            }
        }
    }

    fn plain(text: &str) -> Self {
        Self::Plain(text.into())
    }

    /// JavaScript writes what no JSON number can be as `null`.
    fn number(number: f64) -> Self {
        let mut buffer = ryu_js::Buffer::new();
        Self::plain(if number.is_finite() { buffer.format_finite(number) } else { "null" })
    }

    fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, to: &mut String) {
        match self {
            Self::Plain(text) => to.push_str(text),
            Self::List(values) => {
                to.push('[');
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        to.push(',');
                    }
                    value.write(to);
                }
                to.push(']');
            }
            Self::Object(members) => {
                to.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    if place > 0 {
                        to.push(',');
                    }
                    to.push_str(&quoted(name));
                    to.push(':');
                    value.write(to);
                }
                to.push('}');
            }
        }
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
