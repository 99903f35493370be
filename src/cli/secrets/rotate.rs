//! `aigne-hub secrets rotate`.

use std::time::Duration;

use clap::Args;
use hub_domain::ports::SealedRows;
use hub_identity::{MasterKeys, SealedSecrets};
use serde::Serialize;

use super::super::{Failure, Output};
use super::status::counts;
use crate::compose::{MasterKeyPlace, OpenedBooks, Resealed, master_key_place, master_keys, reseal};
use crate::settings::Configuration;

/// Running servers look for changes twice a second.
const NEWS_TRAVEL: Duration = Duration::from_millis(1_500);

/// Seal all secrets with the current master key; beside running servers, and again after a break.
///
/// Where the hub made its own key, and all is sealed with it, a new one is made first; the old one stays
/// in the file until the next time. Exit code 1: some texts can't be opened with any key at hand.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub secrets rotate\n  \
    aigne-hub secrets rotate --forget-unreadable   the former key is lost: give up what it sealed")]
pub struct Rotate {
    /// Remove provider keys and forget kept answers that no key at hand opens
    #[arg(long)]
    forget_unreadable: bool,
}

#[derive(Serialize)]
struct Rotated {
    ok: bool,
    /// The key with which all is sealed now.
    key: String,
    /// Whether it was made now.
    made: bool,
    /// Texts that were sealed anew.
    resealed: u64,
    unreadable: u64,
    forgotten: u64,
}

impl Rotate {
    pub async fn run(self, opened: &OpenedBooks, configuration: &Configuration) -> Result<Output, Failure> {
        let (store, keys) = (&opened.store, &opened.keys);
        let place = master_key_place(configuration);
        if matches!(place, MasterKeyPlace::Generated(_)) {
            // The command may have found none, and goes on with one that stays.
            keys.exchange(&master_keys(configuration)?);
        }
        let is_done = is_all_sealed_with_first(opened).await?;
        let made = match &place {
            MasterKeyPlace::Generated(path) if is_done => {
                let renewed = MasterKeys::renew(path)
                    .map_err(|error| configuration.bad("data_dir", format!("{}: {error}", path.display())))?;
                keys.exchange(&renewed);
                true
            }
            _ => false,
        };
        let Some(key) = keys.ids().first().copied() else {
            return Err(Failure::refused("there is no master key"));
        };
        // Servers look at their keys again before anything is sealed with one that they may not know. A key
        // has its name once it opens all.
        let news = if made { Some(key.number()) } else { store.sealing_key().await?.filter(|_| !is_done) };
        if let Some(name) = news {
            store.set_sealing_key(name).await?;
            tokio::time::sleep(NEWS_TRAVEL).await;
        }
        let mut done = reseal(store, keys, self.forget_unreadable).await?;
        if done.texts > 0 {
            // What a server has sealed with the former key meanwhile.
            tokio::time::sleep(NEWS_TRAVEL).await;
            let more = reseal(store, keys, self.forget_unreadable).await?;
            done = Resealed {
                texts: done.texts + more.texts,
                unreadable: more.unreadable,
                forgotten: done.forgotten + more.forgotten,
            };
        }
        if done.unreadable == 0 && store.sealing_key().await? != Some(key.number()) {
            store.set_sealing_key(key.number()).await?;
        }
        let ok = done.unreadable == 0;
        let Resealed { texts: resealed, unreadable, forgotten } = done;
        let mut text = format!("{resealed} texts were sealed anew; the master key is {key}");
        if forgotten > 0 {
            text += &format!("\n{forgotten} texts that no key opens were given up");
        }
        if !ok {
            text += &format!(
                "\n{unreadable} texts can't be opened: configure the key they were sealed with beside this one \
                 (`aigne-hub secrets status` names it), or give them up with --forget-unreadable"
            );
        }
        let rotated = Rotated { ok, key: key.to_string(), made, resealed, unreadable, forgotten };
        let output = Output::new(&rotated, text).exit(u8::from(!ok));
        let is_idle = ok && !made && resealed == 0 && forgotten == 0;
        Ok(if is_idle {
            output.note(format!("all was sealed with it; for another one put that first ({place})"))
        } else {
            output
        })
    }
}

async fn is_all_sealed_with_first(opened: &OpenedBooks) -> Result<bool, Failure> {
    let first = opened.keys.ids().first().copied();
    Ok(counts(opened).await?.iter().all(|count| SealedSecrets::key_of(&count.head) == first))
}
