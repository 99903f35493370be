//! Where the members of a JSON object stand in its text, so that a few of them can be replaced and
//! the rest survives byte for byte: number precision, key order and fields nobody here knows.
//!
//! The scan also finds keys that an object has twice. Parsers differ in which of the two they take, so
//! that a request could be priced by one and executed by the other; here the last one counts, and the
//! earlier ones are cut out.
//!
//! It does not prove that the text is JSON; a parser does that. It has no recursion.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

mod edits;
mod one_member;
mod shape;

pub(crate) use edits::Edits;
pub(crate) use one_member::{member, with_member, without_member};
pub(crate) use shape::Shape;

/// Objects and arrays inside each other.
pub(crate) const MAX_DEPTH: usize = 64;
/// Values of a text, all told.
pub(crate) const MAX_VALUES: usize = 200_000;

/// A member of the outermost object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub key: Cow<'a, str>,
    /// From the key's quote to the end of the value.
    pub whole: Range<usize>,
    pub value: Range<usize>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Outline<'a> {
    /// The last of each key, in order.
    members: Vec<Member<'a>>,
    /// Members of inner objects that come again later.
    cuts: Vec<Range<usize>>,
    has_duplicates: bool,
    /// Bytes of values whose keys the shape does not have.
    unknown: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutlineError {
    #[error("it is not a JSON object")]
    NotAnObject,
    #[error("it is nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("it has more than {MAX_VALUES} values")]
    TooManyValues,
    #[error("a key has a NUL character")]
    NulInKey,
}

/// An object or array that is open.
struct Open {
    /// Its first key in `Scan::keys`; `None` for an array.
    first_key: Option<usize>,
    /// Of the object, or of the objects in the array.
    shape: Option<&'static Shape>,
}

/// A key that was met, in an object that is still open.
struct Key<'a> {
    name: Cow<'a, str>,
    /// Its opening quote.
    start: usize,
    value: Range<usize>,
}

struct Scan<'a> {
    text: &'a str,
    open: Vec<Open>,
    keys: Vec<Key<'a>>,
    values: usize,
    limits: Limits,
    shape: Option<&'static Shape>,
    outline: Outline<'a>,
}

#[derive(Clone, Copy)]
struct Limits {
    depth: usize,
    values: usize,
}

impl<'a> Outline<'a> {
    /// Of a request, within [`MAX_DEPTH`] and [`MAX_VALUES`].
    pub(crate) fn of(text: &'a str) -> Result<Self, OutlineError> {
        Self::within(text, Limits { depth: MAX_DEPTH, values: MAX_VALUES }, None)
    }

    /// The same, and what of it the shape does not know is weighed.
    pub(crate) fn weighed(text: &'a str, shape: &'static Shape) -> Result<Self, OutlineError> {
        Self::within(text, Limits { depth: MAX_DEPTH, values: MAX_VALUES }, Some(shape))
    }

    /// Of an answer: log probabilities and vectors have many values.
    pub(crate) fn of_answer(text: &'a str) -> Result<Self, OutlineError> {
        Self::within(text, Limits { depth: usize::MAX, values: usize::MAX }, None)
    }

    fn within(text: &'a str, limits: Limits, shape: Option<&'static Shape>) -> Result<Self, OutlineError> {
        let open = Vec::with_capacity(8);
        Scan { text, open, keys: Vec::new(), values: 0, limits, shape, outline: Self::default() }.run()
    }

    /// Bytes of values whose keys the shape does not have.
    pub(crate) fn unknown(&self) -> usize {
        self.unknown
    }

    pub(crate) fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.key == key)
    }

    /// No object in the text has a key twice.
    pub(crate) fn is_unique(&self) -> bool {
        !self.has_duplicates
    }

    pub(crate) fn into_edits(self) -> Edits<'a> {
        Edits::of(self.members, self.cuts)
    }
}

