//! Query strings as the platform's clients read them: the rules of `qs`, where brackets make lists and
//! objects. What they sign is what these rules make of a query.

mod merge;
mod path;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Pairs beyond this many are not read.
const MOST_PAIRS: usize = 1000;
/// A list has no more places; longer ones become objects.
const MOST_PLACES: usize = 20;

/// What was read so far.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(String),
    /// A text that met an object: a member of that name.
    Marked,
    /// With gaps, until the end.
    List(Vec<Option<Node>>),
    Object(BTreeMap<String, Node>),
}

/// The query (without `?`) as JSON. All leaves are texts.
pub fn query_object(query: &str) -> Value {
    let named = pairs(query).into_iter().filter_map(|(name, leaf)| Some((path::segments(&name)?, leaf)));
    let nodes = named.filter(|(segments, _)| !segments.is_empty());
    nodes
        .map(|(segments, leaf)| path::nested(&segments, leaf))
        .fold(Node::Object(BTreeMap::new()), merge::merged)
        .into_value()
}

/// Names with their values; those of equal names together, where the name stood first.
fn pairs(query: &str) -> Vec<(String, Node)> {
    let query = query.replace("%5B", "[").replace("%5b", "[").replace("%5D", "]").replace("%5d", "]");
    let mut pairs: Vec<(String, Node)> = Vec::new();
    for part in query.split('&').take(MOST_PAIRS).filter(|part| !part.is_empty()) {
        let end = part.find("]=").map(|at| at + 1).or_else(|| part.find('='));
        let (name, value) = end.map_or((part, ""), |end| (&part[..end], &part[end + 1..]));
        let (name, value) = (decoded(name), Node::Text(decoded(value)));
        match pairs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = merge::combined(std::mem::replace(known, Node::Marked), value),
            None => pairs.push((name, value)),
        }
    }
    pairs
}

/// `+` is a blank; a text with a bad escape stays as it is.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let is_escaped = |at: usize| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.match_indices('%').all(|(at, _)| is_escaped(at)) {
        return text;
    }
    percent_decode_str(&text).decode_utf8().map(|text| text.into_owned()).unwrap_or(text)
}

impl Node {
    fn into_value(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Marked => true.into(),
            Self::List(places) if places.len() > MOST_PLACES => {
                Self::Object(merge::members(places)).into_value()
            }
            Self::List(places) => places.into_iter().flatten().map(Self::into_value).collect(),
            Self::Object(members) => {
                members.into_iter().map(|(name, node)| (name, node.into_value())).collect()
            }
        }
    }
}
