//! TLS to upstreams: rustls with ring, and the certificates that the system trusts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// Settings that all workers share. They are made when the first client is: reading the system's
/// certificates takes a while.
pub struct Tls {
    number: usize,
    extra_roots: Vec<Vec<u8>>,
    config: OnceLock<Result<ClientConfig, rustls::Error>>,
}

impl Tls {
    pub fn new(extra_roots: Vec<Vec<u8>>) -> Self {
        Self { number: MADE.fetch_add(1, Ordering::Relaxed), extra_roots, config: OnceLock::new() }
    }

    /// Tells one `Tls` from another.
    pub fn number(&self) -> usize {
        self.number
    }

    pub fn config(&self) -> Result<ClientConfig, rustls::Error> {
        self.config.get_or_init(|| trusting(&self.extra_roots)).clone()
    }
}

fn trusting(extra_roots: &[Vec<u8>]) -> Result<ClientConfig, rustls::Error> {
    // Named here rather than installed for the process: nothing else depends on who came first.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = extra_roots.iter().map(|der| CertificateDer::from(der.clone()));
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider));
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match verifier {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        Err(error) => {
            // A container without certificates can still reach providers over plain HTTP.
            tracing::warn!(%error, "this system trusts no certificates; no provider can be reached by https");
            builder.with_root_certificates(RootCertStore::empty())
        }
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
