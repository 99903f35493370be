//! The hub's own shape, in TOML or JSON; `rates list --json` prints it:
//!
//! ```toml
//! source = "https://…"                # both may be left out
//! date = "2026-11-25"
//!
//! [[rates]]
//! provider = "openai"
//! model = "gpt-5.4"
//! call_type = "chat"                  # told by the prices where it is left out
//! prices = { input = "2.5", input_cached = "0.25", output = "15" }
//! tiers = [{ from_input_tokens = 272001, prices = { input = "5", output = "22.5" } }]
//! ```
//!
//! Prices are numbers or texts, in credits for a million tokens or characters or for one of anything else.

use hub_domain::meter::Meter;
use hub_domain::ports::NewRate;
use hub_domain::rates::ContextTier;

use super::document::{Node, Value};
use super::exact_price::Per;
use super::reading::{Draft, Entry, Reading, Rounded, Told};
use crate::cli::rates::priced;

/// Members of a rate that say nothing about prices.
const REMARKS: [&str; 5] = ["id", "version", "source", "date", "note"];

/// The list of rates, when the file has this shape.
pub fn rates(file: &Node) -> Option<&[Node]> {
    let list = if matches!(file.value, Value::List(_)) { file } else { file.get("rates")? };
    match &list.value {
        Value::List(rates) => Some(rates),
        _ => None,
    }
}

pub fn read(file: &Node, rates: &[Node], is_wanted: impl Fn(&str) -> bool) -> Reading {
    let remark = |name| file.get(name).and_then(Node::text).map(str::to_owned);
    let mut reading = Reading {
        format: "the hub's own list",
        source: remark("source"),
        date: remark("date"),
        ..Reading::default()
    };
    for node in rates {
        let name = |name| node.get(name).and_then(Node::text).unwrap_or("?");
        let (provider, name) = (name("provider"), format!("{}/{}", name("provider"), name("model")));
        if !is_wanted(provider) {
            *reading.left_out.entry(provider.to_owned()).or_default() += 1;
            continue;
        }
        match entry(node, &name) {
            Ok(entry) => reading.entries.push(entry),
            Err(reason) => reading.refused.push(Told { line: node.line, name, reason }),
        }
    }
    reading
}

fn entry(node: &Node, name: &str) -> Result<Entry, String> {
    let Value::Table(members) = &node.value else { return Err("a rate is a table".to_owned()) };
    let target = priced::target(name)?;
    let (mut call_type, mut found, mut tiers, mut rounded) = (None, None, Vec::new(), Vec::new());
    for (key, value) in members {
        match key.as_str() {
            "provider" | "model" => {}
            "call_type" => call_type = Some(priced::call_type(value.text().unwrap_or_default())?),
            "prices" => found = Some(prices(value)?),
            "tiers" => {
                let Value::List(nodes) = &value.value else { return Err("`tiers` is a list".to_owned()) };
                for node in nodes {
                    let (from_input_tokens, draft) = tier(node)?;
                    tiers.push(ContextTier { from_input_tokens, prices: draft.prices });
                    rounded.extend(draft.rounded(name));
                }
            }
            remark if REMARKS.contains(&remark) => {}
            unknown => return Err(format!("`{unknown}` is no part of a rate")),
        }
    }
    let draft = found.ok_or("`prices` is missing")?;
    let call_type = call_type.unwrap_or_else(|| priced::told_by(&draft.prices, &target.model));
    priced::check(&draft.prices, &mut tiers, call_type).map_err(|lacking| lacking.to_string())?;
    let rate =
        NewRate { provider: target.provider, model: target.model, call_type, prices: draft.prices, tiers };
    let rounded: Vec<Rounded> = draft.rounded(name).chain(rounded).collect();
    Ok(Entry { line: node.line, rate, rounded })
}

fn prices(node: &Node) -> Result<Draft, String> {
    let Value::Table(members) = &node.value else { return Err("`prices` is a table".to_owned()) };
    let mut draft = Draft::default();
    for (name, price) in members {
        let meter: Meter = name.parse().map_err(|_| format!("`{name}` is no meter"))?;
        let text = price.scalar().ok_or_else(|| format!("`{name}` is no price"))?;
        draft.read(meter, text, Per::AsListed).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(draft)
}

fn tier(node: &Node) -> Result<(u64, Draft), String> {
    let Value::Table(members) = &node.value else { return Err("a tier is a table".to_owned()) };
    if let Some((unknown, _)) = members.iter().find(|(key, _)| key != "from_input_tokens" && key != "prices")
    {
        return Err(format!("`{unknown}` is no part of a tier"));
    }
    let from = node.get("from_input_tokens").and_then(Node::scalar).and_then(|text| text.parse().ok());
    let from = from.filter(|from: &u64| *from > 0).ok_or("a tier begins at a number of tokens")?;
    Ok((from, prices(node.get("prices").ok_or("a tier has `prices`")?)?))
}
