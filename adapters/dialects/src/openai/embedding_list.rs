//! Vectors as OpenAI lists them: as numbers, or as base64 of little-endian `f32`. Providers do not
//! always answer in the form that was asked for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, BytesMut};
use hub_domain::vocabulary::{EmbeddingVector, Event};
use serde_json::value::RawValue;

use crate::wire::text::string;

/// Whether all vectors have the form that was asked for, in the order of their indexes.
pub(super) fn is_as_asked(events: &[Event], base64: bool) -> bool {
    let mut next = 0;
    events.iter().all(|event| match event {
        Event::Embedding { index, vector } => {
            let is_next = *index == next;
            next += 1;
            is_next && matches!(vector, EmbeddingVector::Base64(_)) == base64
        }
        _ => true,
    })
}

/// The list up to its model, without the closing brace.
pub(super) fn write(vectors: &[(u32, EmbeddingVector)], base64: bool, model: &str, out: &mut BytesMut) {
    let mut ordered: Vec<&(u32, EmbeddingVector)> = vectors.iter().collect();
    ordered.sort_by_key(|(index, _)| *index);
    out.put_slice(b"{\"object\":\"list\",\"data\":[");
    for (position, (index, vector)) in ordered.into_iter().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        out.put_slice(b"{\"object\":\"embedding\",\"index\":");
        out.put_slice(index.to_string().as_bytes());
        out.put_slice(b",\"embedding\":");
        match (vector, base64) {
            (EmbeddingVector::Json(numbers), false) => out.put_slice(numbers.as_bytes()),
            (EmbeddingVector::Base64(digits), true) => string(out, digits),
            (EmbeddingVector::Json(numbers), true) => match digits(numbers) {
                Some(digits) => string(out, &digits),
                None => out.put_slice(numbers.as_bytes()),
            },
            (EmbeddingVector::Base64(digits), false) => match numbers(digits) {
                Some(numbers) => out.put_slice(numbers.as_bytes()),
                None => string(out, digits),
            },
        }
        out.put_u8(b'}');
    }
    out.put_slice(b"],\"model\":");
    string(out, model);
}

/// Numbers to digits. Each is rounded once, from its text to the nearest `f32`.
fn digits(numbers: &str) -> Option<String> {
    let numbers: Vec<&RawValue> = serde_json::from_str(numbers).ok()?;
    let mut bytes = Vec::with_capacity(numbers.len() * 4);
    for number in numbers {
        let number: f32 = number.get().parse().ok()?;
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    Some(STANDARD.encode(bytes))
}

/// Digits to numbers: the shortest text that is the same `f32` again.
pub(crate) fn numbers(digits: &str) -> Option<String> {
    let bytes = STANDARD.decode(digits).ok()?;
    let (floats, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(floats.len() * 12);
    for (index, float) in floats.iter().enumerate() {
        let float = f32::from_le_bytes(*float);
        if !float.is_finite() {
            return None; // JSON has no word for it
        }
        text.push(if index == 0 { '[' } else { ',' });
        text.push_str(&float.to_string());
    }
    if floats.is_empty() {
        text.push('[');
    }
    text.push(']');
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_become_little_endian_digits() {
        assert_eq!(digits("[1, -0.5]").unwrap(), STANDARD.encode([0, 0, 128, 63, 0, 0, 0, 191]));
        assert_eq!(numbers(&digits("[0.1,1e-10,3]").unwrap()).unwrap(), "[0.1,0.0000000001,3]");
        assert_eq!(numbers("").unwrap(), "[]");
    }

    #[test]
    fn what_is_no_vector_stays_what_it_is() {
        assert_eq!(digits("[\"a\"]"), None);
        assert_eq!(numbers("AAA="), None);
        assert_eq!(numbers(&STANDARD.encode(f32::NAN.to_le_bytes())), None);
    }

    proptest! {
        #[test]
        fn there_and_back_is_exact(vector in prop::collection::vec(any::<u32>().prop_map(f32::from_bits), 0..20)) {
            prop_assume!(vector.iter().all(|float| float.is_finite()));
            let bytes: Vec<u8> = vector.iter().flat_map(|float| float.to_le_bytes()).collect();
            let text = STANDARD.encode(bytes);
            prop_assert_eq!(digits(&numbers(&text).unwrap()).unwrap(), text);
        }
    }
}
