//! The built-in price list, written into the book of rates so that a call's version can be looked up for
//! ever. What stands in the book already is left alone: an operator may have set it.

use std::collections::HashSet;

use hub_domain::ports::{NewRate, RateBook, StorageError};
use hub_domain::rates::Rate;
use hub_domain::routing::{ListedModel, ProviderKind};
use hub_providers::{default_base_url, price_list};

/// A list belongs to a provider's own service, or to a stand-in that was given its name; somebody
/// else's server with the same API has other models at other prices.
fn applies(name: &str, kind: ProviderKind, base_url: Option<&str>) -> bool {
    let own = default_base_url(kind);
    let is_own_address = match (base_url, own) {
        (None, _) => true,
        (Some(given), Some(own)) => given.trim_end_matches('/') == own.trim_end_matches('/'),
        (Some(_), None) => false,
    };
    is_own_address || name.eq_ignore_ascii_case(kind.name())
}

/// The built-in prices of a provider; none where the list does not apply.
pub fn built_in_prices(name: &str, kind: ProviderKind, base_url: Option<&str>) -> Vec<NewRate> {
    if applies(name, kind, base_url) { price_list::rates(name, kind) } else { Vec::new() }
}

/// The models that the list knows.
pub fn built_in_models(name: &str, kind: ProviderKind, base_url: Option<&str>) -> Vec<ListedModel> {
    if applies(name, kind, base_url) { price_list::models(name, kind) } else { Vec::new() }
}

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

    use super::*;

    #[tokio::test]
    async fn the_built_in_prices_enter_the_book_once_and_leave_what_an_operator_set() {
        let memory = Memory::new();
        let wanted = built_in_prices("sim", ProviderKind::Simulated, None);
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

    #[test]
    fn a_server_of_somebody_else_has_no_built_in_prices() {
        let elsewhere = Some("http://127.0.0.1:11434/v1");
        assert!(built_in_prices("local", ProviderKind::OpenAi, elsewhere).is_empty());
        assert!(!built_in_prices("openai", ProviderKind::OpenAi, elsewhere).is_empty());
        assert!(!built_in_prices("work", ProviderKind::OpenAi, None).is_empty());
    }
}
