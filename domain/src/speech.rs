//! What reading a text aloud uses: at most, before it is read, and most likely, where nobody reports it.

use crate::meter::Meter;
use crate::usage::Quantities;
use crate::vocabulary::SpeechRequest;

/// Audio tokens of one second, as OpenAI's prices for a minute and for a token imply for its models that
/// are paid by tokens (0.015 dollars a minute, 12 dollars a million).
const TOKENS_PER_SECOND: u64 = 21;
/// Audio tokens of one character at most. A digit or an ideograph takes a third of a second and more, and
/// instructions can ask for a slow voice; usual prose has between one and two.
const MOST_TOKENS_PER_CHARACTER: u64 = 10;
/// Audio tokens before and after the text: silence.
const AROUND: u64 = 256;

/// What a request fixes beside its input tokens.
pub fn at_most(speech: &SpeechRequest) -> Quantities {
    let characters = speech.characters();
    let spoken = characters.saturating_mul(MOST_TOKENS_PER_CHARACTER).saturating_add(AROUND);
    Quantities::default().with(Meter::Character, characters).with(Meter::OutputAudio, spoken)
}

/// What was most likely used, where `audio_bytes` were received. Characters are paid whole: the provider
/// has them all before it says anything.
pub fn counted(speech: &SpeechRequest, input_tokens: u64, audio_bytes: u64) -> Quantities {
    let per_second = speech.format.likely_bytes_per_second();
    let spoken = audio_bytes.saturating_mul(TOKENS_PER_SECOND).div_ceil(per_second);
    let most = at_most(speech).get(Meter::OutputAudio);
    Quantities::default()
        .with(Meter::Character, speech.characters())
        .with(Meter::Input, input_tokens)
        .with(Meter::OutputAudio, spoken.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::AudioFormat;

    fn saying(input: &str) -> SpeechRequest {
        SpeechRequest { input: input.to_owned(), format: AudioFormat::Pcm, ..SpeechRequest::default() }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(at_most(&saying("größer 你好")).get(Meter::Character), 9);
    }

    #[test]
    fn a_count_is_never_more_than_the_bound() {
        let speech = saying("hi");
        let most = at_most(&speech);
        for bytes in [0, 1, 48_000, u64::MAX] {
            let counted = counted(&speech, 1, bytes);
            assert!(counted.get(Meter::OutputAudio) <= most.get(Meter::OutputAudio));
            assert_eq!(counted.get(Meter::Character), 2);
        }
        assert_eq!(counted(&speech, 1, 48_000).get(Meter::OutputAudio), 21);
    }
}
