//! Calls in flight: an actor for the life of each, a pump for its bytes, and one supervisor for all.
//!
//! The domain's machine decides, the [`actor`] has time and tasks, the [`pump`] moves frames, the
//! [`settlement`] ends each call once. [`CallService`] is the inbound port around them.

mod actor;
mod answer_channel;
mod credential_tests;
mod drain;
mod kept;
mod lease;
mod live;
mod pending;
mod pump;
mod registry;
mod retry;
mod service;
mod settings;
mod settlement;
mod supervisor;
#[cfg(test)]
mod tests;
mod trace;
mod upstreams_told;
mod warden;

pub use kept::answer_context;
pub use service::{CallService, CallServiceParts};
pub use settings::CallSettings;
