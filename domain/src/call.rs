//! The life of one ModelCall as a pure machine: events in, effects out. No clock, no channel, no
//! await; the actor around it has those.

use smallvec::{SmallVec, smallvec};

use crate::ending::End;

/// What happened to a call (not what the model said).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEvent {
    /// The intent and its hold are committed.
    Held,
    /// The first content event arrived from upstream.
    FirstContent,
    /// The upstream's answer is whole.
    Finished,
    /// An attempt failed; `retryable` when another try could succeed and there is time for it.
    UpstreamFailed { retryable: bool },
    /// The client is gone.
    ClientGone,
    /// A drain could not be had, or its time is over.
    DrainEnded,
    /// The call took longer than it may.
    Deadline,
    /// The grace of the shutdown is over.
    ShutdownDeadline,
}

/// What is to be done now. Nothing here waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send the request upstream, to the next candidate.
    StartAttempt,
    /// Close the upstream connection.
    CancelUpstream,
    /// Read on without a reader, if a drain slot is free; say `DrainEnded` otherwise.
    Drain,
    /// End the call: charge or void, as the end says.
    Close(End),
}

pub type Effects = SmallVec<[Effect; 2]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `ended` tells how a call ends that can't be wanted any more once its hold is seen.
    Received {
        ended: Option<End>,
    },
    Dispatched {
        tries_left: u32,
    },
    Streaming,
    Draining {
        had_content: bool,
    },
    Over,
}

/// What a provider wants done when a client leaves (`on_disconnect`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDisconnect {
    /// Close the upstream connection within a second.
    #[default]
    Cancel,
    /// Read the answer to its end, because the provider bills it anyway.
    Drain,
}

/// One call, from its receipt to its one ending.
#[derive(Debug)]
pub struct Call {
    state: State,
    max_tries: u32,
    on_disconnect: OnDisconnect,
}

impl Call {
    /// A call that may try upstream so many times (at least once).
    pub fn new(max_tries: u32) -> Self {
        Self {
            state: State::Received { ended: None },
            max_tries: max_tries.max(1),
            on_disconnect: OnDisconnect::Cancel,
        }
    }

    /// The provider at hand decides what a departure means.
    pub fn set_on_disconnect(&mut self, on_disconnect: OnDisconnect) {
        self.on_disconnect = on_disconnect;
    }

    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Takes what happened and says what is to be done. Late news changes nothing.
    pub fn on(&mut self, event: CallEvent) -> Effects {
        use CallEvent::*;
        use Effect::*;
        use State::*;
        let ends = |end: End| Received { ended: Some(end) };
        let over = |end: End| (Over, smallvec![Close(end)]);
        let cancelled = |end: End| (Over, smallvec![CancelUpstream, Close(end)]);
        let (next, effects): (State, Effects) = match (self.state, event) {
            (Received { ended: None }, Held) => {
                (Dispatched { tries_left: self.max_tries - 1 }, smallvec![StartAttempt])
            }
            (Received { ended: Some(end) }, Held) => over(end),
            // The hold may be on its way: its commit must be seen before it can be voided.
            (Received { ended: None }, ClientGone) => (ends(End::ClientLeftBeforeDispatch), smallvec![]),
            (Received { ended: None }, Deadline) => (ends(End::FailedBeforeContent), smallvec![]),
            (Received { ended: None }, ShutdownDeadline) => (ends(End::ShutDownBeforeDispatch), smallvec![]),

            (Dispatched { tries_left: left @ 1.. }, UpstreamFailed { retryable: true }) => {
                (Dispatched { tries_left: left - 1 }, smallvec![StartAttempt])
            }
            (Dispatched { .. }, UpstreamFailed { .. } | Deadline) => {
                (Over, smallvec![CancelUpstream, Close(End::FailedBeforeContent)])
            }
            (Dispatched { .. }, FirstContent) => (Streaming, smallvec![]),
            // An answer without content is whole all the same.
            (Dispatched { .. } | Streaming, Finished) => over(End::Complete),
            (Streaming, UpstreamFailed { .. } | Deadline) => cancelled(End::UpstreamCut),

            (Dispatched { .. } | Streaming, ClientGone) => match self.on_disconnect {
                OnDisconnect::Cancel => cancelled(End::ClientDisconnected),
                OnDisconnect::Drain => (Draining { had_content: self.state == Streaming }, smallvec![Drain]),
            },
            (Draining { .. }, FirstContent) => (Draining { had_content: true }, smallvec![]),
            (Draining { .. }, Finished) => over(End::ClientGone),
            (Draining { .. }, DrainEnded | Deadline) => cancelled(End::ClientDisconnected),
            (Draining { had_content: true }, UpstreamFailed { .. }) => cancelled(End::UpstreamCut),
            (Draining { had_content: false }, UpstreamFailed { .. }) => cancelled(End::FailedBeforeContent),

            (Dispatched { .. } | Streaming | Draining { .. }, ShutdownDeadline) => {
                cancelled(End::ShuttingDown)
            }
            (state, _) => (state, smallvec![]),
        };
        self.state = next;
        effects
    }
}
