//! `aigne-hub config show`.

use clap::Args;

use super::super::Output;
use super::super::table::Table;
use crate::settings::Configuration;

/// Print every setting in force, and where it is from. Secrets are masked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub config show\n  aigne-hub config show --json\n  \
    HUB__LEASE__TTL=3s aigne-hub config show")]
pub struct Show {}

impl Show {
    pub fn run(self, configuration: &Configuration) -> Output {
        let mut table = Table::new(["KEY", "VALUE", "FROM"]);
        for entry in configuration.entries() {
            table.row([entry.key, entry.value, entry.origin.unwrap_or_else(|| "built-in".to_owned())]);
        }
        let data_dir = configuration.data_dir.path().display();
        Output::new(&configuration.masked(), table.render()).note(format!("the data directory is {data_dir}"))
    }
}
