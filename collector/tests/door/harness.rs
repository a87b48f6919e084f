//! A collector on a free port with its own data folder, a client that can misbehave, and a backend that does as it is told.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Write};
use std::net::SocketAddr;
use std::process::Child;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use farol_collector::config::{
    App, Batch, Compression, Config, Destination, DestinationKind, Origin, OtlpRemote, Remote,
    Retry, SignalEndpoints,
};
use farol_collector::reload::Reloads;
use farol_collector::{Listeners, run_reloading};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use prost::Message;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Long enough for a loaded machine; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first line of a program that was started, which says that it is ready.
pub(crate) fn ready_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line
}

/// The address in it.
pub(crate) fn ready_address(child: &mut Child) -> String {
    let line = ready_line(child);
    let address = line.split("http://").nth(1).expect("a ready line");
    address.split(' ').next().unwrap().to_owned()
}

/// A running collector.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) folder: Arc<TempDir>,
    config: Config,
    offers: mpsc::Sender<Result<Config, String>>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Collector {
    /// With all defaults but the address and the folder.
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// With settings changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::in_folder(Arc::new(tempfile::tempdir().unwrap()), change).await
    }

    /// In the folder of an earlier one.
    pub(crate) async fn in_folder(folder: Arc<TempDir>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            data_dir: folder.path().to_owned(),
            destinations: vec![Destination::embedded(folder.path())],
            shutdown_timeout: Duration::from_secs(2),
            ..Config::default()
        };
        change(&mut config);
        let public = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = public.local_addr().unwrap();
        let admin = match config.admin_listen {
            Some(address) => Some(TcpListener::bind(address).await.unwrap()),
            None => None,
        };
        let admin_address = admin.as_ref().map(|a| a.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = oneshot::channel::<()>();
        let (offers, offered) = mpsc::channel(1);
        let reloads = Reloads {
            offers: offered,
            log: Box::new(|_| ()),
        };
        let kept = config.clone();
        let task = tokio::spawn(async move {
            let listeners = Listeners { public, admin };
            let shutdown = async move {
                ready.send(()).unwrap();
                let _ = stopped.await;
            };
            run_reloading(config, listeners, reloads, shutdown)
                .await
                .unwrap();
        });
        is_ready.await.expect("the collector starts");
        Self {
            address,
            admin: admin_address,
            folder,
            config: kept,
            offers,
            stop: Some(stop),
            task: Some(task),
        }
    }

    /// Stops it as SIGTERM does, and waits.
    pub(crate) async fn stop(mut self) -> Arc<TempDir> {
        self.stop.take().unwrap().send(()).unwrap();
        self.task.take().unwrap().await.unwrap();
        self.folder.clone()
    }

    /// Offers it changed settings, and waits until it has taken or refused them; true for taken.
    pub(crate) async fn reload(&mut self, change: impl FnOnce(&mut Config)) -> bool {
        let mut config = self.config.clone();
        change(&mut config);
        let taken = self.offer(Ok(config.clone())).await;
        if taken {
            self.config = config;
        }
        taken
    }

    /// Offers it what was read, and waits for its decision.
    pub(crate) async fn offer(&self, offer: Result<Config, String>) -> bool {
        let refusals = "farol_config_reload_failures_total";
        let before = self.metric(refusals).await;
        let generation = self.metric("farol_config_generation").await;
        self.offers.send(offer).await.unwrap();
        eventually("a decision on the settings", || async {
            self.metric("farol_config_generation").await > generation
                || self.metric(refusals).await > before
        })
        .await;
        self.metric("farol_config_generation").await > generation
    }

    /// The settings that it has.
    pub(crate) fn settings(&self) -> Config {
        self.config.clone()
    }

    /// Begins to stop it.
    pub(crate) fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits for the end of a stop that was begun.
    pub(crate) async fn stopped(mut self) {
        self.task.take().unwrap().await.unwrap();
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        self.request("POST", path, headers, body.as_ref()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"").await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.connect().await;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            self.address
        );
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method == "POST" && !head.contains("transfer-encoding") {
            head += &format!("content-length: {}\r\n", body.len());
        }
        head += "\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // A refusal may come, and the connection end, before all is sent.
        let _ = stream.write_all(body).await;
        read_answer(&mut stream).await
    }

    /// A request to the admin listener.
    pub(crate) async fn get_admin(&self, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.admin.unwrap()).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        read_answer(&mut stream).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The value of one line of `/metrics`; 0 where there is none.
    pub(crate) async fn metric(&self, line: &str) -> u64 {
        let text = match self.admin {
            Some(_) => self.get_admin("/metrics").await.body,
            None => self.get("/metrics").await.body,
        };
        let found = text
            .lines()
            .find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0, |n| n.parse::<f64>().unwrap() as u64)
    }

    /// Waits until a line of `/metrics` has a value.
    pub(crate) async fn until_metric(&self, line: &str, value: u64) {
        eventually(line, || async { self.metric(line).await == value }).await;
    }

    pub(crate) fn segments(&self) -> usize {
        segments(&self.folder)
    }
}

/// Stored segments in a data folder.
pub(crate) fn segments(folder: &TempDir) -> usize {
    let Ok(entries) = std::fs::read_dir(folder.path().join("queue")) else {
        return 0;
    };
    entries
        .filter(|e| {
            e.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "segment" || e == "farolq")
        })
        .count()
}

