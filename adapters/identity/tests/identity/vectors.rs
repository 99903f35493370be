//! The platform's own answers: every case of every file in `tests/vectors`, or in the directory that
//! `HUB_TEST_VECTORS` names. A file, an operation or a member that is not understood fails.

mod access_keys;
mod case;
mod component_calls;
mod did_connect;
mod dids;
mod jwts;
mod session_tokens;

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde_json::Value;

use case::Case;

/// Runs a case and panics where the answer is another.
type Run = fn(&Case<'_>);

const SUITES: [(&str, Run); 6] = [
    ("access-key", access_keys::run),
    ("component-calls", component_calls::run),
    ("did", dids::run),
    ("did-connect", did_connect::run),
    ("jwt", jwts::run),
    ("session-token", session_tokens::run),
];
/// Checked by the tests of another crate.
const OTHERS: [(&str, &str); 1] = [("payment-kit", "hub-payments")];

fn directory() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    std::env::var_os("HUB_TEST_VECTORS").map_or_else(|| own.into(), PathBuf::from)
}

#[test]
fn vectors_are_answered_as_they_say() {
    let directory = directory();
    let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{directory:?}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut total, mut wrong, mut lines) = (0, Vec::new(), Vec::new());
    for file in &files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        if let Some((_, of)) = OTHERS.iter().find(|(other, _)| *other == name) {
            lines.push(format!("{name}: left to the tests of {of}"));
        } else if let Some((_, run)) = SUITES.iter().find(|(suite, _)| *suite == name) {
            let suite = read(file, name);
            let cases = suite["cases"].as_array().unwrap();
            let failed = run_all(&suite, cases, *run);
            let answered = cases.len() - failed.len();
            lines.push(format!("{name}: {answered} of {} cases", cases.len()));
            total += answered;
            wrong.extend(failed);
        } else {
            wrong.push(format!("{}: nobody knows this file", file.display()));
        }
    }
    // Past the capture of the test harness: a count that nobody sees is none.
    let report =
        format!("vectors: {total} cases answered in {} ({})\n", directory.display(), lines.join(", "));
    std::io::stderr().write_all(report.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(total > 0, "no case in {directory:?}");
}

/// The file, if it is what its name says and holds as many cases as it says.
fn read(file: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(file).unwrap();
    let suite: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    assert_eq!((&suite["suite"], &suite["schema"]), (&name.into(), &1.into()), "{file:?}");
    let cases = suite["cases"].as_array().unwrap();
    assert_eq!(suite["counts"]["total"], cases.len(), "{file:?}: cases are missing");
    let ids: BTreeSet<_> = cases.iter().map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), cases.len(), "{file:?}: two cases have one id");
    suite
}

fn run_all(suite: &Value, cases: &[Value], run: Run) -> Vec<String> {
    let mut failed = Vec::new();
    for value in cases {
        let case = Case::of(value, suite);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            run(&case);
            case.was_understood();
        }));
        if outcome.is_err() {
            failed.push(format!("{}: {}", value["id"], value["description"]));
        }
    }
    failed
}
