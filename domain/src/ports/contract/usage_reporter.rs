//! The contract of [`UsageReporter`](crate::ports::UsageReporter).

use crate::ids::{AccountId, CallId};
use crate::money::Credits;
use crate::ports::{UnixMillis, UsageEvent, UsageReporter};

pub async fn usage_reporter(reporter: &dyn UsageReporter) {
    events_are_taken_as_often_as_they_come(reporter).await;
    nothing_to_report_is_no_error(reporter).await;
}

async fn events_are_taken_as_often_as_they_come(reporter: &dyn UsageReporter) {
    let event = |units| UsageEvent {
        call: CallId::new(),
        account: AccountId::new(),
        app_did: None,
        amount: Credits::from_units(units),
        created: UnixMillis(1_763_942_400_000),
    };
    let (first, second) = (event(1), event(2));
    reporter.report(std::slice::from_ref(&first)).await.unwrap();
    reporter.report(&[first, second]).await.unwrap();
}

async fn nothing_to_report_is_no_error(reporter: &dyn UsageReporter) {
    reporter.report(&[]).await.unwrap();
}
