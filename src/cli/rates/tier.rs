//! Prices for long contexts: `200000:input=2.5,output=15`.

use hub_domain::meter::Meter;
use hub_domain::rates::{ContextTier, Prices};

use super::price;

/// Reads one tier.
pub fn parse(text: &str) -> Result<ContextTier, String> {
    let help = "write FROM_TOKENS:METER=PRICE,… such as 200000:input=2.5,output=15";
    let (from, prices) = text.split_once(':').ok_or(help)?;
    let from_input_tokens: u64 = from.trim().parse().map_err(|_| help)?;
    if from_input_tokens == 0 {
        return Err("a tier begins at one token or more".to_owned());
    }
    let mut found = Prices::default();
    for pair in prices.split(',') {
        let (meter, text) = pair.split_once('=').ok_or(help)?;
        let name = meter.trim().replace('-', "_");
        let meter: Meter = name.parse().map_err(|_| format!("`{name}` is no meter"))?;
        found.set(meter, price::parse(meter, text.trim())?);
    }
    Ok(ContextTier { from_input_tokens, prices: found })
}
