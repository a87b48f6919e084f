//! Against a server that speaks the protocol, and does what it is told.

use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha512};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::{Compression, Remote, Secret, Tls};
use crate::export::Signal;
use crate::export::batch::Source;
use crate::export::fake::authority::{authority, tls};
use crate::export::msgpack::{self, Unread, Value};
use crate::export::samples;
use crate::export::template::Template;
use crate::hex::hex;

/// What the server does with a connection.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Acknowledges,
    /// Reads, and closes without a word.
    Closes,
    /// Reads, and says nothing.
    Hangs,
    /// Acknowledges something else.
    Lies,
    /// Speaks another protocol.
    Chatters,
    /// Wants the key proven.
    Asks,
    /// As it, and has another key itself.
    AsksWithAnother,
    /// As `Asks`, and lets no connection stay.
    AsksOnce,
    /// Acknowledges the first chunk of a connection, and is gone.
    ClosesAfterOne,
}

const KEY: &str = "hunter2";
const NONCE: &[u8] = b"nonce";
const AUTH: &[u8] = b"auth";

struct Server {
    port: u16,
    chunks: mpsc::UnboundedReceiver<Value>,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(manners: &'static [Manner], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, chunks) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let at = count.fetch_add(1, Ordering::SeqCst);
                let manner = *manners.get(at).unwrap_or(manners.last().unwrap());
                let (sender, tls) = (sender.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                let _ = serve(stream, manner, sender).await;
                            }
                        }
                        None => drop(serve(stream, manner, sender).await),
                    }
                });
            }
        });
        Self {
            port,
            chunks,
            connections,
            task,
        }
    }

    fn settings(&self) -> Settings {
        let endpoint = format!("tcp://127.0.0.1:{}", self.port);
        let remote = Remote {
            timeout: Duration::from_secs(20),
            concurrency: 2,
            ..Remote::new(endpoint.parse().unwrap())
        };
        Settings::new(remote)
    }
}

