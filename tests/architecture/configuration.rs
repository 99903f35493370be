//! `config.toml` is TOML, and every setting in it has a comment.

use crate::{manifest, root};

#[test]
fn the_built_in_configuration_parses() {
    let settings = manifest(&root().join("config.toml"));
    for section in ["server", "storage", "billing", "limits", "timeouts", "log"] {
        assert!(settings.get(section).is_some_and(toml::Value::is_table), "[{section}] is missing");
    }
}
