//! The command line: one file for each command. Every command opens the database itself and works
//! beside a running server; only `serve` takes the lock.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::settings::{Configuration, Environment, Overrides};

mod accounts;
mod amount;
mod audit;
mod calls;
mod config;
mod failure;
mod keys;
mod migrate;
mod moment;
mod output;
mod providers;
mod rates;
mod table;

pub use failure::Failure;
pub use output::Output;

/// A gateway to generative AI that keeps exact books.
#[derive(Debug, Parser)]
#[command(name = "aigne-hub", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  aigne-hub serve --demo                     try it: no set-up, no account anywhere
  aigne-hub accounts create alice            an account, and …
  aigne-hub accounts grant alice 100         … credits for it, and …
  aigne-hub keys create --account alice      … a key to call with
  aigne-hub audit                            prove that the books are right

Exit codes: 0 done, 1 failed, 2 bad usage, 75 try again later, 78 bad configuration.";

/// Flags that every command takes.
#[derive(Debug, Args)]
struct GlobalArgs {
    /// A file of settings (TOML); what it leaves out stays built-in
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the database and the rest that must last are kept [data_dir]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Any setting, such as storage.url=postgres://…; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Print JSON for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Migrate(migrate::Migrate),
    #[command(subcommand)]
    Config(config::Config),
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Providers(providers::Providers),
    #[command(subcommand)]
    Rates(rates::Rates),
    #[command(subcommand)]
    Calls(calls::Calls),
    Audit(audit::Audit),
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl GlobalArgs {
    fn overrides(&self) -> Overrides {
        let mut values: Vec<_> =
            self.set.iter().map(|(key, value)| (key.clone(), value.clone(), "--set".to_owned())).collect();
        if let Some(dir) = &self.data_dir {
            values.push(("data_dir".to_owned(), dir.clone(), "--data-dir".to_owned()));
        }
        Overrides { file: self.config.clone(), values }
    }
}
