//! Subtitles out of the segments of a transcription.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::loose::Short;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Segmented<'a> {
    #[serde(borrow)]
    segments: Option<Vec<Segment<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Segment<'a> {
    #[serde(borrow)]
    start: Option<&'a RawValue>,
    #[serde(borrow)]
    end: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Short<'a>,
}

/// A line of subtitles, and from when until when it is shown, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) text: String,
}

/// The segments of an answer; `None` where it has none.
pub(super) fn cues(answer: &str) -> Option<Vec<Cue>> {
    let answer: Segmented<'_> = serde_json::from_str(answer).ok()?;
    let cue = |segment: Segment<'_>| {
        let start = millis(segment.start?.get())?;
        let end = millis(segment.end?.get())?;
        Some(Cue { start, end, text: segment.text.text() })
    };
    answer.segments?.into_iter().map(cue).collect()
}

/// Seconds in decimal digits, rounded to the nearest millisecond.
fn millis(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let digit = |place: usize| fraction.as_bytes().get(place).map_or(0, |digit| u64::from(digit - b'0'));
    let thousandths = digit(0) * 100 + digit(1) * 10 + digit(2) + u64::from(digit(3) >= 5);
    whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(thousandths)
}

fn time(millis: u64, point: char) -> String {
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    format!("{:02}:{:02}:{:02}{point}{millis:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

pub(super) fn srt(cues: &[Cue]) -> String {
    let mut out = String::new();
    for (number, Cue { start, end, text }) in (1..).zip(cues) {
        let (start, end) = (time(*start, ','), time(*end, ','));
        // Writing to a string can't fail.
        let _ = write!(out, "{number}\n{start} --> {end}\n{}\n\n", line(text));
    }
    out
}

pub(super) fn vtt(cues: &[Cue]) -> String {
    let mut out = "WEBVTT\n\n".to_owned();
    for Cue { start, end, text } in cues {
        let (start, end) = (time(*start, '.'), time(*end, '.'));
        let _ = write!(out, "{start} --> {end}\n{}\n\n", line(text));
    }
    out
}

/// A text without what would end its cue or begin another.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("-->", "->")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_become_subtitles() {
        let answer = r#"{"segments":[{"id":0,"start":0.0,"end":3.319999933242798,"text":" One --> two\n\nthree."},
            {"start":3599.9996,"end":3661,"text":"Four"}]}"#;
        let cues = cues(answer).unwrap();
        assert_eq!(
            srt(&cues),
            "1\n00:00:00,000 --> 00:00:03,320\nOne -> two three.\n\n\
             2\n01:00:00,000 --> 01:01:01,000\nFour\n\n"
        );
        assert!(vtt(&cues).starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:03.320\nOne"));
    }

    #[test]
    fn what_has_no_times_has_no_subtitles() {
        assert_eq!(cues(r#"{"text":"x"}"#), None);
        assert_eq!(cues(r#"{"segments":[{"text":"x"}]}"#), None);
        assert_eq!(cues(r#"{"segments":[{"start":-1,"end":1e3,"text":"x"}]}"#), None);
    }
}
