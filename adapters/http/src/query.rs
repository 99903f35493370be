//! Query strings, read so that a refusal names the parameter at fault.

use std::borrow::Cow;

use hub_domain::error::CallError;
use url::form_urlencoded;

/// 9999-12-31T23:59:59Z; later years do not fit the formats that instants are shown in.
const LAST_SECOND: i64 = 253_402_300_799;

/// The parameters of a request. Of equal names the last one counts.
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).collect())
    }

    /// A parameter with a value; an empty one counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(given, _)| given == name);
        found.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    /// A text of at most so many characters, none of them a control character.
    pub(crate) fn short_text(&self, name: &str, max: usize) -> Result<Option<String>, CallError> {
        match self.text(name) {
            Some(text) if text.chars().count() > max || text.chars().any(char::is_control) => {
                Err(bad(name, &format!("must be at most {max} printable characters")))
            }
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// A whole number, brought into the range.
    pub(crate) fn clamped(&self, name: &str, default: u64, min: u64, max: u64) -> Result<u64, CallError> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => match text.parse::<i128>() {
                Ok(number) => Ok(u64::try_from(number.clamp(min.into(), max.into())).unwrap_or(max)),
                Err(_) => Err(bad(name, "must be a whole number")),
            },
        }
    }

    /// An instant in Unix seconds, up to the year 9999.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<i64>, CallError> {
        let valid = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|seconds| digits && (0..=LAST_SECOND).contains(seconds))
        };
        match self.text(name) {
            None => Ok(None),
            Some(text) => valid(text)
                .map(Some)
                .ok_or_else(|| bad(name, "must be an instant in Unix seconds, up to the year 9999")),
        }
    }

    /// `startTime` and `endTime`, in Unix seconds and in this order.
    pub(crate) fn time_range(&self) -> Result<(Option<i64>, Option<i64>), CallError> {
        let (start, end) = (self.seconds("startTime")?, self.seconds("endTime")?);
        match (start, end) {
            (Some(start), Some(end)) if start > end => Err(bad("endTime", "must not be before `startTime`")),
            range => Ok(range),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, CallError> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(bad(name, "must be `true` or `false`")),
        }
    }
}

/// 400 that names a parameter.
pub(crate) fn bad(name: &str, rule: &str) -> CallError {
    CallError::invalid(format!("`{name}` {rule}"), name.to_owned(), "invalid_parameter")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_numbers_are_brought_into_their_range() {
        let query = Query::parse("a=0&b=-7&c=1000000000&d=99999999999999999999999&e=x");
        let clamped = |name| query.clamped(name, 20, 1, 100);
        assert_eq!(
            [clamped("a"), clamped("b"), clamped("c"), clamped("d")],
            [Ok(1), Ok(1), Ok(100), Ok(100)]
        );
        assert_eq!(clamped("absent"), Ok(20));
        assert!(clamped("e").is_err());
    }

    #[test]
    fn an_instant_is_digits_before_the_year_10000() {
        let query = Query::parse("a=1700000000&b=253402300800&c=-1&d=%2B1&e=1e9&f=1.5");
        assert_eq!(query.seconds("a"), Ok(Some(1_700_000_000)));
        for name in ["b", "c", "d", "e", "f"] {
            assert!(query.seconds(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_swapped_range_is_refused() {
        assert!(Query::parse("startTime=2&endTime=1").time_range().is_err());
        assert_eq!(Query::parse("startTime=1&endTime=1").time_range(), Ok((Some(1), Some(1))));
    }
}
