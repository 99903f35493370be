//! What was measured, in words and as JSON, against the targets.

use std::fmt;

use serde_json::{Value, json};

use crate::books::Cost;
use crate::upstream::CHUNKS;

/// One load on one program.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    pub per_second: f64,
    /// CPU time for each answer, in microseconds.
    pub cpu_each: f64,
}

/// What one program did.
#[derive(Default)]
pub struct Side {
    pub whole: Vec<Stretch>,
    pub stream: Vec<Stretch>,
    /// As many streams as the core can.
    pub full_stream: Vec<Stretch>,
    /// Median and 99th percentile, in microseconds.
    pub latency: Vec<(u64, u64)>,
    pub kib_per_stream: Option<f64>,
}

#[derive(Default)]
pub struct Report {
    pub hub: Side,
    pub nginx: Side,
    /// actix-web and reqwest with nothing between them.
    pub bare: Side,
    /// The hub, with each chunk of such a stream of OpenAI's written in Anthropic's dialect.
    pub translated: Vec<Stretch>,
    /// The same load without anything between.
    pub direct: Vec<(u64, u64)>,
    pub start_ms: Vec<f64>,
    pub books: Option<Cost>,
}

/// The middle one; 0 where there is none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// CPU time for each chunk of a stream, in microseconds, with its share of the call around it.
fn chunk_cpu(streams: &[Stretch]) -> f64 {
    median(streams.iter().map(|stretch| stretch.cpu_each)) / CHUNKS as f64
}

impl Side {
    fn per_second(&self) -> f64 {
        median(self.whole.iter().map(|stretch| stretch.per_second))
    }

    fn cpu(&self) -> f64 {
        median(self.whole.iter().map(|stretch| stretch.cpu_each))
    }

    fn stream_cpu(&self) -> f64 {
        median(self.stream.iter().map(|stretch| stretch.cpu_each))
    }

    fn full_streams(&self) -> f64 {
        median(self.full_stream.iter().map(|stretch| stretch.per_second))
    }

    fn full_chunk_cpu(&self) -> f64 {
        chunk_cpu(&self.full_stream)
    }

    fn p50(&self) -> f64 {
        median(self.latency.iter().map(|(p50, _)| *p50 as f64))
    }

    fn p99(&self) -> f64 {
        median(self.latency.iter().map(|(_, p99)| *p99 as f64))
    }

    fn json(&self) -> Value {
        json!({
            "requests_per_second": self.per_second(),
            "cpu_us_per_request": self.cpu(),
            "streams_per_second": median(self.stream.iter().map(|stretch| stretch.per_second)),
            "cpu_us_per_stream": self.stream_cpu(),
            "full_streams_per_second": self.full_streams(),
            "cpu_us_per_chunk": self.full_chunk_cpu(),
            "latency_us": { "p50": self.p50(), "p99": self.p99() },
            "kib_per_open_stream": self.kib_per_stream,
        })
    }
}

impl Report {
    fn direct_p50(&self) -> f64 {
        median(self.direct.iter().map(|(p50, _)| *p50 as f64))
    }

    fn direct_p99(&self) -> f64 {
        median(self.direct.iter().map(|(_, p99)| *p99 as f64))
    }

    fn start(&self) -> f64 {
        median(self.start_ms.iter().copied())
    }

    pub fn json(&self) -> Value {
        let books = self.books.as_ref().map(|cost| {
            json!({ "alone_us": cost.alone.as_secs_f64() * 1e6, "at_once_us": cost.at_once.as_secs_f64() * 1e6 })
        });
        json!({
            "hub": self.hub.json(),
            "nginx": if self.nginx.whole.is_empty() { Value::Null } else { self.nginx.json() },
            "bare": self.bare.json(),
            "translated": json!({
                "streams_per_second": median(self.translated.iter().map(|stretch| stretch.per_second)),
                "cpu_us_per_chunk": chunk_cpu(&self.translated),
            }),
            "direct_latency_us": { "p50": self.direct_p50(), "p99": self.direct_p99() },
            "start_to_first_answer_ms": self.start(),
            "hold_and_settle_cpu": books,
        })
    }
}

/// One line: what, nginx, the bare proxy, the hub, and how the hub does against its target.
struct Line<'a> {
    what: &'a str,
    nginx: Option<f64>,
    bare: Option<f64>,
    hub: f64,
    verdict: String,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [nginx, bare] = [self.nginx, self.bare]
            .map(|value| value.map_or("–".to_owned(), |value| format!("{value:.1}")));
        writeln!(f, "{:<42} {nginx:>10} {bare:>10} {:>10.1}   {}", self.what, self.hub, self.verdict)
    }
}

