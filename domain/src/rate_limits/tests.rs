use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::vocabulary::{PerMinute, Role};

const MINUTE: Duration = Duration::from_secs(60);

fn per_minute(most: u64) -> PerMinute {
    PerMinute::from_number(Some(most))
}

fn caller(requests: u64, tokens: u64) -> Principal {
    Principal {
        account: AccountId::new(),
        account_name: "ann".into(),
        did: None,
        key: Some(KeyId::new()),
        key_name: None,
        role: Role::Member,
        limits: Limits {
            requests_per_minute: per_minute(requests),
            tokens_per_minute: per_minute(tokens),
            ..Limits::default()
        },
        account_limits: Limits::default(),
    }
}

fn limits() -> Arc<RateLimits> {
    Arc::new(RateLimits::new(Defaults::default()))
}

#[test]
fn so_many_requests_are_let_through_and_the_next_one_when_the_first_is_a_minute_old() {
    let (limits, ann, start) = (limits(), caller(3, 0), Instant::now());
    for second in 0..3 {
        limits.take_request(&ann, start + Duration::from_secs(second)).unwrap();
    }
    let refused = limits.take_request(&ann, start + Duration::from_secs(10)).unwrap_err();
    assert_eq!((refused.what, refused.retry_after), (Counted::Requests, Duration::from_secs(50)));
    assert!(limits.take_request(&ann, start + MINUTE - Duration::from_millis(1)).is_err());
    limits.take_request(&ann, start + MINUTE).unwrap();
    assert!(limits.take_request(&ann, start + MINUTE).is_err(), "the second is not a minute old");
}

#[test]
fn what_is_refused_does_not_count() {
    let (limits, ann, start) = (limits(), caller(1, 0), Instant::now());
    limits.take_request(&ann, start).unwrap();
    for second in 1..60 {
        assert!(limits.take_request(&ann, start + Duration::from_secs(second)).is_err());
    }
    limits.take_request(&ann, start + MINUTE).unwrap();
}

#[test]
fn the_keys_of_an_account_share_its_limit() {
    let (limits, now) = (limits(), Instant::now());
    let mut ann = caller(5, 0);
    ann.account_limits.requests_per_minute = per_minute(6);
    for _ in 0..5 {
        limits.take_request(&ann, now).unwrap();
    }
    assert!(matches!(limits.take_request(&ann, now).unwrap_err().owner, Owner::Key(_)));
    ann.key = Some(KeyId::new());
    limits.take_request(&ann, now).unwrap();
    let refused = limits.take_request(&ann, now).unwrap_err();
    assert_eq!(refused.owner, Owner::Account(ann.account));
    assert_eq!(limits.standing(&ann, now).requests.unwrap().remaining, 0, "the account has less left");
}

#[test]
fn who_has_no_limit_of_its_own_has_the_hubs_and_a_key_can_be_free_of_it() {
    let key = Rates { requests: NonZeroU64::new(1), tokens: None };
    let limits = Arc::new(RateLimits::new(Defaults { key, ..Defaults::default() }));
    let (mut ann, now) = (caller(0, 0), Instant::now());
    for _ in 0..10 {
        limits.take_request(&ann, now).unwrap();
    }
    assert!(!limits.is_limited(&ann));
    ann.limits = Limits::default();
    assert!(limits.is_limited(&ann));
    limits.take_request(&ann, now).unwrap();
    assert!(limits.take_request(&ann, now).is_err());
}

