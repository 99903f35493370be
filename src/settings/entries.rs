//! Settings as a list of keys, for people: what is in force, and where it is from.

use serde_json::Value;

/// One setting. A secret's value is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `server.listen`.
    pub key: String,
    pub value: String,
    /// A file, a variable or a flag; `None` where the built-in value is in force.
    pub origin: Option<String>,
}

/// The leaves of a tree of tables, in the order of their keys.
pub fn flatten(tree: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    descend(tree, String::new(), &mut found);
    found
}

fn descend(tree: &Value, path: String, found: &mut Vec<(String, String)>) {
    match tree {
        Value::Object(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                descend(value, path, found);
            }
        }
        Value::String(text) => found.push((path, text.clone())),
        other => found.push((path, other.to_string())),
    }
}
