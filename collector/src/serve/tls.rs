//! TLS of the public listener: rustls with ring, TLS 1.2 and 1.3, HTTP/2 by ALPN. Certificates are read at the start and again when
//! their files change; what cannot be used then leaves the old ones in place.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::NoServerSessionStorage;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::limiter::Refused;
use crate::config::ServerTls;
use crate::export::tls::{certificates, private_key};

/// What is wrong with the settings of TLS.
#[derive(Debug)]
pub struct Wrong {
    /// Which of them.
    pub key: &'static str,
    /// What, and what to do about it.
    pub problem: String,
}

/// Reads certificates and key, and checks that they belong together.
///
/// # Errors
/// When a file cannot be read, holds something else, or the key is another certificate's.
pub fn server_config(settings: &ServerTls) -> Result<Arc<ServerConfig>, Wrong> {
    let chain = pem("cert_file", &settings.cert_file, certificates)?;
    let key = pem("key_file", &settings.key_file, private_key)?;
    let with = |e: rustls::Error| Wrong {
        key: "key_file",
        problem: format!("{e}; name the key that belongs to cert_file"),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(with)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(with)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Who comes back resumes by a ticket that the client keeps: nothing is remembered here for strangers. No early data: it can be replayed.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = ring::Ticketer::new().map_err(with)?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

fn pem<T>(
    key: &'static str,
    path: &Path,
    read: impl Fn(&Path) -> anyhow::Result<T>,
) -> Result<T, Wrong> {
    // Told apart from a file with the wrong content: the remedy differs.
    bytes(key, path)?;
    read(path).map_err(|e| Wrong {
        key,
        problem: format!("{e:#}; name another, or convert it with openssl"),
    })
}

fn bytes(key: &'static str, path: &Path) -> Result<Vec<u8>, Wrong> {
    std::fs::read(path).map_err(|e| Wrong {
        key,
        problem: format!("the file cannot be read ({}); name one that can", e.kind()),
    })
}

fn hash(settings: &ServerTls) -> Result<[u8; 32], Wrong> {
    let mut hash = Sha256::new();
    for (key, path) in [
        ("cert_file", &settings.cert_file),
        ("key_file", &settings.key_file),
    ] {
        hash.update(Sha256::digest(bytes(key, path)?));
    }
    Ok(hash.finalize().into())
}

/// Makes the handshakes of a listener.
#[derive(Debug)]
pub struct Handshakes {
    config: Arc<ServerConfig>,
    /// A hash of the files that it was read from.
    files: [u8; 32],
    places: Arc<Semaphore>,
    bound: usize,
    time: Duration,
}

impl Handshakes {
    /// By these settings. Of those before, the same bound goes on to count, and the same files are not read anew: the tickets of all
    /// visitors would be worth nothing.
    ///
    /// # Errors
    /// When a file cannot be read, holds something else, or the key is another certificate's.
    pub fn new(settings: &ServerTls, before: Option<&Self>) -> Result<Self, Wrong> {
        let files = hash(settings)?;
        let bound = settings.handshakes;
        Ok(Self {
            config: match before.filter(|it| it.files == files) {
                Some(before) => before.config.clone(),
                None => server_config(settings)?,
            },
            files,
            places: match before.filter(|it| it.bound == bound) {
                Some(before) => before.places.clone(),
                None => Arc::new(Semaphore::new(bound)),
            },
            bound,
            time: settings.handshake_timeout,
        })
    }

    /// Makes one.
    pub(super) async fn shake<S>(&self, stream: S) -> Result<TlsStream<S>, Refused>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // One that waited for a place would have less time for itself; it is told at once instead.
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Refused::Handshakes);
        };
        let accepting = TlsAcceptor::from(self.config.clone()).accept(stream);
        match timeout(self.time, accepting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Refused::HungUp),
            Ok(Err(_)) => Err(Refused::Tls),
            Err(_) => Err(Refused::TlsTimeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(settings: &ServerTls) {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&settings.cert_file, own.cert.pem()).unwrap();
        std::fs::write(&settings.key_file, own.signing_key.serialize_pem()).unwrap();
    }

    #[test]
    fn what_did_not_change_goes_on_after_a_reload() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = ServerTls {
            cert_file: folder.path().join("cert.pem"),
            key_file: folder.path().join("key.pem"),
            handshake_timeout: ServerTls::HANDSHAKE_TIMEOUT,
            handshakes: 2,
        };
        write(&settings);
        let first = Handshakes::new(&settings, None).unwrap();
        let again = Handshakes::new(&settings, Some(&first)).unwrap();
        assert!(Arc::ptr_eq(&again.config, &first.config));
        assert!(Arc::ptr_eq(&again.places, &first.places));
        write(&settings);
        let renewed = Handshakes::new(&settings, Some(&again)).unwrap();
        assert!(!Arc::ptr_eq(&renewed.config, &first.config));
        assert!(Arc::ptr_eq(&renewed.places, &first.places));
        settings.handshakes = 3;
        let wider = Handshakes::new(&settings, Some(&renewed)).unwrap();
        assert!(Arc::ptr_eq(&wider.config, &renewed.config));
        assert_eq!(wider.places.available_permits(), 3);
    }
}
