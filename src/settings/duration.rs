//! Durations: `30s`, `500ms`, `1m 30s`.

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::fmt::friendly::{Designator, SpanParser, SpanPrinter};

use super::setting::Setting;

impl Setting for Duration {
    fn accepts() -> Cow<'static, str> {
        "a duration such as `30s`, `500ms` or `1h 30m`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        SpanParser::new().parse_unsigned_duration(text).ok()
    }

    fn show(&self) -> String {
        let signed = SignedDuration::try_from(*self).unwrap_or(SignedDuration::MAX);
        SpanPrinter::new().designator(Designator::Compact).duration_to_string(&signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_and_shown_alike() {
        for text in ["30s", "500ms", "15m", "1h 30m", "0s"] {
            let read = <Duration as Setting>::parse(text).unwrap();
            assert_eq!(read.show(), text);
        }
        assert_eq!(<Duration as Setting>::parse("1.5s"), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn a_bare_number_is_no_duration() {
        for text in ["30", "", "-1s", "soon", "30 parsecs"] {
            assert_eq!(<Duration as Setting>::parse(text), None, "{text}");
        }
    }
}
