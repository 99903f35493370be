//! An answer of any bytes is survived, and cuts change nothing. The first byte says where it is cut.

#![no_main]

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use hub_dialects::openai::{AnswerStyle, StreamDecoder, StreamEncoder, WholeEncoder, decode_whole};
use hub_domain::ids::CallId;
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{CallType, Frame, Receipt};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((step, data)) = data.split_first() else { return };
    let at_once = told(&decoded(&[data]));
    let pieces: Vec<&[u8]> = data.chunks(usize::from(*step).max(1)).collect();
    assert_eq!(told(&decoded(&pieces)), at_once);

    let receipt = Receipt { call: CallId::new(), usage: Usage::default(), charged: None };
    let mut out = BytesMut::new();
    let mut stream = StreamEncoder::new(style(receipt.call, CallType::ChatCompletion));
    decoded(&[data]).iter().for_each(|frame| stream.frame(frame, &mut out));
    stream.settled(&receipt, &mut out);
    for call_type in [CallType::ChatCompletion, CallType::Embedding] {
        if let Ok(frame) = decode_whole(Bytes::copy_from_slice(data), call_type) {
            let mut whole = WholeEncoder::new(style(receipt.call, call_type));
            whole.push(&frame);
            whole.finish(&receipt);
        }
    }
});

fn decoded(pieces: &[&[u8]]) -> VecDeque<Frame> {
    let mut decoder = StreamDecoder::new(CallType::ChatCompletion);
    let mut frames = VecDeque::new();
    for piece in pieces {
        let _ = decoder.push(Bytes::copy_from_slice(piece), &mut frames);
    }
    let _ = decoder.finish(&mut frames);
    frames
}

fn told(frames: &VecDeque<Frame>) -> String {
    format!("{frames:?}")
}

fn style(call: CallId, call_type: CallType) -> AnswerStyle {
    let model = "p/m".to_owned();
    AnswerStyle { call, model, call_type, superset: true, include_usage: true, base64: true }
}
