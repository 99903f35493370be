//! `aigne-hub doctor`.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::providers::try_keys;
use super::table::Table;
use super::{Failure, Output};
use crate::compose::{Books, MasterKeyPlace, Opening};
use crate::settings::{Configuration, Environment, Overrides, Setting};

/// Look at configuration, database, secrets, providers, clock and disk: one line each.
///
/// Exit code 0: nothing is in the way of serving; 1: something is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub doctor\n  aigne-hub doctor --json")]
pub struct Doctor {
    /// Don't ask the providers
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Ok,
    /// It works, but somebody should look.
    Warn,
    Fail,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        })
    }
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    status: Health,
    message: String,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Check>,
}

fn check(name: &'static str, status: Health, message: impl Into<String>) -> Check {
    Check { name, status, message: message.into() }
}

/// Beyond this the clocks of machine and database differ too much to be chance, and to work.
const SKEW_WARN_MS: u64 = 5_000;
const SKEW_FAIL_MS: u64 = 30_000;
const DISK_WARN: u64 = 1 << 30;
const DISK_FAIL: u64 = 100 << 20;

impl Doctor {
    pub async fn run(self, overrides: &Overrides, environment: Environment) -> Result<Output, Failure> {
        let mut checks = Vec::new();
        match Configuration::load(overrides, environment) {
            Err(error) => checks.push(check("configuration", Health::Fail, error.to_string())),
            Ok(configuration) => {
                let file = configuration.file.as_deref().map(|path| path.display().to_string());
                let file = file.unwrap_or_else(|| "built-in values and environment".to_owned());
                let dir = configuration.data_dir.path().display();
                checks.push(check("configuration", Health::Ok, format!("{file}; data in {dir}")));
                self.look_at(&configuration, &mut checks).await;
            }
        }
        let ok = checks.iter().all(|check| check.status != Health::Fail);
        let mut table = Table::new(["CHECK", "STATUS", "FOUND"]);
        for Check { name, status, message } in &checks {
            table.row([(*name).to_owned(), status.to_string(), message.clone()]);
        }
        Ok(Output::new(&Report { ok, checks }, table.render()).exit(u8::from(!ok)))
    }

    async fn look_at(&self, configuration: &Configuration, checks: &mut Vec<Check>) {
        let url = crate::compose::storage_url(configuration).show();
        let started = Instant::now();
        match Books::open(configuration, Opening::Existing).await {
            Err(failure) => {
                checks.push(check("database", Health::Fail, format!("{url}: {failure}")));
                for name in ["providers", "clock"] {
                    checks.push(check(name, Health::Warn, "not looked at without the database"));
                }
            }
            Ok(opened) => {
                checks.push(database(&opened.books, &url, started).await);
                checks.push(providers(&opened.books, self.offline).await);
                checks.push(clock(&opened.books).await);
                opened.close().await;
            }
        }
        checks.push(secrets(configuration));
        checks.push(disk(configuration.data_dir.path()));
    }
}

async fn database(books: &Books, url: &str, started: Instant) -> Check {
    match books.health.ping().await {
        Ok(()) => {
            let millis = started.elapsed().as_millis();
            check("database", Health::Ok, format!("{url}, tables up to date, open in {millis} ms"))
        }
        Err(error) => check("database", Health::Fail, format!("{url}: {error}")),
    }
}

async fn providers(books: &Books, offline: bool) -> Check {
    let found = match books.catalogue.providers().await {
        Ok(found) => found,
        Err(error) => return check("providers", Health::Fail, error.to_string()),
    };
    let in_force: Vec<_> = found.into_iter().filter(|found| !found.is_shadowed).collect();
    if in_force.is_empty() {
        return check(
            "providers",
            Health::Warn,
            "none; add one with: aigne-hub providers add NAME --kind openai",
        );
    }
    let mut status = Health::Ok;
    let mut said = Vec::new();
    for found in in_force {
        let (name, locked) = (found.provider.name.clone(), found.locked);
        if locked > 0 {
            status = Health::Fail;
            said.push(format!("{name}: {locked} keys can't be opened with this master key"));
        } else if offline {
            said.push(format!("{name}: not asked"));
        } else {
            let tested = try_keys(books, found.provider).await;
            let failed: Vec<_> = tested.iter().filter_map(|tested| tested.error.clone()).collect();
            if failed.len() == tested.len() {
                status = Health::Fail;
            } else if !failed.is_empty() && status == Health::Ok {
                status = Health::Warn;
            }
            said.push(if failed.is_empty() {
                format!("{name}: ok")
            } else {
                format!("{name}: {}", failed.join(", "))
            });
        }
    }
    check("providers", status, said.join("; "))
}

async fn clock(books: &Books) -> Check {
    match books.leases.clock_skew_ms().await {
        Ok(skew) => {
            let status = match skew.unsigned_abs() {
                SKEW_FAIL_MS.. => Health::Fail,
                SKEW_WARN_MS.. => Health::Warn,
                _ => Health::Ok,
            };
            check("clock", status, format!("{skew} ms from the database's"))
        }
        Err(error) => check("clock", Health::Fail, error.to_string()),
    }
}

fn secrets(configuration: &Configuration) -> Check {
    let place = crate::compose::master_key_place(configuration);
    match (&place, crate::compose::known_master_keys(configuration)) {
        (_, Err(error)) => check("secrets", Health::Fail, error.to_string()),
        (MasterKeyPlace::Generated(path), Ok(None)) => {
            check("secrets", Health::Ok, format!("the master key will be made in {}", path.display()))
        }
        (MasterKeyPlace::Generated(_), Ok(_))
            if crate::compose::storage_url(configuration).file().is_none() =>
        {
            let message =
                format!("the master key is {place}; every instance of this database needs the same one");
            check("secrets", Health::Warn, message)
        }
        (_, Ok(_)) => check("secrets", Health::Ok, format!("the master key is {place}")),
    }
}

fn disk(data_dir: &Path) -> Check {
    // The directory may be still to be made; its nearest ancestor is on the same disk, as a rule.
    let Some(existing) = data_dir.ancestors().find(|dir| dir.is_dir()) else {
        return check("disk", Health::Fail, format!("{} is not there", data_dir.display()));
    };
    match fs4::available_space(existing) {
        Ok(free) => {
            let status = match free {
                DISK_WARN.. => Health::Ok,
                DISK_FAIL.. => Health::Warn,
                _ => Health::Fail,
            };
            check("disk", status, format!("{} MiB free in {}", free >> 20, existing.display()))
        }
        Err(error) => check("disk", Health::Fail, format!("{}: {error}", existing.display())),
    }
}
