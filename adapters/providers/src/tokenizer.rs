//! OpenAI's tokenizers. Everything here may take a while: the tables are unpacked at the first use, and
//! long texts are long work.

use std::sync::atomic::{AtomicBool, Ordering};

use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

/// Texts are cut into chunks of about this many bytes. Merging costs more than a text is long, and the
/// splitting expressions give up on endless runs; neither is felt within a chunk.
const CHUNK: usize = 8 * 1024;

/// How text becomes tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    O200k,
    Cl100k,
}

static LOADED: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];

impl Encoding {
    /// The model's own, else the newest one.
    pub fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        match get_tokenizer(name) {
            None | Some(Tokenizer::O200kBase | Tokenizer::O200kHarmony) => Self::O200k,
            Some(_) => Self::Cl100k,
        }
    }

    fn table(self) -> &'static CoreBPE {
        let table = match self {
            Self::O200k => o200k_base_singleton(),
            Self::Cl100k => cl100k_base_singleton(),
        };
        self.flag().store(true, Ordering::Relaxed);
        table
    }

    fn flag(self) -> &'static AtomicBool {
        match self {
            Self::O200k => &LOADED[0],
            Self::Cl100k => &LOADED[1],
        }
    }

    /// Whether the tables are unpacked, so that a short text is short work.
    pub fn is_loaded(self) -> bool {
        self.flag().load(Ordering::Relaxed)
    }

    /// Tokens of a text. `<|endoftext|>` and its like are text as any other.
    pub fn count(self, text: &str) -> usize {
        let table = self.table();
        chunks(text).map(|chunk| table.count_ordinary(chunk)).sum()
    }

    /// A text in pieces, and how many tokens each has: as a rule one, more where a letter takes several.
    pub fn pieces(self, text: &str) -> Vec<(String, usize)> {
        let table = self.table();
        let mut pieces = Vec::new();
        let (mut bytes, mut tokens) = (Vec::new(), 0);
        for token in chunks(text).flat_map(|chunk| table.encode_ordinary(chunk)) {
            // Every token of a text can be decoded again.
            bytes.extend(table.decode_bytes(&[token]).unwrap_or_default());
            tokens += 1;
            match String::from_utf8(std::mem::take(&mut bytes)) {
                Ok(piece) => pieces.push((piece, std::mem::take(&mut tokens))),
                Err(unfinished) => bytes = unfinished.into_bytes(),
            }
        }
        pieces
    }
}

/// Cuts a text, before a word where there is one.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (chunk, after) = rest.split_at(cut(rest));
        rest = after;
        Some(chunk)
    })
}

fn cut(text: &str) -> usize {
    if text.len() <= CHUNK {
        return text.len();
    }
    let bytes = text.as_bytes();
    let blank = |at: usize| bytes[at].is_ascii_whitespace();
    let before_a_word = (CHUNK / 2..CHUNK).rev().find(|at| blank(*at) && !blank(at - 1) && !blank(at + 1));
    before_a_word.unwrap_or_else(|| text.floor_char_boundary(CHUNK))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn chunks_are_the_text_and_end_between_words() {
        let text = "A sentence of several words. ".repeat(2_000);
        assert_eq!(chunks(&text).collect::<String>(), text);
        assert!(chunks(&text).skip(1).all(|chunk| chunk.starts_with(' ')));
        let umlauts = "ä".repeat(20_000);
        assert_eq!(chunks(&umlauts).collect::<String>(), umlauts);
    }

    #[test]
    fn cutting_hardly_changes_a_count() {
        let text = "The quick brown fox jumps over the lazy dog.\n".repeat(1_000);
        let whole = Encoding::O200k.table().count_ordinary(&text);
        assert!(Encoding::O200k.count(&text).abs_diff(whole) <= 1 + text.len() / CHUNK);
    }

    #[test]
    fn special_tokens_are_text() {
        assert!(Encoding::O200k.count("<|endoftext|>") > 1);
        assert!(Encoding::Cl100k.count("<|endoftext|>") > 1);
    }

    #[test]
    fn pieces_are_the_text_and_have_its_tokens() {
        let text = "Hello, world! 快速的棕色狐狸 \u{1F9D1}\u{200D}\u{1F680} naïve\n\n  end";
        let pieces = Encoding::O200k.pieces(text);
        assert_eq!(pieces.iter().map(|(piece, _)| piece.as_str()).collect::<String>(), text);
        assert_eq!(pieces.iter().map(|(_, tokens)| tokens).sum::<usize>(), Encoding::O200k.count(text));
    }

    #[test]
    fn no_text_takes_long() {
        Encoding::O200k.count("warm");
        let size = 256 * 1024;
        for pattern in
            ["a", "A", " ", "\n", " \n", "漢", "\u{1F600}", "'", "aA", "0", "\u{0301}", "ab ", "\t\r"]
        {
            let text = pattern.repeat(size / pattern.len());
            let began = Instant::now();
            let tokens = Encoding::O200k.count(&text);
            assert!(began.elapsed() < Duration::from_secs(5), "{pattern:?}: {:?}", began.elapsed());
            assert!((1..=text.len()).contains(&tokens), "{pattern:?}");
        }
    }

    #[test]
    fn models_have_their_own_tokenizer() {
        for (model, encoding) in [
            ("gpt-4o", Encoding::O200k),
            ("openai/gpt-4.1-mini", Encoding::O200k),
            ("gpt-5.6-sol", Encoding::O200k),
            ("gpt-4-turbo", Encoding::Cl100k),
            ("text-embedding-3-small", Encoding::Cl100k),
            ("a-model-that-nobody-knows", Encoding::O200k),
        ] {
            assert_eq!(Encoding::of(model), encoding, "{model}");
        }
    }
}
