//! A name with brackets as a path of members and places.

use std::collections::BTreeMap;

use super::{MOST_PLACES, Node, merge};
use crate::decimal::plain_decimal;

/// Brackets beyond this many are taken literally.
const DEEPEST: usize = 5;

/// What every object of JavaScript has from birth. Pairs with such a name are dropped.
const INHERITED: [&str; 12] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// The root's name, if there is one, and what stands in brackets after it, brackets included. `None` for
/// a name that is dropped.
pub(super) fn segments(name: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    let open = name.find('[');
    let root = &name[..open.unwrap_or(name.len())];
    if !root.is_empty() {
        segments.push(known(root)?.to_owned());
    }
    let mut open = open;
    let mut depth = 0;
    while let Some(start) = open {
        let Some(end) = closing(name, start).filter(|_| depth < DEEPEST) else {
            // Unclosed or too deep: the rest is one literal name.
            segments.push(format!("[{}]", &name[start..]));
            break;
        };
        known(&name[start + 1..end])?;
        segments.push(name[start..=end].to_owned());
        depth += 1;
        open = name[end..].find('[').map(|at| end + at);
    }
    Some(segments)
}

fn known(name: &str) -> Option<&str> {
    (!INHERITED.contains(&name)).then_some(name)
}

/// Where the bracket at `start` is closed again.
fn closing(name: &str, start: usize) -> Option<usize> {
    let mut level = 0;
    name[start..].char_indices().find_map(|(at, sign)| {
        match sign {
            '[' => level += 1,
            ']' => level -= 1,
            _ => {}
        }
        (level == 0).then_some(start + at)
    })
}

/// What stands between the brackets.
fn bracketed(segment: &str) -> Option<&str> {
    segment.strip_prefix('[')?.strip_suffix(']')
}

/// Only numbers in brackets are places.
fn place(segment: &str) -> Option<usize> {
    usize::try_from(plain_decimal(bracketed(segment)?)?).ok().filter(|place| *place < MOST_PLACES)
}

/// The leaf inside as many lists and objects as there are segments.
pub(super) fn nested(segments: &[String], leaf: Node) -> Node {
    segments.iter().rev().fold(leaf, |inner, segment| {
        if segment == "[]" {
            return merge::combined(Node::List(Vec::new()), inner);
        }
        if let Some(place) = place(segment) {
            let mut places = vec![None; place];
            places.push(Some(inner));
            return Node::List(places);
        }
        let name = bracketed(segment).unwrap_or(segment);
        Node::Object(BTreeMap::from([(name.to_owned(), inner)]))
    })
}
