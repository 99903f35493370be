//! A scenario's world: a database, an upstream, and the hubs between them. When the scenario is over, the
//! world proves that the books are right.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::amount::{Units, units};
use super::command::{self, Finished};
use super::database::{Database, Kind};
use super::hub::{Hub, KEY};
use super::reply::Tokens;
use super::upstream::Upstream;

/// The key that seals what instances share.
pub const MASTER_KEY: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";

/// What the account `bootstrap` is granted.
const GRANTED: &str = "1000";

/// Credits per million tokens of every chat model of the fake upstream …
const PRICES: [&str; 6] = ["--input", "3000", "--output", "6000", "--input-cached", "300"];
/// … in units for one token.
const INPUT: Units = 30_000_000;
const OUTPUT: Units = 60_000_000;
const CACHED: Units = 3_000_000;

/// What a usage costs at these prices.
pub fn price(tokens: Tokens) -> Units {
    let fresh = tokens.input - tokens.cached;
    Units::from(fresh) * INPUT + Units::from(tokens.cached) * CACHED + Units::from(tokens.output) * OUTPUT
}

pub struct World {
    pub database: Database,
    pub upstream: Upstream,
    settings: Vec<(String, String)>,
    hubs: Vec<Hub>,
    is_set_up: bool,
    dir: TempDir,
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        let upstream = Upstream::start().await;
        let dir = tempfile::tempdir().unwrap();
        let database = Database::create(kind).await;
        let mut world =
            Self { database, upstream, settings: Vec::new(), hubs: Vec::new(), is_set_up: false, dir };
        world.set("HOME", &world.dir.path().display().to_string());
        world.set("HUB__SERVER__LISTEN", "127.0.0.1:0");
        world.set("HUB__SERVER__WORKERS", "2");
        world.set("HUB__SECRETS__MASTER_KEY", MASTER_KEY);
        world.set("HUB__BOOTSTRAP__ACCESS_KEY", KEY);
        world.set("HUB__BOOTSTRAP__CREDITS", GRANTED);
        // No load balancer has to see that the hub stops.
        world.set("HUB__SHUTDOWN__PROPAGATION", "0s");
        world.set("HUB__LOG__FORMAT", "json");
        world.set("HUB__PROVIDERS__FAKE__KIND", "openai");
        world.set("HUB__PROVIDERS__FAKE__BASE_URL", &format!("http://{}/v1", world.upstream.address));
        world.set("HUB__PROVIDERS__FAKE__API_KEY_ENV", "FAKE_KEYS");
        world.set("FAKE_KEYS", "sk-fake-one");
        if let Some(url) = world.database.url() {
            world.set("HUB__STORAGE__URL", &url);
        }
        world
    }

    /// Sets a variable for what is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(given, _)| given != name);
    }

    pub fn environment(&self) -> &[(String, String)] {
        &self.settings
    }

    /// The data directory of the instance with this name.
    pub fn data_dir(&self, instance: &str) -> PathBuf {
        let dir = self.dir.path().join(instance);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// Tables and prices, once.
    pub async fn set_up(&mut self) {
        if !std::mem::replace(&mut self.is_set_up, true) {
            self.command(&["migrate"]).await.expect(0);
            self.command(&[&["rates", "set", "fake/*"][..], &PRICES].concat()).await.expect(0);
        }
    }

    /// A hub that takes calls.
    pub async fn start(&mut self) -> Hub {
        self.start_named("one").await
    }

    /// Another instance, with a data directory of its own.
    pub async fn start_named(&mut self, instance: &str) -> Hub {
        self.set_up().await;
        let hub = Hub::start(&self.data_dir(instance), &self.settings, &[]).await;
        self.hubs.push(hub.clone());
        hub
    }

    /// Lets go of processes that have ended; a crash test has many.
    pub fn forget_the_dead(&mut self) {
        self.hubs.retain(|hub| hub.has_ended().is_none());
    }

    /// Runs a command beside whatever runs.
    pub async fn command(&self, arguments: &[&str]) -> Finished {
        command::run(&self.data_dir("one"), &self.settings, arguments).await
    }

    /// The same from one line, for its JSON.
    pub async fn json(&self, line: &str) -> Value {
        let arguments: Vec<_> = line.split(' ').chain(["--json"]).collect();
        self.command(&arguments).await.expect(0).json()
    }

    /// What an account can spend now.
    pub async fn balance(&self, account: &str) -> Units {
        let shown = self.json(&format!("accounts show {account}")).await;
        units(shown["balance"].as_str().unwrap())
    }

    /// What was charged to the account `bootstrap` since its beginning.
    pub async fn spent(&self) -> Units {
        units(GRANTED) - self.balance("bootstrap").await
    }

    /// A new account with credits, and a key of its.
    pub async fn account(&self, name: &str, credits: &str) -> String {
        self.json(&format!("accounts create {name}")).await;
        if credits != "0" {
            self.json(&format!("accounts grant {name} {credits}")).await;
        }
        let key = self.json(&format!("keys create --account {name}")).await;
        key["key"].as_str().expect("the key is shown once").to_owned()
    }

    /// Every scenario's end: hubs stop in good order, nothing is held, and the audit has no findings.
    pub async fn prove(&mut self) {
        for hub in &self.hubs {
            if hub.has_ended().is_none() {
                hub.stop().await;
            }
        }
        let audit = self.command(&["audit", "--json"]).await.expect(0).json();
        assert_eq!(audit["ok"], true, "{audit:#}");
        assert_eq!(audit["findings"], serde_json::json!([]), "{audit:#}");
        assert_eq!(audit["open_holds"], 0, "{audit:#}");
        for account in self.json("accounts list").await.as_array().unwrap() {
            let amount = |field: &str| units(account[field].as_str().unwrap());
            assert_eq!(amount("held"), 0, "{account:#}");
            assert_eq!(amount("balance"), amount("granted") - amount("spent"), "{account:#}");
            assert!(amount("balance") >= 0, "{account:#}");
        }
    }
}