fn verdict(is_met: bool, text: String) -> String {
    format!("{text} ({})", if is_met { "met" } else { "MISSED" })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hub, nginx, bare) = (&self.hub, &self.nginx, &self.bare);
        let has_nginx = !nginx.whole.is_empty();
        let beside = |value: f64| has_nginx.then_some(value);
        let ratio = |ours: f64, theirs: f64, target: &str, is_met: fn(f64) -> bool| {
            if !has_nginx {
                return format!("{target}: not compared, there is no nginx");
            }
            verdict(is_met(ours / theirs), format!("{:.2} of nginx's, target {target}", ours / theirs))
        };
        let added = |value: f64, direct: f64| value - direct;
        writeln!(
            f,
            "{:<42} {:>10} {:>10} {:>10}",
            "one core each, medians of the rounds", "nginx", "bare", "hub"
        )?;
        let lines = [
            Line {
                what: "requests a second, 64 connections",
                nginx: beside(nginx.per_second()),
                bare: Some(bare.per_second()),
                hub: hub.per_second(),
                verdict: ratio(hub.per_second(), nginx.per_second(), "≥ 0.25", |ratio| ratio >= 0.25),
            },
            Line {
                what: "CPU time of a request, µs",
                nginx: beside(nginx.cpu()),
                bare: Some(bare.cpu()),
                hub: hub.cpu(),
                verdict: ratio(hub.cpu(), nginx.cpu(), "≤ 4", |ratio| ratio <= 4.0),
            },
            Line {
                what: "CPU time of a stream of 50 chunks, µs",
                nginx: beside(nginx.stream_cpu()),
                bare: Some(bare.stream_cpu()),
                hub: hub.stream_cpu(),
                verdict: ratio(hub.stream_cpu(), nginx.stream_cpu(), "≤ 3", |ratio| ratio <= 3.0),
            },
            Line {
                what: "streams a second, 128 connections",
                nginx: beside(nginx.full_streams()),
                bare: Some(bare.full_streams()),
                hub: hub.full_streams(),
                verdict: String::new(),
            },
            Line {
                what: "the same, for Anthropic's clients",
                nginx: None,
                bare: None,
                hub: median(self.translated.iter().map(|stretch| stretch.per_second)),
                verdict: String::new(),
            },
            Line {
                what: "CPU time of a chunk there, µs",
                nginx: beside(nginx.full_chunk_cpu()),
                bare: Some(bare.full_chunk_cpu()),
                hub: hub.full_chunk_cpu(),
                verdict: verdict(hub.full_chunk_cpu() < 20.0, "target < 20".to_owned()),
            },
            Line {
                what: "the same, for Anthropic's clients",
                nginx: None,
                bare: None,
                hub: chunk_cpu(&self.translated),
                verdict: verdict(chunk_cpu(&self.translated) < 40.0, "target < 40".to_owned()),
            },
            Line {
                what: "added latency at 1000/s, p50, µs",
                nginx: beside(added(nginx.p50(), self.direct_p50())),
                bare: Some(added(bare.p50(), self.direct_p50())),
                hub: added(hub.p50(), self.direct_p50()),
                verdict: if has_nginx {
                    verdict(hub.p50() <= nginx.p50() + 100.0, "target ≤ nginx's + 100".to_owned())
                } else {
                    "not compared, there is no nginx".to_owned()
                },
            },
            Line {
                what: "added latency at 1000/s, p99, µs",
                nginx: beside(added(nginx.p99(), self.direct_p99())),
                bare: Some(added(bare.p99(), self.direct_p99())),
                hub: added(hub.p99(), self.direct_p99()),
                verdict: verdict(added(hub.p99(), self.direct_p99()) <= 1000.0, "target ≤ 1000".to_owned()),
            },
            Line {
                what: "memory of an open stream, KiB",
                nginx: nginx.kib_per_stream,
                bare: bare.kib_per_stream,
                hub: hub.kib_per_stream.unwrap_or(0.0),
                verdict: verdict(hub.kib_per_stream.unwrap_or(f64::MAX) <= 40.0, "target ≤ 40".to_owned()),
            },
            Line {
                what: "start to first right answer, ms",
                nginx: None,
                bare: None,
                hub: self.start(),
                verdict: verdict(self.start() <= 100.0, "target ≤ 100".to_owned()),
            },
        ];
        for line in lines {
            line.fmt(f)?;
        }
        if let Some(cost) = &self.books {
            cost.fmt(f)?;
        }
        Ok(())
    }
}
