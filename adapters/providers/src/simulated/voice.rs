//! Speech without a voice: a beep for each character, in the formats that need no encoder.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::{AudioFormat, SpeechRequest};

/// Samples of a second, as OpenAI's speech has them; 16 bits, one channel.
const RATE: u32 = 24_000;
/// Samples of one character: 40 ms.
const CHARACTER: u32 = RATE / 25;
/// Characters that are spoken; a longer text is cut, so that a demonstration stays small.
const MOST_CHARACTERS: usize = 500;
/// Characters of one piece of the answer.
const PIECE: usize = 25;

/// A frame of MPEG-1 layer III, 128 kbit/s at 44.1 kHz without a checksum, all of whose values are zero: 26 ms of
/// silence.
const MP3_FRAME: usize = 417;
const MP3_HEAD: [u8; 4] = [0xff, 0xfb, 0x90, 0x64];

/// The audio, piece by piece.
pub fn read_aloud(speech: &SpeechRequest) -> Result<Vec<Bytes>, ProviderError> {
    let characters: Vec<char> = speech.input.chars().take(MOST_CHARACTERS).collect();
    let mut pieces = Vec::new();
    match speech.format {
        AudioFormat::Wav => pieces.push(head(samples(characters.len()))),
        AudioFormat::Pcm | AudioFormat::Mp3 => {}
        AudioFormat::Opus | AudioFormat::Aac | AudioFormat::Flac => return Err(no_encoder()),
    }
    pieces.extend(characters.chunks(PIECE).map(|characters| match speech.format {
        AudioFormat::Mp3 => silence(characters.len()),
        _ => beeps(characters),
    }));
    Ok(pieces)
}

fn no_encoder() -> ProviderError {
    ProviderError {
        status: Some(400),
        code: Some("invalid_value".to_owned()),
        param: Some("response_format".to_owned()),
        ..ProviderError::new(
            UpstreamClass::InvalidRequest,
            "The simulated voice speaks 'mp3', 'wav' and 'pcm'.",
            false,
        )
    }
}

fn samples(characters: usize) -> u32 {
    u32::try_from(characters).unwrap_or(u32::MAX).saturating_mul(CHARACTER)
}

/// The head of a WAV file with so many samples.
fn head(samples: u32) -> Bytes {
    let bytes = samples.saturating_mul(2);
    let mut head = BytesMut::with_capacity(44);
    head.put_slice(b"RIFF");
    head.put_u32_le(bytes.saturating_add(36));
    head.put_slice(b"WAVEfmt ");
    head.put_u32_le(16);
    head.put_u16_le(1); // PCM
    head.put_u16_le(1);
    head.put_u32_le(RATE);
    head.put_u32_le(RATE * 2);
    head.put_u16_le(2);
    head.put_u16_le(16);
    head.put_slice(b"data");
    head.put_u32_le(bytes);
    head.freeze()
}

/// Each character at a pitch of its own, as a square wave; blanks are silent.
fn beeps(characters: &[char]) -> Bytes {
    let mut piece = BytesMut::with_capacity(characters.len().saturating_mul(CHARACTER as usize * 2));
    for character in characters {
        let half_wave = 20 + u32::from(*character) % 40;
        for sample in 0..CHARACTER {
            let is_high = (sample / half_wave).is_multiple_of(2);
            piece.put_i16_le(match is_high {
                _ if character.is_whitespace() => 0,
                true => 4_000,
                false => -4_000,
            });
        }
    }
    piece.freeze()
}

fn silence(characters: usize) -> Bytes {
    // 40 ms are one and a half frames.
    let frames = (characters * 3).div_ceil(2);
    let mut piece = BytesMut::with_capacity(frames * MP3_FRAME);
    for _ in 0..frames {
        piece.put_slice(&MP3_HEAD);
        piece.put_bytes(0, MP3_FRAME - MP3_HEAD.len());
    }
    piece.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(format: AudioFormat) -> Vec<u8> {
        let speech = SpeechRequest { input: "hello, hub".repeat(5), format, ..SpeechRequest::default() };
        read_aloud(&speech).unwrap().concat()
    }

    #[test]
    fn a_wav_file_is_as_long_as_its_head_says() {
        let wav = spoken(AudioFormat::Wav);
        let told = u32::from_le_bytes([wav[40], wav[41], wav[42], wav[43]]);
        assert_eq!(usize::try_from(told).unwrap(), wav.len() - 44);
        assert_eq!(spoken(AudioFormat::Pcm), wav[44..]);
    }

    #[test]
    fn an_mp3_file_is_nothing_but_frames() {
        let mp3 = spoken(AudioFormat::Mp3);
        assert!(mp3.len().is_multiple_of(MP3_FRAME));
        assert!(mp3.chunks(MP3_FRAME).all(|frame| frame.starts_with(&MP3_HEAD)));
    }

    #[test]
    fn what_needs_an_encoder_is_refused() {
        let speech = SpeechRequest { format: AudioFormat::Opus, ..SpeechRequest::default() };
        assert_eq!(read_aloud(&speech).unwrap_err().param.as_deref(), Some("response_format"));
    }
}
