//! `aigne-hub secrets`: the keys under which providers' keys and kept answers are sealed.

use clap::Subcommand;

use super::{Failure, Output};
use crate::compose::OpenedBooks;
use crate::settings::Configuration;

mod rotate;
mod status;

/// See with which master key secrets are sealed, and seal them anew with another one.
///
/// Of several master keys (with commas or lines' ends between them) the first one seals and all open. To
/// change a configured key put the new one before the old one everywhere, start every instance again, run
/// `secrets rotate`, and take the old one away. A key that the hub made itself is changed by `secrets
/// rotate` alone, while the server runs.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    Status(status::Status),
    Rotate(rotate::Rotate),
}

impl Secrets {
    pub async fn run(self, opened: &OpenedBooks, configuration: &Configuration) -> Result<Output, Failure> {
        match self {
            Self::Status(status) => status.run(opened, configuration).await,
            Self::Rotate(rotate) => rotate.run(opened, configuration).await,
        }
    }
}
