//! Golden pairs: what stands in tests/fixtures beside what comes of it.

use crate::convert::{Dialect, Otlp, to_otlp};
use crate::decode::{Cut, Form, Limits, faro, otlp};
use crate::record::{Header, SampleState, SourceKind, record_id};
use farol_protocol::payload::Payload;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData};
use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde_json::Value;
use std::path::PathBuf;

/// When the seven requests, and every fixture, are taken to have come in: after all of their times.
pub(super) const RECEIVED: u64 = 1_795_145_700_000_000_000;

pub(super) fn fixture(path: &str) -> String {
    let path = folder().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

pub(super) fn header(app: &str) -> Header {
    Header {
        app: app.to_owned(),
        received_ns: RECEIVED,
        id: record_id(app, "a batch"),
        state: SampleState::On,
        ..Header::default()
    }
}

/// The body of a recorded request, or a payload, with its bytes as they stand.
pub(super) fn body(path: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Request {
        body: Option<Box<serde_json::value::RawValue>>,
    }
    let file = fixture(path);
    let request: Request = serde_json::from_str(&file).expect("a JSON file");
    request.body.map_or(file, |body| body.get().to_owned())
}

pub(super) fn payload(path: &str) -> Payload {
    let decoded = faro(body(path).as_bytes(), &Limits::default()).expect("a payload");
    assert_eq!(decoded.unreadable, [], "{path}");
    assert_eq!(decoded.repaired, [], "{path}");
    assert_eq!(decoded.cut, Cut::default(), "{path}");
    *decoded.payload
}

pub(super) fn records(otlp: &Otlp) -> impl Iterator<Item = &LogRecord> {
    otlp.logs
        .iter()
        .flat_map(|logs| &logs.scope_logs)
        .flat_map(|scope| &scope.log_records)
}

pub(super) fn line(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Any::StringValue(line)) => line,
        other => panic!("a body that is no line: {other:?}"),
    }
}

/// The conversion of a fixture beside the file that says what it should be. `FAROL_BLESS=1` writes the file anew.
fn check(input: &str, expected: &str) {
    let app = if input.starts_with("faro") {
        "demo"
    } else {
        "shop"
    };
    let otlp = to_otlp(&header(app), &payload(input), Dialect::Semconv);
    compare(&otlp, expected);
}

fn compare(otlp: &Otlp, expected: &str) {
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    let mut json = serde_json::json!({"resourceLogs": otlp.logs, "resourceSpans": otlp.traces});
    if !otlp.metrics.is_empty() {
        json["resourceMetrics"] = serde_json::json!(otlp.metrics);
    }
    let made = serde_json::to_string_pretty(&json)
        .expect("JSON")
        .replace(&version, "\"<version>\"")
        + "\n";
    let path = folder().join(expected);
    if std::env::var_os("FAROL_BLESS").is_some() {
        std::fs::write(&path, &made).expect("a fixture that can be written");
    }
    let stands = fixture(expected);
    if made != stands {
        let line = made.lines().zip(stands.lines()).position(|(a, b)| a != b);
        let at = line.unwrap_or_else(|| made.lines().count().min(stands.lines().count()));
        panic!(
            "{expected} differs from line {}:\n  made   {:?}\n  stands {:?}\nread the difference, then FAROL_BLESS=1",
            at + 1,
            made.lines().nth(at),
            stands.lines().nth(at)
        );
    }
}

#[test]
fn golden_pairs_of_otlp_in_every_dialect() {
    for (name, kind) in [
        ("traces", SourceKind::OtlpTraces),
        ("logs", SourceKind::OtlpLogs),
        ("metrics", SourceKind::OtlpMetrics),
    ] {
        let body = fixture(&format!("otlp/{name}.json"));
        let decoded = otlp(kind, Form::Json, body.as_bytes(), &Limits::default()).expect("OTLP");
        assert_eq!(decoded.unreadable, [], "{name}");
        assert_eq!(decoded.cut, Cut::default(), "{name}");
        let header = Header {
            kind,
            ..header("shop")
        };
        for (dialect, file) in [
            (Dialect::Semconv, "semconv"),
            (Dialect::Alloy, "alloy"),
            (Dialect::Contrib, "contrib"),
        ] {
            let made = to_otlp(&header, &decoded.payload, dialect);
            compare(&made, &format!("otlp/expected/{name}.{file}.json"));
        }
    }
}

#[test]
fn golden_pairs_of_opentelemetrys_dialect() {
    for n in 1..=7 {
        check(
            &format!("faro-2.12.1/0{n}.json"),
            &format!("faro-2.12.1/expected/0{n}.semconv.json"),
        );
    }
    for name in ["maximal", "names"] {
        check(
            &format!("payload/{name}.json"),
            &format!("payload/expected/{name}.semconv.json"),
        );
    }
}

#[test]
fn golden_pairs_of_faros_mobile_and_older_sdks_in_every_dialect() {
    for name in ["react-native", "flutter", "web-1.3"] {
        let payload = payload(&format!("sdks/{name}.json"));
        for (dialect, file) in [
            (Dialect::Semconv, "semconv"),
            (Dialect::Alloy, "alloy"),
            (Dialect::Contrib, "contrib"),
        ] {
            let made = to_otlp(&header("shop"), &payload, dialect);
            compare(&made, &format!("sdks/expected/{name}.{file}.json"));
        }
    }
}

#[test]
fn golden_lines_are_alloys_byte_for_byte() {
    for n in 1..=7 {
        let otlp = to_otlp(
            &header("demo"),
            &payload(&format!("faro-2.12.1/0{n}.json")),
            Dialect::Alloy,
        );
        let lines: Vec<&str> = records(&otlp).map(line).collect();
        let recorded = fixture(&format!("faro-2.12.1/expected/0{n}.alloy.txt"));
        assert_eq!(lines, recorded.lines().collect::<Vec<_>>(), "request {n}");
    }
}

#[test]
fn golden_otlp_is_the_collectors() {
    for n in 1..=7 {
        let mut otlp = to_otlp(
            &header("demo"),
            &payload(&format!("faro-2.12.1/0{n}.json")),
            Dialect::Contrib,
        );
        let recorded: Value =
            serde_json::from_str(&fixture(&format!("faro-2.12.1/expected/0{n}.otelcol.json")))
                .unwrap();
        let parts = |name: &str| recorded[name].as_array().cloned().unwrap_or_default();
        let logs = parts("logs")
            .into_iter()
            .map(|part| serde_json::from_value::<LogsData>(part).expect("logs"));
        let mut logs: Vec<_> = logs.flat_map(|data| data.resource_logs).collect();
        let traces = parts("traces")
            .into_iter()
            .map(|part| serde_json::from_value::<TracesData>(part).expect("traces"));
        let traces: Vec<_> = traces.flat_map(|data| data.resource_spans).collect();
        // When it was observed is what the two cannot share.
        for logs in [&mut otlp.logs, &mut logs] {
            let records = logs
                .iter_mut()
                .flat_map(|logs| &mut logs.scope_logs)
                .flat_map(|scope| &mut scope.log_records);
            // So are the name by which a copy is known and the key of an exception that has none, which stand beside its lines.
            let ours = ["log.record.uid", "farol.exception.fingerprint"];
            records.for_each(|record| {
                record.observed_time_unix_nano = 0;
                record
                    .attributes
                    .retain(|it| !ours.contains(&it.key.as_str()));
            });
        }
        assert_eq!(otlp.logs, logs, "logs of request {n}");
        assert_eq!(otlp.traces, traces, "traces of request {n}");
    }
}
