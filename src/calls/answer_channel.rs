//! From the pump to the response body: a bounded channel. Items are boxed, because the channel keeps room
//! for all that it can hold, in every open stream.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use hub_domain::error::CallError;
use hub_domain::vocabulary::AnswerItem;
use tokio::sync::mpsc;

/// Items between pump and client; beyond them the upstream waits.
const CAPACITY: usize = 32;

pub fn channel() -> (AnswerSender, AnswerItems) {
    let (sender, rest) = mpsc::channel(CAPACITY);
    (AnswerSender(sender), AnswerItems { first: None, rest })
}

#[derive(Clone)]
pub struct AnswerSender(mpsc::Sender<Box<AnswerItem>>);

impl AnswerSender {
    /// Whether the client has left.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Resolves when the client leaves.
    pub async fn closed(&self) {
        self.0.closed().await;
    }

    /// Sends as soon as there is room. False when the client has left, or took nothing for so long.
    pub async fn send(&self, item: Box<AnswerItem>, patience: Duration) -> bool {
        match self.0.try_send(item) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(item)) => self.0.send_timeout(item, patience).await.is_ok(),
        }
    }

    /// Sends into a channel that has had nothing yet.
    pub fn send_first(&self, item: AnswerItem) {
        // It has room; the client may have left all the same.
        let _ = self.0.try_send(Box::new(item));
    }
}

/// How an answer begins.
pub enum Beginning {
    /// With an item, which the stream will give.
    Item,
    /// With an error, and nothing after it.
    Failed(CallError),
    /// Not at all: whoever sends is gone.
    Gone,
}

/// The response body's end. Dropping it tells the pump that the client is gone.
pub struct AnswerItems {
    first: Option<Box<AnswerItem>>,
    rest: mpsc::Receiver<Box<AnswerItem>>,
}

impl AnswerItems {
    /// Waits for the first item.
    pub async fn begin(&mut self) -> Beginning {
        match self.rest.recv().await.map(|item| *item) {
            Some(AnswerItem::Failed(error)) => Beginning::Failed(error),
            Some(item) => {
                self.first = Some(Box::new(item));
                Beginning::Item
            }
            None => Beginning::Gone,
        }
    }
}

impl Stream for AnswerItems {
    type Item = AnswerItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AnswerItem>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(*first)),
            None => self.rest.poll_recv(cx).map(|item| item.map(|item| *item)),
        }
    }
}