async fn message(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<Value> {
    loop {
        match msgpack::read(read) {
            Ok((value, len)) => {
                read.drain(..len);
                return Some(value);
            }
            Err(Unread::Wrong) => return None,
            Err(Unread::Short) => {}
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    manner: Manner,
    chunks: mpsc::UnboundedSender<Value>,
) -> Option<()> {
    let mut read = Vec::new();
    let key = match manner {
        Manner::Asks | Manner::AsksOnce => Some(KEY),
        Manner::AsksWithAnother => Some("another"),
        _ => None,
    };
    if let Some(key) = key {
        let keepalive = manner != Manner::AsksOnce;
        stream.write_all(&helo(keepalive)).await.ok()?;
        let ping = message(&mut stream, &mut read).await?;
        stream.write_all(&pong(&ping, key)).await.ok()?;
    }
    loop {
        let chunk = message(&mut stream, &mut read).await?;
        let id = chunk.as_list()?[2].get("chunk")?.as_bytes()?.to_vec();
        chunks.send(chunk).ok()?;
        let mut ack = Vec::new();
        msgpack::map(&mut ack, 1);
        msgpack::text(&mut ack, "ack");
        match manner {
            Manner::Closes => return None,
            Manner::Hangs => std::future::pending().await,
            Manner::Chatters => {
                stream.write_all(b"\xc1HTTP/1.1 400").await.ok()?;
                continue;
            }
            Manner::Lies => msgpack::text(&mut ack, "another"),
            _ => msgpack::bytes(&mut ack, &id),
        }
        stream.write_all(&ack).await.ok()?;
        if manner == Manner::ClosesAfterOne {
            return None;
        }
    }
}

fn helo(keepalive: bool) -> Vec<u8> {
    let mut out = Vec::new();
    msgpack::array(&mut out, 2);
    msgpack::text(&mut out, "HELO");
    msgpack::map(&mut out, 3);
    msgpack::text(&mut out, "nonce");
    msgpack::bytes(&mut out, NONCE);
    msgpack::text(&mut out, "auth");
    msgpack::bytes(&mut out, AUTH);
    msgpack::text(&mut out, "keepalive");
    msgpack::boolean(&mut out, keepalive);
    out
}

/// As the protocol's specification has it, apart from the client's own code.
fn pong(ping: &Value, key: &str) -> Vec<u8> {
    let field = |at: usize| ping.as_list().unwrap()[at].as_bytes().unwrap();
    let sha = |parts: &[&[u8]]| hex(&Sha512::digest(parts.concat()));
    assert_eq!((field(0), field(4)), (&b"PING"[..], &b"farol"[..]));
    let (name, salt) = (field(1), field(2));
    let right = sha(&[salt, name, NONCE, KEY.as_bytes()]).as_bytes() == field(3)
        && sha(&[AUTH, b"farol", b"swordfish"]).as_bytes() == field(5);
    let mut out = Vec::new();
    msgpack::array(&mut out, 5);
    msgpack::text(&mut out, "PONG");
    msgpack::boolean(&mut out, right);
    msgpack::text(&mut out, if right { "" } else { "shared_key mismatch" });
    msgpack::text(&mut out, "server");
    msgpack::text(&mut out, &sha(&[salt, b"server", NONCE, key.as_bytes()]));
    out
}

fn logs() -> Batch {
    let two = ["shop", "bank", "shop"].map(|it| Source::Record(samples::log(it, "m").into()));
    Batch::new(Signal::Logs, two.into())
}

fn tag(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn asked(server: &Server, key: &str) -> Settings {
    Settings {
        shared_key: Some(Secret::new(key)),
        user: Some(("farol".into(), Secret::new("swordfish"))),
        ..server.settings()
    }
}

async fn sent(settings: &Settings) -> Outcome {
    FluentForward::new(settings).unwrap().send(&logs()).await
}

fn retry(code: &str) -> Outcome {
    Outcome::retry(Reason::code(code))
}

/// Events of a chunk: their maps.
fn events(chunk: &Value) -> Vec<Value> {
    let [_, packed, options] = chunk.as_list().unwrap() else {
        panic!("{chunk:?}");
    };
    let mut bytes = packed.as_bytes().unwrap().to_vec();
    if options.get("compressed").is_some() {
        let mut inflated = Vec::new();
        flate2::read::GzDecoder::new(&*bytes)
            .read_to_end(&mut inflated)
            .unwrap();
        bytes = inflated;
    }
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (event, len) = msgpack::read(&bytes).unwrap();
        bytes.drain(..len);
        events.push(event.as_list().unwrap()[1].clone());
    }
    assert_eq!(options.get("size"), Some(&Value::Int(events.len() as i64)));
    events
}

#[tokio::test]
async fn each_tag_is_a_chunk_of_its_events() {
    for compression in [Compression::None, Compression::Gzip] {
        let mut server = Server::start(&[Manner::Acknowledges], None).await;
        let settings = Settings {
            tag: tag("rum.{app}"),
            compression,
            ..server.settings()
        };
        assert_eq!(sent(&settings).await, Outcome::accepted());
        for (want, count) in [("rum.bank", 1), ("rum.shop", 2)] {
            let chunk = server.chunks.recv().await.unwrap();
            let name = chunk.as_list().unwrap()[0].as_bytes().unwrap();
            assert_eq!(name, want.as_bytes());
            let events = events(&chunk);
            assert_eq!(events.len(), count);
            let body = events[0].get("body").unwrap();
            assert_eq!(body.as_bytes(), Some(&b"m"[..]));
        }
        assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn what_is_not_acknowledged_is_sent_again_under_the_same_name() {
    let mut server = Server::start(&[Manner::Closes, Manner::Acknowledges], None).await;
    let settings = Settings {
        tag: tag("rum"),
        ..server.settings()
    };
    let destination = FluentForward::new(&settings).unwrap();
    assert_eq!(destination.send(&logs()).await, retry("connection lost"));
    assert_eq!(destination.send(&logs()).await, Outcome::accepted());
    let first = server.chunks.recv().await.unwrap();
    assert_eq!(server.chunks.recv().await.unwrap(), first);
}

#[tokio::test]
async fn what_was_acknowledged_before_a_failure_is_not_sent_again() {
    let server = Server::start(&[Manner::ClosesAfterOne, Manner::Closes], None).await;
    let settings = Settings {
        tag: tag("{app}"),
        ..server.settings()
    };
    let want = Outcome::Each {
        refused: Vec::new(),
        again: vec![0, 2],
        suspect: false,
        rejected: None,
        after: None,
        reason: Reason::code("connection lost"),
    };
    assert_eq!(sent(&settings).await, want);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_it_idled_is_made_anew() {
    let manners = &[Manner::ClosesAfterOne, Manner::Acknowledges];
    let server = Server::start(manners, None).await;
    let settings = Settings {
        tag: tag("rum"),
        ..server.settings()
    };
    let destination = FluentForward::new(&settings).unwrap();
    for _ in 0..3 {
        assert_eq!(destination.send(&logs()).await, Outcome::accepted());
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_server_that_does_not_speak_it_is_tried_again_and_named_so() {
    for (manner, want) in [
        (&[Manner::Lies], "another chunk was acknowledged"),
        (&[Manner::Chatters], "no forward server"),
    ] {
        let server = Server::start(manner, None).await;
        assert_eq!(sent(&server.settings()).await, retry(want));
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_timeout() {
    let server = Server::start(&[Manner::Hangs], None).await;
    let mut settings = server.settings();
    settings.remote.timeout = Duration::from_millis(200);
    settings.tag = tag("rum");
    assert_eq!(sent(&settings).await, retry("timeout"));
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let remote = Remote::new(format!("tcp://{address}").parse().unwrap());
    assert_eq!(
        sent(&Settings::new(remote)).await,
        retry("no connection, refused")
    );
}

#[tokio::test]
async fn both_sides_prove_that_they_know_the_key() {
    let server = Server::start(&[Manner::Asks], None).await;
    assert_eq!(sent(&asked(&server, KEY)).await, Outcome::accepted());
    let refused = sent(&asked(&server, "wrong")).await;
    let reason = Reason::new("not let in", "shared_key mismatch");
    assert_eq!(refused, Outcome::retry(reason));
    let other = Server::start(&[Manner::AsksWithAnother], None).await;
    let refused = sent(&asked(&other, KEY)).await;
    assert_eq!(refused, retry("the server has another shared key"));
}

#[tokio::test]
async fn a_key_that_is_asked_for_and_not_set_is_said() {
    let server = Server::start(&[Manner::Asks], None).await;
    let Outcome::Retry { reason, .. } = sent(&server.settings()).await else {
        panic!("it is taken");
    };
    assert_eq!(reason.code, "shared key asked for");
    assert!(reason.detail.contains("shared_key"));
}

#[tokio::test]
async fn connections_stay_only_where_the_server_lets_them() {
    for (manner, want) in [(&[Manner::Asks], 1), (&[Manner::AsksOnce], 3)] {
        let server = Server::start(manner, None).await;
        let settings = Settings {
            tag: tag("rum"),
            ..asked(&server, KEY)
        };
        let destination = FluentForward::new(&settings).unwrap();
        for _ in 0..3 {
            assert_eq!(destination.send(&logs()).await, Outcome::accepted());
        }
        assert_eq!(server.connections.load(Ordering::SeqCst), want);
    }
}

#[tokio::test]
async fn over_tls_only_who_is_known_is_believed() {
    let authority = authority(false);
    let acceptor = TlsAcceptor::from(Arc::new(authority.server));
    let server = Server::start(&[Manner::Acknowledges], Some(acceptor)).await;
    let mut settings = server.settings();
    settings.remote.endpoint = format!("tls://127.0.0.1:{}", server.port).parse().unwrap();
    assert_eq!(
        sent(&settings).await,
        retry("no connection, unknown certificate authority")
    );
    settings.remote.tls = tls(authority.folder.path(), false);
    assert_eq!(sent(&settings).await, Outcome::accepted());
    settings.remote.tls = Tls {
        server_name: Some("else.test".into()),
        ..settings.remote.tls
    };
    assert_eq!(
        sent(&settings).await,
        retry("no connection, certificate of another name")
    );
}

#[tokio::test]
async fn no_secret_is_in_what_is_said_of_it() {
    let server = Server::start(&[Manner::AsksWithAnother], None).await;
    let settings = asked(&server, KEY);
    let said = format!("{settings:?} {:?}", sent(&settings).await);
    for secret in [KEY, "swordfish"] {
        assert!(!said.contains(secret), "{said}");
    }
}
