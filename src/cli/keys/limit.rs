//! `aigne-hub keys limit`.

use clap::Args;
use hub_domain::ids::KeyId;

use super::super::limits::LimitFlags;
use super::super::table::fields;
use super::super::{Failure, Output};
use super::KeyView;
use crate::compose::Books;

/// Limit what a key may do at a time and in a minute. Running servers see it within a second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub keys limit 0197f0c4-… --rpm 60 --tpm 100000\n  \
    aigne-hub keys limit 0197f0c4-… --rpm none --calls-at-once default --json")]
pub struct Limit {
    /// The key's id, as `keys list` shows it
    id: String,
    #[command(flatten)]
    limits: LimitFlags,
}

impl Limit {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let unknown = || Failure::refused(format!("there is no key with the id `{}`", self.id));
        let id: KeyId = self.id.parse().map_err(|_| unknown())?;
        let record = books.keys.limit(id, self.limits.change()).await?.ok_or_else(unknown)?;
        let view = KeyView::new(&record, books.clock.now());
        let [calls, requests, tokens] = view.limits.words();
        let text = fields(&[
            ("id", view.id.clone()),
            ("calls at once", calls),
            ("requests per minute", requests),
            ("tokens per minute", tokens),
        ]);
        Ok(Output::new(&view, text))
    }
}
