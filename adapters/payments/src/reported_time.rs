//! When a report says that usage happened.

use hub_domain::ports::UnixMillis;

/// Payment Kit names no limits, so we keep inside those of its kind: 30 days back, a minute ahead.
const OLDEST_SECONDS: i64 = 30 * 24 * 60 * 60;
const AHEAD_SECONDS: i64 = 60;

/// The time of a report, fixed before the first sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedTime {
    /// Unix seconds.
    pub timestamp: i64,
    /// The true time where it was too old to be told as such.
    pub occurred_at: Option<i64>,
}

impl ReportedTime {
    /// For usage that ended then, as a report of now tells it.
    pub fn of(end: UnixMillis, now: UnixMillis) -> Self {
        let (end, now) = (end.seconds(), now.seconds());
        let oldest = now.saturating_sub(OLDEST_SECONDS);
        if end < oldest {
            return Self { timestamp: oldest, occurred_at: Some(end) };
        }
        Self { timestamp: end.min(now.saturating_add(AHEAD_SECONDS)), occurred_at: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_760_000_000_999);

    fn of(seconds_from_now: i64) -> ReportedTime {
        ReportedTime::of(UnixMillis(NOW.0 + seconds_from_now * 1000), NOW)
    }

    #[test]
    fn usage_is_reported_for_the_time_at_which_it_ended() {
        let timestamp = 1_760_000_000 - 10;
        assert_eq!(of(-10), ReportedTime { timestamp, occurred_at: None });
    }

    #[test]
    fn usage_of_an_outage_of_weeks_keeps_its_true_time_beside() {
        let (timestamp, true_time) = (1_760_000_000 - OLDEST_SECONDS, 1_760_000_000 - OLDEST_SECONDS - 1);
        assert_eq!(of(-OLDEST_SECONDS), ReportedTime { timestamp, occurred_at: None });
        assert_eq!(of(-OLDEST_SECONDS - 1), ReportedTime { timestamp, occurred_at: Some(true_time) });
    }

    #[test]
    fn a_clock_that_was_set_back_reports_no_future() {
        assert_eq!(of(3600).timestamp, 1_760_000_060);
    }
}
