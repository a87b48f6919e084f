//! Certificates for tests.

use std::path::Path;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;

use crate::config::Tls;

/// A CA of our own, and a server's and a client's certificate by it.
pub(crate) struct Authority {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: rustls::ServerConfig,
}

pub(crate) fn authority(ask_client: bool) -> Authority {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let folder = tempfile::tempdir().unwrap();
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(params, ca_key);
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &issuer).unwrap(), key)
    };
    let (server, server_key) = signed("collector.test");
    let (client, client_key) = signed("farol");
    for (name, text) in [
        ("ca.pem", ca.pem()),
        ("client.pem", client.pem()),
        ("client.key", client_key.serialize_pem()),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match ask_client {
        true => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(ca.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
        false => builder.with_no_client_auth(),
    };
    let key = rustls::pki_types::PrivateKeyDer::try_from(server_key.serialize_der()).unwrap();
    let server = builder
        .with_single_cert(vec![server.der().clone()], key)
        .unwrap();
    Authority { folder, server }
}

pub(crate) fn tls(folder: &Path, with_client: bool) -> Tls {
    Tls {
        held: 0,
        ca_file: Some(folder.join("ca.pem")),
        cert_file: with_client.then(|| folder.join("client.pem")),
        key_file: with_client.then(|| folder.join("client.key")),
        server_name: Some("collector.test".into()),
        insecure_skip_verify: false,
    }
}
