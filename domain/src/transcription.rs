//! What writing speech down uses: at most, before the file has come, and most likely, where nobody reports
//! it.

use crate::meter::Meter;
use crate::usage::Quantities;
use crate::vocabulary::{TranscriptionRequest, Upload, UploadStage};

/// Bytes of a second, at least: the thinnest speech codecs need some 700, an MP3 file 1,000 (8 kbit/s).
const LEAST_BYTES: u64 = 700;
const LEAST_MP3_BYTES: u64 = 1_000;
const LEAST_WAV_BYTES: u64 = 1_400;
/// Bytes of a second, as recordings commonly have them.
const LIKELY_BYTES: u64 = 8_000;
const LIKELY_MP3_BYTES: u64 = 16_000;
/// Some providers bill so many seconds of a shorter file.
const LEAST_SECONDS: u64 = 10;
/// Audio tokens of a second: the dearest known formula.
const MOST_AUDIO_TOKENS: u64 = 32;
/// As OpenAI's prices for a minute and for a token imply (0.006 dollars a minute, 6 dollars a million).
const LIKELY_AUDIO_TOKENS: u64 = 17;
/// Tokens of text that are spoken in a second, at most. Nobody speaks so fast; a model that repeats itself
/// writes so much.
const MOST_TEXT_TOKENS: u64 = 16;
const AROUND: u64 = 256;

/// What a request fixes beside its input tokens, from the size of its file and what its first bytes say.
pub fn at_most(request: &TranscriptionRequest) -> Quantities {
    let seconds = most_seconds(&request.form.upload);
    let times = |per_second: u64| seconds.saturating_mul(per_second);
    Quantities::default()
        .with(Meter::Second, seconds)
        .with(Meter::InputAudio, times(MOST_AUDIO_TOKENS).saturating_add(AROUND))
        .with(Meter::Output, times(MOST_TEXT_TOKENS).saturating_add(AROUND))
}

/// What was most likely used. A file that did not reach the provider used nothing.
pub fn counted(request: &TranscriptionRequest, input_tokens: u64, output_tokens: u64) -> Quantities {
    let upload = &request.form.upload;
    if upload.stage() != UploadStage::Complete {
        return Quantities::default();
    }
    let most = at_most(request);
    let seconds = likely_seconds(upload).min(most.get(Meter::Second));
    Quantities::default()
        .with(Meter::Second, seconds)
        .with(Meter::Input, input_tokens)
        .with(Meter::InputAudio, seconds.saturating_mul(LIKELY_AUDIO_TOKENS))
        .with(Meter::Output, output_tokens.min(most.get(Meter::Output)))
}

/// Seconds of an audio file, at most.
pub fn most_seconds(upload: &Upload) -> u64 {
    let per_second = match Head::of(upload.head()) {
        Head::Pcm { bytes_per_second } => bytes_per_second,
        Head::Wav => LEAST_WAV_BYTES,
        Head::Mp3 => LEAST_MP3_BYTES,
        Head::Other => LEAST_BYTES,
    };
    upload.most_bytes().div_ceil(per_second).max(LEAST_SECONDS)
}

/// Seconds of an audio file, as far as its size tells.
pub fn likely_seconds(upload: &Upload) -> u64 {
    let per_second = match Head::of(upload.head()) {
        Head::Pcm { bytes_per_second } => bytes_per_second,
        Head::Mp3 => LIKELY_MP3_BYTES,
        Head::Wav | Head::Other => LIKELY_BYTES,
    };
    upload.most_bytes().div_ceil(per_second)
}

/// What the first bytes of a file say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// Samples that are not packed: their number is their length.
    Pcm {
        bytes_per_second: u64,
    },
    Wav,
    Mp3,
    Other,
}

impl Head {
    fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
            return pcm(bytes).unwrap_or(Self::Wav);
        }
        let is_mp3 = matches!(bytes, [b'I', b'D', b'3', ..])
            || matches!(bytes, [0xff, second, ..] if second & 0xe6 == 0xe2);
        if is_mp3 { Self::Mp3 } else { Self::Other }
    }
}

/// A WAV file whose first chunk says that its samples are not packed, without contradicting itself.
fn pcm(bytes: &[u8]) -> Option<Head> {
    const PCM: u16 = 1;
    const FLOAT: u16 = 3;
    const A_LAW: u16 = 6;
    const MU_LAW: u16 = 7;
    let format = bytes.get(20..36).filter(|_| bytes.get(12..16) == Some(b"fmt "))?;
    let short = |at: usize| Some(u16::from_le_bytes([*format.get(at)?, *format.get(at + 1)?]));
    let long = |at: usize| Some(u64::from(short(at)?) | u64::from(short(at + 2)?) << 16);
    let (kind, channels, rate) = (short(0)?, u64::from(short(2)?), long(4)?);
    let (told, bits) = (long(8)?, u64::from(short(14)?));
    let bytes_per_second = rate * channels * bits / 8;
    let is_plain = [PCM, FLOAT, A_LAW, MU_LAW].contains(&kind) && told == bytes_per_second;
    (is_plain && rate >= 4_000 && (8..=64).contains(&bits) && (1..=8).contains(&channels))
        .then_some(Head::Pcm { bytes_per_second })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn wav(kind: u16, rate: u32, told: u32) -> Vec<u8> {
        let mut head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        head.extend(kind.to_le_bytes());
        head.extend(1_u16.to_le_bytes());
        head.extend(rate.to_le_bytes());
        head.extend(told.to_le_bytes());
        head.extend(2_u16.to_le_bytes());
        head.extend(16_u16.to_le_bytes());
        head
    }

    fn seconds(head: Vec<u8>, bytes: u64) -> u64 {
        struct Nothing;
        impl futures_core::Stream for Nothing {
            type Item = Result<crate::vocabulary::UploadPiece, crate::vocabulary::UploadBroken>;
            fn poll_next(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Self::Item>> {
                std::task::Poll::Ready(None)
            }
        }
        most_seconds(&Upload::new(bytes, Bytes::from(head), Box::pin(Nothing)))
    }

    #[test]
    fn plain_samples_bound_their_length_exactly() {
        assert_eq!(seconds(wav(1, 16_000, 32_000), 3_200_000), 100);
    }

    #[test]
    fn a_head_that_contradicts_itself_or_is_packed_says_nothing() {
        assert_eq!(seconds(wav(1, 16_000, 3_200_000), 1_400_000), 1_000);
        assert_eq!(seconds(wav(2, 16_000, 32_000), 1_400_000), 1_000);
        assert_eq!(seconds(wav(1, 1, 2), 1_400_000), 1_000);
    }

    #[test]
    fn the_thinnest_codec_bounds_what_is_packed() {
        assert_eq!(seconds(b"ID3\x04".to_vec(), 1_000_000), 1_000);
        assert_eq!(seconds(vec![0xff, 0xfb, 0x90], 1_000_000), 1_000);
        assert_eq!(seconds(b"OggS".to_vec(), 700_000), 1_000);
        assert_eq!(seconds(Vec::new(), 1), LEAST_SECONDS);
    }
}
