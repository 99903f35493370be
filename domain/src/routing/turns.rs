//! Whose turn it is, by weight. Exact over a round, spread within it, and without a state but a count.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The index whose turn it is at a count. Over as many turns as the weights' sum (divided by what they
/// have in common) each index comes as often as it weighs. Without any weight it is the first.
pub fn whose(turn: usize, weights: impl Iterator<Item = u32> + Clone) -> usize {
    let common = weights.clone().fold(0, |common, weight| divisor(common, u64::from(weight))).max(1);
    let total = weights.clone().fold(0_u64, |sum, weight| sum.saturating_add(u64::from(weight) / common));
    if total < 2 {
        return weights.clone().position(|weight| weight > 0).unwrap_or(0);
    }
    let step = u128::from(u64::try_from(turn).unwrap_or(u64::MAX) % total) * u128::from(stride(total))
        % u128::from(total);
    let mut rest = u64::try_from(step).unwrap_or(0);
    for (index, weight) in weights.enumerate() {
        let weight = u64::from(weight) / common;
        if rest < weight {
            return index;
        }
        rest -= weight;
    }
    0
}

/// A step that visits every place of a round once, and neighbours late: near the golden section, and prime
/// to the whole.
fn stride(total: u64) -> u64 {
    let near = total.saturating_mul(618) / 1_000;
    (near.max(1)..total).find(|step| divisor(*step, total) == 1).unwrap_or(1)
}

fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { divisor(other, one % other) }
}

/// A count for each name.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<Box<str>, usize>>);

impl Turns {
    pub fn next(&self, name: &str) -> usize {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(name) {
            Some(count) => {
                *count = count.wrapping_add(1);
                *count
            }
            None => {
                counts.insert(name.into(), 0);
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(weights: &[u32], turns: usize) -> Vec<usize> {
        (0..turns).map(|turn| whose(turn, weights.iter().copied())).collect()
    }

    #[test]
    fn equals_take_turns() {
        assert_eq!(round(&[1, 1], 4), [0, 1, 0, 1]);
        let three = round(&[5, 5, 5], 6);
        assert_eq!(three[..3], three[3..]);
        let mut once = three[..3].to_vec();
        once.sort_unstable();
        assert_eq!(once, [0, 1, 2]);
    }

    #[test]
    fn a_heavy_one_does_not_come_in_a_row_for_all_of_its_turns() {
        let turns = round(&[70, 30], 10);
        assert_eq!(turns.iter().filter(|index| **index == 0).count(), 7);
        assert!(turns.windows(4).all(|four| four.contains(&1)), "{turns:?}");
    }

    #[test]
    fn who_weighs_nothing_never_comes_unless_nobody_weighs_anything() {
        assert!(round(&[0, 3, 1], 8).iter().all(|index| *index != 0));
        assert_eq!(round(&[0, 0], 3), [0, 0, 0]);
        assert_eq!(round(&[0, 9], 3), [1, 1, 1]);
    }

    #[test]
    fn each_name_has_a_count_of_its_own() {
        let turns = Turns::default();
        assert_eq!([turns.next("a"), turns.next("a"), turns.next("b"), turns.next("a")], [0, 1, 0, 2]);
    }

    proptest! {
        #[test]
        fn over_a_round_each_comes_as_often_as_it_weighs(weights in prop::collection::vec(0_u32..50, 1..6)) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let turns = round(&weights, usize::try_from(total).unwrap());
            for (index, weight) in weights.into_iter().enumerate() {
                let came = turns.iter().filter(|one| **one == index).count();
                prop_assert_eq!(came, usize::try_from(weight).unwrap());
            }
        }
    }
}
