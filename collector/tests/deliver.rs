//! The whole collector between a sender and two receivers, one of which is a file and one OTLP/HTTP: all that was sent is in both,
//! once, by `log.record.uid` and span id; a third that is never there holds nobody up, and what it missed waits for the next start.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use farol_collector::config::{
    Compression, Config, Destination, DestinationKind, OtlpFile, OtlpRemote, Remote,
    SignalEndpoints,
};
use farol_collector::{Listeners, run};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Ids of log records and spans.
type Ids = BTreeSet<String>;
/// Ids found, and how many metric points there were.
type Sink = Arc<Mutex<(Vec<String>, usize)>>;

#[tokio::test]
async fn every_item_is_at_every_destination_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let sink = Sink::default();
    let receiver = receiver(Arc::clone(&sink)).await;
    let mut http = Destination::new("http", DestinationKind::OtlpHttp(remote(&receiver)));
    http.retry.initial = Duration::from_millis(5);
    let otlp = folder.path().join("otlp");
    let config = Config {
        data_dir: folder.path().join("data"),
        destinations: vec![
            Destination::new(
                "file",
                DestinationKind::OtlpFile(OtlpFile::in_folder(otlp.clone())),
            ),
            http,
            Destination::new("gone", DestinationKind::OtlpHttp(remote(&closed_port()))),
        ],
        shutdown_timeout: Duration::from_secs(5),
        ..Config::default()
    };
    let public = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = public.local_addr().expect("an address").to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let collector = tokio::spawn(run(
        config,
        Listeners {
            public,
            admin: None,
        },
        async {
            drop(stopped.await);
        },
    ));

    let mut sent = 0;
    for round in 0..20 {
        for body in bodies(round) {
            sent += post(&address, &body).await;
        }
    }
    stop.send(()).expect("the collector runs");
    collector.await.expect("no panic").expect("a clean stop");

    let (from_http, points) = sink.lock().expect("no panic").clone();
    let unique: Ids = from_http.iter().cloned().collect();
    assert_eq!(
        unique.len(),
        from_http.len(),
        "nothing came twice over HTTP"
    );
    assert_eq!(unique.len(), sent, "all came over HTTP");
    assert!(points > 0, "metrics came over HTTP");
    let from_file = read(&otlp);
    assert_eq!(
        from_file.iter().cloned().collect::<Ids>(),
        unique,
        "the file holds the same"
    );
    assert_eq!(from_file.len(), sent, "nothing is twice in the file");
    assert!(
        otlp.join("metrics.jsonl").exists(),
        "the last metrics are in the file"
    );
    let kept = std::fs::read_dir(folder.path().join("data/queue")).expect("a queue folder");
    assert!(kept.count() > 0, "what one destination missed is kept");
}

/// The seven requests of a Faro SDK and one in which every field holds something, times and ids as they were.
fn bodies(round: u32) -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let read = |name: &str| std::fs::read_to_string(fixtures.join(name)).expect("a fixture");
    let mut bodies: Vec<String> = (1..=7)
        .map(|n| {
            let captured: serde_json::Value =
                serde_json::from_str(&read(&format!("faro-2.12.1/{n:02}.json"))).expect("JSON");
            captured["body"].to_string()
        })
        .collect();
    bodies.push(read("payload/maximal.json"));
    // Span ids are the sender's: make them the round's own.
    let mark = format!("{round:04x}");
    bodies
        .iter_mut()
        .for_each(|body| *body = own_spans(body, &mark));
    bodies
}

fn own_spans(body: &str, mark: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let resources = value["traces"]["resourceSpans"].as_array_mut();
    for resource in resources.into_iter().flatten() {
        for scope in resource["scopeSpans"].as_array_mut().into_iter().flatten() {
            for span in scope["spans"].as_array_mut().into_iter().flatten() {
                let id = span["spanId"].as_str().expect("a span id");
                span["spanId"] = format!("{mark}{}", &id[4..]).into();
            }
        }
    }
    value.to_string()
}

/// Sends a body and says how many items were taken.
async fn post(address: &str, body: &str) -> usize {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /collect HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("a head");
    stream.write_all(body.as_bytes()).await.expect("a body");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    json["items"].as_u64().expect("a number") as usize
}

/// Takes OTLP/HTTP; every third request is told to come again.
async fn receiver(sink: Sink) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let busy = Arc::new(Mutex::new(0));
    let take = move |uri: Uri, State(sink): State<Sink>, body: Bytes| async move {
        let mut turn = busy.lock().expect("no panic");
        *turn += 1;
        if *turn % 3 == 0 {
            return (
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                [("retry-after", "0")],
            );
        }
        let mut sink = sink.lock().expect("no panic");
        match uri.path() {
            "/v1/logs" => sink.0.extend(log_ids(&body)),
            "/v1/traces" => sink.0.extend(span_ids(&body)),
            _ => sink.1 += 1,
        }
        (axum::http::StatusCode::OK, [("retry-after", "0")])
    };
    let app = Router::new().fallback(take).with_state(sink);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    format!("http://{address}")
}

fn log_ids(body: &[u8]) -> Vec<String> {
    let request = ExportLogsServiceRequest::decode(body).expect("an export request");
    let scopes = request.resource_logs.iter().flat_map(|it| &it.scope_logs);
    let records = scopes.flat_map(|it| &it.log_records);
    records
        .map(|record| {
            let uid = record
                .attributes
                .iter()
                .find(|it| it.key == "log.record.uid");
            match uid.and_then(|it| it.value.as_ref()?.value.as_ref()) {
                Some(Value::StringValue(uid)) => uid.clone(),
                _ => panic!("a record without log.record.uid"),
            }
        })
        .collect()
}

fn span_ids(body: &[u8]) -> Vec<String> {
    let request = ExportTraceServiceRequest::decode(body).expect("an export request");
    let scopes = request.resource_spans.iter().flat_map(|it| &it.scope_spans);
    let spans = scopes.flat_map(|it| &it.spans);
    spans
        .map(|span| {
            span.span_id
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        })
        .collect()
}

/// Ids in the files, read as any reader of OTLP/JSON would.
fn read(folder: &Path) -> Vec<String> {
    let lines = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).expect("a file");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let logs = lines("logs.jsonl").into_iter().flat_map(|line| {
        let request: ExportLogsServiceRequest = serde_json::from_str(&line).expect("OTLP/JSON");
        log_ids(&request.encode_to_vec())
    });
    let spans = lines("traces.jsonl").into_iter().flat_map(|line| {
        let request: ExportTraceServiceRequest = serde_json::from_str(&line).expect("OTLP/JSON");
        span_ids(&request.encode_to_vec())
    });
    logs.chain(spans).collect()
}

fn remote(endpoint: &str) -> OtlpRemote {
    OtlpRemote {
        remote: Remote {
            timeout: Duration::from_secs(5),
            ..Remote::new(endpoint.parse().expect("an address"))
        },
        signal_endpoints: SignalEndpoints::default(),
        compression: Compression::None,
    }
}

/// An address where nobody listens.
fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    format!("http://{address}")
}
