//! What is wrong with a request, in OpenAI's words: the field's path, and one of its codes. Other dialects
//! show the same text in their own envelope.

use std::fmt;

use hub_domain::error::CallError;
use serde::Deserialize;
use serde_json::error::Category;

use crate::outline::OutlineError;

const INVALID_JSON: &str = "invalid_json";
/// No refusal repeats more of what a client sent.
const MAX_ECHO: usize = 64;

pub(crate) fn missing(param: impl Into<String>) -> CallError {
    let param = param.into();
    CallError::invalid(format!("Missing required parameter: '{param}'."), param, "missing_required_parameter")
}

pub(crate) fn invalid_type(param: impl Into<String>, expected: &str, got: &str) -> CallError {
    let param = param.into();
    let message = format!("Invalid type for '{param}': expected {expected}, but got {got} instead.");
    CallError::invalid(message, param, "invalid_type")
}

pub(crate) fn invalid_value(param: impl Into<String>, got: &str, expected: impl fmt::Display) -> CallError {
    let param = param.into();
    let message = format!("Invalid value for '{param}': '{}'. Expected {expected}.", echo(got));
    CallError::invalid(message, param, "invalid_value")
}

/// A rule that more than one value takes part in.
pub(crate) fn broken_rule(
    param: impl Into<String>,
    message: impl Into<String>,
    code: &'static str,
) -> CallError {
    CallError::invalid(message, param.into(), code)
}

pub(crate) fn too_long(param: impl Into<String>, what: &str, max: usize, got: usize) -> CallError {
    let param = param.into();
    let (message, code) = match what {
        "string" => {
            (format!("'{param}' is {got} bytes long; at most {max} are allowed."), "string_above_max_length")
        }
        what => (format!("'{param}' has {got} {what}; at most {max} are allowed."), "array_above_max_length"),
    };
    CallError::invalid(message, param, code)
}

pub(crate) fn empty(param: impl Into<String>, what: &str) -> CallError {
    let param = param.into();
    let code = if what == "string" { "empty_string" } else { "empty_array" };
    CallError::invalid(format!("'{param}' must not be an empty {what}."), param, code)
}

pub(crate) fn out_of_range(
    param: impl Into<String>,
    min: impl fmt::Display,
    max: impl fmt::Display,
    code: &'static str,
) -> CallError {
    let param = param.into();
    let message = format!("'{param}' is out of range: expected a number from {min} to {max}.");
    CallError::invalid(message, param, code)
}

/// The body as text.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, CallError> {
    std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        CallError::invalid(format!("The body is not valid UTF-8 at byte {at}."), None, INVALID_JSON)
    })
}

/// A body that is beyond the limits; `unreadable` tells what is wrong with one that is no object.
pub(crate) fn outline(error: OutlineError, unreadable: impl FnOnce() -> CallError) -> CallError {
    let code = match error {
        OutlineError::NotAnObject => return unreadable(),
        OutlineError::TooDeep => "json_too_deep",
        OutlineError::TooManyValues => "json_too_large",
        OutlineError::NulInKey => INVALID_JSON,
    };
    CallError::invalid(format!("The body is refused: {error}."), None, code)
}

/// A body that could not be read: it is read once more, to tell where.
pub(crate) fn body<'a, T: Deserialize<'a>>(text: &'a str) -> CallError {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize::<_, T>(&mut deserializer);
    match read {
        Ok(_) => match deserializer.end() {
            Ok(()) => invalid_json("it is not an object"),
            Err(error) => syntax(text, &error),
        },
        Err(error) => {
            let path = error.path().to_string();
            match error.inner().classify() {
                Category::Data => data(&path, error.inner()),
                _ => syntax(text, error.inner()),
            }
        }
    }
}

/// Reads a value inside a body whose syntax is known to be right; a fault is told with its path.
pub(crate) fn inside<'a, T: Deserialize<'a>>(text: &'a str, path: &str) -> Result<T, CallError> {
    serde_json::from_str(text).map_err(|_| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(_) => invalid_type(path, "another value", "something else"),
            Err(error) => match error.path().to_string().as_str() {
                "." => data(path, error.inner()),
                below => data(&format!("{path}.{below}"), error.inner()),
            },
        }
    })
}

fn invalid_json(reason: &str) -> CallError {
    CallError::invalid(format!("The body is not valid JSON: {reason}."), None, INVALID_JSON)
}

fn syntax(text: &str, error: &serde_json::Error) -> CallError {
    let (line, column) = (error.line(), error.column());
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let told = error.to_string();
    let reason = told.split(" at line ").next().unwrap_or_default();
    invalid_json(&format!("{reason} at line {line} column {column} (byte {})", before + column))
}

/// A value of the wrong type, said without repeating it.
fn data(path: &str, error: &serde_json::Error) -> CallError {
    let told = error.to_string();
    let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(reason, _)| reason);
    let (got, expected) = told.rsplit_once(", expected ").unwrap_or((told, "another value"));
    let got = match got.strip_prefix("invalid type: ").and_then(|got| got.split([' ', '`']).next()) {
        Some("null") => "null",
        Some("string") => "a string",
        Some("boolean") => "a boolean",
        Some("integer") => "an integer",
        Some("floating") => "a decimal number",
        Some("sequence") => "an array",
        Some("map") => "an object",
        _ => "something else",
    };
    let expected = match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        expected => expected,
    };
    if path == "." {
        return CallError::invalid(
            format!("The body must be {expected}, but it is {got}."),
            None,
            "invalid_type",
        );
    }
    invalid_type(path, expected, got)
}

/// What a client sent, short and without control characters.
fn echo(text: &str) -> String {
    let mut end = text.len().min(MAX_ECHO);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let shown = text[..end].chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut shown: String = shown.collect();
    if end < text.len() {
        shown.push('…');
    }
    shown
}
