//! Vectors without a model: words and their parts are hashed to places, so that alike texts get alike
//! vectors, and the same text always the same one.

use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{EmbeddingInput, EmbeddingVector, EmbeddingsRequest};

use super::refusal;

const DIMENSIONS: u32 = 256;
const MOST_DIMENSIONS: u32 = 4_096;
/// More of a text is not looked at.
const LONGEST: usize = 64 * 1024;

pub fn vectors(request: &EmbeddingsRequest) -> Result<Vec<EmbeddingVector>, ProviderError> {
    let dimensions = request.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Err(refusal::bad_dimensions());
    }
    Ok(request.inputs.iter().map(|input| as_json(&vector(input, dimensions))).collect())
}

/// Tokens that came as such and need no counting.
pub fn given_tokens(request: &EmbeddingsRequest) -> u64 {
    let tokens = request.inputs.iter().map(|input| match input {
        EmbeddingInput::Tokens(tokens) => tokens.len(),
        EmbeddingInput::Text(_) => 0,
    });
    u64::try_from(tokens.sum::<usize>()).unwrap_or(u64::MAX)
}

/// Of length one.
fn vector(input: &EmbeddingInput, dimensions: u32) -> Vec<f32> {
    let mut places = vec![0_f32; dimensions as usize];
    let mut mark = |feature: &[u8], weight: f32| {
        let hash = hash(feature);
        let place = (hash % u64::from(dimensions)) as usize;
        places[place] += if hash >> 63 == 0 { weight } else { -weight };
    };
    match input {
        EmbeddingInput::Text(text) => {
            let text = text[..text.floor_char_boundary(LONGEST)].to_lowercase();
            for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
                mark(word.as_bytes(), 2.0);
                word.as_bytes().windows(3).for_each(|part| mark(part, 1.0));
            }
        }
        EmbeddingInput::Tokens(tokens) => {
            tokens.iter().take(LONGEST).for_each(|token| mark(&token.to_le_bytes(), 1.0));
        }
    }
    let length = places.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        places.iter_mut().for_each(|value| *value /= length);
    } else {
        places[0] = 1.0;
    }
    places
}

/// FNV-1a, its bits mixed once more: the low ones choose a place, the highest one a sign.
fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (hash >> 32)
}

fn as_json(vector: &[f32]) -> EmbeddingVector {
    let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
    EmbeddingVector::Json(format!("[{}]", numbers.join(",")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<f32> {
        vector(&EmbeddingInput::Text(text.to_owned()), DIMENSIONS)
    }

    fn likeness(one: &str, other: &str) -> f32 {
        of(one).iter().zip(of(other)).map(|(one, other)| one * other).sum()
    }

    #[test]
    fn alike_texts_have_alike_vectors() {
        let cat = "The cat sat on the mat";
        assert!(likeness(cat, cat) > 0.999);
        assert!(
            likeness(cat, "A cat is sitting on the mat") > likeness(cat, "Interest rates rose again") + 0.2
        );
    }

    #[test]
    fn a_vector_has_length_one_and_the_dimensions_that_were_asked_for() {
        for (text, dimensions) in [("hello", 8), ("", 8), ("hello", 1), ("快速", 1_536)] {
            let vector = vector(&EmbeddingInput::Text(text.to_owned()), dimensions);
            assert_eq!(vector.len(), dimensions as usize);
            let length: f32 = vector.iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-3, "{text}: {length}");
        }
    }

    #[test]
    fn it_is_written_as_json() {
        let request = EmbeddingsRequest {
            inputs: vec![EmbeddingInput::Text("hello".to_owned()), EmbeddingInput::Tokens(vec![1, 2])],
            dimensions: Some(4),
            ..EmbeddingsRequest::default()
        };
        for vector in vectors(&request).unwrap() {
            let EmbeddingVector::Json(text) = vector else { panic!("no JSON") };
            assert_eq!(serde_json::from_str::<Vec<f32>>(&text).unwrap().len(), 4);
        }
        assert_eq!(given_tokens(&request), 2);
        let absurd = EmbeddingsRequest { dimensions: Some(0), ..request };
        assert_eq!(vectors(&absurd).unwrap_err().param.as_deref(), Some("dimensions"));
    }
}
