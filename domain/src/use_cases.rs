//! What the hub does, one file each. Use cases speak ports only.

pub mod admit;
