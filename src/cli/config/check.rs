//! `aigne-hub config check`.

use clap::Args;
use serde::Serialize;

use super::super::Output;
use crate::settings::Configuration;

/// Read all settings and say whether they are right; nothing is started.
///
/// The first unknown key or bad value is named with what it accepts, and the exit code is 78.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub config check\n  aigne-hub config check --config hub.toml --json"
)]
pub struct Check {}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    file: Option<String>,
    data_dir: String,
}

impl Check {
    // Bad settings have stopped the program before.
    pub fn run(self, configuration: &Configuration) -> Output {
        let file = configuration.file.as_ref().map(|path| path.display().to_string());
        let source = file.as_deref().unwrap_or("built-in values and environment");
        let text = format!("configuration ok ({source})");
        let data_dir = configuration.data_dir.path().display().to_string();
        Output::new(&Checked { ok: true, data_dir, file: file.clone() }, text)
    }
}
