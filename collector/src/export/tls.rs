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
        let roots = Arc::new(roots(settings)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .context("tls.ca_file holds no usable root")?;
        builder.with_webpki_verifier(verifier)
    };
    match (&settings.cert_file, &settings.key_file) {
        (Some(cert), Some(key)) => builder
            .with_client_auth_cert(certificates("tls.cert_file", cert)?, private_key(key)?)
            .context("tls.cert_file and tls.key_file do not belong together"),
        (None, None) => Ok(builder.with_no_client_auth()),
        _ => Err(anyhow!(
            "tls.cert_file and tls.key_file are both needed, or neither"
        )),
    }
}

fn roots(settings: &Tls) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match &settings.ca_file {
        Some(path) => {
            for certificate in certificates("tls.ca_file", path)? {
                roots
                    .add(certificate)
                    .with_context(|| format!("tls.ca_file {}", path.display()))?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    Ok(roots)
}

fn certificates(setting: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let context = || format!("{setting} {}", path.display());
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .with_context(context)?
        .collect();
    let all = all.with_context(context)?;
    if all.is_empty() {
        return Err(anyhow!("{} holds no certificate in PEM", context()));
    }
    Ok(all)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    // The file's content is never part of an error.
    PrivateKeyDer::from_pem_file(path).map_err(|_| {
        anyhow!(
            "tls.key_file {} holds no private key in PEM",
            path.display()
        )
    })
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
