//! When an upstream wants to be asked again, in the many ways in which they say it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;

/// Nobody waits longer; what is longer is not a time but a mistake.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Reset headers, each with the header that says how much is left.
const RESETS: [(&str, &str); 4] = [
    ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
    ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    ("ratelimitbysize-reset", "x-ratelimitbysize-remaining-minute"),
];

/// From the head of an error. Absent, past, zero and senseless times are `None`.
pub fn from_headers(status: u16, headers: &HeaderMap) -> Option<Duration> {
    let now = SystemTime::now();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = |name: &str| seconds(text(name)?, 0.001);
    millis("retry-after-ms")
        .or_else(|| millis("x-ms-retry-after-ms"))
        .or_else(|| text("retry-after").and_then(|value| seconds(value, 1.0).or_else(|| date(value, now))))
        .or_else(|| {
            let resets = RESETS.iter().filter(|_| status == 429).filter(|(_, left)| {
                // A limit of which something is left is not the one that was met.
                text(left).is_none_or(|left| left == "0")
            });
            resets.filter_map(|(reset, _)| self::reset(text(reset)?, now)).max()
        })
}

/// From the text of an error: "Please try again in 1.2s", "in 6m0s", "in 340ms", or Google's
/// `"retryDelay": "34.07s"`.
pub fn from_text(text: &str) -> Option<Duration> {
    if let Some((_, after)) = text.split_once("\"retryDelay\"") {
        let delay = after.trim_start_matches([':', ' ', '"']).split('"').next()?;
        return go_duration(delay);
    }
    let (_, after) = text.split_once("try again in ")?;
    let word = after.split([' ', '"', ',']).next()?.trim_end_matches('.');
    go_duration(word)
}

fn sensible(time: Duration) -> Option<Duration> {
    (!time.is_zero() && time <= LONGEST).then_some(time)
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    sensible(Duration::try_from_secs_f64(number * unit).ok()?)
}

fn date(text: &str, now: SystemTime) -> Option<Duration> {
    let at = httpdate::parse_http_date(text).ok()?;
    sensible(at.duration_since(now).ok()?)
}

/// A duration, seconds, or a moment in seconds or milliseconds of the Unix epoch.
fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    let Ok(number) = text.parse::<u64>() else {
        return go_duration(text).or_else(|| seconds(text, 1.0));
    };
    let moment = match number {
        0..1_000_000_000 => return sensible(Duration::from_secs(number)),
        1_000_000_000..100_000_000_000 => Duration::from_secs(number),
        _ => Duration::from_millis(number),
    };
    sensible(UNIX_EPOCH.checked_add(moment)?.duration_since(now).ok()?)
}

/// Go's form: `6m0s`, `2m59.56s`, `17ms`, `1h2m`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[..letters] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * unit).ok()?)?;
        rest = &rest[letters..];
    }
    sensible(total)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn told(status: u16, headers: &[(&str, &str)]) -> Option<Duration> {
        let map = headers.iter().map(|(name, value)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        });
        from_headers(status, &map.collect())
    }

    const fn millis(count: u64) -> Option<Duration> {
        Some(Duration::from_millis(count))
    }

    #[test]
    fn milliseconds_come_before_seconds() {
        assert_eq!(told(429, &[("retry-after", "9"), ("retry-after-ms", "300")]), millis(300));
        assert_eq!(told(503, &[("retry-after", "1.5")]), millis(1_500));
    }

    #[test]
    fn a_date_is_as_long_as_it_is_away() {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
        let wait = told(503, &[("retry-after", &date)]).unwrap();
        assert!((28..=30).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(told(503, &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")]), None);
    }

    #[test]
    fn what_makes_no_sense_is_as_if_it_were_not_there() {
        for value in ["", "0", "-5", "NaN", "inf", "1e300", "soon", "99999999"] {
            assert_eq!(told(429, &[("retry-after", value)]), None, "{value}");
        }
    }

    #[test]
    fn of_the_reset_headers_that_of_the_exhausted_limit_counts() {
        let headers = [
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-tokens", "6m0s"),
            ("x-ratelimit-remaining-tokens", "9000"),
        ];
        assert_eq!(told(429, &headers), millis(120));
        assert_eq!(told(500, &headers), None);
        assert_eq!(told(429, &[("x-ratelimit-reset-tokens", "2m59.56s")]), millis(179_560));
    }

    #[test]
    fn a_reset_may_be_a_moment() {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(20);
        let wait = told(429, &[("x-ratelimit-reset", &at.as_millis().to_string())]).unwrap();
        assert!((18..=20).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn a_text_tells_it_too() {
        assert_eq!(from_text("Rate limit reached. Please try again in 1.2s. Visit …"), millis(1_200));
        assert_eq!(from_text("Please try again in 6m0s."), millis(360_000));
        assert_eq!(from_text("Please try again in 340ms"), millis(340));
        assert_eq!(from_text("Please try again in a while"), None);
    }
}
