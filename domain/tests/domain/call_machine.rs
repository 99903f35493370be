//! Whatever happens to a call, in whatever order, it ends once.

use hub_domain::call::{Call, CallEvent, Effect, OnDisconnect};
use hub_domain::ending::{End, OnUpstreamFailure};
use proptest::collection::vec;
use proptest::prelude::*;

fn event() -> impl Strategy<Value = CallEvent> {
    prop_oneof![
        2 => Just(CallEvent::Held),
        2 => Just(CallEvent::FirstContent),
        1 => Just(CallEvent::Finished),
        3 => any::<bool>().prop_map(|retryable| CallEvent::UpstreamFailed { retryable }),
        1 => Just(CallEvent::ClientGone),
        1 => Just(CallEvent::DrainEnded),
        1 => Just(CallEvent::Deadline),
        1 => Just(CallEvent::ShutdownDeadline),
    ]
}

fn on_disconnect() -> impl Strategy<Value = OnDisconnect> {
    prop_oneof![Just(OnDisconnect::Cancel), Just(OnDisconnect::Drain)]
}

/// A call and everything that it wanted done, in order.
fn played(tries: u32, on_disconnect: OnDisconnect, events: &[CallEvent]) -> (Call, Vec<Effect>) {
    let mut call = Call::new(tries);
    call.set_on_disconnect(on_disconnect);
    let effects = events.iter().flat_map(|event| call.on(*event)).collect();
    (call, effects)
}

fn ends(effects: &[Effect]) -> Vec<End> {
    let end = |effect: &Effect| if let Effect::Close(end) = effect { Some(*end) } else { None };
    effects.iter().filter_map(end).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_call_ends_at_most_once_and_then_wants_nothing(
        tries in 0..5_u32,
        on_disconnect in on_disconnect(),
        events in vec(event(), 0..30),
    ) {
        let (call, effects) = played(tries, on_disconnect, &events);
        let ends = ends(&effects);
        prop_assert!(ends.len() <= 1, "{:?}", ends);
        prop_assert_eq!(ends.len() == 1, call.is_over());
        if !ends.is_empty() {
            prop_assert!(matches!(effects.last(), Some(Effect::Close(_))), "{:?}", effects);
        }
    }

    #[test]
    fn a_shutdown_ends_every_call_whose_hold_was_seen(
        tries in 0..5_u32,
        on_disconnect in on_disconnect(),
        events in vec(event(), 0..30),
    ) {
        let (mut call, effects) = played(tries, on_disconnect, &events);
        let last = call.on(CallEvent::ShutdownDeadline).into_iter().chain(call.on(CallEvent::Held));
        let all: Vec<_> = effects.into_iter().chain(last).collect();
        prop_assert_eq!(ends(&all).len(), 1);
        prop_assert!(call.is_over());
    }

    #[test]
    fn nothing_goes_upstream_before_the_hold_and_nothing_again_after_content(
        tries in 0..5_u32,
        on_disconnect in on_disconnect(),
        events in vec(event(), 0..30),
    ) {
        let mut call = Call::new(tries);
        call.set_on_disconnect(on_disconnect);
        let (mut held, mut dispatched, mut had_content, mut attempts) = (false, false, false, 0);
        for event in events {
            held |= event == CallEvent::Held;
            // Content before the call was dispatched is nobody's.
            had_content |= dispatched && event == CallEvent::FirstContent;
            let effects = call.on(event);
            if effects.contains(&Effect::StartAttempt) {
                prop_assert!(held && !had_content);
                dispatched = true;
                attempts += 1;
            }
            if let Some(end) = ends(&effects).first() {
                prop_assert!(held, "an ending needs a hold to end");
                let before = [End::ClientLeftBeforeDispatch, End::ShutDownBeforeDispatch];
                prop_assert!(dispatched || before.contains(end) || *end == End::FailedBeforeContent);
                prop_assert!(!dispatched || !before.contains(end), "it was dispatched");
                let finished = matches!(end, End::Complete | End::ClientGone);
                let cancels = effects.contains(&Effect::CancelUpstream);
                prop_assert_eq!(cancels, dispatched && !finished, "what runs upstream is stopped");
            }
        }
        prop_assert!(attempts <= tries.max(1));
    }

    #[test]
    fn who_had_no_content_pays_nothing_unless_it_left(
        tries in 0..5_u32,
        on_disconnect in on_disconnect(),
        events in vec(event(), 0..30),
    ) {
        let without_content: Vec<_> =
            events.into_iter().filter(|event| *event != CallEvent::FirstContent).collect();
        let (_, effects) = played(tries, on_disconnect, &without_content);
        if let Some(end) = ends(&effects).first() {
            prop_assert_ne!(*end, End::UpstreamCut);
            let may_pay = [End::Complete, End::ClientGone, End::ClientDisconnected, End::ShuttingDown];
            prop_assert!(end.is_void(OnUpstreamFailure::Delivered) || may_pay.contains(end));
        }
    }
}

