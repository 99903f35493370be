//! Which credential is tried next, and when.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hub_domain::error::{ProviderError, UpstreamClass};
use rand::Rng;

const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(8);

/// The next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Index of the candidate.
    pub candidate: usize,
    pub delay: Duration,
}

/// Plans the try after a failed one: `tried` counts the tries so far, `left` is what remains of the
/// time for retrying. `None` when another try can't help or there is no time for it.
pub fn plan(
    error: &ProviderError,
    tried: u32,
    current: usize,
    candidates: usize,
    left: Duration,
) -> Option<Retry> {
    if !error.class.is_retryable() {
        return None;
    }
    let other = (candidates > 1).then_some((current + 1) % candidates);
    let asked = error.retry_after.unwrap_or_default();
    let (candidate, delay) = match other {
        // Another credential need not wait for what this one's upstream said.
        Some(other) if !same_backend_is_down(error.class) => (other, Duration::ZERO),
        Some(other) => (other, backoff(tried)),
        None if error.class.same_credential_may_succeed() => (current, asked.max(backoff(tried))),
        None => return None,
    };
    (delay < left).then_some(Retry { candidate, delay })
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

    #[test]
    fn a_request_at_fault_is_never_tried_again() {
        for class in
            [UpstreamClass::InvalidRequest, UpstreamClass::ContentFiltered, UpstreamClass::ContextTooLong]
        {
            assert_eq!(plan(&error(class, None), 1, 0, 3, AMPLE), None);
        }
    }

    #[test]
    fn a_refused_credential_is_left_for_the_next_at_once() {
        let next = plan(&error(UpstreamClass::Authentication, None), 1, 0, 2, AMPLE);
        assert_eq!(next, Some(Retry { candidate: 1, delay: Duration::ZERO }));
        assert_eq!(plan(&error(UpstreamClass::Authentication, None), 1, 0, 1, AMPLE), None);
    }

    #[test]
    fn the_only_credential_waits_for_as_long_as_the_upstream_says() {
        let after = Some(Duration::from_secs(2));
        let next = plan(&error(UpstreamClass::RateLimited, after), 1, 0, 1, AMPLE).expect("a retry");
        assert!(next.delay >= Duration::from_secs(2));
        let too_long = Some(Duration::from_secs(60));
        assert_eq!(plan(&error(UpstreamClass::RateLimited, too_long), 1, 0, 1, AMPLE), None);
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
