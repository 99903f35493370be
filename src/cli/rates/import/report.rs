//! What an import did, or would do: text for people, JSON for programs.

use std::collections::BTreeMap;
use std::fmt::Write;

use hub_domain::ports::NewRate;
use hub_domain::rates::Rate;
use serde::Serialize;

use super::super::{PricesView, RateView};
use super::reading::{Reading, Rounded, Told};
use crate::cli::table::Table;

/// The report as programs see it.
#[derive(Serialize)]
pub struct Report {
    file: String,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    dry_run: bool,
    new: Vec<Change>,
    changed: Vec<Change>,
    unchanged: usize,
    rounded: Vec<Rounded>,
    skipped: Vec<Told>,
    not_taken: BTreeMap<String, usize>,
    left_out: BTreeMap<String, usize>,
    refused: Vec<Told>,
}

/// A rate that the book doesn't have yet.
#[derive(Serialize)]
struct Change {
    provider: String,
    model: String,
    call_type: &'static str,
    /// The version that it has now, or would have.
    version: i32,
    #[serde(flatten)]
    prices: PricesView,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<PricesView>,
}

/// Rates that the book has otherwise or not at all, with what it has.
pub struct Planned {
    pub rate: NewRate,
    pub before: Option<Rate>,
}

impl Report {
    pub fn new(file: String, reading: Reading, planned: &[Planned], unchanged: usize, dry_run: bool) -> Self {
        let change = |planned: &Planned| Change {
            provider: planned.rate.provider.clone(),
            model: planned.rate.model.clone(),
            call_type: planned.rate.call_type.name(),
            version: planned.before.as_ref().map_or(1, |before| before.version.saturating_add(1)),
            prices: PricesView::of(&planned.rate.prices, &planned.rate.tiers),
            before: planned.before.as_ref().map(|before| RateView::from(before).prices),
        };
        let changes = |is_new| planned.iter().filter(move |planned| planned.before.is_none() == is_new);
        let rounded = reading.entries.into_iter().flat_map(|entry| entry.rounded).collect();
        Self {
            file,
            format: reading.format,
            source: reading.source,
            date: reading.date,
            dry_run,
            new: changes(true).map(change).collect(),
            changed: changes(false).map(change).collect(),
            unchanged,
            rounded,
            skipped: reading.skipped,
            not_taken: reading.not_taken,
            left_out: reading.left_out,
            refused: reading.refused,
        }
    }

    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    pub fn text(&self) -> String {
        let mut table = Table::new(["", "MODEL", "TYPE", "VERSION", "PRICES"]);
        let changes = [("new", &self.new), ("changed", &self.changed)];
        for (word, change) in changes.iter().flat_map(|(word, all)| all.iter().map(move |one| (word, one))) {
            let mut prices = change.prices.to_string();
            if let Some(before) = &change.before {
                let _ = write!(prices, " (before: {before})");
            }
            let model = format!("{}/{}", change.provider, change.model);
            let version = change.version.to_string();
            table.row([(*word).to_owned(), model, change.call_type.to_owned(), version, prices]);
        }
        let mut text = table.or("");
        for Rounded { model, meter, written, taken } in &self.rounded {
            line(&mut text, format_args!("rounded up: {model} {meter} {taken}, from {written}"));
        }
        for Told { line: at, name, reason } in &self.refused {
            line(&mut text, format_args!("refused: line {at}, {name}: {reason}"));
        }
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for told in &self.skipped {
            by_reason.entry(&told.reason).or_default().push(&told.name);
        }
        for (reason, names) in by_reason {
            let more = names.len().checked_sub(SHOWN).filter(|more| *more > 0);
            let more = more.map_or_else(String::new, |more| format!(" and {more} more"));
            let names = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
            line(&mut text, format_args!("skipped, {reason}: {names}{more}"));
        }
        if !self.not_taken.is_empty() {
            line(&mut text, format_args!("skipped, no meter for them: {}", counted(&self.not_taken)));
        }
        if !self.left_out.is_empty() {
            let names = counted(&self.left_out);
            line(&mut text, format_args!("left out, as --provider can name them: {names}"));
        }
        let (new, changed) = (self.new.len(), self.changed.len());
        let of = match (&self.source, &self.date) {
            (None, None) => String::new(),
            (source, date) => {
                let parts: Vec<_> = source.iter().chain(date).map(String::as_str).collect();
                format!(" ({})", parts.join(", "))
            }
        };
        let end = match (self.is_refused(), self.dry_run) {
            (true, _) => "; refused, nothing was written",
            (false, true) => "; a dry run, nothing was written",
            (false, false) => "",
        };
        line(
            &mut text,
            format_args!(
                "{}, {}{of}: {new} new, {changed} changed, {} unchanged{end}",
                self.file, self.format, self.unchanged
            ),
        );
        text
    }
}

/// Names of one kind that a line shows; JSON has all.
const SHOWN: usize = 5;

fn counted(names: &BTreeMap<String, usize>) -> String {
    names.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text can't fail.
    let _ = writeln!(text, "{line}");
}
