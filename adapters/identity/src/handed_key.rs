//! How a new access key reaches the command line tool that asked for it: in the container of OpenSSL's
//! `enc`, under a passphrase made of the key's id and the tool's challenge.
//!
//! Whoever can read the answer can open it, because id and challenge stand beside it: what protects the
//! key is TLS. The form is the platform's, and its tools read no other.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockEncryptMut, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::byte_text::hex;
use crate::random;

type Encryptor = cbc::Encryptor<aes::Aes256>;

/// Marks the container.
const MAGIC: &[u8] = b"Salted__";
const SALT: usize = 8;
/// AES-256's key and block.
const KEY: usize = 32;
const BLOCK: usize = 16;
/// The platform's number.
const ROUNDS: u32 = 256;

/// Wraps the text of a key. `challenge` is the text that the tool was given.
pub fn handed_key(text: &str, access_key_id: &str, challenge: &str) -> String {
    let mut salt = [0; SALT];
    random::fill(&mut salt);
    handed_key_with_salt(text, access_key_id, challenge, salt)
}

/// The same with a salt from elsewhere: for those who must repeat it.
pub fn handed_key_with_salt(text: &str, access_key_id: &str, challenge: &str, salt: [u8; SALT]) -> String {
    let mut stretched = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(
        challenge.as_bytes(),
        access_key_id.as_bytes(),
        ROUNDS,
        stretched.as_mut_slice(),
    );
    let passphrase = Zeroizing::new(hex(stretched.as_slice()));
    let material = openssl_key(passphrase.as_bytes(), salt);
    let (key, iv) = material.split_at(KEY);
    let cipher = Encryptor::new(key.into(), iv.into());
    let sealed = cipher.encrypt_padded_vec_mut::<Pkcs7>(text.as_bytes());
    STANDARD.encode([MAGIC, &salt, &sealed].concat())
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round: key and IV.
fn openssl_key(passphrase: &[u8], salt: [u8; SALT]) -> Zeroizing<[u8; KEY + BLOCK]> {
    let mut material = Zeroizing::new([0; KEY + BLOCK]);
    let mut last: Vec<u8> = Vec::new();
    for part in material.chunks_mut(BLOCK) {
        last = Md5::new().chain_update(&last).chain_update(passphrase).chain_update(salt).finalize().to_vec();
        part.copy_from_slice(&last);
    }
    material
}
