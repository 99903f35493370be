//! A JSON object as text, member by member: what came as text never passes through a float.

use serde_json::value::RawValue;

#[derive(Debug, Default)]
pub(crate) struct JsonObject {
    text: String,
}

impl JsonObject {
    /// A member whose value is JSON text.
    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
        self.text.push_str(value);
    }

    pub(crate) fn value(&mut self, key: &str, value: impl serde::Serialize) -> Option<()> {
        self.raw(key, &serde_json::to_string(&value).ok()?);
        Some(())
    }

    /// A number as its text; `None` when it is no JSON.
    pub(crate) fn number(&mut self, key: &str, number: &str) -> Option<()> {
        let number: &RawValue = serde_json::from_str(number).ok()?;
        self.raw(key, number.get());
        Some(())
    }

    /// The object with its braces.
    pub(crate) fn written(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }
}
