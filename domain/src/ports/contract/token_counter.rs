//! The contract of [`TokenCounter`](crate::ports::TokenCounter).

use crate::ports::TokenCounter;

pub async fn token_counter(counter: &dyn TokenCounter) {
    nothing_has_no_tokens(counter).await;
    there_are_never_more_tokens_than_bytes(counter).await;
    more_text_has_more_tokens(counter).await;
    an_unknown_model_is_counted_too(counter).await;
}

const TEXT: &str = "The quick brown fox jumps over the lazy dog. 快速的棕色狐狸。<|endoftext|>";

async fn count(counter: &dyn TokenCounter, text: &str) -> u64 {
    counter.count("gpt-4o", vec![text.to_owned()]).await
}

async fn nothing_has_no_tokens(counter: &dyn TokenCounter) {
    assert_eq!(counter.count("gpt-4o", Vec::new()).await, 0);
    assert_eq!(count(counter, "").await, 0);
}

async fn there_are_never_more_tokens_than_bytes(counter: &dyn TokenCounter) {
    for text in [TEXT, "a", "\u{1F600}\u{1F600}", "    \n\n\t", "0123456789"] {
        let tokens = count(counter, text).await;
        assert!(tokens <= u64::try_from(text.len()).unwrap(), "{text:?}: {tokens}");
    }
}

async fn more_text_has_more_tokens(counter: &dyn TokenCounter) {
    let once = count(counter, TEXT).await;
    assert!(once > 0);
    assert!(counter.count("gpt-4o", vec![TEXT.to_owned(), TEXT.to_owned()]).await >= 2 * once);
    assert!(count(counter, &TEXT.repeat(10)).await > once);
}

async fn an_unknown_model_is_counted_too(counter: &dyn TokenCounter) {
    assert!(counter.count("a-model-that-nobody-knows", vec![TEXT.to_owned()]).await > 0);
}
