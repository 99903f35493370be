//! A few changes to an object's text.

use std::borrow::Cow;
use std::ops::Range;

use super::Member;

/// What is written in place of an object.
#[derive(Debug, Clone)]
pub(crate) struct Edits<'a> {
    members: Vec<Written<'a>>,
    /// Left out wherever they stand, sorted.
    cuts: Vec<Range<usize>>,
}

#[derive(Debug, Clone)]
enum Written<'a> {
    AsItWas(Member<'a>),
    New { key: Cow<'a, str>, value: String },
}

impl<'a> Edits<'a> {
    pub(super) fn of(members: Vec<Member<'a>>, mut cuts: Vec<Range<usize>>) -> Self {
        cuts.sort_unstable_by_key(|cut| cut.start);
        Self { members: members.into_iter().map(Written::AsItWas).collect(), cuts }
    }

    /// Gives a member another value, as JSON text; a new one comes last.
    pub(crate) fn set(&mut self, key: &'a str, value: String) {
        let new = Written::New { key: Cow::Borrowed(key), value };
        match self.members.iter_mut().find(|member| member.key() == key) {
            Some(member) => *member = new,
            None => self.members.push(new),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.members.retain(|member| member.key() != key);
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.members.retain(|member| keep(member.key()));
    }

    /// Writes the object. `None` when `text` is not what was outlined.
    pub(crate) fn apply(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len() + 128);
        out.push('{');
        for (index, member) in self.members.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            match member {
                Written::AsItWas(member) => self.copy(text, member.whole.clone(), &mut out)?,
                Written::New { key, value } => {
                    out.push_str(&serde_json::to_string(key).ok()?);
                    out.push(':');
                    out.push_str(value);
                }
            }
        }
        out.push('}');
        Some(out)
    }

    fn copy(&self, text: &str, range: Range<usize>, out: &mut String) -> Option<()> {
        let mut from = range.start;
        let first = self.cuts.partition_point(|cut| cut.start < range.start);
        for cut in self.cuts[first..].iter().take_while(|cut| cut.start < range.end) {
            if cut.start >= from {
                out.push_str(text.get(from..cut.start)?);
                from = cut.end;
            }
        }
        out.push_str(text.get(from..range.end)?);
        Some(())
    }
}

impl Written<'_> {
    fn key(&self) -> &str {
        match self {
            Written::AsItWas(member) => &member.key,
            Written::New { key, .. } => key,
        }
    }
}
