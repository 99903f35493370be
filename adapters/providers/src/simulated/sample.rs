//! A JSON text that a schema allows, as far as a schema without tricks goes.

use serde_json::{Map, Value, json};

/// Schemas may refer to themselves; below this depth only what is required is filled in.
const DEEP: usize = 4;
const DEEPEST: usize = 32;
const MOST_ITEMS: u64 = 16;
const LONGEST: usize = 1_024;

/// `text` is what strings say.
pub fn of(schema: &str, text: &str) -> String {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    Sampler { root: &schema, text }.value(&schema, 0).to_string()
}

struct Sampler<'a> {
    root: &'a Value,
    text: &'a str,
}

impl Sampler<'_> {
    fn value(&self, schema: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.strip_prefix('#').and_then(|path| self.root.pointer(path));
            return target.map_or(Value::Null, |target| self.value(target, depth + 1));
        }
        let given = schema.get("const").or_else(|| first(schema, "enum")).or_else(|| schema.get("default"));
        if let Some(given) = given {
            return given.clone();
        }
        if let Some(one) = first(schema, "anyOf").or_else(|| first(schema, "oneOf")) {
            return self.value(one, depth + 1);
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            return self.merged(all, depth);
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => self.string(schema).into(),
            "integer" | "number" => number(schema),
            "boolean" => true.into(),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let required: Vec<&str> = array(schema, "required").iter().filter_map(Value::as_str).collect();
        let wanted = properties.iter().filter(|(name, _)| depth < DEEP || required.contains(&name.as_str()));
        wanted
            .map(|(name, schema)| (name.clone(), self.value(schema, depth + 1)))
            .collect::<Map<_, _>>()
            .into()
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(if depth < DEEP { 1 } else { 0 });
        let count = least.min(bound("maxItems").unwrap_or(MOST_ITEMS)).min(MOST_ITEMS);
        let items = schema.get("items").unwrap_or(&Value::Null);
        (0..count).map(|_| self.value(items, depth + 1)).collect()
    }

    fn merged(&self, schemas: &[Value], depth: usize) -> Value {
        let mut merged = Map::new();
        for schema in schemas {
            match self.value(schema, depth + 1) {
                Value::Object(more) => merged.extend(more),
                other => return other,
            }
        }
        merged.into()
    }

    fn string(&self, schema: &Value) -> String {
        match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => return "2026-01-01T00:00:00Z".to_owned(),
            Some("date") => return "2026-01-01".to_owned(),
            Some("time") => return "00:00:00Z".to_owned(),
            Some("email") => return "somebody@example.com".to_owned(),
            Some("uri") => return "https://example.com/".to_owned(),
            Some("uuid") => return "00000000-0000-4000-8000-000000000000".to_owned(),
            _ => {}
        }
        let bound = |name: &str| {
            schema.get(name).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok())
        };
        let (least, most) =
            (bound("minLength").unwrap_or(0).min(LONGEST), bound("maxLength").unwrap_or(LONGEST));
        let mut text: String = self.text.chars().take(most).collect();
        text.extend(std::iter::repeat_n('.', least.saturating_sub(text.chars().count())));
        text
    }
}

fn number(schema: &Value) -> Value {
    let bound = |name: &str| schema.get(name).filter(|bound| bound.is_number());
    if let Some(least) = bound("minimum") {
        return least.clone();
    }
    if let Some(above) = bound("exclusiveMinimum") {
        return above
            .as_i64()
            .and_then(|above| above.checked_add(1))
            .map_or_else(|| above.clone(), Value::from);
    }
    match bound("maximum").or_else(|| bound("exclusiveMaximum")).and_then(Value::as_i64) {
        Some(most) if most <= 1 => most.saturating_sub(1).into(),
        _ => json!(1),
    }
}

/// The type; of several the first that is not null.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ if schema.is_object() => "string",
        _ => "object",
    }
}

fn array<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    schema.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn first<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    array(schema, name).first()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(schema: Value) -> Value {
        serde_json::from_str(&of(&schema.to_string(), "hello")).unwrap()
    }

    #[test]
    fn every_type_is_filled_in() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string" },
                "mood": { "enum": ["good", "bad"] },
                "age": { "type": "integer", "minimum": 18 },
                "below": { "type": "integer", "exclusiveMaximum": 0 },
                "tags": { "type": "array", "items": { "type": "string" }, "minItems": 2 },
                "when": { "type": "string", "format": "date" },
                "maybe": { "type": ["null", "boolean"] },
                "either": { "anyOf": [{ "type": "null" }, { "type": "string" }] },
                "there": { "$ref": "#/$defs/place" }
            },
            "required": ["name"],
            "$defs": { "place": { "type": "object", "properties": { "city": { "type": "string", "maxLength": 3 } } } }
        });
        let expected = json!({
            "name": "hello", "mood": "good", "age": 18, "below": -1, "tags": ["hello", "hello"],
            "when": "2026-01-01", "maybe": true, "either": null, "there": { "city": "hel" }
        });
        assert_eq!(sampled(schema), expected);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let node = json!({
            "type": "object",
            "properties": { "value": { "type": "integer" }, "next": { "$ref": "#" } },
            "required": ["value"]
        });
        assert_eq!(sampled(node)["value"], 1);
        let endless =
            json!({ "type": "object", "properties": { "next": { "$ref": "#" } }, "required": ["next"] });
        assert!(sampled(endless).is_object());
    }

    #[test]
    fn what_is_no_schema_gives_json_too() {
        for schema in ["", "[", "true", "{}", "{\"type\":7}", "{\"minLength\":1e300,\"type\":\"string\"}"] {
            let _: Value = serde_json::from_str(&of(schema, "a \"quoted\" text")).unwrap();
        }
    }
}
