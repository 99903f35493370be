//! `aigne-hub keys create`.

use clap::Args;
use hub_domain::ids::KeyId;
use hub_domain::ports::NewKey;
use hub_domain::use_cases::issue_key::issue_key;
use hub_domain::vocabulary::{Limits, Role};
use hub_identity::issue_access_key;
use serde::Serialize;

use super::super::limits::LimitFlags;
use super::super::table::fields;
use super::super::{Failure, Output, accounts, moment};
use super::KeyView;
use crate::compose::Books;

/// Make an access key. Its text is shown once and never stored.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub keys create --account alice\n  \
    aigne-hub keys create --account alice --name laptop --expires 90d\n  \
    aigne-hub keys create --account alice --rpm 60 --tpm 100000\n  \
    aigne-hub keys create --account alice --role owner --json")]
pub struct Create {
    /// Whose key: an account's id or name
    #[arg(long)]
    account: String,
    /// What tells this key from others
    #[arg(long)]
    name: Option<String>,
    /// When it ends: 30d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// What it may do beyond calling models: owner, admin, member or guest
    #[arg(long, default_value = "member", value_parser = role)]
    role: Role,
    #[command(flatten)]
    limits: LimitFlags,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| "write owner, admin, member or guest".to_owned())
}

/// The one time that the text is seen.
#[derive(Serialize)]
struct Created {
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

impl Create {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let now = books.clock.now();
        let expires = self.expires.as_deref().map(|text| moment::later(text, now)).transpose();
        let expires = expires.map_err(|reason| Failure::Usage(format!("--expires: {reason}")))?;
        let account = accounts::find(books, &self.account).await?;
        let issued = issue_access_key();
        let new = NewKey {
            id: KeyId::new(),
            hash: issued.hash,
            tail: issued.tail,
            account: account.id,
            name: self.name,
            role: self.role,
            expires,
            limits: self.limits.change().apply(Limits::default()),
        };
        let record = issue_key(books.keys.as_ref(), books.clock.as_ref(), new).await?;
        let view = KeyView::new(&record, now);
        let text = fields(&[
            ("key", issued.text.expose().to_owned()),
            ("id", view.id.clone()),
            ("account", view.account_name.clone()),
            ("name", view.name.clone().unwrap_or_default()),
            ("expires", view.expires.clone().unwrap_or_default()),
        ]);
        let created = Created { key: issued.text.expose().to_owned(), view };
        Ok(Output::new(&created, text).note("the key is shown this once; keep it"))
    }
}
