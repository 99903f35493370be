//! How long nothing was sent on a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

pub(super) struct Silence {
    limit: Duration,
    since: Instant,
    /// Set when there is first something to wait for, and then anew only when it fires: a stream that
    /// never falls silent pays for a glance at the clock, not for a timer.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, since: Instant::now(), timer: None }
    }

    /// Something is sent.
    pub(super) fn broken(&mut self) {
        self.since = Instant::now();
    }

    /// Ready when it has lasted as long as it may; then it begins anew.
    pub(super) fn poll_too_long(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { limit, since, timer } = self;
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(*since + *limit)));
        loop {
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if *since + *limit <= now {
                *since = now;
                timer.as_mut().reset(now + *limit);
                return Poll::Ready(());
            }
            timer.as_mut().reset(*since + *limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{advance, sleep, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_thing_sent() {
        let mut silence = Silence::new(LIMIT);
        for _ in 0..3 {
            let waited =
                timeout(LIMIT - Duration::from_secs(1), poll_fn(|cx| silence.poll_too_long(cx))).await;
            assert!(waited.is_err());
            silence.broken();
        }
        let before = Instant::now();
        poll_fn(|cx| silence.poll_too_long(cx)).await;
        assert!(before.elapsed() >= LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn lasting_silence_is_told_again_and_again() {
        let mut silence = Silence::new(LIMIT);
        let before = Instant::now();
        for _ in 0..3 {
            poll_fn(|cx| silence.poll_too_long(cx)).await;
        }
        assert!((LIMIT * 3..LIMIT * 4).contains(&before.elapsed()));
        advance(Duration::ZERO).await;
        sleep(Duration::ZERO).await;
    }
}
