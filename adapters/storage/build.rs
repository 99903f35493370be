//! The migrations are built in, so a change of theirs makes the crate anew.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
