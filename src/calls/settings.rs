//! The times and bounds of calls.

use std::time::Duration;

use hub_domain::ending::OnUpstreamFailure;
use hub_domain::use_cases::admit::AdmissionPolicy;

/// What an operator may set for calls in flight. Times are wall-clock durations.
#[derive(Debug, Clone)]
pub struct CallSettings {
    pub admission: AdmissionPolicy,
    pub on_upstream_failure: OnUpstreamFailure,
    /// Without content for so long, a stream's head goes out all the same.
    pub early_headers: Duration,
    /// The whole of a streamed call.
    pub stream_limit: Duration,
    /// The whole of any other call.
    pub plain_limit: Duration,
    /// Between two pieces of content; pings and comments don't count.
    pub content_idle: Duration,
    /// A client that takes nothing for so long has left.
    pub write_stall: Duration,
    /// The last frame waits so long for the settlement's commit.
    pub settle_limit: Duration,
    /// Tries upstream, at most, the first one included.
    pub max_attempts: u32,
    /// Retrying takes so long, at most.
    pub retry_limit: Duration,
    /// A drain takes so long, at most.
    pub drain_limit: Duration,
    /// Drains at once.
    pub drain_slots: usize,
    /// How long this instance's lease lasts; its other times scale with it.
    pub lease_ttl: Duration,
}