#[test]
fn a_call_reserves_the_most_and_gives_back_what_it_did_not_use() {
    let (limits, ann, now) = (limits(), caller(0, 1_000), Instant::now());
    let first = limits.reserve(&ann, 800, now).unwrap().unwrap();
    let refused = limits.reserve(&ann, 300, now).err().unwrap();
    assert_eq!(refused.retry_after, Duration::from_secs(1), "the call in flight may end any moment");
    first.used(150);
    assert_eq!(limits.standing(&ann, now).tokens.unwrap().remaining, 850);
    let second = limits.reserve(&ann, 850, now).unwrap().unwrap();
    drop(second);
    assert_eq!(limits.standing(&ann, now).tokens.unwrap().remaining, 850, "it was refused elsewhere");
    let refused = limits.reserve(&ann, 900, now + Duration::from_secs(20)).err().unwrap();
    assert_eq!(refused.retry_after, Duration::from_secs(40));
}

#[test]
fn a_call_larger_than_the_limit_has_the_minute_for_itself() {
    let (limits, ann, now) = (limits(), caller(0, 1_000), Instant::now());
    let large = limits.reserve(&ann, 50_000, now).unwrap().unwrap();
    assert!(limits.reserve(&ann, 1, now).is_err());
    large.used(1_200);
    assert_eq!(limits.standing(&ann, now).tokens.unwrap().remaining, 0);
    assert!(limits.reserve(&ann, 1, now + MINUTE - Duration::from_millis(1)).is_err());
    assert!(limits.reserve(&ann, 50_000, now + MINUTE).is_ok());
}

#[test]
fn a_correction_that_comes_after_a_minute_changes_nothing() {
    let (limits, ann, now) = (limits(), caller(0, 1_000), Instant::now());
    let first = limits.reserve(&ann, 800, now).unwrap().unwrap();
    let later = now + MINUTE;
    let second = limits.reserve(&ann, 700, later).unwrap().unwrap();
    first.used(10);
    assert_eq!(limits.standing(&ann, later).tokens.unwrap().remaining, 300);
    second.used(100);
    assert_eq!(limits.standing(&ann, later).tokens.unwrap().remaining, 900);
}

#[test]
fn owners_that_rest_take_no_memory() {
    let (limits, now) = (limits(), Instant::now());
    for _ in 0..5_000 {
        limits.take_request(&caller(5, 0), now).unwrap();
    }
    for _ in 0..8_000 {
        limits.take_request(&caller(5, 0), now + MINUTE).unwrap();
    }
    let kept: usize = limits.shards.iter().map(|shard| shard.lock().unwrap().owners.len()).sum();
    assert!(kept < 9_000, "those of the last minute, and few others: {kept}");
}

#[test]
fn requests_at_once_are_counted_exactly() {
    let (limits, ann, now) = (limits(), caller(100, 0), Instant::now());
    let admitted: usize = std::thread::scope(|scope| {
        let take = || (0..100).filter(|_| limits.take_request(&ann, now).is_ok()).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(admitted, 100);
}

proptest! {
    #[test]
    fn no_sixty_seconds_have_more_than_the_limit(
        steps in prop::collection::vec((0_u64..3_000, 1_u64..40), 1..400),
        limit in 40_u64..200,
    ) {
        let (limits, ann, start) = (limits(), caller(0, limit), Instant::now());
        let mut now = start;
        let mut admitted: Vec<(Instant, u64)> = Vec::new();
        for (millis, amount) in steps {
            now += Duration::from_millis(millis);
            match limits.reserve(&ann, amount, now) {
                Ok(reserved) => {
                    reserved.unwrap().used(amount);
                    admitted.push((now, amount));
                }
                Err(refused) => {
                    prop_assert!(refused.retry_after <= MINUTE, "{:?}", refused.retry_after);
                    let again = limits.reserve(&ann, amount, now + refused.retry_after);
                    prop_assert!(again.is_ok(), "whoever waits as told is let through");
                    now += refused.retry_after;
                    again.unwrap().unwrap().used(amount);
                    admitted.push((now, amount));
                }
            }
            let minute: u64 =
                admitted.iter().filter(|(at, _)| *at + MINUTE > now).map(|(_, amount)| amount).sum();
            prop_assert!(minute <= limit, "{minute} of {limit}");
        }
    }
}
