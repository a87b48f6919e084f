//! The program killed at a random moment under load, again and again on one data folder, beside a destination that flaps: whatever it had
//! answered 202 to arrives. Also stopped between the two signals of a batch, and on a full disk. FAROL_FULL asks for 200 kills instead of 5.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;

const CLIENTS: usize = 4;
/// A batch holds a message and a span, which leave by themselves.
const SIGNALS: usize = 2;
/// Of the destination: requests at once, and items of each.
const LANES: usize = 4;
const BATCH: usize = 64;
/// Nothing takes so long but a fault.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often each message came; a span's is its name.
type Sink = Arc<Mutex<BTreeMap<String, usize>>>;

#[test]
fn killed_at_any_moment_it_loses_nothing_that_it_answered_202_to() {
    let kills: usize = match std::env::var_os("FAROL_FULL") {
        Some(_) => 200,
        None => 5,
    };
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    settings(folder.path(), receiver(sink.clone(), Arc::new(true.into())));
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
                            Some(true) => {
                                let both = [span_of(&message), message];
                                acknowledged.lock().unwrap().extend(both);
                            }
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
        "{kills} kills, {} items acknowledged, {missing} missing, {twice} came again\n",
        acknowledged.len()
    );
    std::io::stdout().write_all(figures.as_bytes()).unwrap();
    assert!(acknowledged.len() > 2 * kills, "there was load");
    assert_eq!(missing, 0);
    assert!(
        twice <= (kills + 1) * SIGNALS * LANES * BATCH,
        "{twice} came again, more than was in flight"
    );
}

#[test]
fn killed_it_starts_on_a_disk_that_is_full_and_delivers() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    settings(folder.path(), nobody.local_addr().unwrap());
    drop(nobody);
    let (mut child, address) = start(folder.path());
    let messages: Vec<_> = (0..20).map(|n| format!("m{n}")).collect();
    for message in &messages {
        assert_eq!(post(address, message), Some(true));
    }
    // So that the ids are in their log, which the next start has to take up.
    let log = folder.path().join("data/dedupe/000000000000.log");
    let written = || std::fs::metadata(&log).is_ok_and(|it| it.len() > 0);
    until("ids are logged", written);
    child.kill().unwrap();
    child.wait().unwrap();

    let sink = Sink::default();
    settings(folder.path(), receiver(sink.clone(), Arc::new(true.into())));
    let mut full = Command::new("/bin/sh");
    let program = env!("CARGO_BIN_EXE_farol-collector");
    full.args([
        "-c",
        "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"",
        program,
    ]);
    let (mut child, address) = ready(full, folder.path());
    let items = || messages.iter().flat_map(|it| [it.clone(), span_of(it)]);
    until("all is delivered", || {
        let arrived = sink.lock().unwrap();
        items().all(|item| arrived.contains_key(&item))
    });
    assert_eq!(post(address, "m0"), Some(true), "a duplicate");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn stopped_between_the_log_records_of_a_batch_and_its_spans_it_delivers_these_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, spans) = (Sink::default(), Arc::new(AtomicBool::new(false)));
    settings(folder.path(), receiver(sink.clone(), spans.clone()));
    let (mut child, address) = start(folder.path());
    let messages: Vec<_> = (0..20).map(|n| format!("m{n}")).collect();
    for message in &messages {
        assert_eq!(post(address, message), Some(true));
    }
    let came = |items: Vec<String>| {
        let arrived = sink.lock().unwrap();
        items.iter().all(|item| arrived.contains_key(item))
    };
    until("the log records", || came(messages.clone()));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
    spans.store(true, Relaxed);
    let (mut child, _) = start(folder.path());
    let theirs = || messages.iter().map(|it| span_of(it)).collect();
    until("the spans", || came(theirs()));
    child.kill().unwrap();
    child.wait().unwrap();
}

fn until(what: &str, is: impl Fn() -> bool) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn settings(folder: &Path, sink: SocketAddr) {
    let text = format!(
        r#"version = 1
listen = "127.0.0.1:0"
shutdown_timeout = "1s"
data_dir = "data"
[limits.address_rate]
observe = true
[[destinations]]
name = "sink"
type = "otlp_http"
endpoint = "http://{sink}"
signals = ["logs", "traces"]
compression = "none"
concurrency = {LANES}
batch = {{ max_items = {BATCH}, max_wait = "5ms" }}
retry = {{ initial = "5ms", max = "50ms" }}
"#
    );
    std::fs::write(folder.join("farol.toml"), text).unwrap();
}

fn start(folder: &Path) -> (Child, SocketAddr) {
    ready(Command::new(env!("CARGO_BIN_EXE_farol-collector")), folder)
}

fn ready(mut command: Command, folder: &Path) -> (Child, SocketAddr) {
    let mut child = command
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

/// The span that goes with a message.
fn span_of(message: &str) -> String {
    format!("span of {message}")
}

/// Whether a message and its span were taken; `None` where nobody is there any more.
fn post(address: SocketAddr, message: &str) -> Option<bool> {
    let body = format!(
        r#"{{"meta":{{}},"logs":[{{"message":"{message}","level":"info","timestamp":"2026-01-01T00:00:00Z"}}],"traces":{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"{}","kind":3,"startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"1767225600000000001"}}]}}]}}]}}}}"#,
        span_of(message)
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

/// A destination that takes OTLP/HTTP and is away every seventh time, and for spans whenever it is said to be.
fn receiver(sink: Sink, spans: Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let turns = Arc::new(AtomicU64::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (sink, spans, turns) = (sink.clone(), spans.clone(), turns.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                while let Some((line, body)) = request(&mut reader) {
                    let refused = line.contains("/v1/traces") && !spans.load(Relaxed);
                    let away = refused || turns.fetch_add(1, Relaxed) % 7 == 6;
                    let status = match away {
                        true => "503 Service Unavailable",
                        false => {
                            take(&sink, &line, &body);
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

/// The first line and the body of the next request of a connection.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut length, mut first) = (0, String::new());
    reader.read_line(&mut first).ok()?;
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
    Some((first, body))
}

fn take(sink: &Sink, line: &str, body: &[u8]) {
    let mut sink = sink.lock().unwrap();
    if line.contains("/v1/traces") {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = (request.resource_spans.into_iter()).flat_map(|it| it.scope_spans);
        for span in scopes.flat_map(|it| it.spans) {
            *sink.entry(span.name).or_default() += 1;
        }
        return;
    }
    let request = ExportLogsServiceRequest::decode(body).unwrap();
    let scopes = request.resource_logs.iter().flat_map(|it| &it.scope_logs);
    for record in scopes.flat_map(|it| &it.log_records) {
        let said = record.body.as_ref().and_then(|it| it.value.as_ref());
        if let Some(Value::StringValue(message)) = said {
            *sink.entry(message.clone()).or_default() += 1;
        }
    }
}
