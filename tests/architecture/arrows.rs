//! Which crate may know which: src → adapters → domain, and http and providers → dialects.

use std::collections::BTreeSet;
use std::fmt;

use crate::{manifest, root};

/// One crate of ours that depends on another, for its tests or for good.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Arrow {
    from: String,
    to: String,
}

impl Arrow {
    fn new(from: &str, to: &str) -> Self {
        Self { from: from.to_owned(), to: to.to_owned() }
    }

    fn is_allowed(&self) -> bool {
        match (self.from.as_str(), self.to.as_str()) {
            ("aigne-hub", _) => true,
            // A crate's own tests may switch its features on.
            (from, to) if from == to => true,
            ("hub-domain", _) => false,
            ("hub-http" | "hub-providers", "hub-dialects") => true,
            (_, to) => to == "hub-domain",
        }
    }
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)
    }
}

/// Every kind of dependency that a manifest has, also those of one platform.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut tables: Vec<&toml::Table> =
        KINDS.iter().filter_map(|kind| manifest.get(*kind)?.as_table()).collect();
    if let Some(targets) = manifest.get("target").and_then(|targets| targets.as_table()) {
        let targets = targets.values().filter_map(|target| target.as_table());
        tables
            .extend(targets.flat_map(|target| KINDS.iter().filter_map(|kind| target.get(*kind)?.as_table())));
    }
    let renamed = |name: &str, value: &toml::Value| {
        value.get("package").and_then(|package| package.as_str()).unwrap_or(name).to_owned()
    };
    tables.iter().flat_map(|table| table.iter().map(|(name, value)| renamed(name, value))).collect()
}

fn arrows_of(manifest: &toml::Table) -> Vec<Arrow> {
    let from = manifest["package"]["name"].as_str().unwrap();
    let ours = |name: &String| name.starts_with("hub-") || name == "aigne-hub";
    dependencies(manifest).iter().filter(|name| ours(name)).map(|to| Arrow::new(from, to)).collect()
}

/// The arrows that should not be there.
fn wrong(manifests: &[toml::Table]) -> Vec<String> {
    let arrows = manifests.iter().flat_map(arrows_of);
    arrows.filter(|arrow| !arrow.is_allowed()).map(|arrow| arrow.to_string()).collect()
}

const CRATES: [&str; 6] = ["dialects", "http", "identity", "payments", "providers", "storage"];

fn all_manifests() -> Vec<toml::Table> {
    let adapters = CRATES.map(|name| root().join("adapters").join(name).join("Cargo.toml"));
    let others = [root().join("Cargo.toml"), root().join("domain/Cargo.toml")];
    others.iter().chain(&adapters).map(|path| manifest(path)).collect()
}

#[test]
fn dependencies_point_inwards() {
    assert_eq!(wrong(&all_manifests()), Vec::<String>::new());
}

#[test]
fn the_adapters_are_those_of_the_design() {
    let found = std::fs::read_dir(root().join("adapters")).unwrap();
    let mut found: Vec<_> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, CRATES);
}

#[test]
fn an_arrow_between_adapters_is_found() {
    let http = "[package]\nname = \"hub-http\"\n[dependencies]\nhub-domain = {}\nhub-dialects = {}\n";
    let storage = "[package]\nname = \"hub-storage\"\n[dev-dependencies]\nhub-http.workspace = true\n";
    let identity =
        "[package]\nname = \"hub-identity\"\n[target.'cfg(unix)'.dependencies]\nhub-payments = {}\n";
    let renamed = "[package]\nname = \"hub-domain\"\n[dependencies]\nx = { package = \"hub-dialects\" }\n";
    let manifests = [http, storage, identity, renamed].map(|text| toml::from_str(text).unwrap());
    let expected = ["hub-storage → hub-http", "hub-identity → hub-payments", "hub-domain → hub-dialects"];
    assert_eq!(wrong(&manifests), expected);
}
