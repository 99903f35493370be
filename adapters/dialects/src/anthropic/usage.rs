//! Usage: from Anthropic's counts, where cached input stands beside the rest, to buckets that do not
//! overlap, and back.

use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::Receipt;
use serde::Deserialize;

use crate::wire::loose::Count;

/// Usage as it is reported; in a stream piece by piece, each count cumulative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Reported {
    input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation: Option<Creation>,
    output_tokens: Count,
    output_tokens_details: Option<OutputDetails>,
    server_tool_use: Option<ServerTools>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Creation {
    ephemeral_5m_input_tokens: Count,
    ephemeral_1h_input_tokens: Count,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Count,
}

impl Reported {
    pub(super) fn read(usage: &str) -> Option<Self> {
        serde_json::from_str(usage).ok()
    }

    /// Takes over what a later report says; what it leaves out or nulls stays.
    pub(super) fn update(&mut self, later: Self) {
        let newer = |old: &mut Count, new: Count| {
            if new != Count::Absent {
                *old = new;
            }
        };
        newer(&mut self.input_tokens, later.input_tokens);
        newer(&mut self.cache_creation_input_tokens, later.cache_creation_input_tokens);
        newer(&mut self.cache_read_input_tokens, later.cache_read_input_tokens);
        newer(&mut self.output_tokens, later.output_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
        self.server_tool_use = later.server_tool_use.or(self.server_tool_use);
    }

    /// `None` when it says nothing usable: the hub counts itself then.
    pub(super) fn normalise(&self) -> Option<Usage> {
        let creation = self.cache_creation.unwrap_or_default();
        let (five, hour) = (creation.ephemeral_5m_input_tokens, creation.ephemeral_1h_input_tokens);
        let thinking = self.output_tokens_details.unwrap_or_default().thinking_tokens;
        let searches = self.server_tool_use.unwrap_or_default().web_search_requests;
        let all = [
            self.input_tokens,
            self.cache_creation_input_tokens,
            self.cache_read_input_tokens,
            self.output_tokens,
            five,
            hour,
            thinking,
            searches,
        ];
        let mut inconsistent = all.contains(&Count::Bad);
        let (input, output) = (self.input_tokens.known()?, self.output_tokens.known()?);
        let known = |count: Count| count.known().unwrap_or(0);
        let (five, hour) = (known(five), known(hour));
        let split = five.saturating_add(hour);
        let written = self.cache_creation_input_tokens.known().unwrap_or(split);
        inconsistent |= split > written;
        // What the split leaves out is of the usual kind.
        let five = five.saturating_add(written.saturating_sub(split));
        let reasoning = known(thinking).min(output);
        inconsistent |= known(thinking) > output;
        let quantities = Quantities::default()
            .with(Meter::Input, input)
            .with(Meter::InputCached, known(self.cache_read_input_tokens))
            .with(Meter::CacheWrite5m, five)
            .with(Meter::CacheWrite1h, hour)
            .with(Meter::Output, output - reasoning)
            .with(Meter::OutputReasoning, reasoning)
            .with(Meter::Search, known(searches));
        Some(Usage { quantities, estimated: false, partial: false, inconsistent })
    }
}

/// The usage object of a settled call. The provider's own object is kept, with what we do not know in it,
/// where it is what was charged.
pub(super) fn settled(own: Option<&str>, receipt: &Receipt) -> String {
    let is_charged = |own: &&str| Reported::read(own).and_then(|own| own.normalise()) == Some(receipt.usage);
    crate::wire::receipt::annotated(own.filter(is_charged), || exclusive(&receipt.usage), receipt)
}

/// Buckets as Anthropic shows them.
fn exclusive(usage: &Usage) -> String {
    let of = |meter| usage.quantities.get(meter);
    let sum = |meters: &[Meter]| meters.iter().map(|meter| of(*meter)).fold(0, u64::saturating_add);
    let five = sum(&[Meter::CacheWrite5m, Meter::CacheWrite]);
    let hour = of(Meter::CacheWrite1h);
    let reasoning = of(Meter::OutputReasoning);
    let mut text = format!(
        "{{\"input_tokens\":{},\"cache_creation_input_tokens\":{},\"cache_read_input_tokens\":{},\
         \"cache_creation\":{{\"ephemeral_5m_input_tokens\":{five},\"ephemeral_1h_input_tokens\":{hour}}},\
         \"output_tokens\":{}",
        sum(&[Meter::Input, Meter::InputAudio, Meter::InputImage]),
        five.saturating_add(hour),
        of(Meter::InputCached),
        usage.quantities.output_tokens(),
    );
    if reasoning > 0 {
        text.push_str(&format!(",\"output_tokens_details\":{{\"thinking_tokens\":{reasoning}}}"));
    }
    text.push_str(",\"service_tier\":\"standard\"}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(usage: &str) -> (Vec<(&'static str, u64)>, bool) {
        let usage = Reported::read(usage).unwrap().normalise().unwrap();
        (usage.quantities.iter().map(|(meter, count)| (meter.name(), count)).collect(), usage.inconsistent)
    }

    #[test]
    fn cached_input_stands_beside_the_rest() {
        let usage = r#"{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":100,
            "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},
            "output_tokens":50,"output_tokens_details":{"thinking_tokens":20}}"#;
        let (buckets, inconsistent) = buckets(usage);
        assert!(!inconsistent);
        for bucket in [
            ("input", 10),
            ("input_cached", 100),
            ("cache_write_5m", 10),
            ("cache_write_1h", 20),
            ("output", 30),
            ("output_reasoning", 20),
        ] {
            assert!(buckets.contains(&bucket), "{bucket:?} in {buckets:?}");
        }
    }

    #[test]
    fn writes_without_a_split_are_of_five_minutes() {
        let (buckets, _) = buckets(r#"{"input_tokens":1,"cache_creation_input_tokens":7,"output_tokens":0}"#);
        assert!(buckets.contains(&("cache_write_5m", 7)), "{buckets:?}");
    }

    #[test]
    fn a_later_report_replaces_what_it_names_and_nothing_else() {
        let mut usage = Reported::read(r#"{"input_tokens":25,"output_tokens":1}"#).unwrap();
        usage.update(Reported::read(r#"{"input_tokens":null,"output_tokens":15}"#).unwrap());
        let usage = usage.normalise().unwrap();
        assert_eq!((usage.quantities.input_tokens(), usage.quantities.output_tokens()), (25, 15));
    }

    #[test]
    fn counts_that_do_not_fit_are_told() {
        for odd in [
            r#"{"input_tokens":1,"output_tokens":1,"output_tokens_details":{"thinking_tokens":2}}"#,
            r#"{"input_tokens":1,"output_tokens":1,"cache_read_input_tokens":-1}"#,
            r#"{"input_tokens":1,"output_tokens":1,"cache_creation_input_tokens":1,
                "cache_creation":{"ephemeral_1h_input_tokens":2}}"#,
        ] {
            assert!(buckets(odd).1, "{odd}");
        }
        assert_eq!(
            Reported::read(r#"{"output_tokens":5}"#).unwrap().normalise(),
            None,
            "a missing count is not zero"
        );
    }

    #[test]
    fn what_is_shown_reads_as_what_was_charged() {
        let quantities = Quantities::default()
            .with(Meter::Input, 5)
            .with(Meter::InputCached, 6)
            .with(Meter::CacheWrite1h, 7)
            .with(Meter::Output, 8)
            .with(Meter::OutputReasoning, 9);
        let usage = Usage { quantities, ..Usage::default() };
        assert_eq!(Reported::read(&exclusive(&usage)).unwrap().normalise(), Some(usage));
    }
}
