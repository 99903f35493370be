//! What clients were told, written down by themselves.

use crate::kit::{Answer, Ask, Units};

#[derive(Default)]
pub struct Told {
    /// Call and amount of every answer that showed one.
    pub amounts: Vec<(String, Units)>,
    /// Calls whose answer began, whatever became of it.
    pub accepted: Vec<String>,
    /// Whole answers with an idempotency key, which can be had again.
    pub kept: Vec<(Ask, Answer)>,
}

impl Told {
    pub fn add(&mut self, other: Self) {
        self.amounts.extend(other.amounts);
        self.accepted.extend(other.accepted);
        self.kept.extend(other.kept);
    }
}
