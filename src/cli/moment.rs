//! Instants on the command line: RFC 3339, UTC.

use hub_domain::ports::UnixMillis;
use jiff::SpanRelativeTo;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::friendly::SpanParser;
use jiff::tz::TimeZone;

/// `2026-07-01T12:00:00Z`.
pub fn show(moment: UnixMillis) -> String {
    Timestamp::from_millisecond(moment.0)
        .map_or_else(|_| moment.0.to_string(), |moment| format!("{moment:.0}"))
}

/// `2026-12-31T00:00:00Z`, `2026-12-31`.
fn absolute(text: &str) -> Option<Timestamp> {
    let date = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    text.parse().ok().or_else(date)
}

/// `30d`, `12h`, `2w`: days have 24 hours.
fn distance(text: &str) -> Option<jiff::SignedDuration> {
    let span = SpanParser::new().parse_span(text).ok()?;
    let distance = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (distance > jiff::SignedDuration::ZERO).then_some(distance)
}

/// An instant to come: a date, a moment, or a distance from `now`.
pub fn later(text: &str, now: UnixMillis) -> Result<UnixMillis, String> {
    let help = "write a distance such as 30d or 12h, a date such as 2027-01-31, or 2027-01-31T12:00:00Z";
    let from_now = || {
        let start = Timestamp::from_millisecond(now.0).ok()?;
        start.checked_add(distance(text)?).ok()
    };
    let moment = absolute(text).or_else(from_now).ok_or(help)?;
    if moment.as_millisecond() <= now.0 {
        return Err("the instant has passed".to_owned());
    }
    Ok(UnixMillis(moment.as_millisecond()))
}

/// An instant that was: a date, a moment, or a distance back from `now`.
pub fn earlier(text: &str, now: UnixMillis) -> Result<UnixMillis, String> {
    let help = "write a distance back such as 24h or 7d, a date such as 2026-01-31, or 2026-01-31T12:00:00Z";
    let before_now = || {
        let start = Timestamp::from_millisecond(now.0).ok()?;
        start.checked_sub(distance(text)?).ok()
    };
    let moment = absolute(text).or_else(before_now).ok_or(help)?;
    Ok(UnixMillis(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T12:00:00Z
    const NOW: UnixMillis = UnixMillis(1_769_860_800_000);

    #[test]
    fn an_expiry_is_a_distance_a_date_or_a_moment() {
        let shown = |text| show(later(text, NOW).unwrap());
        assert_eq!(shown("30d"), "2026-03-02T12:00:00Z");
        assert_eq!(shown("12h"), "2026-02-01T00:00:00Z");
        assert_eq!(shown("2027-01-31"), "2027-01-31T00:00:00Z");
        assert_eq!(shown("2027-01-31T01:00:00+01:00"), "2027-01-31T00:00:00Z");
    }

    #[test]
    fn an_expiry_in_the_past_or_none_at_all_is_refused() {
        for text in ["2026-01-31", "-1d", "0s", "soon", "", "30", "1 month"] {
            assert!(later(text, NOW).is_err(), "{text}");
        }
    }

    #[test]
    fn a_beginning_lies_back() {
        assert_eq!(show(earlier("24h", NOW).unwrap()), "2026-01-30T12:00:00Z");
        assert_eq!(show(earlier("2026-01-01", NOW).unwrap()), "2026-01-01T00:00:00Z");
    }
}
