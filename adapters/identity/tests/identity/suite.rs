//! The platform's own answers (`tests/vectors`; another directory by `HUB_TEST_VECTORS`).

use std::path::PathBuf;

use serde_json::Value;

pub struct Suite(pub Value);

impl Suite {
    pub fn read(name: &str) -> Self {
        let directory = std::env::var_os("HUB_TEST_VECTORS").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")),
            PathBuf::from,
        );
        let path = directory.join(format!("{name}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(serde_json::from_str(&text).unwrap())
    }

    /// The cases of one kind; there is at least one.
    pub fn cases(&self, op: &str) -> Vec<&Value> {
        let cases: Vec<_> =
            self.0["cases"].as_array().unwrap().iter().filter(|case| case["op"] == op).collect();
        assert!(!cases.is_empty(), "no case of `{op}`");
        cases
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Bytes of `0x…` in hex or `z…` in base58; `None` for a text that is neither.
pub fn bytes(value: &Value) -> Option<Vec<u8>> {
    if let Some(digits) = text(value).strip_prefix("0x") {
        let pairs =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
        return pairs.collect();
    }
    bs58::decode(text(value).strip_prefix('z')?).into_vec().ok()
}
