//! The contract of [`RateBook`](crate::ports::RateBook).

use super::World;
use super::stage::{unique, units};
use crate::ids::RateId;
use crate::meter::Meter;
use crate::money::Credits;
use crate::ports::NewRate;
use crate::rates::{ContextTier, Prices, Rate};
use crate::vocabulary::CallType;

pub async fn rate_book(world: &dyn World) {
    versions_count_up(world).await;
    equal_prices_change_nothing(world).await;
    kinds_of_calls_have_their_own_rates(world).await;
    an_old_version_stays_known(world).await;
    every_price_survives(world).await;
    a_new_version_raises_the_settings_version(world).await;
    many_are_set_at_once(world).await;
}

fn rate_of(model: &str, price: i64) -> NewRate {
    NewRate {
        provider: "contract".to_owned(),
        model: model.to_owned(),
        call_type: CallType::ChatCompletion,
        prices: Prices::default().with(Meter::Input, units(price)),
        tiers: Vec::new(),
    }
}

async fn in_force(world: &dyn World, model: &str) -> Vec<Rate> {
    let rates = world.rates().current().await.unwrap();
    rates.into_iter().filter(|rate| rate.model == model).collect()
}

async fn versions_count_up(world: &dyn World) {
    let model = unique("model");
    let first = world.rates().set(rate_of(&model, 5)).await.unwrap();
    let second = world.rates().set(rate_of(&model, 6)).await.unwrap();

    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!(in_force(world, &model).await, [second]);
    let third = world.rates().set(rate_of(&model, 5)).await.unwrap();
    assert_eq!(third.version, 3, "going back is a change too");
}

async fn equal_prices_change_nothing(world: &dyn World) {
    let model = unique("model");
    let first = world.rates().set(rate_of(&model, 5)).await.unwrap();
    let version = world.rates().settings_version().await.unwrap();

    assert_eq!(world.rates().set(rate_of(&model, 5)).await.unwrap(), first);
    assert_eq!(world.rates().settings_version().await.unwrap(), version);
}

async fn kinds_of_calls_have_their_own_rates(world: &dyn World) {
    let model = unique("model");
    let chat = world.rates().set(rate_of(&model, 5)).await.unwrap();
    let embedding = NewRate { call_type: CallType::Embedding, ..rate_of(&model, 7) };
    let embedding = world.rates().set(embedding).await.unwrap();

    assert_eq!((chat.version, embedding.version), (1, 1));
    let rates = in_force(world, &model).await;
    assert!(rates.len() == 2 && rates.contains(&chat) && rates.contains(&embedding), "{rates:?}");
}

async fn an_old_version_stays_known(world: &dyn World) {
    let model = unique("model");
    let first = world.rates().set(rate_of(&model, 5)).await.unwrap();
    world.rates().set(rate_of(&model, 6)).await.unwrap();

    assert_eq!(world.rates().get(first.id).await.unwrap(), Some(first));
    assert_eq!(world.rates().get(RateId::new()).await.unwrap(), None);
}

async fn every_price_survives(world: &dyn World) {
    let every_meter = || Meter::ALL.into_iter().zip(1..);
    let prices = every_meter().fold(Prices::default(), |all, (meter, price)| all.with(meter, units(price)));
    let dear = Prices::default().with(Meter::Output, Credits::MAX).with(Meter::Call, units(0));
    let tiers = vec![
        ContextTier { from_input_tokens: 128_000, prices: dear },
        ContextTier { from_input_tokens: 272_000, prices },
    ];
    let new = NewRate { prices, tiers: tiers.clone(), ..rate_of(&unique("model"), 1) };
    let rate = world.rates().set(new).await.unwrap();
    let read = world.rates().get(rate.id).await.unwrap().unwrap();

    assert_eq!(read, rate);
    assert_eq!((read.prices, read.tiers), (prices, tiers));
}

async fn a_new_version_raises_the_settings_version(world: &dyn World) {
    let before = world.rates().settings_version().await.unwrap();
    world.rates().set(rate_of(&unique("model"), 5)).await.unwrap();
    assert!(world.rates().settings_version().await.unwrap() > before);
}

async fn many_are_set_at_once(world: &dyn World) {
    let (one, other) = (unique("model"), unique("model"));
    let first = world.rates().set(rate_of(&one, 5)).await.unwrap();
    let all = vec![rate_of(&other, 7), rate_of(&one, 5), rate_of(&one, 6), rate_of(&other, 7)];
    let set = world.rates().set_all(all).await.unwrap();

    let versions: Vec<_> = set.iter().map(|rate| (&rate.model, rate.version)).collect();
    assert_eq!(versions, [(&other, 1), (&one, 1), (&one, 2), (&other, 1)]);
    assert_eq!(set[1], first, "equal prices change nothing");
    assert_eq!(in_force(world, &one).await, [set[2].clone()]);
    assert_eq!(in_force(world, &other).await, [set[0].clone()]);
    let version = world.rates().settings_version().await.unwrap();
    assert_eq!(world.rates().set_all(vec![rate_of(&one, 6)]).await.unwrap(), [set[2].clone()]);
    assert_eq!(world.rates().set_all(Vec::new()).await.unwrap(), []);
    assert_eq!(world.rates().settings_version().await.unwrap(), version);
}
