use futures_util::StreamExt;
use proptest::prelude::*;

use super::*;

fn decode(pieces: &[&[u8]]) -> Vec<(bool, String)> {
    let mut decoder = SseDecoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        decoder
            .push(Bytes::copy_from_slice(piece), &mut |event| {
                events.push(event);
                true
            })
            .unwrap();
    }
    events.extend(decoder.finish());
    let text = |event: SseEvent| (event.is_error, String::from_utf8_lossy(&event.data).into_owned());
    events.into_iter().map(text).collect()
}

fn data(pieces: &[&[u8]]) -> Vec<String> {
    decode(pieces).into_iter().map(|(_, data)| data).collect()
}

#[test]
fn all_line_ends_mean_the_same() {
    for text in ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"] {
        assert_eq!(data(&[text.as_bytes()]), ["a", "b"], "{text:?}");
    }
}

#[test]
fn a_crlf_may_be_cut_in_the_middle() {
    assert_eq!(data(&[b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n"]), ["a", "b"]);
}

#[test]
fn a_byte_order_mark_does_not_hide_the_first_event() {
    assert_eq!(data(&[b"\xEF\xBB\xBFdata: a\n\n"]), ["a"]);
    assert_eq!(data(&[b"\xEF", b"\xBB", b"\xBFdata: a\n\n"]), ["a"]);
}

#[test]
fn comments_and_blank_lines_are_skipped() {
    assert_eq!(data(&[b": OPENROUTER PROCESSING\n\n\n\n: keep-alive\ndata: a\nid: 7\nretry: 5\n\n"]), ["a"]);
}

#[test]
fn the_space_after_the_colon_is_optional_and_lines_are_joined() {
    assert_eq!(data(&[b"data:{\"a\":\ndata: 1}\n\n"]), ["{\"a\":\n1}"]);
}

#[test]
fn an_error_is_told_by_its_name() {
    assert_eq!(decode(&[b"event: error\ndata: x\n\ndata: y\n\n"]), [(true, "x".into()), (false, "y".into())]);
}

#[test]
fn a_forgotten_last_blank_line_is_forgiven() {
    assert_eq!(data(&[b"data: a\n\ndata: [DONE]"]), ["a", "[DONE]"]);
    assert_eq!(data(&[b"data: a\n\ndata: [DONE]\n"]), ["a", "[DONE]"]);
}

#[test]
fn an_event_in_one_piece_is_not_copied() {
    let piece = Bytes::from_static(b"data: {\"a\":1}\n\n");
    let mut seen = None;
    SseDecoder::default()
        .push(piece.clone(), &mut |event| {
            seen = Some(event.data);
            true
        })
        .unwrap();
    assert_eq!(seen.unwrap().as_ptr(), piece[6..].as_ptr());
}

#[test]
fn a_line_without_end_is_cut_at_the_limit() {
    let mut decoder = SseDecoder::default();
    let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
    let pushes = (0..40).position(|_| decoder.push(piece.clone(), &mut |_| true).is_err());
    assert_eq!(pushes, Some(32));
}

#[test]
fn an_event_of_many_lines_is_cut_at_the_limit() {
    let mut decoder = SseDecoder::default();
    let line = Bytes::from([b"data:".as_slice(), &vec![b'x'; 1024 * 1024], b"\n"].concat());
    assert!((0..33).any(|_| decoder.push(line.clone(), &mut |_| true).is_err()));
}

/// What another implementation of the same rules makes of it.
fn reference(bytes: &[u8]) -> Option<Vec<String>> {
    let whole = Bytes::copy_from_slice(bytes);
    let body = futures_util::stream::iter([Ok::<_, std::io::Error>(whole)]);
    let events = futures_executor::block_on(sse_stream::SseByteStream::new(body).collect::<Vec<_>>());
    let events = events.into_iter().collect::<Result<Vec<_>, _>>().ok()?;
    Some(events.into_iter().filter_map(|event| event.data).collect())
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "data",
        "data:",
        "data: ",
        "event: error",
        "event:",
        "id: 1",
        ":",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "x",
        "é",
        " ",
        "[DONE]",
        "\u{feff}",
        "retry: 1",
        "{\"a\":1}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn it_agrees_with_another_implementation(bytes in lines()) {
        // The end of the body is where we are kinder.
        let bytes = [bytes.as_slice(), b"\n\n"].concat();
        if let Some(expected) = reference(&bytes) {
            prop_assert_eq!(data(&[&bytes]), expected);
        }
    }

    #[test]
    fn cuts_change_nothing(bytes in lines(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        pieces.push(&bytes[from..]);
        prop_assert_eq!(decode(&pieces), decode(&[&bytes]));
    }

    #[test]
    fn any_bytes_are_survived(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8)) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        decode(&pieces);
    }
}
