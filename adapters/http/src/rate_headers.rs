//! How much of its limits for each minute a caller has left, in the headers that its dialect's clients read.

use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use hub_domain::rate_limits::{Counted, Room, Standing};
use hub_domain::vocabulary::Principal;
use jiff::Timestamp;

use crate::service::Service;
use crate::surface::Surface;

/// A caller whose answers tell what is left.
pub(crate) struct Limited(Principal);

impl Limited {
    /// `None` for one without limits.
    pub(crate) fn of(caller: &Principal, service: &Service) -> Option<Self> {
        service.state.rates.is_limited(caller).then(|| Self(caller.clone()))
    }

    pub(crate) fn stamp(&self, headers: &mut HeaderMap, surface: Surface, service: &Service) {
        let standing = service.state.rates.standing(&self.0, Instant::now());
        for (name, value) in told(standing, surface, Timestamp::now()) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Names for the limit, what is left of it, and when all of it is.
type Names = [&'static str; 3];

const OPENAI_REQUESTS: Names =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const OPENAI_TOKENS: Names =
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
const ANTHROPIC_REQUESTS: Names = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];
const ANTHROPIC_TOKENS: Names = [
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
];

fn told(standing: Standing, surface: Surface, now: Timestamp) -> Vec<(&'static str, String)> {
    let rooms = [(Counted::Requests, standing.requests), (Counted::Tokens, standing.tokens)];
    let known = rooms.into_iter().filter_map(|(what, room)| Some((what, room?)));
    known
        .flat_map(|(what, room)| match surface {
            // Google's API has no such headers: when to come back stands in the error.
            Surface::Gemini => Vec::new(),
            Surface::Anthropic => {
                let names = if what == Counted::Requests { ANTHROPIC_REQUESTS } else { ANTHROPIC_TOKENS };
                values(names, room, rfc3339(now, room.reset))
            }
            _ => {
                let names = if what == Counted::Requests { OPENAI_REQUESTS } else { OPENAI_TOKENS };
                values(names, room, go_duration(room.reset))
            }
        })
        .collect()
}

fn values(names: Names, room: Room, reset: String) -> Vec<(&'static str, String)> {
    names.into_iter().zip([room.limit.to_string(), room.remaining.to_string(), reset]).collect()
}

/// As Go writes durations, and OpenAI with it: `1m0s`, `1.2s`, `120ms`.
fn go_duration(time: Duration) -> String {
    let millis = time.as_millis();
    let (seconds, rest) = (millis / 1_000, millis % 1_000);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    let fraction = fraction.trim_end_matches('0');
    match (seconds / 60, seconds % 60) {
        (0, 0) if rest > 0 => format!("{rest}ms"),
        (0, seconds) => format!("{seconds}{fraction}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}{fraction}s"),
    }
}

/// To the second, rounded up: who comes back too early has come in vain.
fn rfc3339(now: Timestamp, after: Duration) -> String {
    let at = now.as_millisecond().saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
    let second = at.div_euclid(1_000).saturating_add(i64::from(at.rem_euclid(1_000) > 0));
    Timestamp::from_second(second).unwrap_or(now).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_openai_does() {
        for (millis, text) in
            [(0, "0s"), (17, "17ms"), (1_000, "1s"), (1_250, "1.25s"), (60_000, "1m0s"), (59_560, "59.56s")]
        {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn anthropics_clients_read_an_instant() {
        let now = Timestamp::from_millisecond(1_700_000_000_400).unwrap();
        assert_eq!(rfc3339(now, Duration::from_millis(1_200)), "2023-11-14T22:13:22Z");
    }

    #[test]
    fn each_dialect_has_its_own_names_and_only_for_limits_that_there_are() {
        let room = Room { limit: 60, remaining: 7, reset: Duration::from_secs(3) };
        let standing = Standing { requests: Some(room), tokens: None };
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let openai = told(standing, Surface::OpenAi, now);
        assert_eq!(
            openai,
            [
                ("x-ratelimit-limit-requests", "60".to_owned()),
                ("x-ratelimit-remaining-requests", "7".to_owned()),
                ("x-ratelimit-reset-requests", "3s".to_owned()),
            ]
        );
        let anthropic = told(standing, Surface::Anthropic, now);
        assert_eq!(anthropic[1], ("anthropic-ratelimit-requests-remaining", "7".to_owned()));
        assert_eq!(told(standing, Surface::Gemini, now), []);
    }
}