/// Asks again until the answer is yes.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let asked = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|_| panic!("never came: {what}"));
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of an error answer.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Reads one answer to its end.
pub(crate) async fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let whole = async {
        loop {
            if let Some(answer) = parse(&bytes) {
                return answer;
            }
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => panic!(
                    "the connection ended: {:?}",
                    String::from_utf8_lossy(&bytes)
                ),
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            }
        }
    };
    tokio::time::timeout(PATIENCE, whole)
        .await
        .expect("an answer")
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let headers: BTreeMap<_, _> = lines
        .filter_map(|l| l.split_once(": "))
        .map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |n| n.parse().unwrap());
    let body = bytes[end + 4..].to_vec();
    (body.len() >= length).then(|| Answer {
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        bytes: body,
    })
}

/// A payload with this many logs.
pub(crate) fn logs(n: usize) -> String {
    let log = r#"{"message":"hello","level":"info","timestamp":"2026-01-02T03:04:05.678Z"}"#;
    let logs = vec![log; n].join(",");
    format!(r#"{{"meta":{{"app":{{"name":"shop"}},"session":{{"id":"s1"}}}},"logs":[{logs}]}}"#)
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(plain).unwrap();
    out.finish().unwrap()
}

/// A declared app.
pub(crate) fn app(name: &str, key: &str, origin: &str) -> App {
    App::new(name).with(key, Origin::parse(origin).unwrap())
}

/// An OTLP/HTTP receiver.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    status: AtomicU16,
    logs: AtomicU64,
    uids: Mutex<HashSet<String>>,
    spans: Mutex<HashSet<(Vec<u8>, Vec<u8>)>>,
    bodies: Mutex<Vec<String>>,
    requests: AtomicU64,
}

impl Backend {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(State {
                status: AtomicU16::new(200),
                logs: AtomicU64::new(0),
                uids: Mutex::default(),
                spans: Mutex::default(),
                bodies: Mutex::default(),
                requests: AtomicU64::new(0),
            }),
        };
        let state = backend.state.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let state = state.clone();
                let service =
                    hyper::service::service_fn(move |request| answer(state.clone(), request));
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                tokio::spawn(async move {
                    builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                        .map_err(drop)
                });
            }
        });
        backend
    }

    /// What it answers from now on; 0 is nothing at all.
    pub(crate) fn answers(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// Log records that it took.
    pub(crate) fn logs(&self) -> u64 {
        self.state.logs.load(Ordering::SeqCst)
    }

    /// Different log records that it took, by `log.record.uid`.
    pub(crate) fn distinct(&self) -> u64 {
        self.state.uids.lock().unwrap().len() as u64
    }

    /// Different spans that it took, by their ids.
    pub(crate) fn distinct_spans(&self) -> u64 {
        self.state.spans.lock().unwrap().len() as u64
    }

    /// What the log records say that it took.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.state.bodies.lock().unwrap().clone()
    }

    /// How often it was asked to take something.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// As a destination.
    pub(crate) fn destination(&self, name: &str) -> Destination {
        let remote = OtlpRemote {
            remote: Remote {
                timeout: Duration::from_secs(5),
                concurrency: 1,
                ..Remote::new(format!("http://{}", self.address).parse().unwrap())
            },
            signal_endpoints: SignalEndpoints::default(),
            compression: Compression::None,
        };
        Destination {
            batch: Batch {
                max_wait: Duration::from_millis(1),
                ..Batch::default()
            },
            retry: Retry {
                initial: Duration::from_millis(10),
                max: Duration::from_millis(50),
                max_elapsed: None,
            },
            ..Destination::new(name, DestinationKind::OtlpHttp(remote))
        }
    }
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request
        .into_body()
        .collect()
        .await
        .map(|b| b.to_bytes())
        .unwrap_or_default();
    state.requests.fetch_add(1, Ordering::SeqCst);
    let status = state.status.load(Ordering::SeqCst);
    if status == 0 {
        return std::future::pending().await;
    }
    if status == 200 && path == "/v1/traces" {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = (request.resource_spans.into_iter()).flat_map(|r| r.scope_spans);
        let spans = scopes.flat_map(|s| s.spans);
        let ids = spans.map(|span| (span.trace_id, span.span_id));
        state.spans.lock().unwrap().extend(ids);
    } else if status == 200 && path == "/v1/logs" {
        let request = ExportLogsServiceRequest::decode(body).unwrap();
        let scopes = request.resource_logs.iter().flat_map(|r| &r.scope_logs);
        let n: usize = scopes.map(|s| s.log_records.len()).sum();
        state.logs.fetch_add(n as u64, Ordering::SeqCst);
        let scopes = request.resource_logs.iter().flat_map(|r| &r.scope_logs);
        let attributes = scopes
            .flat_map(|s| &s.log_records)
            .flat_map(|r| &r.attributes);
        let uids = attributes.filter(|a| a.key == "log.record.uid");
        let records = request.resource_logs.iter().flat_map(|r| &r.scope_logs);
        let said = records.flat_map(|s| &s.log_records).map(|r| &r.body);
        let texts = said.map(|body| match body.as_ref().and_then(|b| b.value.as_ref()) {
            Some(AnyValue::StringValue(text)) => text.clone(),
            other => format!("{other:?}"),
        });
        state.bodies.lock().unwrap().extend(texts);
        let mut all = state.uids.lock().unwrap();
        all.extend(uids.map(|a| format!("{:?}", a.value)));
    }
    Ok(Response::builder()
        .status(status)
        .header("content-type", "application/x-protobuf")
        .body(Full::default())
        .unwrap())
}
