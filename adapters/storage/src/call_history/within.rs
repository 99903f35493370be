//! From a time to the ids that calls of this time can have.

use std::time::Duration;

use hub_domain::ports::UnixMillis;
use uuid::Uuid;

use crate::sql_types::Key;

/// An id is made by an instance's clock a moment before the database's clock says when the call was
/// accepted. The two may differ by so much and no record is missed.
const CLOCKS_DIFFER: Duration = Duration::from_secs(24 * 60 * 60);

/// The first and the last id of calls that were accepted between two instants.
pub fn ids_within(from: Option<UnixMillis>, to: Option<UnixMillis>) -> (Key, Key) {
    let slack = i64::try_from(CLOCKS_DIFFER.as_millis()).unwrap_or(i64::MAX);
    let first = from.map_or(0, |from| from.0.saturating_sub(slack));
    let last = to.map_or(i64::MAX, |to| to.0.saturating_add(slack));
    (bound(first, 0), bound(last, u128::MAX))
}

/// The id of a millisecond, which stands in the first 48 bits, with this rest.
fn bound(millis: i64, rest: u128) -> Key {
    const REST_BITS: u32 = 80;
    let millis = u128::try_from(millis).unwrap_or(0).min((1 << 48) - 1);
    Key(Uuid::from_u128(millis << REST_BITS | rest >> (u128::BITS - REST_BITS)))
}

#[cfg(test)]
mod tests {
    use hub_domain::ids::CallId;

    use super::*;

    #[test]
    fn an_id_lies_within_the_time_of_its_making() {
        let id = CallId::new();
        let made = UnixMillis(i64::try_from(id.unix_millis()).unwrap());
        let (first, last) = ids_within(Some(made), Some(made));
        assert!(first < id.into() && Key::from(id) < last);
    }

    #[test]
    fn an_id_of_another_week_does_not() {
        let id = CallId::new();
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        let later = UnixMillis(i64::try_from(id.unix_millis()).unwrap()).plus(week);
        assert!(ids_within(Some(later), None).0 > id.into());
        let earlier = UnixMillis(later.0 - 2 * i64::try_from(week.as_millis()).unwrap());
        assert!(ids_within(None, Some(earlier)).1 < id.into());
    }

    #[test]
    fn without_a_time_every_id_is_within() {
        let (first, last) = ids_within(None, None);
        assert_eq!((first.0, last.0), (Uuid::nil(), Uuid::max()));
        let absurd = ids_within(Some(UnixMillis(i64::MIN)), Some(UnixMillis(i64::MAX)));
        assert_eq!((absurd.0.0, absurd.1.0), (Uuid::nil(), Uuid::max()));
    }
}
