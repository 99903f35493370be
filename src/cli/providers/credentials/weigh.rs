//! `aigne-hub providers credentials weigh`.

use clap::Args;
use serde::Serialize;

use super::super::super::{Failure, Output};
use super::{stored, the_one, weight};
use crate::compose::Books;

/// Change a key's share of its provider's calls.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub providers credentials weigh openai …wxyz 50\n  \
    aigne-hub providers credentials weigh openai …wxyz 0      it only stands by")]
pub struct Weigh {
    /// The provider's name
    provider: String,
    /// The key's id, or its last characters
    key: String,
    /// Beside the weights of the others: 100 where nothing was said
    #[arg(value_parser = weight)]
    weight: u32,
}

#[derive(Serialize)]
struct Weighed {
    id: String,
    weight: u32,
}

impl Weigh {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let provider = stored(books, &self.provider).await?;
        let id = the_one(&provider, &self.key)?;
        if !books.providers.weigh_credential(provider.id, id, self.weight).await? {
            return Err(Failure::refused(format!("the key `{}` was removed", self.key)));
        }
        let text = format!("the key `{}` weighs {}", self.key, self.weight);
        Ok(Output::new(&Weighed { id: id.to_string(), weight: self.weight }, text))
    }
}
