//! Files stand where the design has a place for them, and are named for one idea.

use crate::{files_below, root};

const AT_THE_TOP: [&str; 13] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "adapters",
    "config.toml",
    "deny.toml",
    "deploy",
    "domain",
    "migrations",
    "rust-toolchain.toml",
    "src",
    "tests",
];

/// What git does not keep.
const IGNORED: [&str; 2] = ["data", "target"];

/// Names that are no ideas.
const NO_IDEAS: [&str; 5] = ["common.rs", "helpers.rs", "mod.rs", "types.rs", "utils.rs"];

const LONGEST: usize = 800;

#[test]
fn nothing_else_stands_at_the_top() {
    let entries = std::fs::read_dir(root()).unwrap();
    let mut beyond: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .filter(|name| !AT_THE_TOP.contains(&name.as_str()) && !IGNORED.contains(&name.as_str()))
        .collect();
    beyond.sort();
    assert_eq!(beyond, Vec::<String>::new());
}

#[test]
fn a_file_is_named_for_an_idea() {
    let files = files_below(root());
    let nameless: Vec<_> = files
        .iter()
        .filter(|path| NO_IDEAS.iter().any(|name| path.file_name().is_some_and(|given| given == *name)))
        .collect();
    assert!(nameless.is_empty(), "{nameless:?}");
}

#[test]
fn no_file_of_code_is_too_long() {
    for path in files_below(root()) {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn every_crate_says_what_it_is() {
    for path in files_below(root()) {
        if path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//! "), "{} has no head", path.display());
        }
    }
}
