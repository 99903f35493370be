//! What was read of a file of prices, whatever its shape.

use std::collections::BTreeMap;

use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::NewRate;
use hub_domain::rates::Prices;
use serde::Serialize;

use super::exact_price::{self, Per};
use crate::cli::rates::price;

/// All of a file.
#[derive(Debug, Default)]
pub struct Reading {
    /// Whose shape it has.
    pub format: &'static str,
    /// Where its prices are from and of which day, where it says so.
    pub source: Option<String>,
    pub date: Option<String>,
    pub entries: Vec<Entry>,
    /// What is no price of the hub's; the rest is fine without it.
    pub skipped: Vec<Told>,
    /// Prices of these names that no meter of the hub has, and how often they stand there.
    pub not_taken: BTreeMap<String, usize>,
    /// Models of providers that nobody asked for, by the file's name of the provider.
    pub left_out: BTreeMap<String, usize>,
    /// What can't be read exactly. Then nothing of the file is taken.
    pub refused: Vec<Told>,
}

/// A model with its prices.
#[derive(Debug, Clone)]
pub struct Entry {
    pub line: usize,
    pub rate: NewRate,
    pub rounded: Vec<Rounded>,
}

/// A price that was finer than the hub counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rounded {
    pub model: String,
    pub meter: &'static str,
    /// As the file has it.
    pub written: String,
    /// As `rates list` shows it: for a million, or for one.
    pub taken: String,
}

/// Something about a place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    pub line: usize,
    /// The model, as the file names it.
    pub name: String,
    pub reason: String,
}

/// Prices while they are read.
#[derive(Debug, Default)]
pub struct Draft {
    pub prices: Prices,
    rounded: Vec<(Meter, String, Credits)>,
}

impl Draft {
    /// Prices that hold where none is read.
    pub fn over(prices: Prices) -> Self {
        Self { prices, rounded: Vec::new() }
    }

    /// Reads one price; it replaces an earlier one.
    pub fn read(&mut self, meter: Meter, text: &str, per: Per) -> Result<(), String> {
        let read = exact_price::read(meter, text, per)?;
        self.prices.set(meter, read.price);
        self.rounded.retain(|(other, ..)| *other != meter);
        if read.is_rounded {
            self.rounded.push((meter, text.to_owned(), read.price));
        }
        Ok(())
    }

    pub fn rounded(self, model: &str) -> impl Iterator<Item = Rounded> {
        self.rounded.into_iter().map(move |(meter, written, taken)| Rounded {
            model: model.to_owned(),
            meter: meter.name(),
            written,
            taken: price::show(meter, taken),
        })
    }
}
