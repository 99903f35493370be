//! `aigne-hub providers credentials add`.

use std::io::Read;

use clap::Args;
use hub_domain::ports::SecretText;
use hub_domain::routing::Credential;

use super::super::super::{Failure, Output};
use super::{CredentialView, stored, weight};
use crate::compose::{Books, seal_credential};
use crate::settings::{Environment, keys_in};

/// A key is one line; nobody's is longer.
const LONGEST: u64 = 16 * 1024;

/// Add keys to a provider, from a variable of the environment or from standard input, and keep them sealed.
///
/// Running servers use them within a second.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    aigne-hub providers credentials add openai --api-key-env OPENAI_KEY_2\n  \
    aigne-hub providers credentials add openai --weight 50 < key.txt")]
pub struct Add {
    /// The provider's name
    provider: String,
    /// The environment variable that holds the key, or several keys with commas between them; standard input where
    /// it is left out
    #[arg(long, value_name = "VARIABLE")]
    api_key_env: Option<String>,
    /// Its share of the provider's calls; 0 only stands by
    #[arg(long, default_value_t = Credential::WEIGHT, value_parser = weight)]
    weight: u32,
}

impl Add {
    pub async fn run(self, books: &Books, environment: &Environment) -> Result<Output, Failure> {
        let provider = stored(books, &self.provider).await?;
        let keys = match &self.api_key_env {
            Some(variable) => keys_in(environment, variable),
            None => from_standard_input()?,
        };
        if keys.is_empty() {
            return Err(Failure::refused(match &self.api_key_env {
                Some(variable) => format!("the environment variable {variable} is not set"),
                None => "standard input holds no key".to_owned(),
            }));
        }
        let mut added = Vec::new();
        for key in &keys {
            let base_url = provider.base_url.as_deref();
            let mut record = seal_credential(books.secrets.as_ref(), provider.id, base_url, key)?;
            record.weight = self.weight;
            added.push(CredentialView::from(&record));
            if !books.providers.add_credential(provider.id, record).await? {
                return Err(Failure::refused(format!("the provider `{}` was removed", provider.name)));
            }
        }
        let shown = added.iter().map(|own| own.key.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Output::new(&added, format!("provider `{}` has the key {shown}", provider.name)))
    }
}

fn from_standard_input() -> Result<Vec<SecretText>, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST).read_to_string(&mut text)?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(SecretText::new).collect())
}
