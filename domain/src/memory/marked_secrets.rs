//! Secrets for tests: marked, not hidden.

use zeroize::Zeroizing;

use crate::ports::{Secrets, SecretsError};

/// Keeps the promises of [`Secrets`] but the one of secrecy: a text opens only where it was sealed,
/// unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct MarkedSecrets;

/// FNV-1a: enough to see a change that nobody made on purpose.
fn mark(plain: &[u8], context: &str) -> [u8; 8] {
    let bytes = context.bytes().chain([0]).chain(plain.iter().copied());
    bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
        .to_be_bytes()
}

impl Secrets for MarkedSecrets {
    fn seal(&self, plain: &[u8], context: &str) -> Result<Vec<u8>, SecretsError> {
        Ok([&mark(plain, context), plain].concat())
    }

    fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
        let (found, plain) = sealed.split_first_chunk::<8>().ok_or(SecretsError::Tampered)?;
        if *found == mark(plain, context) { Ok(plain.to_vec().into()) } else { Err(SecretsError::Tampered) }
    }
}
