//! The command line: one file for each command. Every command opens the database itself and works
//! beside a running server; only `serve` takes the lock.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::compose::{Books, Opening, check_sealing_key};
use crate::settings::{Configuration, Environment, Overrides};

mod accounts;
mod amount;
mod audit;
mod calls;
mod config;
mod doctor;
mod failure;
mod keys;
mod limits;
mod migrate;
mod models;
mod moment;
mod output;
mod providers;
mod rates;
mod secrets;
mod serve;
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
    Serve(serve::Serve),
    #[command(flatten)]
    OnBooks(OnBooks),
    #[command(subcommand)]
    Config(config::Config),
    Doctor(doctor::Doctor),
}

/// Commands that open the database.
#[derive(Debug, Subcommand)]
enum OnBooks {
    Migrate(migrate::Migrate),
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Providers(providers::Providers),
    #[command(subcommand)]
    Models(models::Models),
    #[command(subcommand)]
    Rates(rates::Rates),
    #[command(subcommand)]
    Calls(calls::Calls),
    #[command(subcommand)]
    Secrets(secrets::Secrets),
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

/// Does what the command line says.
pub fn run() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let (as_json, overrides) = (global.json, global.overrides());
    match execute(command, &overrides) {
        Ok(Done::Printed(output)) => output.print(as_json),
        Ok(Done::Served) => ExitCode::SUCCESS,
        Err(failure) => failure.print(),
    }
}

enum Done {
    Printed(Output),
    Served,
}

fn execute(command: Command, overrides: &Overrides) -> Result<Done, Failure> {
    let environment = Environment::of_process();
    match command {
        Command::Serve(serve) => return serve.run(overrides, environment).map(|()| Done::Served),
        Command::Config(config) => config.run(&Configuration::load(overrides, environment)?),
        Command::Doctor(doctor) => on_runtime(doctor.run(overrides, environment)),
        Command::OnBooks(command) => {
            let is_audit = matches!(command, OnBooks::Audit(_));
            let run = |configuration| on_runtime(command.run(configuration));
            let done = Configuration::load(overrides, environment).map_err(Failure::from).and_then(run);
            // Scripts must not take an audit that came to no result for one that found something.
            if is_audit { done.map_err(Failure::not_audited) } else { done }
        }
    }
    .map(Done::Printed)
}

fn on_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

impl OnBooks {
    /// Whether it may make tables; a command that only looks changes nothing.
    fn opening(&self) -> Opening {
        match self {
            Self::Migrate(_) => Opening::Migrate,
            Self::Audit(_) | Self::Calls(_) | Self::Secrets(_) => Opening::Existing,
            _ => Opening::Create,
        }
    }

    async fn run(self, configuration: Configuration) -> Result<Output, Failure> {
        let opened = Books::open(&configuration, self.opening()).await?;
        let books = &opened.books;
        let done = match self {
            Self::Migrate(migrate) => migrate.run(&opened.migrated),
            Self::Accounts(accounts) => accounts.run(books).await,
            Self::Keys(keys) => keys.run(books).await,
            Self::Providers(providers) => {
                let may_seal = match providers.seals() {
                    true => check_sealing_key(&opened.store, &opened.keys, &configuration).await,
                    false => Ok(()),
                };
                match may_seal {
                    Ok(()) => providers.run(books, &configuration.environment).await,
                    Err(failure) => Err(failure),
                }
            }
            Self::Models(models) => models.run(books).await,
            Self::Rates(rates) => rates.run(books).await,
            Self::Calls(calls) => calls.run(books).await,
            Self::Secrets(secrets) => secrets.run(&opened, &configuration).await,
            Self::Audit(audit) => audit.run(books).await,
        };
        opened.close().await;
        done
    }
}
