//! `aigne-hub rates import`.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use hub_domain::ports::NewRate;

use super::super::{Failure, Output};
use crate::compose::Books;
use document::Value;
use reading::Reading;
use report::{Planned, Report};

mod document;
mod exact_price;
mod litellm;
mod own_list;
mod reading;
mod report;

/// Bring prices up to date from a file: all of them at once, or none.
///
/// The file is the hub's own list in TOML or JSON (`rates list --json` prints one), or LiteLLM's
/// model_prices_and_context_window.json, of which the providers are taken that are set up here. Prices are
/// read digit by digit; what is finer than the hub counts is rounded up and told. What the book has
/// otherwise becomes a new version; calls that run keep theirs. With one mistake in the file nothing is taken.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub rates import model_prices_and_context_window.json --dry-run\n  \
    aigne-hub rates import model_prices_and_context_window.json --provider groq --provider fireworks_ai=fire\n  \
    aigne-hub rates list --json > prices.json && aigne-hub rates import prices.json\n\n\
    The hub's own list:\n  source = \"https://…\"\n  date = \"2026-11-25\"\n  [[rates]]\n  provider = \"acme\"\n  \
    model = \"m1\"\n  prices = { input = 2.5, input_cached = 0.25, output = 10 }\n  \
    tiers = [{ from_input_tokens = 200001, prices = { input = 5, output = 15 } }]"
)]
pub struct Import {
    /// A file, or - for standard input
    file: PathBuf,
    /// Show what it would do and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Only the models of this provider, also when it is not set up here; THEIRS=OURS gives it another name.
    /// May be repeated
    #[arg(long, value_name = "NAME", value_parser = name_of_provider)]
    provider: Vec<ProviderName>,
}

/// A provider's name in the file, and here.
#[derive(Debug, Clone)]
struct ProviderName {
    theirs: String,
    ours: String,
}

fn name_of_provider(text: &str) -> Result<ProviderName, String> {
    let (theirs, ours) = text.split_once('=').unwrap_or((text, text));
    super::priced::target(&format!("{ours}/*"))
        .map(|target| ProviderName { theirs: theirs.to_owned(), ours: target.provider })
        .map_err(|_| "write a provider's name, or THEIRS=OURS".to_owned())
}

/// Larger than any list of prices.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

impl Import {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let file = self.file.display().to_string();
        let refused = |error: String| Failure::refused(format!("{file}: {error}"));
        let text = content(&self.file).map_err(|error| refused(error.to_string()))?;
        let providers = books.catalogue.providers().await?;
        let set_up: Vec<_> = providers.iter().map(|found| found.provider.name.to_ascii_lowercase()).collect();
        let mut reading = self.read(&text, &set_up).map_err(refused)?;
        let (planned, unchanged) = plan(books, &mut reading).await?;
        let mut unknown: Vec<_> = planned.iter().map(|planned| planned.rate.provider.clone()).collect();
        unknown.retain(|provider| !set_up.contains(&provider.to_ascii_lowercase()));
        unknown.sort();
        unknown.dedup();

        let report = Report::new(file, reading, &planned, unchanged, self.dry_run);
        if !report.is_refused() && !self.dry_run {
            books.rates.set_all(planned.into_iter().map(|planned| planned.rate).collect()).await?;
        }
        let output = Output::new(&report, report.text()).exit(u8::from(report.is_refused()));
        Ok(if unknown.is_empty() {
            output
        } else {
            output.note(format!(
                "not set up yet: {}; add one with: aigne-hub providers add",
                unknown.join(", ")
            ))
        })
    }

    fn read(&self, text: &str, set_up: &[String]) -> Result<Reading, String> {
        let named = |theirs: &str| {
            self.provider
                .iter()
                .find(|name| name.theirs.eq_ignore_ascii_case(theirs))
                .map(|name| name.ours.clone())
        };
        let file = document::parse(text)?;
        if let Some(rates) = own_list::rates(&file) {
            let mut reading =
                own_list::read(&file, rates, |theirs| self.provider.is_empty() || named(theirs).is_some());
            for entry in &mut reading.entries {
                entry.rate.provider =
                    named(&entry.rate.provider).unwrap_or(std::mem::take(&mut entry.rate.provider));
            }
            return Ok(reading);
        }
        let Value::Table(models) = &file.value else { return Err("no list of prices".to_owned()) };
        if !models.iter().any(|(_, model)| model.get("litellm_provider").is_some()) {
            return Err("neither the hub's own list (`rates`) nor LiteLLM's".to_owned());
        }
        Ok(litellm::read(models, |theirs| {
            let ours = litellm::hub_name(theirs);
            if self.provider.is_empty() {
                set_up.iter().find(|name| *name == ours || *name == theirs).cloned()
            } else {
                // A provider may be asked for by either name.
                named(theirs)
                    .map(|named| if named == theirs { ours.to_owned() } else { named })
                    .or_else(|| named(ours))
            }
        }))
    }
}

fn content(file: &Path) -> std::io::Result<String> {
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file)?)
    };
    let mut text = String::new();
    source.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > MOST_BYTES) {
        return Err(std::io::Error::other("larger than 64 MiB"));
    }
    Ok(text)
}

/// What the book has otherwise or not at all, and how many it has already. Two rates of the file for one
/// place are refused.
async fn plan(books: &Books, reading: &mut Reading) -> Result<(Vec<Planned>, usize), Failure> {
    let place = |rate: &NewRate| (rate.provider.to_ascii_lowercase(), rate.model.clone(), rate.call_type);
    let current = books.rates.current().await?;
    let mut current: HashMap<_, _> = current
        .into_iter()
        .map(|rate| ((rate.provider.to_ascii_lowercase(), rate.model.clone(), rate.call_type), rate))
        .collect();
    let (mut planned, mut unchanged, mut seen) = (Vec::new(), 0, std::collections::HashSet::new());
    for entry in &reading.entries {
        let mut rate = entry.rate.clone();
        let place = place(&rate);
        if !seen.insert(place.clone()) {
            let name = format!("{}/{}", rate.provider, rate.model);
            let reason = "the file has prices for it twice".to_owned();
            reading.refused.push(reading::Told { line: entry.line, name, reason });
            continue;
        }
        let before = current.remove(&place);
        if before.as_ref().is_some_and(|before| before.prices == rate.prices && before.tiers == rate.tiers) {
            unchanged += 1;
            continue;
        }
        if let Some(before) = &before {
            // As the book spells it, so that it is the next version of that.
            rate.provider.clone_from(&before.provider);
        }
        planned.push(Planned { rate, before });
    }
    Ok((planned, unchanged))
}

#[cfg(test)]
mod tests;
