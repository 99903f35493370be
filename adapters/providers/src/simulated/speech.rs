//! What an answer says, as events: token by token, up to a stop word or the output limit.

use hub_domain::vocabulary::{Event, FinishReason};

use crate::tokenizer::Encoding;

/// How simulated models make tokens.
pub const ENCODING: Encoding = Encoding::O200k;

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Thinking(String),
    Text(String),
    Call { id: String, name: String, arguments: String },
}

/// One choice, spoken.
#[derive(Debug)]
pub struct Spoken {
    pub events: Vec<Event>,
    /// Tokens of texts and tool calls.
    pub output: u64,
    /// Tokens of thinking.
    pub reasoning: u64,
}

struct Speaker {
    choice: u32,
    left: usize,
    events: Vec<Event>,
}

pub fn speak(choice: u32, parts: Vec<Part>, stop: &[String], limit: u64) -> Spoken {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut speaker = Speaker { choice, left: limit, events: Vec::new() };
    let (mut reasoning, mut calls) = (0, 0);
    let mut reason = FinishReason::Stop;
    for part in parts {
        let before = speaker.left;
        let whole = match part {
            Part::Thinking(text) => {
                let whole = speaker.say(&text, |choice, text| Event::Thinking { choice, text });
                reasoning += before - speaker.left;
                whole
            }
            Part::Text(text) => {
                let (text, stopped) = until_stop(&text, stop);
                let whole = speaker.say(text, |choice, text| Event::Text { choice, text });
                if whole && stopped {
                    break;
                }
                whole
            }
            Part::Call { id, name, arguments } => {
                reason = FinishReason::ToolCalls;
                calls += 1;
                speaker.call(calls - 1, id, name, &arguments)
            }
        };
        if !whole {
            reason = FinishReason::Length;
            break;
        }
    }
    let output = limit - speaker.left - reasoning;
    speaker.events.push(Event::Finish { choice, reason });
    Spoken { events: speaker.events, output: wide(output), reasoning: wide(reasoning) }
}

impl Speaker {
    /// False when the limit cut it.
    fn say(&mut self, text: &str, event: impl Fn(u32, String) -> Event) -> bool {
        for (piece, tokens) in ENCODING.pieces(text) {
            if tokens > self.left {
                return false;
            }
            self.left -= tokens;
            self.events.push(event(self.choice, piece));
        }
        true
    }

    fn call(&mut self, index: u32, id: String, name: String, arguments: &str) -> bool {
        let tokens = ENCODING.count(&name);
        if tokens > self.left {
            return false;
        }
        self.left -= tokens;
        self.events.push(Event::ToolCallStart { choice: self.choice, index, id, name });
        self.say(arguments, |choice, fragment| Event::ToolCallArguments { choice, index, fragment })
    }
}

/// The text before the first stop word in it.
fn until_stop<'a>(text: &'a str, stop: &[String]) -> (&'a str, bool) {
    let found = stop.iter().filter(|word| !word.is_empty()).filter_map(|word| text.find(word.as_str())).min();
    found.map_or((text, false), |at| (&text[..at], true))
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(spoken: &Spoken) -> String {
        let texts = spoken.events.iter().filter_map(|event| match event {
            Event::Text { text, .. } | Event::Thinking { text, .. } => Some(text.as_str()),
            Event::ToolCallArguments { fragment, .. } => Some(fragment),
            _ => None,
        });
        texts.collect()
    }

    fn text(text: &str) -> Vec<Part> {
        vec![Part::Text(text.to_owned())]
    }

    fn reason(spoken: &Spoken) -> &FinishReason {
        let Some(Event::Finish { reason, .. }) = spoken.events.last() else { panic!("no finish") };
        reason
    }

    #[test]
    fn a_whole_answer_has_the_tokens_of_its_text() {
        let spoken = speak(0, text("One two three four."), &[], 100);
        assert_eq!(said(&spoken), "One two three four.");
        assert_eq!(spoken.output, wide(ENCODING.count("One two three four.")));
        assert_eq!(*reason(&spoken), FinishReason::Stop);
    }

    #[test]
    fn the_limit_ends_it() {
        let spoken = speak(0, text("One two three four."), &[], 2);
        assert_eq!((said(&spoken).as_str(), spoken.output), ("One two", 2));
        assert_eq!(*reason(&spoken), FinishReason::Length);
    }

    #[test]
    fn a_stop_word_ends_it_and_is_not_said() {
        let stop = ["four".to_owned(), " three".to_owned()];
        let spoken = speak(0, text("One two three four."), &stop, 100);
        assert_eq!(said(&spoken), "One two");
        assert_eq!(*reason(&spoken), FinishReason::Stop);
    }

    #[test]
    fn thinking_counts_apart_and_toward_the_limit() {
        let parts = vec![Part::Thinking("One two three".to_owned()), Part::Text("Four five six".to_owned())];
        let spoken = speak(0, parts, &[], 5);
        assert_eq!((spoken.reasoning, spoken.output), (3, 2));
        assert_eq!(*reason(&spoken), FinishReason::Length);
    }

    #[test]
    fn a_tool_call_counts_its_name_and_arguments() {
        let call = Part::Call {
            id: "call_1".into(),
            name: "weather".into(),
            arguments: "{\"city\":\"Bern\"}".into(),
        };
        let spoken = speak(0, vec![call], &[], 100);
        let expected = ENCODING.count("weather") + ENCODING.count("{\"city\":\"Bern\"}");
        assert_eq!(spoken.output, wide(expected));
        assert_eq!(said(&spoken), "{\"city\":\"Bern\"}");
        assert_eq!(*reason(&spoken), FinishReason::ToolCalls);
    }
}
