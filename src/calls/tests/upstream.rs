//! An upstream whose answers a test plays by hand.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::meter::Meter;
use hub_domain::ports::{Attempt, ModelProvider, UpstreamAnswer};
use hub_domain::routing::Candidate;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{Event, FinishReason, Frame};
use smallvec::smallvec;
use tokio::sync::mpsc;

type Piece = Result<Event, ProviderError>;

enum Reply {
    Refuse(ProviderError),
    Stream(mpsc::Receiver<Piece>),
    Panic,
}

/// Plays one reply for each attempt, in their order.
#[derive(Default)]
pub struct Upstream {
    replies: Mutex<VecDeque<Reply>>,
    attempts: Mutex<Vec<Attempt>>,
}

/// The upstream's end of one answer. Dropping it breaks the answer off.
pub struct Line(mpsc::Sender<Piece>);

impl Line {
    pub async fn says(&self, event: Event) {
        self.0.send(Ok(event)).await.expect("the hub listens");
    }

    pub async fn text(&self, text: &str) {
        self.says(Event::Text { choice: 0, text: text.to_owned() }).await;
    }

    pub async fn fails(&self, error: ProviderError) {
        self.0.send(Err(error)).await.expect("the hub listens");
    }

    pub async fn ends(&self) {
        self.says(Event::Finish { choice: 0, reason: FinishReason::Stop }).await;
        self.says(Event::End).await;
    }

    /// The hub has closed the connection.
    pub async fn is_closed_within(&self, time: Duration) {
        tokio::time::timeout(time, self.0.closed()).await.expect("the upstream is cancelled");
    }
}

pub fn usage(input: u64, output: u64) -> Usage {
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
    Usage { quantities, ..Usage::default() }
}

pub fn error(class: UpstreamClass) -> ProviderError {
    ProviderError {
        class,
        status: None,
        code: None,
        param: None,
        message: "the test said so".to_owned(),
        retry_after: None,
        maybe_executed: false,
    }
}

impl Upstream {
    fn next(&self, reply: Reply) {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner).push_back(reply);
    }

    /// The next attempt gets an answer that the test plays.
    pub fn answers(&self) -> Line {
        let (line, pieces) = mpsc::channel(64);
        self.next(Reply::Stream(pieces));
        Line(line)
    }

    /// The next attempt gets this whole answer.
    pub fn says(&self, events: impl IntoIterator<Item = Event>) {
        let (line, pieces) = mpsc::channel(64);
        for event in events {
            line.try_send(Ok(event)).expect("a short answer");
        }
        line.try_send(Ok(Event::Finish { choice: 0, reason: FinishReason::Stop })).expect("a short answer");
        line.try_send(Ok(Event::End)).expect("a short answer");
        self.next(Reply::Stream(pieces));
    }

    pub fn refuses(&self, error: ProviderError) {
        self.next(Reply::Refuse(error));
    }

    pub fn panics(&self) {
        self.next(Reply::Panic);
    }

    /// What was asked so far.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl ModelProvider for Upstream {
    async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).push(attempt);
        let reply = self.replies.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match reply {
            Some(Reply::Stream(pieces)) => {
                let frames = stream::unfold(pieces, |mut pieces| async move {
                    let piece = pieces.recv().await?;
                    Some((piece.map(|event| Frame { raw: None, events: smallvec![event] }), pieces))
                });
                Ok(UpstreamAnswer { frames: Box::pin(frames), upstream_id: None, dropped: Vec::new() })
            }
            Some(Reply::Refuse(error)) => Err(error),
            Some(Reply::Panic) => panic!("the test said so"),
            None => Err(error(UpstreamClass::InvalidRequest)),
        }
    }

    async fn test(&self, _: &Candidate) -> Result<(), ProviderError> {
        Ok(())
    }
}
