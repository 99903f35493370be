//! The tree is what it says it is: dependencies point inwards only, the domain is pure, both databases have
//! the same steps, and nothing stands where it has no place.

// In a test an `unwrap` says what must hold; the lint knows only functions marked as tests.
#![allow(clippy::unwrap_used)]

mod arrows;
mod configuration;
mod domain;
mod migrations;
mod places;

use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a directory, apart from what builds leave behind.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
                found.extend(files_below(&path));
            }
        } else {
            found.push(path);
        }
    }
    found
}

/// A manifest, parsed.
fn manifest(path: &Path) -> toml::Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
