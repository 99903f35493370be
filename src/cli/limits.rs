//! Limits of keys and accounts, as flags and as they are shown.

use clap::Args;
use hub_domain::vocabulary::{LimitChange, Limits, PerMinute};
use serde::Serialize;

/// Higher ones could as well be none.
const HIGHEST: u64 = 1_000_000_000_000;
const HIGHEST_CALLS: u32 = 1_000_000;

/// What is not named stays as it is.
#[derive(Debug, Args)]
pub struct LimitFlags {
    /// Requests in any sixty seconds: a number, `none` for no limit, or `default` for the configured one
    #[arg(long, value_name = "N", value_parser = per_minute)]
    rpm: Option<PerMinute>,
    /// Tokens in any sixty seconds, in and out: a number, `none` or `default`
    #[arg(long, value_name = "N", value_parser = per_minute)]
    tpm: Option<PerMinute>,
    /// Calls in flight at a time: a number or `default`
    #[arg(long, value_name = "N", value_parser = calls)]
    calls_at_once: Option<Calls>,
}

#[derive(Debug, Clone, Copy)]
struct Calls(Option<u32>);

fn per_minute(text: &str) -> Result<PerMinute, String> {
    match text {
        "default" => Ok(PerMinute::HubsOwn),
        "none" => Ok(PerMinute::Unlimited),
        number => match number.parse() {
            Ok(number @ 0..=HIGHEST) => Ok(PerMinute::from_number(Some(number))),
            _ => Err(format!("write a whole number up to {HIGHEST}, `none` or `default`")),
        },
    }
}

fn calls(text: &str) -> Result<Calls, String> {
    match text {
        "default" => Ok(Calls(None)),
        number => match number.parse() {
            Ok(number @ 1..=HIGHEST_CALLS) => Ok(Calls(Some(number))),
            _ => Err(format!("write a whole number from 1 to {HIGHEST_CALLS}, or `default`")),
        },
    }
}

impl LimitFlags {
    pub fn change(&self) -> LimitChange {
        LimitChange {
            concurrent_calls: self.calls_at_once.map(|calls| calls.0),
            requests_per_minute: self.rpm,
            tokens_per_minute: self.tpm,
        }
    }
}

/// Limits as programs see them: `null` for the configured one, 0 for none.
#[derive(Debug, Serialize)]
pub struct LimitsView {
    calls_at_once: Option<u32>,
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
}

impl From<Limits> for LimitsView {
    fn from(limits: Limits) -> Self {
        Self {
            calls_at_once: limits.concurrent_calls,
            requests_per_minute: limits.requests_per_minute.number(),
            tokens_per_minute: limits.tokens_per_minute.number(),
        }
    }
}

impl LimitsView {
    /// In the order of the fields, in the words that the flags take.
    pub fn words(&self) -> [String; 3] {
        [self.calls_at_once.map(u64::from), self.requests_per_minute, self.tokens_per_minute].map(|number| {
            match number {
                None => "default".to_owned(),
                Some(0) => "none".to_owned(),
                Some(number) => number.to_string(),
            }
        })
    }
}
