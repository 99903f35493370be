//! Two values of one name become one.

use std::collections::BTreeMap;

use super::Node;

/// One list of both; what is a list already gives its places.
pub(super) fn combined(first: Node, second: Node) -> Node {
    let places = |node| match node {
        Node::List(places) => places,
        other => vec![Some(other)],
    };
    Node::List([places(first), places(second)].concat())
}

/// The places for names.
pub(super) fn members(places: Vec<Option<Node>>) -> BTreeMap<String, Node> {
    let named = places.into_iter().enumerate().filter_map(|(at, node)| Some((at.to_string(), node?)));
    named.collect()
}

/// What was read before, with what was read now put into it.
pub(super) fn merged(before: Node, now: Node) -> Node {
    match (before, now) {
        (Node::List(mut places), now @ (Node::Text(_) | Node::Marked)) => {
            places.push(Some(now));
            Node::List(places)
        }
        (Node::Object(mut members), Node::Text(text)) => {
            members.insert(text, Node::Marked);
            Node::Object(members)
        }
        (before @ (Node::Text(_) | Node::Marked), now) => combined(before, now),
        (Node::List(places), Node::List(now)) => lists(places, now),
        (Node::List(places), Node::Object(now)) => objects(members(places), now),
        (Node::Object(known), Node::List(now)) => objects(known, members(now)),
        (Node::Object(known), Node::Object(now)) => objects(known, now),
        (Node::Object(known), Node::Marked) => Node::Object(known),
    }
}

/// A place that is taken: objects and lists are merged, anything else goes to the end.
fn lists(mut places: Vec<Option<Node>>, now: Vec<Option<Node>>) -> Node {
    let is_plain = |node: &Node| matches!(node, Node::Text(_) | Node::Marked);
    for (at, node) in now.into_iter().enumerate() {
        let Some(node) = node else { continue };
        match places.get_mut(at) {
            Some(Some(known)) if is_plain(known) || is_plain(&node) => places.push(Some(node)),
            Some(Some(known)) => *known = merged(std::mem::replace(known, Node::Marked), node),
            Some(gap) => *gap = Some(node),
            None => {
                places.resize(at, None);
                places.push(Some(node));
            }
        }
    }
    Node::List(places)
}

fn objects(mut known: BTreeMap<String, Node>, now: BTreeMap<String, Node>) -> Node {
    for (name, node) in now {
        let node = match known.remove(&name) {
            Some(before) => merged(before, node),
            None => node,
        };
        known.insert(name, node);
    }
    Node::Object(known)
}
