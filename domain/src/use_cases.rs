//! What the hub does, one file each. Use cases speak ports only.

pub mod admit;
pub mod deliver_usage;
pub mod grant_credits;
pub mod issue_key;
pub mod reap_stale_calls;
