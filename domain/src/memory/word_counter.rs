//! A token counter without a tokenizer.

use async_trait::async_trait;

use crate::ports::TokenCounter;

/// Counts words, which is what a test can count too.
#[derive(Debug, Clone, Copy, Default)]
pub struct WordCounter;

#[async_trait]
impl TokenCounter for WordCounter {
    async fn count(&self, _model: &str, texts: Vec<String>) -> u64 {
        let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
        u64::try_from(words).unwrap_or(u64::MAX)
    }
}
