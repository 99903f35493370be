//! `aigne-hub accounts create`.

use clap::Args;
use hub_domain::ports::NewAccount;

use super::super::{Failure, Output};
use super::AccountView;
use crate::compose::Books;

/// Make an account. It begins with no credits.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub accounts create alice\n  \
    aigne-hub accounts create alice --did z1Xv… --json")]
pub struct Create {
    /// Unique; 1 to 100 printable characters
    #[arg(value_parser = name)]
    name: String,
    /// The user's decentralised identifier; unique
    #[arg(long, value_parser = did)]
    did: Option<String>,
}

fn name(text: &str) -> Result<String, String> {
    let fits = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if !fits || text.trim() != text {
        return Err("write 1 to 100 printable characters, without a blank at either end".to_owned());
    }
    Ok(text.to_owned())
}

fn did(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix("did:abt:").unwrap_or(text);
    let fits = (20..=60).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits {
        Ok(bare.to_owned())
    } else {
        Err("write a DID such as z1Xv…, with or without did:abt:".to_owned())
    }
}

impl Create {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let account = books.accounts.create(NewAccount { name: self.name, did: self.did }).await?;
        let view = AccountView::from(&account);
        Ok(Output::new(&view, view.text()))
    }
}
