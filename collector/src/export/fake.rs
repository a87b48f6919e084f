//! An HTTP server for tests that answers as it was told and keeps what it got. Loopback, port 0.

pub(crate) mod authority;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::config::{Compression, OtlpRemote, Remote, SignalEndpoints};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16, Vec<(&'static str, String)>, Bytes),
    /// Never answers.
    Hang,
    /// Closes the connection instead.
    Reset,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status, Vec::new(), Bytes::new())
    }

    pub(crate) fn with(status: u16, name: &'static str, value: &str, body: &[u8]) -> Self {
        let body = Bytes::copy_from_slice(body);
        Self::Status(status, vec![(name, value.to_owned())], body)
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) seen: mpsc::UnboundedReceiver<Seen>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Decide = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

impl Fake {
    /// Gives these answers in turn, then 200.
    pub(crate) async fn answering(answers: Vec<Answer>) -> Self {
        Self::answering_then(answers, Answer::status(200)).await
    }

    /// Gives these answers in turn, then the last.
    pub(crate) async fn answering_then(answers: Vec<Answer>, last: Answer) -> Self {
        let answers = Mutex::new(answers.into_iter());
        let next = move |_: &Seen| {
            let next = answers.lock().unwrap().next();
            next.unwrap_or_else(|| last.clone())
        };
        Self::start(Arc::new(next), None).await
    }

    /// Over TLS; 200 to all.
    pub(crate) async fn over_tls(config: rustls::ServerConfig) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start(Arc::new(|_: &Seen| Answer::status(200)), Some(acceptor)).await
    }

    async fn start(decide: Decide, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (decide, sender, tls) = (decide.clone(), sender.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, decide, sender).await;
                            }
                        }
                        None => serve(stream, decide, sender).await,
                    }
                });
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    /// Settings that reach it.
    pub(crate) fn remote(&self) -> OtlpRemote {
        remote(&format!("http://{}", self.address))
    }
}

pub(crate) fn remote(endpoint: &str) -> OtlpRemote {
    OtlpRemote {
        remote: Remote {
            // Far above what loopback takes, far below what a test may.
            timeout: Duration::from_secs(20),
            concurrency: 2,
            ..Remote::new(endpoint.parse().unwrap())
        },
        signal_endpoints: SignalEndpoints::default(),
        compression: Compression::None,
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    decide: Decide,
    sender: mpsc::UnboundedSender<Seen>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (decide, sender) = (decide.clone(), sender.clone());
        async move {
            let (head, body) = request.into_parts();
            let seen = Seen {
                path: head.uri.path().to_owned(),
                query: head.uri.query().map(str::to_owned),
                headers: head.headers,
                body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
            };
            let answer = decide(&seen);
            let _ = sender.send(seen);
            match answer {
                Answer::Hang => std::future::pending().await,
                // An error of the service makes hyper close the connection.
                Answer::Reset => Err(io::Error::other("reset")),
                Answer::Status(status, headers, body) => {
                    let mut response = Response::new(Full::new(body));
                    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                    for (name, value) in headers {
                        response.headers_mut().insert(name, value.parse().unwrap());
                    }
                    Ok(response)
                }
            }
        }
    });
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
