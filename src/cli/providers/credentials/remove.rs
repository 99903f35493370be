//! `aigne-hub providers credentials remove`.

use clap::Args;
use serde::Serialize;

use super::super::super::{Failure, Output};
use super::{stored, the_one};
use crate::compose::Books;

/// Remove a key of a provider. Running servers use it no more within a second; running calls end with it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub providers credentials remove openai …wxyz")]
pub struct Remove {
    /// The provider's name
    provider: String,
    /// The key's id, or its last characters
    key: String,
}

#[derive(Serialize)]
struct Removed {
    id: String,
    removed: bool,
}

impl Remove {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let provider = stored(books, &self.provider).await?;
        let id = the_one(&provider, &self.key)?;
        let removed = books.providers.remove_credential(provider.id, id).await?;
        let text = format!("the key `{}` of `{}` was removed", self.key, provider.name);
        Ok(Output::new(&Removed { id: id.to_string(), removed }, text))
    }
}
