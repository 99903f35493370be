//! `serve --demo`: a hub to try, with nothing to set up. Its data are kept apart from real ones.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hub_domain::call::OnDisconnect;
use hub_domain::ids::ProviderId;
use hub_domain::money::{Credits, UNITS_PER_CREDIT};
use hub_domain::ports::{NewProvider, ProviderBookError, SecretText};
use hub_domain::routing::ProviderKind;
use hub_identity::{IssuedKey, issue_access_key, key_of_text};

use crate::cli::Failure;
use crate::compose::{Books, ensure_account, ensure_owner_key, grant_once, private_file};
use crate::settings::{Configuration, DataDir, Environment, Overrides};

const NAME: &str = "demo";
const PROVIDER: &str = "sim";
const CREDITS: Credits = Credits::from_units(100 * UNITS_PER_CREDIT);
/// Holds the demo's key, and marks a data directory as a demo's.
const KEY_FILE: &str = "demo.key";

/// What a demo tells who started it.
pub struct Demo {
    key: SecretText,
}

/// The configuration with data of the demo's own: `demo` in the data directory, unless that was given;
/// and a database of the demo's own, unless a flag names another.
pub fn configuration(overrides: &Overrides, environment: Environment) -> Result<Configuration, Failure> {
    let given = Configuration::load(overrides, environment.clone())?;
    let mut overrides = overrides.clone();
    let flag = || "--demo".to_owned();
    if !given.is_set("data_dir") {
        let own = given.data_dir.file(NAME).display().to_string();
        overrides.values.push(("data_dir".to_owned(), own, flag()));
    }
    let is_flag = overrides.values.iter().any(|(key, ..)| key == "storage.url");
    if !is_flag {
        overrides.values.push(("storage.url".to_owned(), String::new(), flag()));
    }
    let configuration = Configuration::load(&overrides, environment)?;
    refuse_real_data(&configuration.data_dir)?;
    Ok(configuration)
}

fn refuse_real_data(data_dir: &DataDir) -> Result<(), Failure> {
    if data_dir.file("hub.db").exists() && !data_dir.file(KEY_FILE).exists() {
        let dir = data_dir.path().display();
        return Err(Failure::refused(format!(
            "{dir} holds data that no demo made; give --demo a directory of its own with --data-dir"
        )));
    }
    Ok(())
}

/// Makes what the demo needs, once; a later start finds it.
pub async fn prepare(configuration: &Configuration, books: &Books) -> Result<Demo, Failure> {
    let key = key(&configuration.data_dir)?;
    let text = key.text.clone();
    let account = ensure_account(books.accounts.as_ref(), NAME).await?;
    ensure_owner_key(books, account.id, NAME, key).await?;
    grant_once(books.accounts.as_ref(), account.id, CREDITS, NAME).await?;
    let provider = NewProvider {
        id: ProviderId::new(),
        name: PROVIDER.to_owned(),
        kind: ProviderKind::Simulated,
        base_url: None,
        on_disconnect: OnDisconnect::Cancel,
        responses: None,
        timeouts: None,
        credentials: Vec::new(),
    };
    match books.providers.add(provider).await {
        Ok(_) | Err(ProviderBookError::Taken) => Ok(Demo { key: text }),
        Err(error) => Err(error.into()),
    }
}

/// The key of an earlier start, else a new one, readable by its owner only.
fn key(data_dir: &DataDir) -> Result<IssuedKey, Failure> {
    let mut file = private_file(&data_dir.file(KEY_FILE))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    if let Ok(known) = key_of_text(text.trim()) {
        return Ok(known);
    }
    let made = issue_access_key();
    file.set_len(0)?;
    writeln!(file, "{}", made.text.expose())?;
    file.sync_all()?;
    Ok(made)
}

impl Demo {
    /// Commands that work as they stand, when they are pasted into another terminal.
    pub fn greeting(&self, configuration: &Configuration, address: SocketAddr) -> String {
        let url = format!("http://{}", reachable(address));
        let dir = configuration.data_dir.path().display();
        let program = std::env::args().next().unwrap_or_else(|| "aigne-hub".to_owned());
        let key = self.key.expose();
        format!(
            "aigne-hub is ready on {url} (demo: answers are simulated, data in {dir})

Try it, in another terminal:

  curl -N {url}/v1/chat/completions \\
    -H 'Authorization: Bearer {key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{\"model\":\"{MODEL}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello!\"}}],\"stream\":true,\"stream_options\":{{\"include_usage\":true}}}}'

See what it cost, and prove that the books are right:

  {program} --data-dir '{dir}' calls list
  {program} --data-dir '{dir}' audit

Stop it with Ctrl-C.
"
        )
    }
}

/// The model that answers at once.
pub const MODEL: &str = "sim/instant";

/// An address that says "any" is no place to go to.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}
