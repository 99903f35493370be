//! The contract of [`ModelProvider`](crate::ports::ModelProvider).

use futures_util::StreamExt;

use crate::ports::{Attempt, ModelProvider};
use crate::vocabulary::Event;

/// `attempt` is one that the provider answers.
pub async fn model_provider(provider: &dyn ModelProvider, attempt: Attempt) {
    a_whole_answer_has_content_and_ends_once(provider, attempt.clone()).await;
    an_answer_may_be_dropped(provider, attempt).await;
}

async fn a_whole_answer_has_content_and_ends_once(provider: &dyn ModelProvider, attempt: Attempt) {
    let mut frames = provider.start(attempt).await.unwrap().frames;
    let mut events = Vec::new();
    while let Some(frame) = frames.next().await {
        events.extend(frame.unwrap().events);
    }
    assert!(events.iter().any(Event::is_content));
    assert_eq!(events.iter().filter(|event| **event == Event::End).count(), 1);
    assert_eq!(events.last(), Some(&Event::End), "nothing comes after the end");
}

async fn an_answer_may_be_dropped(provider: &dyn ModelProvider, attempt: Attempt) {
    let answer = provider.start(attempt.clone()).await.unwrap();
    drop(answer);
    let mut frames = provider.start(attempt).await.unwrap().frames;
    frames.next().await.unwrap().unwrap();
}
