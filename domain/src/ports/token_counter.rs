//! Counting tokens where nobody else has.

use async_trait::async_trait;

#[async_trait]
pub trait TokenCounter: Send + Sync {
    /// Tokens of the texts as the model's tokenizer, or the nearest one known, makes them. Runs where
    /// it may block; texts beyond a bound are extrapolated.
    async fn count(&self, model: &str, texts: Vec<String>) -> u64;
}
