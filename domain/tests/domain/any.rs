//! Any price list, bound and usage: what the property tests draw from.

use hub_domain::ids::RateId;
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::quote::{Bound, HoldPolicy};
use hub_domain::rates::{ContextTier, Prices, Rate};
use hub_domain::usage::Quantities;
use hub_domain::vocabulary::CallType;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Meters that a request fixes before it is sent.
pub const FIXED: [Meter; 4] = [Meter::Image, Meter::Second, Meter::Character, Meter::Search];

pub fn input_meters() -> Vec<Meter> {
    Meter::ALL.into_iter().filter(|meter| meter.is_input_token()).collect()
}

pub fn output_meters() -> Vec<Meter> {
    Meter::ALL.into_iter().filter(|meter| meter.is_output_token()).collect()
}

/// Up to 0.1 credit for one of anything, with every meter priced, or left out, or free.
pub fn prices() -> impl Strategy<Value = Prices> {
    vec((select(Meter::ALL.to_vec()), prop_oneof![Just(0), 1..=1_000_000_000_i64]), 0..12).prop_map(|set| {
        set.into_iter()
            .fold(Prices::default(), |all, (meter, price)| all.with(meter, Credits::from_units(price)))
    })
}

/// With up to three context tiers, which may be dearer or cheaper than the first.
pub fn rate() -> impl Strategy<Value = Rate> {
    (prices(), vec((0..200_000_u64, prices()), 0..3)).prop_map(|(prices, tiers)| {
        let mut tiers: Vec<_> = tiers
            .into_iter()
            .map(|(from_input_tokens, prices)| ContextTier { from_input_tokens, prices })
            .collect();
        tiers.sort_by_key(|tier| tier.from_input_tokens);
        Rate {
            id: RateId::new(),
            provider: "any".to_owned(),
            model: "model".to_owned(),
            call_type: CallType::ChatCompletion,
            version: 1,
            prices,
            tiers,
        }
    })
}

pub fn bound() -> impl Strategy<Value = Bound> {
    let other = vec(0..50_u64, FIXED.len()).prop_map(|quantities| {
        FIXED.into_iter().zip(quantities).fold(Quantities::default(), |all, (meter, n)| all.with(meter, n))
    });
    (0..300_000_u64, 0..=4_u32, option::of(0..50_000_u64), 0..100_000_u64, any::<bool>(), other).prop_map(
        |(input_tokens, choices, asked_output, output_ceiling, has_output, other)| Bound {
            input_tokens,
            choices,
            asked_output,
            output_ceiling,
            has_output,
            other,
        },
    )
}

pub fn policy() -> impl Strategy<Value = HoldPolicy> {
    (1..=100_u64, 1..=100_u8, 1..=5_000_u64).prop_map(
        |(min_output_tokens, uncapped_share_percent, uncapped_floor_tokens)| HoldPolicy {
            min_output_tokens,
            uncapped_share_percent,
            uncapped_floor_tokens,
        },
    )
}

/// Where to cut totals into buckets, whatever the totals will be.
pub fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 32)
}

/// Deals at most `total` out to some meters.
fn deal(quantities: Quantities, meters: &[Meter], total: u64, cuts: &[Index]) -> Quantities {
    let choices = usize::try_from(total).unwrap() + 1;
    let mut places: Vec<_> =
        cuts.iter().take(meters.len()).map(|cut| u64::try_from(cut.index(choices)).unwrap()).collect();
    places.sort_unstable();
    let mut dealt = 0;
    meters.iter().zip(places).fold(quantities, |all, (meter, place)| {
        let quantity = place - dealt;
        dealt = place;
        all.with(*meter, quantity)
    })
}

/// A usage within a bound whose output was limited to so many tokens for each answer.
pub fn usage_within(bound: &Bound, output_limit: Option<u64>, cuts: &[Index]) -> Quantities {
    let (input, rest) = cuts.split_at(input_meters().len());
    let (output, fixed) = rest.split_at(output_meters().len());
    let mut usage = deal(Quantities::default(), &input_meters(), bound.input_tokens, input);
    if let Some(limit) = output_limit {
        usage = deal(usage, &output_meters(), limit * u64::from(bound.choices.max(1)), output);
    }
    FIXED.into_iter().zip(fixed).fold(usage, |all, (meter, cut)| {
        let most = usize::try_from(bound.other.get(meter)).unwrap();
        all.with(meter, u64::try_from(cut.index(most + 1)).unwrap())
    })
}

/// Everything that a bound allows, in one bucket of each side.
pub fn whole_bound_as(bound: &Bound, output_limit: Option<u64>, input: Meter, output: Meter) -> Quantities {
    let most = output_limit.unwrap_or(0) * u64::from(bound.choices.max(1));
    bound.other.with(input, bound.input_tokens).with(output, most)
}
