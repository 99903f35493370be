//! What a caller gets back: a stream of frames, ended by a receipt or an error.

use std::pin::Pin;

use futures_core::Stream;

use crate::error::CallError;
use crate::ids::CallId;
use crate::money::Credits;
use crate::usage::Usage;
use crate::vocabulary::Frame;

/// What a settled call cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    pub call: CallId,
    pub usage: Usage,
    /// What was charged, committed; `None` while storage is away and the settlement waits
    /// (`billingStatus: "pending"`).
    pub charged: Option<Credits>,
}

/// A piece of an answer on its way to the client.
#[derive(Debug)]
pub enum AnswerItem {
    Frame(Frame),
    /// The last item of a whole answer.
    Settled(Receipt),
    /// The last item of a broken one.
    Failed(CallError),
}

pub type AnswerStream = Pin<Box<dyn Stream<Item = AnswerItem> + Send>>;

/// An answer that has begun, or that has had no content for so long that its head goes out anyway.
pub struct Answer {
    pub call: CallId,
    /// `provider/model` that was asked.
    pub model: String,
    /// Fields of the request that this model's provider has no word for and does without.
    pub dropped: Vec<String>,
    /// Dropping it means that the client is gone; the call still settles.
    pub items: AnswerStream,
}
