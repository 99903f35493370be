//! `aigne-hub config`: what the settings are, and whether they are right.

use clap::Subcommand;

use super::{Failure, Output};
use crate::settings::Configuration;

mod check;
mod show;

/// Check or show the settings.
#[derive(Debug, Subcommand)]
pub enum Config {
    Check(check::Check),
    Show(show::Show),
}

impl Config {
    pub fn run(self, configuration: &Configuration) -> Result<Output, Failure> {
        match self {
            Self::Check(check) => Ok(check.run(configuration)),
            Self::Show(show) => Ok(show.run(configuration)),
        }
    }
}
