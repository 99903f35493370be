//! Bytes written as text: hexadecimal, base58btc, and the platform's guess at what a text means.
//!
//! The platform passes keys and signatures about as strings of no stated form. Where that is part of
//! its protocols [`guessed_bytes`] reads them; nothing else guesses.

/// Multibase's letter for base58 with Bitcoin's alphabet.
pub(crate) const BASE58BTC: char = 'z';

/// Small letters, without a prefix.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Small letters only, so that each text has one spelling.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    if digits.bytes().any(|digit| digit.is_ascii_uppercase()) { None } else { unhex_any_case(digits) }
}

fn unhex_any_case(digits: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| if let [high, low] = pair { Some(value(*high)? << 4 | value(*low)?) } else { None })
        .collect()
}

/// `z…`
pub fn base58btc(bytes: &[u8]) -> String {
    format!("{BASE58BTC}{}", bs58::encode(bytes).into_string())
}

/// What the platform takes an untyped text for: hexadecimal after `0x` (of an odd number of digits the
/// first stands alone), else base58 after `z` where that can be read, else its UTF-8 without zero bytes
/// at either end.
pub fn guessed_bytes(text: &str) -> Vec<u8> {
    if let Some(digits) = text.strip_prefix("0x") {
        let even = if digits.len() % 2 == 0 { digits.to_owned() } else { format!("0{digits}") };
        if let Some(bytes) = unhex_any_case(&even) {
            return bytes;
        }
    }
    if let Some(digits) = text.strip_prefix(BASE58BTC)
        && digits.len() <= LONGEST_BASE58
        && let Ok(bytes) = bs58::decode(digits).into_vec()
    {
        return bytes;
    }
    text.trim_matches('\0').as_bytes().to_vec()
}

/// Reading base58 takes time with the square of its length; no key or signature is as long as this.
const LONGEST_BASE58: usize = 1024;
