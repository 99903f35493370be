//! Who pays when a call ends early: the table of endings, line by line.

use hub_domain::ending::{End, Observed, OnUpstreamFailure, Outcome};
use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};

const EVERY_END: [End; 9] = [
    End::Complete,
    End::FailedBeforeContent,
    End::UpstreamCut,
    End::ClientLeftBeforeDispatch,
    End::ClientDisconnected,
    End::ClientGone,
    End::ShutDownBeforeDispatch,
    End::ShuttingDown,
    End::Stale,
];

fn tokens(input: u64, output: u64) -> Usage {
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
    Usage { quantities, ..Usage::default() }
}

fn observed(reported: Option<Usage>, reported_is_final: bool) -> Observed {
    Observed { reported, reported_is_final }
}

/// The usage that counts, with a count of the hub's own where one is asked for.
fn usage(end: End, observed: Observed, counted: Usage) -> Usage {
    let counted = end.needs_count(&observed).then_some(counted);
    end.usage(&observed, counted)
}

/// Input, output, `estimated`, `partial`.
fn seen(usage: Usage) -> (u64, u64, bool, bool) {
    let Usage { quantities, estimated, partial, .. } = usage;
    (quantities.input_tokens(), quantities.output_tokens(), estimated, partial)
}

const NOTHING: (u64, u64, bool, bool) = (0, 0, false, false);

#[test]
fn a_complete_call_pays_what_was_reported_or_else_counted() {
    for end in [End::Complete, End::ClientGone] {
        assert_eq!(end.outcome(), Outcome::Success);
        assert!(!end.is_void(OnUpstreamFailure::Free));
        let reported = usage(end, observed(Some(tokens(10, 20)), true), tokens(11, 22));
        assert_eq!(seen(reported), (10, 20, false, false), "{end:?}");
        assert_eq!(seen(usage(end, observed(None, false), tokens(11, 22))), (11, 22, true, false), "{end:?}");
    }
    assert_eq!(End::Complete.reason(), None);
    assert_eq!(End::ClientGone.reason(), Some("client_gone"));
}

#[test]
fn a_call_that_failed_before_content_or_was_left_open_pays_nothing() {
    let reasons = [
        (End::FailedBeforeContent, None),
        (End::ClientLeftBeforeDispatch, Some("client_disconnected")),
        (End::ShutDownBeforeDispatch, Some("shutting_down")),
        (End::Stale, Some("stale")),
    ];
    for (end, reason) in reasons {
        assert_eq!((end.outcome(), end.reason()), (Outcome::Failed, reason));
        assert!(end.is_void(OnUpstreamFailure::Delivered));
        assert_eq!(
            seen(usage(end, observed(Some(tokens(10, 20)), true), tokens(11, 22))),
            NOTHING,
            "{end:?}"
        );
    }
}

#[test]
fn an_answer_that_was_cut_is_paid_as_it_was_delivered_or_not_at_all() {
    let end = End::UpstreamCut;
    assert_eq!((end.outcome(), end.reason()), (Outcome::Failed, Some("upstream_cut")));
    assert!(!end.is_void(OnUpstreamFailure::Delivered));
    assert!(end.is_void(OnUpstreamFailure::Free));
    let last = usage(end, observed(Some(tokens(10, 20)), false), tokens(99, 99));
    assert_eq!(seen(last), (10, 20, true, true), "the last cumulative usage");
    assert_eq!(seen(usage(end, observed(None, false), tokens(11, 22))), (11, 22, true, true));
}

#[test]
fn a_call_that_was_cancelled_pays_the_larger_of_report_and_count() {
    for (end, reason) in
        [(End::ClientDisconnected, "client_disconnected"), (End::ShuttingDown, "shutting_down")]
    {
        assert_eq!((end.outcome(), end.reason()), (Outcome::Failed, Some(reason)));
        assert!(!end.is_void(OnUpstreamFailure::Free), "the upstream did not fail");
        let early = observed(Some(tokens(10, 1)), false);
        assert_eq!(seen(usage(end, early, tokens(9, 20))), (10, 20, true, true), "{end:?}");
        assert_eq!(seen(usage(end, early, tokens(12, 0))), (12, 1, true, true), "{end:?}");
        assert_eq!(seen(usage(end, observed(None, false), tokens(11, 0))), (11, 0, true, true), "{end:?}");
        let whole = observed(Some(tokens(10, 20)), true);
        assert_eq!(seen(usage(end, whole, tokens(99, 99))), (10, 20, false, true), "reported in time");
    }
}

#[test]
fn the_larger_of_two_counts_pays_no_token_twice() {
    let reported = Quantities::default().with(Meter::Input, 4).with(Meter::InputCached, 6);
    let reported = Usage { quantities: reported.with(Meter::Output, 1), ..Usage::default() };
    let early = observed(Some(reported), false);
    let more_output = usage(End::ClientDisconnected, early, tokens(10, 30)).quantities;
    assert_eq!(more_output, reported.quantities.with(Meter::Output, 30), "the cache's discount stays");

    let more_input = usage(End::ClientDisconnected, early, tokens(11, 0)).quantities;
    assert_eq!(more_input, Quantities::default().with(Meter::Input, 11).with(Meter::Output, 1));
}

#[test]
fn tokens_are_counted_only_where_the_count_is_used() {
    for end in EVERY_END {
        for observed in
            [observed(None, false), observed(Some(tokens(1, 2)), false), observed(Some(tokens(1, 2)), true)]
        {
            if !end.needs_count(&observed) {
                assert_eq!(end.usage(&observed, None), end.usage(&observed, Some(tokens(1, 2))), "{end:?}");
            }
        }
    }
}

#[test]
fn what_is_void_counts_no_tokens() {
    for end in EVERY_END.into_iter().filter(|end| end.is_void(OnUpstreamFailure::Delivered)) {
        assert!(!end.needs_count(&observed(None, false)), "{end:?}");
        assert_eq!(end.outcome(), Outcome::Failed, "{end:?}");
    }
}

#[test]
fn numbers_that_contradict_each_other_stay_marked() {
    let reported = Usage { inconsistent: true, ..tokens(10, 20) };
    for end in [End::Complete, End::UpstreamCut, End::ClientDisconnected, End::ShuttingDown] {
        assert!(usage(end, observed(Some(reported), false), tokens(1, 1)).inconsistent, "{end:?}");
    }
}
