//! The domain is pure: nothing that it is built from does input or output.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{manifest, root};

/// What the domain may name; `uuid` makes ids, `zeroize` wipes secrets.
const NAMED: [&str; 9] = [
    "async-trait",
    "bytes",
    "futures-core",
    "serde",
    "serde_json",
    "smallvec",
    "thiserror",
    "uuid",
    "zeroize",
];

/// What may not stand in all that is built into it, however deep.
const IMPURE: [&str; 16] = [
    "actix",
    "actix-rt",
    "actix-web",
    "async-std",
    "diesel",
    "diesel-async",
    "hyper",
    "mio",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "tokio-postgres",
    "tracing-subscriber",
];

/// Without optional ones, which only tests switch on.
fn own_dependencies() -> BTreeSet<String> {
    let manifest = manifest(&root().join("domain/Cargo.toml"));
    let own = manifest.get("dependencies").and_then(|own| own.as_table()).cloned().unwrap_or_default();
    let is_built_in = |value: &toml::Value| value.get("optional").is_none();
    own.iter().filter(|(_, value)| is_built_in(value)).map(|(name, _)| name.clone()).collect()
}

#[test]
fn it_names_nothing_but_vocabulary() {
    let beyond: Vec<_> =
        own_dependencies().into_iter().filter(|name| !NAMED.contains(&name.as_str())).collect();
    assert_eq!(beyond, Vec::<String>::new(), "hub-domain gained a dependency; does it do input or output?");
}

/// The lock file as a graph, by name; several versions of one name count as one.
fn lock() -> BTreeMap<String, BTreeSet<String>> {
    let lock = manifest(&root().join("Cargo.lock"));
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().to_owned();
        let needs =
            package.get("dependencies").and_then(|needs| needs.as_array()).cloned().unwrap_or_default();
        let needs = needs.iter().map(|need| need.as_str().unwrap().split(' ').next().unwrap().to_owned());
        graph.entry(name).or_default().extend(needs);
    }
    graph
}

fn reached(from: BTreeSet<String>, graph: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next: VecDeque<_> = from.into_iter().collect();
    while let Some(name) = next.pop_front() {
        if reached.insert(name.clone()) {
            next.extend(graph.get(&name).into_iter().flatten().cloned());
        }
    }
    reached
}

fn impure(all: &BTreeSet<String>) -> Vec<&String> {
    all.iter().filter(|name| IMPURE.contains(&name.as_str())).collect()
}

#[test]
fn nothing_beneath_it_does_input_or_output() {
    let all = reached(own_dependencies(), &lock());
    assert_eq!(impure(&all), Vec::<&String>::new());
}

#[test]
fn a_deep_dependency_that_does_is_found() {
    let graph = BTreeMap::from([
        ("bytes".to_owned(), BTreeSet::from(["helper".to_owned()])),
        ("helper".to_owned(), BTreeSet::from(["tokio".to_owned()])),
    ]);
    let all = reached(BTreeSet::from(["bytes".to_owned()]), &graph);
    assert_eq!(impure(&all), ["tokio"]);
}
