//! The built-in price list, written into the book of rates so that a call's version can be looked up for
//! ever. What stands in the book already is left alone: an operator may have set it.

use std::collections::HashSet;

use hub_domain::ports::{NewRate, RateBook, StorageError};
use hub_domain::rates::Rate;

/// Writes the prices that the book does not have. How many.
pub async fn write_missing(
    rates: &dyn RateBook,
    current: &[Rate],
    wanted: Vec<NewRate>,
) -> Result<usize, StorageError> {
    let place = |provider: &str, model: &str| (provider.to_lowercase(), model.to_owned());
    let known: HashSet<_> =
        current.iter().map(|rate| (place(&rate.provider, &rate.model), rate.call_type)).collect();
    let missing = wanted
        .into_iter()
        .filter(|rate| !known.contains(&(place(&rate.provider, &rate.model), rate.call_type)));
    // All at once: the store commits them as one group.
    let written = futures_util::future::try_join_all(missing.map(|rate| rates.set(rate))).await?;
    Ok(written.len())
}

#[cfg(test)]
mod tests {
    use hub_domain::memory::Memory;
    use hub_domain::meter::Meter;
    use hub_domain::money::Credits;
    use hub_domain::rates::Prices;
    use hub_domain::routing::ProviderKind;
    use hub_providers::price_list;

    use super::*;

    #[tokio::test]
    async fn the_built_in_prices_enter_the_book_once_and_leave_what_an_operator_set() {
        let memory = Memory::new();
        let wanted = price_list::rates("sim", ProviderKind::Simulated);
        assert!(wanted.len() > 1, "the simulated provider has several models");
        let own = NewRate {
            prices: Prices::default().with(Meter::Input, Credits::from_units(7)),
            tiers: Vec::new(),
            ..wanted[0].clone()
        };
        RateBook::set(&memory, own.clone()).await.unwrap();

        let current = memory.current().await.unwrap();
        assert_eq!(write_missing(&memory, &current, wanted.clone()).await.unwrap(), wanted.len() - 1);
        let current = memory.current().await.unwrap();
        let kept = current.iter().find(|rate| rate.model == own.model && rate.call_type == own.call_type);
        assert_eq!(kept.unwrap().prices, own.prices);
        assert_eq!(write_missing(&memory, &current, wanted).await.unwrap(), 0);
    }
}
