//! What a streamed answer has said so far, as far as the next piece can't be read without it.

use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::{Event, FinishReason};
use smallvec::SmallVec;

use super::chunk::{CallPiece, ChunkChoice, FunctionPiece, Said};
use crate::wire::loose::{Number, Text};
use crate::wire::upstream_error::bad_answer;

const MAX_CHOICES: usize = 128;
const MAX_CALLS: usize = 512;
const MAX_ARGUMENTS: usize = 1024 * 1024;

pub(super) type Events = SmallVec<[Event; 2]>;

#[derive(Debug, Default)]
pub(super) struct StreamState {
    pub(super) id: String,
    choices: SmallVec<[ChoiceState; 1]>,
}

#[derive(Debug)]
struct ChoiceState {
    index: u32,
    finished: bool,
    calls: Vec<CallState>,
}

#[derive(Debug)]
struct CallState {
    index: u32,
    id: String,
    name: String,
    /// Bytes of arguments.
    arguments: usize,
}

/// What reading a piece came to.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) events: Events,
    /// The piece is not as OpenAI's clients want it, so that they get the events instead.
    pub(super) is_odd: bool,
    /// Content came as a list of parts.
    pub(super) has_lists: bool,
    /// A call began and its arguments have not: more of its name may follow.
    pub(super) opens: Option<(u32, u32)>,
    /// More of the name of a call that had begun.
    pub(super) more_name: Option<(u32, u32, String)>,
}

impl StreamState {
    /// Every choice that began has ended.
    pub(super) fn is_finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(|choice| choice.finished)
    }

    /// Ends for choices that have none.
    pub(super) fn missing_ends(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.choices.iter_mut().filter(|choice| !choice.finished).map(|choice| {
            choice.finished = true;
            let reason = if choice.calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
            Event::Finish { choice: choice.index, reason }
        })
    }

    pub(super) fn read(
        &mut self,
        choice: ChunkChoice<'_>,
        position: usize,
        read: &mut Read,
    ) -> Result<(), ProviderError> {
        let index = choice.index.0.unwrap_or_else(|| {
            read.is_odd = true;
            u32::try_from(position).unwrap_or(0)
        });
        let at = self.choice(index)?;
        let Self { id, choices } = self;
        let state = &mut choices[at];
        if let Some(said) = choice.delta {
            state.read(said, id, read)?;
        }
        if let Some(reason) = choice.finish_reason.0.filter(|reason| !reason.is_empty())
            && !std::mem::replace(&mut state.finished, true)
        {
            if let Some(why) = broke_off(&reason) {
                return Err(why);
            }
            read.events.push(Event::Finish { choice: index, reason: finish_reason(&reason) });
        }
        Ok(())
    }

    /// Where a choice stands, which may be new.
    fn choice(&mut self, index: u32) -> Result<usize, ProviderError> {
        if let Some(at) = self.choices.iter().position(|choice| choice.index == index) {
            return Ok(at);
        }
        if self.choices.len() >= MAX_CHOICES {
            return Err(bad_answer("the provider's answer has too many choices"));
        }
        self.choices.push(ChoiceState { index, finished: false, calls: Vec::new() });
        Ok(self.choices.len() - 1)
    }
}

impl ChoiceState {
    fn read(&mut self, said: Said, answer: &str, read: &mut Read) -> Result<(), ProviderError> {
        let choice = self.index;
        // OpenAI's clients know texts only.
        read.is_odd |= said.content.is_list;
        read.has_lists |= said.content.is_list;
        let thinking = [said.reasoning_content, said.reasoning, said.content.thinking];
        let thinking = thinking.into_iter().find_map(Text::filled);
        read.events.extend(thinking.map(|text| Event::Thinking { choice, text }));
        let text = said.content.text.filled().or(said.audio.and_then(|audio| audio.transcript.filled()));
        read.events.extend(text.map(|text| Event::Text { choice, text }));
        read.events.extend(said.refusal.filled().map(|text| Event::Refusal { choice, text }));
        for piece in said.tool_calls.unwrap_or_default() {
            self.call(piece, answer, false, read)?;
        }
        if let Some(function) = said.function_call {
            let piece =
                CallPiece { index: Number(Some(0)), function: Some(*function), ..CallPiece::default() };
            self.call(piece, answer, true, read)?;
        }
        Ok(())
    }

