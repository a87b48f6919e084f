//! TLS of the public listener: rustls with ring, TLS 1.2 and 1.3, HTTP/2 by ALPN. Certificates are read at the start and again when
//! their files change; what cannot be used then leaves the old ones in place.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::NoServerSessionStorage;
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
    let wrong = |problem| Wrong { key, problem };
    // Told apart from a file with the wrong content: the remedy differs.
    if let Err(e) = std::fs::read(path) {
        let problem = format!("the file cannot be read ({}); name one that can", e.kind());
        return Err(wrong(problem));
    }
    read(path).map_err(|e| wrong(format!("{e:#}; name another, or convert it with openssl")))
}

/// Makes the handshakes of a listener.
#[derive(Debug, Clone)]
pub struct Handshakes {
    config: Arc<ServerConfig>,
    places: Arc<Semaphore>,
    time: Duration,
}

impl Handshakes {
    /// By these settings, with certificates that were read.
    pub fn new(settings: &ServerTls, config: Arc<ServerConfig>) -> Self {
        Self {
            config,
            places: Arc::new(Semaphore::new(settings.handshakes)),
            time: settings.handshake_timeout,
        }
    }

    /// The same bound on handshakes, with other certificates.
    #[must_use]
    pub fn with(&self, config: Arc<ServerConfig>) -> Self {
        Self {
            config,
            ..self.clone()
        }
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
