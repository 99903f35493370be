//! Which credential or route is tried next, and when.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::routing::Candidate;
use rand::Rng;

const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(8);

/// The next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Index of the candidate.
    pub candidate: usize,
    pub delay: Duration,
    /// On another route: it is no second load for the upstream that failed.
    pub is_fallback: bool,
}

/// Plans the try after a failed one: the next credential where this one was at fault, the next route where that
/// is asked for, the same provider model once more where it may help. `tried` has the candidates of the tries so
/// far, the last one at its end; `left` is what remains of the time for retrying; `is_paid_for` says which routes
/// the hold covers. `None` when another try can't help or there is no time for it.
pub fn plan(
    error: &ProviderError,
    tried: &[usize],
    candidates: &[Candidate],
    left: Duration,
    is_paid_for: impl Fn(&Candidate) -> bool,
) -> Option<Retry> {
    let current = *tried.last()?;
    let route = candidates[current].route;
    let own = |at: usize| candidates[at].route.index == route.index;
    let fresh = || (0..candidates.len()).find(|at| own(*at) && !tried.contains(at));
    let at_once = |candidate, is_fallback| Retry { candidate, delay: Duration::ZERO, is_fallback };
    let is_credentials_own = error.class.is_retryable() && !same_backend_is_down(error.class);
    let planned = match fresh().filter(|_| is_credentials_own) {
        // Another credential need not wait for what this one's upstream said.
        Some(credential) => Some(at_once(credential, false)),
        None if route.fallback.covers(error.class) => {
            let further = (current + 1..candidates.len()).filter(|at| !own(*at));
            further.map(|at| at_once(at, true)).find(|retry| is_paid_for(&candidates[retry.candidate]))
        }
        None => None,
    };
    planned.or_else(|| again(error, tried, &fresh)).filter(|retry| retry.delay < left)
}

/// The same provider model once more, after a pause.
fn again(error: &ProviderError, tried: &[usize], fresh: &impl Fn() -> Option<usize>) -> Option<Retry> {
    if !error.class.same_credential_may_succeed() {
        return None;
    }
    let pause = backoff(u32::try_from(tried.len()).unwrap_or(u32::MAX));
    let asked = error.retry_after.unwrap_or_default();
    let (candidate, delay) = match fresh() {
        Some(other) => (other, pause),
        None => (*tried.last()?, asked.max(pause)),
    };
    Some(Retry { candidate, delay, is_fallback: false })
}

/// Failures of the service rather than of a credential.
fn same_backend_is_down(class: UpstreamClass) -> bool {
    matches!(class, UpstreamClass::Overloaded | UpstreamClass::Server)
}

/// Exponential, with full jitter.
fn backoff(tried: u32) -> Duration {
    let ceiling = FIRST_DELAY.saturating_mul(1 << tried.saturating_sub(1).min(10)).min(LONGEST_DELAY);
    rand::rng().random_range(Duration::ZERO..=ceiling)
}

/// Bounds retries to a tenth of the calls, so that an outage is not tripled. A quiet hub may still
/// retry: the budget starts full.
pub struct RetryBudget {
    tenths: AtomicI64,
}

impl RetryBudget {
    const FULL: i64 = 1_000;

    pub fn new() -> Self {
        Self { tenths: AtomicI64::new(Self::FULL) }
    }