/// How a call with two tries ends after these events.
fn end_of(on_disconnect: OnDisconnect, events: &[CallEvent]) -> Option<End> {
    let (_, effects) = played(2, on_disconnect, events);
    ends(&effects).first().copied()
}

#[test]
fn every_ending_has_its_story() {
    use CallEvent::*;
    use OnDisconnect::{Cancel, Drain};
    let failed = UpstreamFailed { retryable: false };
    let flaky = UpstreamFailed { retryable: true };
    let stories: &[(OnDisconnect, &[CallEvent], Option<End>)] = &[
        (Cancel, &[], None),
        (Cancel, &[Held, FirstContent], None),
        (Cancel, &[Held, FirstContent, Finished], Some(End::Complete)),
        (Cancel, &[Held, Finished], Some(End::Complete)),
        (Cancel, &[Held, flaky, FirstContent, Finished], Some(End::Complete)),
        (Cancel, &[Held, flaky, flaky], Some(End::FailedBeforeContent)),
        (Cancel, &[Held, failed], Some(End::FailedBeforeContent)),
        (Cancel, &[Held, Deadline], Some(End::FailedBeforeContent)),
        (Cancel, &[Deadline, Held], Some(End::FailedBeforeContent)),
        (Cancel, &[Held, FirstContent, flaky], Some(End::UpstreamCut)),
        (Cancel, &[Held, FirstContent, Deadline], Some(End::UpstreamCut)),
        (Cancel, &[ClientGone], None),
        (Cancel, &[ClientGone, Held], Some(End::ClientLeftBeforeDispatch)),
        (Cancel, &[ClientGone, ShutdownDeadline, Held], Some(End::ClientLeftBeforeDispatch)),
        (Cancel, &[ShutdownDeadline, Held], Some(End::ShutDownBeforeDispatch)),
        (Cancel, &[Held, ClientGone], Some(End::ClientDisconnected)),
        (Cancel, &[Held, FirstContent, ClientGone], Some(End::ClientDisconnected)),
        (Cancel, &[Held, FirstContent, ShutdownDeadline], Some(End::ShuttingDown)),
        (Drain, &[Held, FirstContent, ClientGone], None),
        (Drain, &[Held, FirstContent, ClientGone, Finished], Some(End::ClientGone)),
        (Drain, &[Held, ClientGone, FirstContent, Finished], Some(End::ClientGone)),
        (Drain, &[Held, FirstContent, ClientGone, DrainEnded], Some(End::ClientDisconnected)),
        (Drain, &[Held, FirstContent, ClientGone, Deadline], Some(End::ClientDisconnected)),
        (Drain, &[Held, FirstContent, ClientGone, failed], Some(End::UpstreamCut)),
        (Drain, &[Held, ClientGone, failed], Some(End::FailedBeforeContent)),
        (Drain, &[Held, FirstContent, ClientGone, ShutdownDeadline], Some(End::ShuttingDown)),
    ];
    for (on_disconnect, events, end) in stories {
        assert_eq!(end_of(*on_disconnect, events), *end, "{on_disconnect:?} {events:?}");
    }
}
