//! An answer that is nothing but bytes of audio: each piece goes on as it came.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hub_dialects::openai::SpokenUsage;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::{Event, Frame};

/// The frames of such an answer. That it ended without a failure is all that tells that it is whole.
pub fn frames<S>(
    pieces: S,
    usage: SpokenUsage,
) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + 'static
where
    S: Stream<Item = Result<Bytes, ProviderError>> + Send + 'static,
{
    let pieces = pieces.map(Some).chain(stream::iter([None]));
    pieces.scan(State::default(), move |state, piece| {
        let frame = match piece {
            _ if state.failed => None,
            Some(Ok(piece)) => {
                state.received |= !piece.is_empty();
                Some(Ok(frame([Event::Audio(piece)])))
            }
            Some(Err(error)) => {
                state.failed = true;
                Some(Err(error))
            }
            None if !state.received => Some(Err(empty())),
            None => Some(Ok(frame(usage.unreported().map(Event::Usage).into_iter().chain([Event::End])))),
        };
        std::future::ready(frame)
    })
}

#[derive(Default)]
struct State {
    received: bool,
    failed: bool,
}

fn frame(events: impl IntoIterator<Item = Event>) -> Frame {
    Frame { raw: None, events: events.into_iter().collect() }
}

fn empty() -> ProviderError {
    ProviderError::new(UpstreamClass::BadAnswer, "the provider's answer is empty", true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID_BY_CHARACTER: SpokenUsage = SpokenUsage { characters: 5, by_tokens: false };

    async fn events(pieces: Vec<Result<Bytes, ProviderError>>, usage: SpokenUsage) -> (Vec<Event>, bool) {
        let told: Vec<_> = frames(stream::iter(pieces), usage).collect().await;
        let failed = told.iter().any(Result::is_err);
        (told.into_iter().flatten().flat_map(|frame| frame.events).collect(), failed)
    }

    #[tokio::test]
    async fn bytes_that_end_are_whole_and_paid_by_their_characters() {
        let pieces = vec![Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"c"))];
        let (told, failed) = events(pieces, PAID_BY_CHARACTER).await;
        assert!(!failed);
        assert!(matches!(&told[..], [Event::Audio(_), Event::Audio(_), Event::Usage(_), Event::End]));
    }

    #[tokio::test]
    async fn bytes_that_break_off_are_not_whole() {
        let pieces = vec![Ok(Bytes::from_static(b"ab")), Err(empty())];
        let (told, failed) = events(pieces, PAID_BY_CHARACTER).await;
        assert!(failed && matches!(&told[..], [Event::Audio(_)]));
    }

    #[tokio::test]
    async fn no_bytes_are_no_answer_and_tokens_are_not_made_up() {
        assert!(events(Vec::new(), PAID_BY_CHARACTER).await.1);
        let by_tokens = SpokenUsage { by_tokens: true, ..PAID_BY_CHARACTER };
        let (told, _) = events(vec![Ok(Bytes::from_static(b"ab"))], by_tokens).await;
        assert!(matches!(&told[..], [Event::Audio(_), Event::End]));
    }
}