    /// A call came in.
    pub fn earn(&self) {
        if self.tenths.load(Ordering::Relaxed) < Self::FULL {
            self.tenths.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a retry may be made.
    pub fn spend(&self) -> bool {
        let spent = self.tenths.fetch_sub(10, Ordering::Relaxed);
        if spent < 10 {
            self.tenths.fetch_add(10, Ordering::Relaxed);
        }
        spent >= 10
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hub_domain::ports::ProviderTimeouts;
    use hub_domain::routing::{Fallback, Provider, ProviderKind, Route};

    use super::*;

    fn error(class: UpstreamClass, retry_after: Option<Duration>) -> ProviderError {
        ProviderError {
            class,
            status: None,
            code: None,
            param: None,
            message: "test".into(),
            retry_after,
            maybe_executed: false,
        }
    }

    const AMPLE: Duration = Duration::from_secs(20);

    /// So many credentials for each route.
    fn candidates(credentials: &[usize], fallback: Fallback) -> Vec<Candidate> {
        let timeouts = ProviderTimeouts::default();
        let provider = Arc::new(Provider { timeouts, ..Provider::new("p", ProviderKind::OpenAi) });
        let routes = credentials.iter().enumerate();
        let all = routes.flat_map(|(index, count)| std::iter::repeat_n(index, *count));
        all.map(|index| Candidate {
            provider: Arc::clone(&provider),
            model: "m".into(),
            credential: None,
            rate: None,
            max_output_tokens: None,
            route: Route { index, fallback, ..Route::single(timeouts) },
        })
        .collect()
    }

    fn next(class: UpstreamClass, tried: &[usize], candidates: &[Candidate]) -> Option<Retry> {
        plan(&error(class, None), tried, candidates, AMPLE, |_| true)
    }

    fn at_once(candidate: usize, is_fallback: bool) -> Option<Retry> {
        Some(Retry { candidate, delay: Duration::ZERO, is_fallback })
    }

    #[test]
    fn a_request_at_fault_is_never_tried_again() {
        let all = candidates(&[3], Fallback::NONE);
        for class in
            [UpstreamClass::InvalidRequest, UpstreamClass::ContentFiltered, UpstreamClass::ContextTooLong]
        {
            assert_eq!(next(class, &[0], &all), None);
        }
    }

    #[test]
    fn a_refused_credential_is_left_for_the_next_at_once() {
        let two = candidates(&[2], Fallback::NONE);
        assert_eq!(next(UpstreamClass::Authentication, &[0], &two), at_once(1, false));
        assert_eq!(next(UpstreamClass::Authentication, &[0, 1], &two), None);
        assert_eq!(next(UpstreamClass::Authentication, &[0], &candidates(&[1], Fallback::ALL)), None);
    }

    #[test]
    fn the_only_credential_waits_for_as_long_as_the_upstream_says() {
        let one = candidates(&[1], Fallback::NONE);
        let limited = |seconds| {
            let error = error(UpstreamClass::RateLimited, Some(Duration::from_secs(seconds)));
            plan(&error, &[0], &one, AMPLE, |_| true)
        };
        assert!(limited(2).expect("a retry").delay >= Duration::from_secs(2));
        assert_eq!(limited(60), None);
    }

    #[test]
    fn the_next_route_comes_after_the_credentials_of_this_one() {
        let all = candidates(&[2, 1, 1], Fallback::ALL);
        assert_eq!(next(UpstreamClass::RateLimited, &[0], &all), at_once(1, false));
        assert_eq!(next(UpstreamClass::RateLimited, &[0, 1], &all), at_once(2, true));
        // A provider that is down is not asked with another credential first.
        assert_eq!(next(UpstreamClass::Server, &[0], &all), at_once(2, true));
        assert_eq!(next(UpstreamClass::ContextTooLong, &[0, 2], &all), at_once(3, true));
        let last = next(UpstreamClass::Server, &[0, 2, 3], &all).expect("the last route once more");
        assert_eq!((last.candidate, last.is_fallback), (3, false));
    }

    #[test]
    fn a_route_is_left_for_what_it_falls_back_on_and_nothing_else() {
        let only = |word| candidates(&[1, 1], Fallback::from_words([word]).expect("a word"));
        assert_eq!(next(UpstreamClass::Timeout, &[0], &only("timeouts")), at_once(1, true));
        assert_eq!(next(UpstreamClass::ContextTooLong, &[0], &only("errors")), None);
        let again = next(UpstreamClass::Server, &[0], &only("timeouts")).expect("the same once more");
        assert_eq!((again.candidate, again.is_fallback), (0, false));
    }

    #[test]
    fn a_route_that_the_hold_does_not_cover_is_passed_by() {
        let all = candidates(&[1, 1, 1], Fallback::ALL);
        let cheap = |one: &Candidate| one.route.index != 1;
        let planned = plan(&error(UpstreamClass::Server, None), &[0], &all, AMPLE, cheap);
        assert_eq!(planned, at_once(2, true));
    }

    #[test]
    fn retries_end_when_the_budget_is_spent_and_come_back_with_calls() {
        let budget = RetryBudget::new();
        let spent = (0..1_000).filter(|_| budget.spend()).count();
        assert_eq!(spent, 100);
        (0..10).for_each(|_| budget.earn());
        assert!(budget.spend());
        assert!(!budget.spend());
    }
}