impl<'a> Scan<'a> {
    fn run(mut self) -> Result<Outline<'a>, OutlineError> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        let mut expects_key = false;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {
                    at += 1;
                    continue;
                }
                b'{' | b'[' => {
                    if self.open.is_empty() && *byte == b'[' {
                        return Err(OutlineError::NotAnObject);
                    }
                    self.begin_value(at)?;
                    let is_object = *byte == b'{';
                    let shape = self.shape_within();
                    self.open.push(Open { first_key: is_object.then_some(self.keys.len()), shape });
                    if self.open.len() > self.limits.depth {
                        return Err(OutlineError::TooDeep);
                    }
                    expects_key = is_object;
                    at += 1;
                }
                b'}' | b']' => {
                    let open = self.open.pop().ok_or(OutlineError::NotAnObject)?;
                    if open.first_key.is_some() != (*byte == b'}') {
                        return Err(OutlineError::NotAnObject);
                    }
                    at += 1;
                    if let Some(first_key) = open.first_key {
                        self.close_object(first_key);
                    }
                    expects_key = false;
                    if self.open.is_empty() {
                        let is_over = self.text[at..].bytes().all(|byte| byte.is_ascii_whitespace());
                        return if is_over { Ok(self.outline) } else { Err(OutlineError::NotAnObject) };
                    }
                    self.end_value(at);
                }
                b',' => {
                    expects_key = self.open.last().is_some_and(|open| open.first_key.is_some());
                    at += 1;
                }
                b':' => at += 1,
                b'"' => {
                    let end = string_end(bytes, at).ok_or(OutlineError::NotAnObject)?;
                    if expects_key {
                        self.key(at..end)?;
                        expects_key = false;
                    } else {
                        self.begin_value(at)?;
                        self.end_value(end);
                    }
                    at = end;
                }
                _ => {
                    self.begin_value(at)?;
                    at = scalar_end(bytes, at);
                    self.end_value(at);
                }
            }
        }
        Err(OutlineError::NotAnObject)
    }

    fn key(&mut self, quoted: Range<usize>) -> Result<(), OutlineError> {
        let inner = &self.text[quoted.start + 1..quoted.end - 1];
        let name = if inner.contains('\\') {
            // Keys are compared as what they mean: `"\u006eame"` is `"name"`.
            let name = serde_json::from_str::<String>(&self.text[quoted.clone()]);
            Cow::Owned(name.map_err(|_| OutlineError::NotAnObject)?)
        } else {
            Cow::Borrowed(inner)
        };
        if name.contains('\0') {
            return Err(OutlineError::NulInKey);
        }
        self.keys.push(Key { name, start: quoted.start, value: 0..0 });
        Ok(())
    }

    fn begin_value(&mut self, at: usize) -> Result<(), OutlineError> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(OutlineError::TooManyValues);
        }
        match self.open.last() {
            Some(Open { first_key: Some(_), .. }) => {
                // The grammar has one value for each key; a text that is not JSON may have none.
                let open_key = self.keys.last_mut().filter(|key| key.value.end == 0);
                let key = open_key.ok_or(OutlineError::NotAnObject)?;
                key.value = at..at;
            }
            Some(Open { first_key: None, .. }) => {}
            None if self.values == 1 => {}
            None => return Err(OutlineError::NotAnObject),
        }
        Ok(())
    }

    fn end_value(&mut self, at: usize) {
        if let Some(Open { first_key: Some(first_key), shape }) = self.open.last()
            && let Some(key) = self.keys[*first_key..].last_mut()
        {
            key.value.end = at;
            if shape.is_some_and(|shape| !shape.members.contains(&&*key.name)) {
                self.outline.unknown += key.value.len();
            }
        }
    }

    /// Of what opens now: an array's elements have their array's shape.
    fn shape_within(&self) -> Option<&'static Shape> {
        match self.open.last() {
            None => self.shape,
            Some(Open { first_key: None, shape }) => *shape,
            Some(Open { shape, .. }) => {
                let key = self.keys.last()?;
                shape.and_then(|shape| shape.of(&key.name))
            }
        }
    }

    /// Notes the members of the outermost object, and what an inner one has twice.
    fn close_object(&mut self, first_key: usize) {
        let earlier = earlier_duplicates(&self.keys[first_key..]);
        self.outline.has_duplicates |= !earlier.is_empty();
        let is_outermost = self.open.is_empty();
        if is_outermost {
            let members = self.keys.drain(first_key..).enumerate();
            self.outline.members = members
                .filter(|(index, _)| earlier.binary_search(index).is_err())
                .map(|(_, key)| Member { whole: key.start..key.value.end, key: key.name, value: key.value })
                .collect();
            return;
        }
        let keys = &self.keys[first_key..];
        // A later member follows each of them, so that its comma goes with it.
        let cuts = earlier.iter().map(|index| keys[*index].start..keys[index + 1].start);
        self.outline.cuts.extend(cuts);
        self.keys.truncate(first_key);
    }
}

/// Indexes of keys that come again later, in order.
fn earlier_duplicates(keys: &[Key<'_>]) -> Vec<usize> {
    const FEW: usize = 12;
    let mut earlier = Vec::new();
    if keys.len() <= FEW {
        let again = |index: &usize| keys[index + 1..].iter().any(|later| later.name == keys[*index].name);
        earlier.extend((0..keys.len()).filter(again));
        return earlier;
    }
    let mut sorted: Vec<usize> = (0..keys.len()).collect();
    sorted.sort_by(|a, b| keys[*a].name.cmp(&keys[*b].name)); // stable: equal names stay in order
    earlier.extend(
        sorted.windows(2).filter(|pair| keys[pair[0]].name == keys[pair[1]].name).map(|pair| pair[0]),
    );
    earlier.sort_unstable();
    earlier
}

/// The end of a string that begins with a quote at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let is_end = |byte: &u8| {
        matches!(byte, b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']') || byte.is_ascii_whitespace()
    };
    bytes[start..].iter().position(is_end).map_or(bytes.len(), |length| start + length.max(1))
}

#[cfg(test)]
mod tests;
