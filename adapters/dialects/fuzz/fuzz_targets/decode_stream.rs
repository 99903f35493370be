//! An answer of any bytes, in any dialect, is survived and written in each; cuts change nothing. The first byte
//! says where it is cut.

#![no_main]

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use hub_dialects::{AnswerStyle, StreamEncoder, WholeEncoder, anthropic, gemini, openai, responses};
use hub_domain::ids::CallId;
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{CallType, Dialect, Frame, Receipt};
use libfuzzer_sys::fuzz_target;

/// Dialects that providers speak.
const UPSTREAMS: [Dialect; 4] = [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic, Dialect::Gemini];
/// Dialects that clients speak.
const CLIENTS: [Dialect; 6] =
    [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic, Dialect::Gemini, Dialect::Aigne, Dialect::Legacy];

fuzz_target!(|data: &[u8]| {
    let Some((step, data)) = data.split_first() else { return };
    let pieces: Vec<&[u8]> = data.chunks(usize::from(*step).max(1)).collect();
    for from in UPSTREAMS {
        let frames = decoded(from, &[data]);
        assert_eq!(format!("{:?}", decoded(from, &pieces)), format!("{frames:?}"));
        written(&frames);
        if let Ok(frame) = whole(from, Bytes::copy_from_slice(data)) {
            written(&VecDeque::from([frame]));
        }
    }
    let _ = openai::decode_whole(Bytes::copy_from_slice(data), CallType::Embedding);
});

/// What a decoder made of the pieces.
macro_rules! read {
    ($decoder:expr, $pieces:expr) => {{
        let mut decoder = $decoder;
        let mut frames = VecDeque::new();
        for piece in $pieces {
            let _ = decoder.push(Bytes::copy_from_slice(piece), &mut frames);
        }
        let _ = decoder.finish(&mut frames);
        frames
    }};
}

fn decoded(from: Dialect, pieces: &[&[u8]]) -> VecDeque<Frame> {
    match from {
        Dialect::OpenAi => read!(openai::StreamDecoder::new(CallType::ChatCompletion), pieces),
        Dialect::Responses => read!(responses::StreamDecoder::new(), pieces),
        Dialect::Anthropic => read!(anthropic::StreamDecoder::new(), pieces),
        _ => read!(gemini::StreamDecoder::new(), pieces),
    }
}

fn whole(from: Dialect, body: Bytes) -> Result<Frame, ()> {
    match from {
        Dialect::OpenAi => openai::decode_whole(body, CallType::ChatCompletion),
        Dialect::Responses => responses::decode_whole(body),
        Dialect::Anthropic => anthropic::decode_whole(body),
        _ => gemini::decode_whole(body),
    }
    .map_err(drop)
}

fn written(frames: &VecDeque<Frame>) {
    let receipt = Receipt { call: CallId::new(), usage: Usage::default(), charged: None };
    for dialect in CLIENTS {
        let style = AnswerStyle {
            dialect,
            call: receipt.call,
            model: "p/m".to_owned(),
            call_type: CallType::ChatCompletion,
            superset: true,
            json_output: true,
            plain_text: false,
            echo: None,
            include_usage: true,
            json_array: true,
            batch: true,
            base64: true,
        };
        let mut out = BytesMut::new();
        let mut stream = StreamEncoder::new(style.clone());
        frames.iter().for_each(|frame| stream.frame(frame, &mut out));
        stream.settled(&receipt, &mut out);
        let mut whole = WholeEncoder::new(style);
        frames.iter().for_each(|frame| whole.push(frame));
        whole.finish(&receipt);
    }
}
