//! The collector's own traces: off unless asked for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// Reads one HTTP request with a body, hands that on, and only then answers 200: the collector may end with the answer.
fn take_request(stream: &mut TcpStream, bodies: &mpsc::Sender<Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    bodies.send(body).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .ok()
}

#[test]
fn a_request_is_one_trace_with_its_steps() {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", receiver.local_addr().unwrap());
    let (bodies, taken) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in receiver.incoming() {
            let bodies = bodies.clone();
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                while take_request(&mut stream, &bodies).is_some() {}
            });
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_farol-collector"))
        .current_dir(folder.path())
        .env_clear()
        .env("FAROL_TELEMETRY__TRACES_ENDPOINT", endpoint)
        .args(["--listen", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let address = crate::harness::ready_address(&mut child);
    let body = crate::harness::logs(2);
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "POST /collect HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(child.wait().unwrap().success());
    let mut spans = Vec::new();
    while let Ok(body) = taken.try_recv() {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&body[..])
            .read_to_end(&mut plain)
            .unwrap();
        let request = ExportTraceServiceRequest::decode(&plain[..]).unwrap();
        let scopes = request
            .resource_spans
            .into_iter()
            .flat_map(|r| r.scope_spans);
        spans.extend(scopes.flat_map(|s| s.spans));
    }
    let find = |name: &str| {
        spans
            .iter()
            .find(|s| s.name == name)
            .unwrap_or_else(|| panic!("no {name} in {spans:?}"))
    };
    let root = find("POST /collect");
    assert!(root.parent_span_id.is_empty());
    let value = |key: &str| {
        root.attributes
            .iter()
            .find(|a| a.key == key)
            .and_then(|a| a.value.clone())
            .unwrap()
            .value
            .unwrap()
    };
    assert_eq!(
        format!("{:?}", value("http.response.status_code")),
        "IntValue(202)"
    );
    assert_eq!(format!("{:?}", value("farol.items")), "IntValue(2)");
    for step in ["prepare", "enqueue"] {
        assert_eq!(
            (&find(step).trace_id, &find(step).parent_span_id),
            (&root.trace_id, &root.span_id),
            "{step}"
        );
    }
    assert!(find("export").parent_span_id.is_empty());
}
