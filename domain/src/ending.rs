//! Who pays when a call ends, and what record it leaves: one function for every ending.

use serde::{Deserialize, Serialize};

use crate::money::{AmountOutOfRange, Credits};
use crate::rates::{Bill, Rate};
use crate::usage::Usage;

/// How a call came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The answer is whole.
    Complete,
    /// It failed before the first content event.
    FailedBeforeContent,
    /// The upstream broke off after content was received.
    UpstreamCut,
    /// The client left before anything went upstream.
    ClientLeftBeforeDispatch,
    /// The client left and the upstream was cancelled.
    ClientDisconnected,
    /// The client left and the answer was read to its end.
    ClientGone,
    /// The shutdown's grace was over before anything went upstream.
    ShutDownBeforeDispatch,
    /// The shutdown's grace was over.
    ShuttingDown,
    /// The process died, or lost its lease.
    Stale,
}

/// What the outside sees of an ended call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Success,
    Failed,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failed => "failed",
        }
    }
}

/// Who bears what an upstream's failure left behind (`billing.on_upstream_failure`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUpstreamFailure {
    /// The user pays for what was delivered.
    #[default]
    Delivered,
    /// The user pays nothing.
    Free,
}

/// What was seen of a call's usage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observed {
    /// The last cumulative usage that the provider reported.
    pub reported: Option<Usage>,
    /// Whether `reported` covers the whole answer.
    pub reported_is_final: bool,
}

impl End {
    pub const fn outcome(self) -> Outcome {
        match self {
            End::Complete | End::ClientGone => Outcome::Success,
            _ => Outcome::Failed,
        }
    }

    /// The reason that the record shows, apart from an error's own code.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            End::Complete | End::FailedBeforeContent => None,
            End::UpstreamCut => Some("upstream_cut"),
            End::ClientLeftBeforeDispatch | End::ClientDisconnected => Some("client_disconnected"),
            End::ClientGone => Some("client_gone"),
            End::ShutDownBeforeDispatch | End::ShuttingDown => Some("shutting_down"),
            End::Stale => Some("stale"),
        }
    }

    /// Nothing is charged and the hold is voided.
    pub const fn is_void(self, on_upstream_failure: OnUpstreamFailure) -> bool {
        match self {
            End::FailedBeforeContent
            | End::ClientLeftBeforeDispatch
            | End::ShutDownBeforeDispatch
            | End::Stale => true,
            End::UpstreamCut => matches!(on_upstream_failure, OnUpstreamFailure::Free),
            _ => false,
        }
    }

    /// Whether the hub has to count tokens itself to know the usage. Counting is lazy, because a
    /// tokenizer is not free.
    pub fn needs_count(self, observed: &Observed) -> bool {
        match self {
            End::Complete | End::ClientGone | End::UpstreamCut => observed.reported.is_none(),
            End::ClientDisconnected | End::ShuttingDown => {
                observed.reported.is_none() || !observed.reported_is_final
            }
            End::FailedBeforeContent
            | End::ClientLeftBeforeDispatch
            | End::ShutDownBeforeDispatch
            | End::Stale => false,
        }
    }

    /// The usage that counts. `counted` is the hub's own count of what went in and came out, made
    /// where [`Self::needs_count`] asks for it.
    pub fn usage(self, observed: &Observed, counted: Option<Usage>) -> Usage {
        let counted = counted.filter(|_| self.needs_count(observed));
        let estimate = || Usage { estimated: true, ..counted.unwrap_or_default() };
        match self {
            End::Complete | End::ClientGone => observed.reported.unwrap_or_else(estimate),
            End::UpstreamCut => {
                let usage = observed.reported.unwrap_or_else(estimate);
                Usage { estimated: true, partial: true, ..usage }
            }
            End::ClientDisconnected | End::ShuttingDown => match (observed.reported, counted) {
                (Some(reported), None) => Usage { partial: true, ..reported },
                (Some(reported), Some(counted)) => Usage {
                    // The larger of both as wholes: mixing buckets of two counts would pay a token twice.
                    quantities: larger(&reported, &counted).quantities,
                    estimated: true,
                    partial: true,
                    inconsistent: reported.inconsistent,
                },
                (None, _) => Usage { partial: true, ..estimate() },
            },
            End::FailedBeforeContent
            | End::ClientLeftBeforeDispatch
            | End::ShutDownBeforeDispatch
            | End::Stale => Usage::default(),
        }
    }
}

/// The side-wise larger of two counts: the input of the one with more input, the output of the one
/// with more output.
fn larger(reported: &Usage, counted: &Usage) -> Usage {
    let mut quantities = reported.quantities;
    let more_input = counted.quantities.input_tokens() > reported.quantities.input_tokens();
    let more_output = counted.quantities.output_tokens() > reported.quantities.output_tokens();
    for meter in crate::meter::Meter::ALL {
        if (more_input && meter.is_input_token()) || (more_output && meter.is_output_token()) {
            quantities.set(meter, counted.quantities.get(meter));
        }
    }
    Usage { quantities, ..*reported }
}

/// A bill, divided between the user (never more than was held) and the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    pub bill: Bill,
    /// What the user pays: at most the hold.
    pub charge: Credits,
    /// What the operator bears, because the provider went beyond its own cap.
    pub overrun: Credits,
}

/// Prices a usage and divides the bill.
pub fn divide(rate: &Rate, usage: &Usage, hold: Credits) -> Result<Division, AmountOutOfRange> {
    let bill = rate.charge(&usage.quantities)?;
    let charge = bill.total.min(hold);
    let overrun = bill.total.checked_sub(charge)?;
    Ok(Division { bill, charge, overrun })
}
