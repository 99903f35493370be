//! `aigne-hub providers add`.

use clap::Args;
use hub_domain::call::OnDisconnect;
use hub_domain::ids::ProviderId;
use hub_domain::ports::{NewProvider, ProviderBookError};
use hub_domain::routing::ProviderKind;
use hub_providers::{price_list, well_known};

use super::super::{Failure, Output};
use super::{ProviderView, in_force};
use crate::compose::{Books, seal_credential, write_missing};
use crate::settings::{Environment, HttpUrl, ProviderSource, ShortName, keys_in, parse_setting};

/// Add a provider. Its key is read from a variable of the environment now, and kept sealed.
///
/// Running servers see it within a second. Built-in prices, where there are some for it, are written into
/// the book; those that stand there already are left alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    aigne-hub providers add openai --kind openai --api-key-env OPENAI_KEY\n  \
    aigne-hub providers add local --kind openai --base-url http://127.0.0.1:11434/v1\n  \
    aigne-hub providers add deepseek --api-key-env DEEPSEEK_KEY\n  \
    aigne-hub providers add sim --kind simulated")]
pub struct Add {
    /// What stands before the `/` of a model's name: letters, digits, `-`, `_` or `.`
    #[arg(value_parser = name)]
    name: String,
    /// openai (its API or one like it), anthropic, google, or simulated (built in, needs no upstream); a well-known
    /// provider (deepseek, xai, openrouter, mistral, groq, together, doubao, poe, ollama, lmstudio, vllm) needs none
    #[arg(long, value_parser = parse_setting::<ProviderKind>)]
    kind: Option<ProviderKind>,
    /// Where it is, up to the part before /chat/completions; a well-known provider's own where it is left out
    #[arg(long, value_name = "URL", value_parser = parse_setting::<HttpUrl>)]
    base_url: Option<HttpUrl>,
    /// The environment variable that holds its key, or several keys with commas between them
    #[arg(long, value_name = "VARIABLE")]
    api_key_env: Option<String>,
    /// When a client leaves: cancel the answer, or drain it because the provider bills it anyway
    #[arg(long, default_value = "cancel", value_parser = parse_setting::<OnDisconnect>)]
    on_disconnect: OnDisconnect,
    /// Whether it has OpenAI's Responses beside Chat Completions; where it is left out, its address tells
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    responses: Option<bool>,
}

fn name(text: &str) -> Result<String, String> {
    parse_setting::<ShortName>(text).map(|name| name.0.to_ascii_lowercase())
}

impl Add {
    pub async fn run(self, books: &Books, environment: &Environment) -> Result<Output, Failure> {
        let id = ProviderId::new();
        let known = well_known::find(&self.name);
        let Some(kind) = self.kind.or(known.map(|known| known.kind)) else {
            let why = format!("nobody here knows a provider `{}`; say what it speaks with --kind", self.name);
            return Err(Failure::refused(why));
        };
        let own = known.filter(|known| known.kind == kind).and_then(|known| known.own_base_url());
        let base_url = self.base_url.as_ref().map(|url| url.0.to_string()).or(own.map(str::to_owned));
        let keys = match &self.api_key_env {
            None => Vec::new(),
            Some(variable) => keys_in(environment, variable),
        };
        if let (Some(variable), true) = (&self.api_key_env, keys.is_empty()) {
            return Err(Failure::refused(format!("the environment variable {variable} is not set")));
        }
        let sealed = keys
            .iter()
            .map(|key| seal_credential(books.secrets.as_ref(), id, base_url.as_deref(), key))
            .collect::<Result<_, _>>()?;
        let new = NewProvider {
            id,
            name: self.name.clone(),
            kind,
            base_url: base_url.clone(),
            on_disconnect: self.on_disconnect,
            responses: self.responses,
            timeouts: None,
            credentials: sealed,
        };
        let wanted = price_list::rates(&self.name, kind);
        books.providers.add(new).await.map_err(|error| match error {
            ProviderBookError::Taken => {
                Failure::refused(format!("there is a provider `{}` already", self.name))
            }
            other => other.into(),
        })?;
        let written = write_missing(books.rates.as_ref(), &books.rates.current().await?, wanted).await?;
        let found = in_force(books, &self.name).await?;
        let view = ProviderView::from(&found);
        let mut output = Output::new(&view, format!("provider `{}` was added", self.name));
        if found.source == ProviderSource::Configuration {
            output = output.note(format!(
                "one of this name stands in the configuration and goes before it: `{}`",
                self.name
            ));
        }
        let is_upstream = kind != ProviderKind::Simulated;
        if is_upstream && keys.is_empty() {
            output = output.note("it has no key; calls are sent without one once it has a price");
        }
        Ok(match written {
            0 if is_upstream && found.provider.models.is_empty() => output.note(format!(
                "set its prices with: aigne-hub rates set {}/MODEL --input P --output P",
                self.name
            )),
            _ => output,
        })
    }
}
