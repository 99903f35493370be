//! What stands in `model_calls.lines`: the usage of a call and what each part of it cost. It is written
//! once, with the ending, and is what the audit computes the charge from anew.

use hub_domain::rates::PriceLine;
use hub_domain::usage::Usage;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLines {
    pub usage: Usage,
    /// Empty where nothing is charged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<PriceLine>,
}
