//! `aigne-hub keys revoke`.

use clap::Args;
use hub_domain::ids::KeyId;
use serde::Serialize;

use super::super::{Failure, Output};
use crate::compose::Books;

/// Revoke an access key, for good. Running servers see it within a second.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub keys revoke 0197f0c4-…\n  aigne-hub keys revoke 0197f0c4-… --json"
)]
pub struct Revoke {
    /// The key's id, as `keys list` shows it
    id: String,
}

#[derive(Serialize)]
struct Revoked {
    id: String,
    revoked: bool,
}

impl Revoke {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let unknown = || Failure::refused(format!("there is no key with the id `{}`", self.id));
        let id: KeyId = self.id.parse().map_err(|_| unknown())?;
        let is_new = books.keys.revoke(id).await?;
        if !is_new && !books.keys.list(None).await?.iter().any(|key| key.id == id) {
            return Err(unknown());
        }
        let output =
            Output::new(&Revoked { id: id.to_string(), revoked: true }, format!("key {id} is revoked"));
        Ok(if is_new { output } else { output.note("it was revoked before") })
    }
}
