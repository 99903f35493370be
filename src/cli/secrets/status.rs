//! `aigne-hub secrets status`.

use clap::Args;
use hub_domain::ports::{SealedCount, SealedKind, SealedRows};
use hub_identity::{MasterKeyId, SealedHead, SealedSecrets};
use serde::Serialize;

use super::super::table::Table;
use super::super::{Failure, Output};
use crate::compose::{OpenedBooks, master_key_place};
use crate::settings::Configuration;

/// Count what is sealed, by master key. Exit code 1: some of it can't be opened with the keys at hand.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub secrets status\n  aigne-hub secrets status --json | jq .keys")]
pub struct Status {}

#[derive(Serialize)]
struct Shown {
    ok: bool,
    /// The key that seals from now on.
    key: Option<String>,
    place: String,
    keys: Vec<ShownKey>,
}

#[derive(Serialize)]
struct ShownKey {
    /// 16 hexadecimal digits; nothing for texts that name no key.
    key: Option<String>,
    /// Whether the key is at hand.
    known: bool,
    /// Whether it is the one that seals.
    current: bool,
    credentials: u64,
    answers: u64,
}

/// All that is sealed, by the beginning that names the key.
pub(super) async fn counts(opened: &OpenedBooks) -> Result<Vec<SealedCount>, Failure> {
    let length = u8::try_from(size_of::<SealedHead>()).unwrap_or(u8::MAX);
    Ok(opened.store.counts(length).await?)
}

impl Status {
    pub async fn run(self, opened: &OpenedBooks, configuration: &Configuration) -> Result<Output, Failure> {
        let known = opened.keys.ids();
        let shown_key = |id: Option<MasterKeyId>| ShownKey {
            key: id.map(|id| id.to_string()),
            known: id.is_some_and(|id| known.contains(&id)),
            current: id.is_some() && id == known.first().copied(),
            credentials: 0,
            answers: 0,
        };
        let mut keys: Vec<_> = known.iter().map(|id| shown_key(Some(*id))).collect();
        for SealedCount { what, head, rows } in counts(opened).await? {
            let id = SealedSecrets::key_of(&head);
            let name = id.map(|id| id.to_string());
            let at = keys.iter().position(|key| key.key == name).unwrap_or_else(|| {
                keys.push(shown_key(id));
                keys.len() - 1
            });
            match what {
                SealedKind::Credential => keys[at].credentials += rows,
                SealedKind::Answer => keys[at].answers += rows,
            }
        }
        let ok = keys.iter().all(|key| key.known);
        let mut table = Table::new(["KEY", "PROVIDER KEYS", "ANSWERS", ""]);
        for key in &keys {
            let remark = match (key.current, key.known) {
                (true, _) => "seals",
                (false, true) => "opens",
                (false, false) => "unknown: nothing of this can be opened",
            };
            let name = key.key.clone().unwrap_or_else(|| "-".to_owned());
            table.row([name, key.credentials.to_string(), key.answers.to_string(), remark.to_owned()]);
        }
        let place = master_key_place(configuration).to_string();
        let text = format!("{}the master key is {place}", table.render());
        let shown = Shown { ok, key: known.first().map(ToString::to_string), place, keys };
        Ok(Output::new(&shown, text).exit(u8::from(!ok)))
    }
}
