//! A non-streamed answer as one JSON object.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::vocabulary::{CallType, Dialect, Event, Frame, Receipt};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::assembled::Assembled;
use super::{embedding_list, image_list, usage};
use crate::answer_style::{AnswerStyle, ImageList, MediaAnswer};
use crate::outline::Outline;
use crate::wire::text::string;

/// Collects an answer and writes it with what it cost.
///
/// The object that an upstream of this dialect sent is kept with all its fields; only `usage` is
/// annotated. Answers without such an object are written from their events.
#[derive(Debug)]
pub struct WholeEncoder {
    style: AnswerStyle,
    /// The upstream's own object.
    raw: Option<Bytes>,
    answer: Assembled,
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, raw: None, answer: Assembled::default() }
    }

    pub fn push(&mut self, frame: &Frame) {
        let is_whole = frame.events.last() == Some(&Event::End);
        let raw = frame.raw.as_ref().filter(|(dialect, _)| *dialect == Dialect::OpenAi && is_whole);
        if let Some((_, raw)) = raw {
            self.raw = Some(raw.clone());
        }
        let fits = match self.style.call_type {
            CallType::Embedding => embedding_list::is_as_asked(&frame.events, self.style.base64),
            CallType::ImageGeneration => !self.is_doubled(),
            _ => !self.style.superset,
        };
        if raw.is_none() || !fits {
            frame.events.iter().for_each(|event| self.answer.push(event, raw.is_some()));
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let text = self.raw.as_deref().and_then(|raw| std::str::from_utf8(raw).ok());
        let kept = text.and_then(|text| self.kept(text, receipt));
        kept.map_or_else(|| self.written(text, receipt), Bytes::from)
    }

    /// The upstream's object with its usage annotated.
    fn kept(&self, text: &str, receipt: &Receipt) -> Option<String> {
        if !self.answer.vectors.is_empty() || self.is_doubled() {
            return None; // they are not in the form that was asked for
        }
        if !self.is_superset()
            && let Some(own) = place_of_usage(text)
        {
            let usage = usage::settled(Some(&text[own.clone()]), receipt, self.style.call_type);
            return Some([&text[..own.start], &usage, &text[own.end..]].concat());
        }
        let outline = Outline::of_answer(text).ok()?;
        let usage = usage::settled(own_usage(&outline, text), receipt, self.style.call_type);
        let mut edits = outline.into_edits();
        edits.set("usage", usage);
        if self.is_superset() {
            self.superset().into_iter().for_each(|(key, value)| edits.set(key, value));
        }
        edits.apply(text)
    }

    fn written(&self, raw: Option<&str>, receipt: &Receipt) -> Bytes {
        let own = raw.and_then(|text| Some((Outline::of_answer(text).ok()?, text)));
        let own = own.as_ref().and_then(|(outline, text)| own_usage(outline, text));
        let usage = usage::settled(own, receipt, self.style.call_type);
        let mut out = BytesMut::with_capacity(512);
        let model = self.answer.upstream_model().unwrap_or(&self.style.model);
        match self.style.call_type {
            CallType::Embedding => {
                embedding_list::write(&self.answer.vectors, self.style.base64, model, &mut out);
            }
            CallType::ImageGeneration if self.is_doubled() => {
                image_list::write_doubled(model, &self.answer.images, &mut out);
            }
            CallType::ImageGeneration => image_list::write(self.created(), &self.answer.images, &mut out),
            _ => self.completion(model, &mut out),
        }
        out.put_slice(b",\"usage\":");
        out.put_slice(usage.as_bytes());
        if self.is_superset() {
            for (key, value) in self.superset() {
                out.put_u8(b',');
                string(&mut out, key);
                out.put_u8(b':');
                out.put_slice(value.as_bytes());
            }
        }
        out.put_u8(b'}');
        out.freeze()
    }

    /// Unix seconds.
    fn created(&self) -> u64 {
        self.answer.created.unwrap_or_else(|| self.style.call.unix_millis() / 1_000)
    }

    fn completion(&self, model: &str, out: &mut BytesMut) {
        let created = self.created();
        out.put_slice(b"{\"id\":");
        match self.answer.id.as_str() {
            "" => string(out, &format!("chatcmpl-{}", self.style.call)),
            id => string(out, id),
        }
        out.put_slice(b",\"object\":\"chat.completion\",\"created\":");
        out.put_slice(created.to_string().as_bytes());
        out.put_slice(b",\"model\":");
        string(out, model);
        out.put_slice(b",\"choices\":[");
        self.answer.write_choices(out);
        out.put_slice(b"]");
    }

    fn is_doubled(&self) -> bool {
        matches!(self.style.media, Some(MediaAnswer::Images { list: ImageList::Doubled, .. }))
    }

    fn is_superset(&self) -> bool {
        self.style.superset && self.style.call_type == CallType::ChatCompletion
    }

    /// What the original's clients read, from the first choice.
    fn superset(&self) -> Vec<(&'static str, String)> {
        let text = serde_json::to_string(self.answer.first_text()).unwrap_or_default();
        let mut members =
            vec![("role", "\"assistant\"".to_owned()), ("text", text.clone()), ("content", text)];
        members.extend(self.answer.first_calls().map(|calls| ("toolCalls", calls)));
        members
    }
}

/// Where the one usage of an answer stands; `None` where there is none, or more than one.
fn place_of_usage(text: &str) -> Option<Range<usize>> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        usage: &'a RawValue,
    }
    let Answer { usage } = serde_json::from_str(text).ok()?;
    let start = usage.get().as_ptr().addr() - text.as_ptr().addr();
    Some(start..start + usage.get().len()).filter(|_| usage.get().starts_with('{'))
}

fn own_usage<'a>(outline: &Outline<'_>, text: &'a str) -> Option<&'a str> {
    outline.get("usage").map(|member| &text[member.value.clone()])
}
