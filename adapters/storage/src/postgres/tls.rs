//! TLS to PostgreSQL, as `sslmode` and `sslrootcert` of its address ask for it.
//!
//! `disable`, `allow` and `prefer` are plain; `require` encrypts without asking who answers, as libpq
//! does, unless there is an `sslrootcert`; `verify-ca` and `verify-full` check certificate and name,
//! against `sslrootcert` or else the machine's roots.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::OpenError;

/// Who is believed to be the server.
#[derive(Debug, PartialEq, Eq)]
enum Trust {
    /// Nobody is asked for: no TLS.
    Plain,
    Anybody,
    Roots {
        /// A file of certificates; the machine's where there is none.
        file: Option<String>,
    },
}

/// The address without what tokio-postgres does not know, and the TLS that it asks for.
pub fn split(url: &str) -> Result<(String, Option<MakeRustlsConnect>), OpenError> {
    let (url, trust) = read(url)?;
    Ok((url, connector(&trust)?))
}

fn read(url: &str) -> Result<(String, Trust), OpenError> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut file, mut others) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
        match decoded.as_ref().map(|(name, value)| (name.as_ref(), value.as_ref())) {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", "system")) => file = None,
            Some(("sslrootcert", value)) => file = Some(value.to_owned()),
            _ => others.push(pair),
        }
    }
    let trust = match mode.as_deref() {
        None | Some("disable" | "allow" | "prefer") => Trust::Plain,
        Some("require") if file.is_none() => Trust::Anybody,
        Some("require" | "verify-ca" | "verify-full") => Trust::Roots { file },
        Some(other) => return Err(OpenError::Settings(format!("there is no sslmode `{other}`"))),
    };
    others.push(if trust == Trust::Plain { "sslmode=disable" } else { "sslmode=require" });
    Ok((format!("{address}?{}", others.join("&")), trust))
}

fn connector(trust: &Trust) -> Result<Option<MakeRustlsConnect>, OpenError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Settings(error.to_string()))?;
    let config = match trust {
        Trust::Plain => return Ok(None),
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(BelieveAnybody(provider)))
            .with_no_client_auth(),
        Trust::Roots { file } => {
            builder.with_root_certificates(roots(file.as_deref())?).with_no_client_auth()
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn roots(file: Option<&str>) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    let certificates = match file {
        Some(file) => CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .map_err(|error| OpenError::Settings(format!("sslrootcert {file}: {error}")))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    // A machine's collection may hold one that nobody understands.
    let (usable, _) = roots.add_parsable_certificates(certificates);
    if usable == 0 {
        return Err(OpenError::Settings("there is no certificate to check PostgreSQL's by".to_owned()));
    }
    Ok(roots)
}

/// Takes any certificate, as `sslmode=require` asks.
#[derive(Debug)]
struct BelieveAnybody(Arc<CryptoProvider>);

impl ServerCertVerifier for BelieveAnybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_who_is_believed() {
        let roots = |file: Option<&str>| Trust::Roots { file: file.map(str::to_owned) };
        for (query, trust) in [
            ("", Trust::Plain),
            ("?sslmode=disable", Trust::Plain),
            ("?sslmode=prefer", Trust::Plain),
            ("?sslmode=require", Trust::Anybody),
            ("?sslmode=require&sslrootcert=%2Fetc%2Fca.pem", roots(Some("/etc/ca.pem"))),
            ("?sslmode=verify-ca", roots(None)),
            ("?sslmode=verify-full&sslrootcert=system", roots(None)),
        ] {
            assert_eq!(read(&format!("postgres://host/db{query}")).unwrap().1, trust, "{query}");
        }
        assert!(read("postgres://host/db?sslmode=sometimes").is_err());
    }

    #[test]
    fn what_else_the_address_says_is_kept() {
        let (url, _) =
            read("postgres://u:p%40ss@a:1,b:2/db?target_session_attrs=read-write&sslmode=verify-full")
                .unwrap();
        assert_eq!(url, "postgres://u:p%40ss@a:1,b:2/db?target_session_attrs=read-write&sslmode=require");
        assert!(url.parse::<tokio_postgres::Config>().is_ok());
    }

    #[test]
    fn a_missing_certificate_is_told() {
        let missing = split("postgres://host/db?sslmode=verify-full&sslrootcert=/nowhere/ca.pem");
        assert!(matches!(missing, Err(OpenError::Settings(_))));
        assert!(split("postgres://host/db?sslmode=require").unwrap().1.is_some());
    }
}
