//! TLS for destinations: rustls with ring, Mozilla's roots or the operator's own, a client certificate where one is asked for.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, crypto::ring,
};

use crate::config::Tls;

/// The client's side of TLS. An error names the setting and the file.
pub(crate) fn client(settings: &Tls) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .context("TLS versions")?;
    let builder = if settings.insecure_skip_verify {
        let verifier = Arc::new(TakeAnything(provider));
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    } else {
        let roots = match &settings.ca_file {
            Some(path) => roots(path).with_context(|| format!("tls.ca_file {}", path.display()))?,
            None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        };
        let roots = Arc::new(roots);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .context("tls.ca_file holds no usable root")?;
        builder.with_webpki_verifier(verifier)
    };
    match (&settings.cert_file, &settings.key_file) {
        (Some(cert), Some(key)) => builder
            .with_client_auth_cert(
                certificates(cert).with_context(|| format!("tls.cert_file {}", cert.display()))?,
                private_key(key).with_context(|| format!("tls.key_file {}", key.display()))?,
            )
            .context("tls.cert_file and tls.key_file do not belong together"),
        (None, None) => Ok(builder.with_no_client_auth()),
        _ => Err(anyhow!(
            "tls.cert_file and tls.key_file are both needed, or neither"
        )),
    }
}

/// The roots in a file.
pub(crate) fn roots(path: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

/// The certificates in a file, one at least.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
    match all.is_empty() {
        true => Err(anyhow!("it holds no certificate in PEM")),
        false => Ok(all),
    }
}

/// The key in a file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    // The file's content is never part of an error.
    PrivateKeyDer::from_pem_file(path).map_err(|_| anyhow!("it holds no private key in PEM"))
}

/// For `insecure_skip_verify`: whoever answers is believed. Signatures are still checked, so that the handshake itself works.
#[derive(Debug)]
struct TakeAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for TakeAnything {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
