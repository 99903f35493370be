//! Records of calls, as `/api/user/model-calls` shows them.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::amount::{Units, units};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub id: String,
    pub status: String,
    credits: Box<RawValue>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    #[serde(default)]
    pub usage_metrics: Value,
    #[serde(default)]
    pub metadata: Value,
    /// Only a single record has these.
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub attempts: Vec<Value>,
    hold: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub struct Page {
    pub count: usize,
    pub list: Vec<Record>,
}

pub fn one(json: &str) -> Record {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

pub fn page(json: &str) -> Page {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

impl Record {
    pub fn cost(&self) -> Units {
        units(self.credits.get())
    }

    pub fn hold(&self) -> Units {
        units(self.hold.as_ref().expect("a single record shows its hold").get())
    }

    /// Why it ended so, in one word.
    pub fn reason(&self) -> Option<&str> {
        self.metadata["reason"].as_str()
    }

    fn tokens(&self, name: &str) -> u64 {
        self.usage_metrics[name].as_u64().unwrap_or_else(|| panic!("no {name} in {}", self.usage_metrics))
    }

    pub fn input_tokens(&self) -> u64 {
        self.tokens("inputTokens")
    }

    pub fn output_tokens(&self) -> u64 {
        self.tokens("outputTokens")
    }

    pub fn is_estimated(&self) -> bool {
        self.usage_metrics["estimated"] == true
    }

    pub fn is_partial(&self) -> bool {
        self.usage_metrics["partial"] == true
    }
}
