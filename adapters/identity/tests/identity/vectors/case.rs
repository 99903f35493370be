//! One case, which knows what of it was looked at.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

/// What a case may have besides what goes in and what comes out. `observed` and `deviation` tell where
/// the original answers otherwise.
const NOTES: [&str; 7] = ["id", "op", "description", "tags", "observed", "deviation", "original_message"];

pub struct Case<'a> {
    case: &'a Value,
    pub suite: &'a Value,
    read: RefCell<BTreeSet<(&'static str, String)>>,
}

impl<'a> Case<'a> {
    pub fn of(case: &'a Value, suite: &'a Value) -> Self {
        Self { case, suite, read: RefCell::default() }
    }

    pub fn op(&self) -> &'a str {
        self.case["op"].as_str().unwrap()
    }

    pub fn input(&self, name: &str) -> &'a Value {
        self.member("input", name)
    }

    pub fn expect(&self, name: &str) -> &'a Value {
        self.member("expect", name)
    }

    pub fn input_text(&self, name: &str) -> &'a str {
        text(self.input(name))
    }

    pub fn expect_text(&self, name: &str) -> &'a str {
        text(self.expect(name))
    }

    fn member(&self, side: &'static str, name: &str) -> &'a Value {
        self.read.borrow_mut().insert((side, name.to_owned()));
        &self.case[side][name]
    }

    /// Panics where a member was not looked at: it may be what the case is about.
    pub fn was_understood(&self) {
        let read = self.read.borrow();
        for side in ["input", "expect"] {
            for name in self.case[side].as_object().unwrap().keys() {
                assert!(read.contains(&(side, name.clone())), "`{side}.{name}` is not understood");
            }
        }
        for name in self.case.as_object().unwrap().keys() {
            let is_known = NOTES.contains(&name.as_str()) || name == "input" || name == "expect";
            assert!(is_known, "`{name}` is not understood");
        }
    }

    pub fn is_unknown(&self) -> ! {
        panic!("the operation `{}` is not understood", self.op())
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The bytes of `0x…`.
pub fn hex_bytes(value: &Value) -> Vec<u8> {
    let digits = text(value).strip_prefix("0x").unwrap();
    assert_eq!(digits.len() % 2, 0);
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

pub fn hex_text(bytes: &[u8]) -> String {
    format!("0x{}", hub_identity::hex(bytes))
}
