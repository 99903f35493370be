//! A file of prices as a tree that keeps what matters here and that other readers lose: every number as it
//! is written, names that stand twice, and lines.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Deeper than any list of prices.
const MOST_LEVELS: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Counted from 1.
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    /// As it is written.
    Number(String),
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<(String, Node)>),
    /// true, false, null, a date.
    Other,
}

impl Node {
    pub fn get(&self, name: &str) -> Option<&Node> {
        let Value::Table(members) = &self.value else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// The text of a text or of a number.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a file: what begins like JSON is JSON, anything else TOML. Nothing is read of a file with a mistake.
pub fn parse(text: &str) -> Result<Node, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    if looks_like_json(text.trim_start()) {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| format!("no valid JSON: {error}"))?;
        from_json(&lines, raw, MOST_LEVELS)
    } else {
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| lines.at(span.start));
            format!("line {line}: no valid TOML: {}", error.message())
        })?;
        Ok(Node { line: 1, value: from_toml_table(&lines, table.get_ref(), MOST_LEVELS)? })
    }
}

/// `[[rates]]` begins like a list, but of TOML.
fn looks_like_json(start: &str) -> bool {
    let heading = start.trim_start_matches('[').trim_start();
    let is_heading = start.starts_with('[') && heading.starts_with(|first: char| first.is_ascii_alphabetic());
    !is_heading && (start.starts_with('{') || start.starts_with('['))
}

fn too_deep(line: usize) -> String {
    format!("line {line}: nested more deeply than any list of prices")
}

/// Where the lines of a text end.
struct Lines<'a> {
    text: &'a str,
    ends: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, ends: text.match_indices('\n').map(|(offset, _)| offset).collect() }
    }

    fn at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }

    /// Where a part of the text begins.
    fn of_part(&self, part: &str) -> usize {
        self.at(part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr()))
    }
}

/// The members of an object in their order, also those of one name.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

fn from_json(lines: &Lines<'_>, raw: &RawValue, levels: usize) -> Result<Node, String> {
    let text = raw.get();
    let line = lines.of_part(text);
    let levels = levels.checked_sub(1).ok_or_else(|| too_deep(line))?;
    let broken = |error: serde_json::Error| format!("line {line}: no valid JSON: {error}");
    let value = match text.as_bytes().first() {
        Some(b'"') => Value::Text(serde_json::from_str(text).map_err(broken)?),
        Some(b'-' | b'0'..=b'9') => Value::Number(text.to_owned()),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
            Value::List(
                items.into_iter().map(|item| from_json(lines, item, levels)).collect::<Result<_, _>>()?,
            )
        }
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(broken)?;
            let mut seen = HashSet::new();
            if let Some((twice, at)) = members.iter().find(|(name, _)| !seen.insert(name.as_str())) {
                return Err(format!("line {}: `{twice}` stands twice", lines.of_part(at.get())));
            }
            let members = members.into_iter().map(|(name, raw)| Ok((name, from_json(lines, raw, levels)?)));
            Value::Table(members.collect::<Result<_, String>>()?)
        }
        _ => Value::Other,
    };
    Ok(Node { line, value })
}

fn from_toml(lines: &Lines<'_>, value: &Spanned<DeValue<'_>>, levels: usize) -> Result<Node, String> {
    let line = lines.at(value.span().start);
    let levels = levels.checked_sub(1).ok_or_else(|| too_deep(line))?;
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| from_toml(lines, item, levels)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => from_toml_table(lines, table, levels)?,
        DeValue::Boolean(_) | DeValue::Datetime(_) => Value::Other,
    };
    Ok(Node { line, value })
}

fn from_toml_table(lines: &Lines<'_>, table: &DeTable<'_>, levels: usize) -> Result<Value, String> {
    let members =
        table.iter().map(|(name, value)| Ok((name.get_ref().to_string(), from_toml(lines, value, levels)?)));
    Ok(Value::Table(members.collect::<Result<_, String>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(node: &Node, name: &str) -> String {
        match &node.get(name).unwrap().value {
            Value::Number(text) => text.clone(),
            other => panic!("{name} is {other:?}"),
        }
    }

    #[test]
    fn numbers_stay_as_they_are_written_in_both_notations() {
        let json = parse("{\n  \"a\": 1.50e-07,\n\n  \"b\": 0.1\n}").unwrap();
        assert_eq!((number(&json, "a"), number(&json, "b")), ("1.50e-07".into(), "0.1".into()));
        assert_eq!((json.get("a").unwrap().line, json.get("b").unwrap().line), (2, 4));
        let toml = parse("# prices\na = 1.50e-07\n\n[table]\nb = 0.10000000000000000001\n").unwrap();
        assert_eq!(number(&toml, "a"), "1.50e-07");
        let table = toml.get("table").unwrap();
        assert_eq!((number(table, "b"), table.get("b").unwrap().line), ("0.10000000000000000001".into(), 5));
    }

    #[test]
    fn a_list_of_tables_in_toml_is_not_taken_for_a_list_in_json() {
        let toml = parse("[[rates]]\nmodel = \"one\"\n[[rates]]\nmodel = \"two\"\n").unwrap();
        let Value::List(rates) = &toml.get("rates").unwrap().value else { panic!("a list") };
        assert_eq!(rates[1].get("model").unwrap().text(), Some("two"));
        assert!(
            matches!(parse("[{\"model\": \"one\"}, true]").unwrap().value, Value::List(items) if items.len() == 2)
        );
    }

    #[test]
    fn a_file_with_a_mistake_is_not_read_at_all() {
        for (text, why) in [
            ("{\"a\": 1, \"a\": 2}", "`a` stands twice"),
            ("{\n\"m\": {\"a\": 1,\n\"a\": 1}}", "line 3: `a` stands twice"),
            ("{\"a\": 1", "no valid JSON"),
            ("{\"a\": NaN}", "no valid JSON"),
            ("{\"a\": 01}", "no valid JSON"),
            ("{} {}", "no valid JSON"),
            ("a = 1\nb =\n", "line 2: no valid TOML"),
            ("a = 1\na = 2\n", "no valid TOML"),
            ("nothing at all", "no valid TOML"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
        assert!(
            parse(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).unwrap_err().contains("nested")
        );
        assert!(parse(&format!("a = {}{}", "[".repeat(40), "]".repeat(40))).unwrap_err().contains("nested"));
    }
}
