//! Counts tokens with OpenAI's tokenizers, on threads that may block.

use std::sync::Arc;

use async_trait::async_trait;
use hub_domain::ports::TokenCounter;
use tokio::sync::Semaphore;

use crate::tokenizer::Encoding;

/// Bytes that are counted exactly; what is beyond is taken to be like them.
const EXACT: usize = 1024 * 1024;
/// Less than this is counted in place once the tables are there: handing it over would take longer.
const SHORT: usize = 2 * 1024;

/// Families whose own tokenizers make more tokens than the one known here, in percent of it.
const FAMILIES: [(&str, u64); 2] = [("claude", 120), ("llama", 105)];

/// Clones share what bounds the work that is done at once.
#[derive(Clone)]
pub struct TiktokenCounter {
    /// Counting is pure computing: more of it at once than there are cores only makes all of it late.
    cores: Arc<Semaphore>,
}

impl TiktokenCounter {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { cores: Arc::new(Semaphore::new(cores)) }
    }
}

impl Default for TiktokenCounter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TokenCounter for TiktokenCounter {
    async fn count(&self, model: &str, texts: Vec<String>) -> u64 {
        let encoding = Encoding::of(model);
        let percent = percent(model);
        let bytes: usize = texts.iter().map(String::len).sum();
        if bytes == 0 {
            return 0;
        }
        if encoding.is_loaded() && bytes <= SHORT {
            return count(encoding, percent, &texts);
        }
        // Closed never; without a permit the work is done all the same.
        let _turn = self.cores.acquire().await;
        let counted = tokio::task::spawn_blocking(move || count(encoding, percent, &texts)).await;
        counted.unwrap_or_else(|error| {
            tracing::error!(%error, "a text could not be counted; it is taken to have a token for each byte");
            wide(bytes)
        })
    }
}

fn percent(model: &str) -> u64 {
    let family = FAMILIES.iter().find(|(family, _)| model.contains(family));
    family.map_or(100, |(_, percent)| *percent)
}

/// Counts on this thread, which may block.
pub fn count_here(encoding: Encoding, texts: &[String]) -> u64 {
    count(encoding, 100, texts)
}

/// Never more than there are bytes.
fn count(encoding: Encoding, percent: u64, texts: &[String]) -> u64 {
    let all = wide(texts.iter().map(String::len).sum());
    let (mut exact, mut tokens) = (0, 0);
    for text in texts {
        let part = &text[..text.floor_char_boundary(EXACT - exact)];
        tokens += encoding.count(part);
        exact += part.len();
        if exact >= EXACT {
            break;
        }
    }
    scaled(wide(tokens), all, wide(exact)).saturating_mul(percent).div_ceil(100).min(all)
}

/// `tokens` of the first `exact` bytes, for `all` of them.
fn scaled(tokens: u64, all: u64, exact: u64) -> u64 {
    if exact == 0 || exact == all {
        return tokens;
    }
    let scaled = (u128::from(tokens) * u128::from(all)).div_ceil(u128::from(exact));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use hub_domain::ports::contract;

    use super::*;

    #[tokio::test]
    async fn keeps_the_contract() {
        contract::token_counter(&TiktokenCounter::new()).await;
    }

    #[tokio::test]
    async fn texts_beyond_the_bound_are_extrapolated() {
        let counter = TiktokenCounter::new();
        let sentence = "The quick brown fox jumps over the lazy dog. ";
        let bound = sentence.repeat(EXACT / sentence.len());
        let once = counter.count("gpt-4o", vec![bound.clone()]).await;
        let thrice = counter.count("gpt-4o", vec![bound.clone(), bound.clone(), bound]).await;
        assert!(thrice.abs_diff(3 * once) <= once / 100, "{once} {thrice}");
    }

    #[tokio::test]
    async fn other_families_are_counted_with_a_factor() {
        let counter = TiktokenCounter::new();
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
        let own = counter.count("gpt-4o", vec![text.clone()]).await;
        assert_eq!(counter.count("anthropic/claude-sonnet-5", vec![text]).await, (own * 120).div_ceil(100));
    }
}
