//! The program killed at a random moment under load, again and again on one data folder, beside a destination that flaps: whatever it had
//! answered 202 to arrives. FAROL_FULL asks for 200 kills instead of 5.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;

const CLIENTS: usize = 4;
/// Of the destination: requests at once, and items of each.
const LANES: usize = 4;
const BATCH: usize = 64;
/// Nothing takes so long but a fault.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often each message came.
type Sink = Arc<Mutex<BTreeMap<String, usize>>>;

#[test]
fn killed_at_any_moment_it_loses_nothing_that_it_answered_202_to() {
    let kills: usize = match std::env::var_os("FAROL_FULL") {
        Some(_) => 200,
        None => 5,
    };
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    settings(folder.path(), receiver(sink.clone()));
    let acknowledged = Mutex::new(BTreeSet::new());
    let next = AtomicU64::new(0);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..kills {
        let (mut child, address) = start(folder.path());
        // Xorshift: where in the load it dies.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let moment = Duration::from_millis(20 + random % 400);
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    loop {
                        let message = format!("m{}", next.fetch_add(1, Relaxed));
                        match post(address, &message) {
                            Some(true) => drop(acknowledged.lock().unwrap().insert(message)),
                            Some(false) => {}
                            None => return,
                        }
                    }
                });
            }
            std::thread::sleep(moment);
            child.kill().unwrap();
            child.wait().unwrap();
        });
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    let (mut child, _) = start(folder.path());
    let started = Instant::now();
    let missing = loop {
        let arrived = sink.lock().unwrap();
        let missing = acknowledged
            .iter()
            .filter(|m| !arrived.contains_key(*m))
            .count();
        drop(arrived);
        if missing == 0 || started.elapsed() > PATIENCE {
            break missing;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let arrived = sink.lock().unwrap();
    let twice: usize = arrived.values().map(|n| n - 1).sum();
    let figures = format!(
        "{kills} kills, {} acknowledged, {missing} missing, {twice} came again\n",
        acknowledged.len()
    );
    std::io::stdout().write_all(figures.as_bytes()).unwrap();
    assert!(acknowledged.len() > kills, "there was load");
    assert_eq!(missing, 0);
    assert!(
        twice <= (kills + 1) * LANES * BATCH,
        "{twice} came again, more than was in flight"
    );
}

fn settings(folder: &Path, sink: SocketAddr) {
    let text = format!(
        r#"version = 1
listen = "127.0.0.1:0"
data_dir = "data"
[limits.address_rate]
observe = true
[[destinations]]
name = "sink"
type = "otlp_http"
endpoint = "http://{sink}"
signals = ["logs"]
compression = "none"
concurrency = {LANES}
batch = {{ max_items = {BATCH}, max_wait = "5ms" }}
retry = {{ initial = "5ms", max = "50ms" }}
"#
    );
    std::fs::write(folder.join("farol.toml"), text).unwrap();
}

fn start(folder: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_farol-collector"))
        .args(["--config", "farol.toml"])
        .current_dir(folder)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut ready = String::new();
    while !ready.contains(" ready on ") {
        ready.clear();
        assert!(out.read_line(&mut ready).unwrap() > 0, "it ended");
    }
    assert!(ready.contains("queue: disk"), "{ready}");
    let (_, rest) = ready.split_once("http://").unwrap();
    let end = rest.find([' ', ',', ')']).unwrap();
    (child, rest[..end].parse().unwrap())
}

/// Whether a message was taken; `None` where nobody is there any more.
fn post(address: SocketAddr, message: &str) -> Option<bool> {
    let body = format!(
        r#"{{"meta":{{}},"logs":[{{"message":"{message}","level":"info","timestamp":"2026-01-01T00:00:00Z"}}]}}"#
    );
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!(
        "POST /collect?id={message} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    // What was answered before the end of it counts: a client has seen it.
    let _ = stream.read_to_string(&mut answer);
    let status = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    Some(status == "202")
}

/// A destination that takes OTLP/HTTP and is away every seventh time.
fn receiver(sink: Sink) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let turns = Arc::new(AtomicU64::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (sink, turns) = (sink.clone(), turns.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                while let Some(body) = request(&mut reader) {
                    let away = turns.fetch_add(1, Relaxed) % 7 == 6;
                    let status = match away {
                        true => "503 Service Unavailable",
                        false => {
                            take(&sink, &body);
                            "200 OK"
                        }
                    };
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                    if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// The body of the next request of a connection.
fn request(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn take(sink: &Sink, body: &[u8]) {
    let request = ExportLogsServiceRequest::decode(body).unwrap();
    let scopes = request.resource_logs.iter().flat_map(|it| &it.scope_logs);
    let mut sink = sink.lock().unwrap();
    for record in scopes.flat_map(|it| &it.log_records) {
        let said = record.body.as_ref().and_then(|it| it.value.as_ref());
        if let Some(Value::StringValue(message)) = said {
            *sink.entry(message.clone()).or_default() += 1;
        }
    }
}
