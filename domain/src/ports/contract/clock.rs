//! The contract of [`Clock`](crate::ports::Clock).

use std::time::Duration;

use crate::ports::Clock;

pub async fn clock(clock: &dyn Clock) {
    sleeping_takes_its_time(clock).await;
}

async fn sleeping_takes_its_time(clock: &dyn Clock) {
    let before = clock.now();
    clock.sleep(Duration::from_millis(20)).await;
    // A wall clock may be set meanwhile, so a little less is no defect.
    assert!(clock.now() >= before.plus(Duration::from_millis(15)));
}