    /// `is_legacy`: the only call of an answer, which had neither index nor id.
    fn call(
        &mut self,
        piece: CallPiece,
        answer: &str,
        is_legacy: bool,
        read: &mut Read,
    ) -> Result<(), ProviderError> {
        let choice = self.index;
        let id = piece.id.filled();
        let FunctionPiece { name, arguments } = match (piece.function, piece.custom) {
            (Some(function), _) => function,
            (None, Some(custom)) => FunctionPiece { name: custom.name, arguments: custom.input },
            (None, None) => FunctionPiece::default(),
        };
        let (name, arguments) = (name.filled(), arguments.filled());

        let at = self.place(piece.index.0, id.as_deref(), name.is_some());
        read.is_odd |= piece.index.0.is_none();
        let at = match at {
            Some(at) => {
                let call = &mut self.calls[at];
                if let Some(name) = name {
                    // Some repeat the name with every piece, some cut it.
                    read.is_odd |= !is_legacy;
                    if name != call.name && call.arguments == 0 {
                        call.name.push_str(&name);
                        read.more_name = Some((choice, call.index, name));
                    }
                }
                at
            }
            None if self.calls.len() >= MAX_CALLS => {
                return Err(bad_answer("the provider's answer has too many tool calls"));
            }
            None => {
                let next = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
                let index = piece.index.0.unwrap_or(next);
                read.is_odd |= id.is_none() && !is_legacy;
                let id = id.unwrap_or_else(|| made_up_id(answer, choice, index));
                let name = name.unwrap_or_default();
                read.events.push(Event::ToolCallStart { choice, index, id: id.clone(), name: name.clone() });
                if arguments.is_none() {
                    read.opens = Some((choice, index));
                }
                self.calls.push(CallState { index, id, name, arguments: 0 });
                self.calls.len() - 1
            }
        };
        if let Some(fragment) = arguments {
            let call = &mut self.calls[at];
            call.arguments += fragment.len();
            if call.arguments > MAX_ARGUMENTS {
                return Err(bad_answer("the arguments of a tool call are too long"));
            }
            read.events.push(Event::ToolCallArguments { choice, index: call.index, fragment });
        }
        Ok(())
    }

    /// The call that a piece belongs to, if it has begun.
    fn place(&self, index: Option<u32>, id: Option<&str>, has_name: bool) -> Option<usize> {
        match (index, id) {
            (Some(index), _) => self.calls.iter().position(|call| call.index == index),
            (None, Some(id)) => self.calls.iter().position(|call| call.id == id),
            // Without either, a name begins a call and arguments belong to the last one.
            (None, None) if has_name => None,
            (None, None) => self.calls.len().checked_sub(1),
        }
    }
}

/// The same for the same stream, whoever reads it.
fn made_up_id(answer: &str, choice: u32, index: u32) -> String {
    let answer = answer.strip_prefix("chatcmpl-").unwrap_or(answer);
    if answer.is_empty() {
        format!("call_{choice}_{index}")
    } else {
        format!("call_{answer}_{choice}_{index}")
    }
}

/// Ends that are none: the provider gave up in the midst of its answer.
fn broke_off(reason: &str) -> Option<ProviderError> {
    let class = match reason {
        "insufficient_system_resource" => UpstreamClass::Overloaded,
        "error" => UpstreamClass::Server,
        _ => return None,
    };
    Some(ProviderError::new(class, "the provider broke off its answer", true))
}

pub(super) fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "model_length" => FinishReason::ContextFull,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        other => FinishReason::Other(other.chars().take(64).collect()),
    }
}
