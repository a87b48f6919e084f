//! One connection: made, secured and proven where that is asked for, and then one chunk after the other, each acknowledged before the next.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::handshake::{Helo, Proof};
use super::message::Chunk;
use crate::config::FluentForward as Settings;
use crate::export::msgpack::{self, Unread, Value};
use crate::export::{Reason, reach, tls};

/// Fluentd's own.
const PORT: u16 = 24224;
/// A server that does not even accept a connection within this is down; the time-out of a chunk may be longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Below the minute after which most balancers close a connection that idles.
const IDLE: Duration = Duration::from_secs(30);
/// How long a greeting is waited for where none may come.
const GREETING: Duration = Duration::from_secs(1);
/// Answers are some hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// As long as Fluentd's own.
const SALT: usize = 16;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Makes connections.
pub(super) struct Dialler {
    settings: Settings,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection that chunks can be sent on.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// What was read and belongs to no answer yet.
    read: Vec<u8>,
    used: Instant,
    keepalive: bool,
}

impl Dialler {
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let endpoint = &settings.remote.endpoint;
        // An address of IPv6 stands in brackets there.
        let host = endpoint.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let own = &settings.remote.tls;
        let tls = match endpoint.scheme_str() == Some("tls") {
            true => {
                let name = own.server_name.as_ref().unwrap_or(&host);
                let name = ServerName::try_from(name.clone())
                    .with_context(|| format!("tls.server_name {name} is no host name"))?;
                Some((TlsConnector::from(Arc::new(tls::client(own)?)), name))
            }
            false => None,
        };
        Ok(Self {
            port: endpoint.port_u16().unwrap_or(PORT),
            settings: settings.clone(),
            host,
            tls,
        })
    }

    /// A new connection, ready for chunks.
    pub(super) async fn dial(&self) -> Result<Connection, Reason> {
        let none = |error: std::io::Error| Reason::code(reach::word(&error));
        let address = (self.host.as_str(), self.port);
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address))
            .await
            .map_err(|_| Reason::code(reach::TIMED_OUT))?
            .map_err(none)?;
        stream.set_nodelay(true).map_err(none)?;
        let stream: Box<dyn Stream> = match &self.tls {
            Some((connector, name)) => {
                let secured = connector.connect(name.clone(), stream).await;
                Box::new(secured.map_err(none)?)
            }
            None => Box::new(stream),
        };
        let mut connection = Connection {
            stream,
            read: Vec::new(),
            used: Instant::now(),
            keepalive: true,
        };
        if let Some(key) = &self.settings.shared_key {
            connection.greet(&self.settings, key.reveal()).await?;
        }
        Ok(connection)
    }
}

impl Connection {
    /// Whether the server has probably not closed it.
    pub(super) fn is_fresh(&self) -> bool {
        self.used.elapsed() < IDLE
    }

    /// Whether the server lets it stay.
    pub(super) fn may_stay(&self) -> bool {
        self.keepalive
    }

    /// Whether the server asks for no key: one that does says so at once, the others say nothing.
    pub(super) async fn unasked(&mut self) -> Result<(), Reason> {
        match tokio::time::timeout(GREETING, self.answer()).await {
            Err(_) => Ok(()),
            Ok(answer) => Err(match Helo::read(&answer?) {
                Some(_) => asked_for_a_key(),
                None => Reason::code("no forward server"),
            }),
        }
    }

    /// Sends a chunk and waits for its acknowledgement.
    pub(super) async fn send(&mut self, chunk: &Chunk) -> Result<(), Reason> {
        self.write(&chunk.message).await?;
        let answer = self.answer().await?;
        if Helo::read(&answer).is_some() {
            return Err(asked_for_a_key());
        }
        self.used = Instant::now();
        let acknowledged = answer.get("ack").and_then(Value::as_bytes);
        match acknowledged == Some(chunk.id.as_bytes()) {
            true => Ok(()),
            false => Err(Reason::code("another chunk was acknowledged")),
        }
    }

    async fn greet(&mut self, settings: &Settings, key: &str) -> Result<(), Reason> {
        let helo = Helo::read(&self.answer().await?);
        let helo = helo.ok_or_else(|| Reason::code("no forward server"))?;
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|_| Reason::code("no randomness"))?;
        let proof = Proof {
            settings,
            key,
            salt: &salt,
        };
        self.write(&proof.ping(&helo)).await?;
        proof.judge(&helo, &self.answer().await?)?;
        self.keepalive = helo.keepalive;
        Ok(())
    }

    async fn write(&mut self, message: &[u8]) -> Result<(), Reason> {
        let lost = |_| Reason::code("connection lost");
        self.stream.write_all(message).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)
    }

    async fn answer(&mut self) -> Result<Value, Reason> {
        loop {
            match msgpack::read(&self.read) {
                Ok((value, len)) => {
                    self.read.drain(..len);
                    return Ok(value);
                }
                Err(Unread::Short) if self.read.len() < MAX_ANSWER => {}
                Err(_) => return Err(Reason::code("no forward server")),
            }
            let read = self.stream.read_buf(&mut self.read).await;
            if read.is_err() || matches!(read, Ok(0)) {
                return Err(Reason::code("connection lost"));
            }
        }
    }
}

fn asked_for_a_key() -> Reason {
    let words = "the server asks for a shared key; set shared_key";
    Reason::new("shared key asked for", words)
}
