//! The same numbered steps for both databases.

use std::collections::BTreeSet;
use std::path::Path;

use crate::root;

fn steps(dir: &Path) -> BTreeSet<String> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn both_databases_have_the_same_steps() {
    let migrations = root().join("migrations");
    let (sqlite, postgres) = (steps(&migrations.join("sqlite")), steps(&migrations.join("postgres")));
    assert_eq!(sqlite, postgres);
    assert!(!sqlite.is_empty());
    for (at, step) in sqlite.iter().enumerate() {
        let number = format!("{:04}_", at + 1);
        assert!(step.starts_with(&number), "`{step}` should begin with {number}");
        for database in ["sqlite", "postgres"] {
            for direction in ["up.sql", "down.sql"] {
                let path = migrations.join(database).join(step).join(direction);
                assert!(path.is_file(), "{} is missing", path.display());
            }
        }
    }
}
