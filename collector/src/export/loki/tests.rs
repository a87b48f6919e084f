use std::time::Duration;

use farol_protocol::payload::Payload;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;

use super::*;
use crate::config::{Dialect, Loki as Settings, Remote};
use crate::convert::{Otlp, to_otlp};
use crate::decode::{Limits, faro};
use crate::export::Signal;
use crate::export::batch::Source;
use crate::export::fake::{Answer, Fake};
use crate::export::samples;
use crate::record::{Header, SourceKind, record_id};

/// Loki's `push.proto`, the part of it that clients write.
#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<Labelled>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Labelled {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Entry {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    line: String,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<Pair>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Pair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

const RECEIVED: u64 = 1_795_145_700_000_000_000;

fn settings(fake: &Fake) -> Settings {
    Settings::new(Remote::new(
        format!("http://{}", fake.address).parse().unwrap(),
    ))
}

fn batch(otlp: Otlp) -> Batch {
    Batch::new(Signal::Logs, vec![Source::Record(otlp.into())])
}

/// A recorded request, converted.
fn recorded(number: &str, dialect: Dialect) -> Otlp {
    let file = fixture(&format!("{number}.json"));
    let request: serde_json::Value = serde_json::from_str(&file).unwrap();
    let body = request["body"].to_string();
    let payload = faro(body.as_bytes(), &Limits::default()).unwrap().payload;
    let header = Header {
        app: "demo".into(),
        received_ns: RECEIVED,
        id: record_id("demo", "a batch"),
        ..Header::default()
    };
    to_otlp(&header, &payload, dialect)
}

fn fixture(name: &str) -> String {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/faro-2.12.1/"
    );
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

async fn pushed(fake: &mut Fake, loki: &Loki, batch: &Batch) -> Request {
    assert_eq!(loki.send(batch).await, Outcome::accepted());
    let seen = fake.seen.recv().await.unwrap();
    assert_eq!(seen.path, "/loki/api/v1/push");
    assert_eq!(seen.headers["content-type"], "application/x-protobuf");
    assert!(!seen.headers.contains_key("content-encoding"));
    let plain = snap::raw::Decoder::new().decompress_vec(&seen.body);
    Request::decode(&*plain.unwrap()).unwrap()
}

/// The only entry that a batch of this comes to.
fn only_entry(otlp: Otlp) -> Entry {
    let settings = Settings::new(Remote::new("http://loki:3100".parse().unwrap()));
    let (streams, batch) = (Streams::new(&settings, Dialect::Semconv), batch(otlp));
    let pushed = push::protobuf(&streams.of(&batch));
    let mut request = Request::decode(&*pushed).unwrap();
    request.streams.remove(0).entries.remove(0)
}

fn metadata<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    let found = entry.metadata.iter().find(|it| it.name == name);
    found.map(|it| it.value.as_str())
}

/// How many of three pushes Loki sees while it answers none.
async fn at_once(concurrency: usize) -> usize {
    let mut fake = Fake::answering_then(vec![], Answer::Hang).await;
    let mut settings = settings(&fake);
    settings.remote.concurrency = concurrency;
    let loki = Arc::new(Loki::new(&settings, Dialect::Semconv).unwrap());
    let pushes: Vec<_> = (0..3)
        .map(|_| {
            let loki = loki.clone();
            let batch = batch(recorded("01", Dialect::Semconv));
            tokio::spawn(async move { loki.send(&batch).await })
        })
        .collect();
    let mut seen = 0;
    let wait = Duration::from_millis(300);
    while let Ok(Some(_)) = tokio::time::timeout(wait, fake.seen.recv()).await {
        seen += 1;
    }
    pushes.iter().for_each(|it| it.abort());
    seen
}

#[tokio::test]
async fn pushes_wait_for_each_other() {
    assert_eq!(at_once(1).await, 1);
    assert_eq!(at_once(2).await, 2);
}

#[tokio::test]
async fn in_alloys_dialect_the_lines_are_those_that_alloy_pushed() {
    let mut fake = Fake::answering(vec![]).await;
    let loki = Loki::new(&settings(&fake), Dialect::Alloy).unwrap();
    let mut compared = 0;
    for number in ["01", "02", "03", "04", "05", "06", "07"] {
        let stands = fixture(&format!("expected/{number}.alloy.txt"));
        let batch = batch(recorded(number, Dialect::Alloy));
        if batch.is_empty() {
            assert_eq!(stands, "", "{number}");
            continue;
        }
        let request = pushed(&mut fake, &loki, &batch).await;
        let entries = request.streams.iter().flat_map(|it| &it.entries);
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|it| it.timestamp.unwrap().nanos);
        let lines: Vec<_> = entries.iter().map(|it| it.line.as_str()).collect();
        assert_eq!(lines, stands.lines().collect::<Vec<_>>(), "{number}");
        for entry in &entries {
            assert_eq!(metadata(entry, "log_record_uid").map(str::len), Some(32));
            assert!(metadata(entry, "kind").is_none(), "it is a label");
        }
        for stream in &request.streams {
            assert!(stream.labels.contains("kind=\""), "{}", stream.labels);
            assert!(stream.labels.contains("service_name=\"demo\""));
        }
        compared += lines.len();
    }
    assert_eq!(compared, 19, "all of them");
}

#[tokio::test]
async fn times_are_those_of_arrival_and_distinct() {
    let mut fake = Fake::answering(vec![]).await;
    for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
        let loki = Loki::new(&settings(&fake), dialect).unwrap();
        let batch = batch(recorded("01", dialect));
        // A part keeps the times of the whole.
        let (left, right) = batch.split().unwrap();
        let mut nanos = Vec::new();
        for part in [left, right] {
            let request = pushed(&mut fake, &loki, &part).await;
            let entries = request.streams.into_iter().flat_map(|it| it.entries);
            let times = entries.map(|it| it.timestamp.unwrap());
            nanos.extend(times.map(|it| it.seconds as u64 * 1_000_000_000 + it.nanos as u64));
        }
        nanos.sort_unstable();
        let want: Vec<_> = (0..batch.len() as u64).map(|at| RECEIVED + at).collect();
        assert_eq!(nanos, want, "{dialect:?}");
    }
}

#[test]
fn labels_are_the_same_in_every_dialect() {
    let settings = Settings::new(Remote::new("http://loki:3100".parse().unwrap()));
    let labels = |dialect| {
        let streams = Streams::new(&settings, dialect);
        let batch = batch(recorded("01", dialect));
        let pushed = Request::decode(&*push::protobuf(&streams.of(&batch))).unwrap();
        let mut labels: Vec<_> = pushed.streams.into_iter().map(|it| it.labels).collect();
        labels.sort();
        labels
    };
    let semconv = labels(Dialect::Semconv);
    assert!(semconv[0].contains("deployment_environment_name=") && semconv[0].contains("kind="));
    assert_eq!(labels(Dialect::Alloy), semconv);
    assert_eq!(labels(Dialect::Contrib), semconv);
}

/// The streams of a batch whose entries have labels of these attributes, a value a label.
fn labelled(names: &[&str], otlp: impl Fn(Dialect) -> Otlp, dialect: Dialect) -> Vec<String> {
    let label = |(at, name): (usize, &&str)| (format!("l{at}"), (*name).to_owned());
    let settings = Settings {
        labels: names.iter().enumerate().map(label).collect(),
        ..Settings::new(Remote::new("http://loki:3100".parse().unwrap()))
    };
    let streams = Streams::new(&settings, dialect);
    let batch = batch(otlp(dialect));
    let pushed = Request::decode(&*push::protobuf(&streams.of(&batch))).unwrap();
    let labels = pushed.streams.into_iter();
    let mut labels: Vec<_> = labels.map(|it| (it.labels, it.entries.len())).collect();
    labels.sort();
    labels
        .into_iter()
        .map(|(it, n)| format!("{it} {n}"))
        .collect()
}

#[test]
fn labels_of_what_a_line_says_are_the_same_in_every_dialect() {
    for (number, name) in [
        ("01", "user_agent.name"),
        ("01", "browser.mobile"),
        ("01", "browser.brands"),
        ("01", "session.id"),
        ("01", "browser.document.url.full"),
        ("01", "telemetry.sdk.name"),
        ("04", "exception.type"),
        // A text that is longer than what is kept of it.
        ("04", "exception.stacktrace"),
    ] {
        let labels = |dialect| labelled(&[name], |dialect| recorded(number, dialect), dialect);
        let semconv = labels(Dialect::Semconv);
        assert!(
            semconv.iter().any(|it| it.contains("l0=")),
            "{name}: {semconv:?}"
        );
        assert_eq!(labels(Dialect::Alloy), semconv, "{name}");
        assert_eq!(labels(Dialect::Contrib), semconv, "{name}");
    }
}

#[test]
fn labels_of_what_the_line_of_an_otlp_record_says_are_the_same_in_every_dialect() {
    let body = r#"{"farol.otlp":{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"body":{"stringValue":"m"},"attributes":[{"key":"session.id","value":{"stringValue":"s"}},{"key":"plan","value":{"stringValue":"gold"}}]},
        {"body":{"stringValue":"n"},"attributes":[{"key":"plan","value":{"stringValue":"free"}}]}]}]}]}}"#;
    let payload = Payload::decode(body.as_bytes()).unwrap();
    let header = Header {
        kind: SourceKind::OtlpLogs,
        ..Header::default()
    };
    for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
        let otlp = |dialect| to_otlp(&header, &payload, dialect);
        let found = labelled(&["plan", "session.id"], otlp, dialect);
        let stand = [r#"{l0="free"} 1"#, r#"{l0="gold", l1="s"} 1"#];
        assert_eq!(found, stand, "{dialect:?}");
    }
}

#[tokio::test]
async fn what_is_no_line_is_beside_it() {
    let mut fake = Fake::answering(vec![]).await;
    let loki = Loki::new(&settings(&fake), Dialect::Semconv).unwrap();
    let request = pushed(&mut fake, &loki, &batch(samples::rich())).await;
    assert_eq!(request.streams.len(), 1);
    assert_eq!(request.streams[0].labels, r#"{service_name="shop"}"#);
    let entry = &request.streams[0].entries[0];
    assert_eq!(entry.line, "a \"quoted\"\nline \u{1}");
    for (name, value) in [
        ("event_name", "exception"),
        ("severity_text", "ERROR"),
        ("severity_number", "17"),
        ("trace_id", "000102030405060708090a0b0c0d0e0f"),
        ("timestamp", "2023-11-14T22:13:20.000000001Z"),
        ("scope_name", "farol"),
        ("int", "-9007199254740993"),
        ("list", r#"["a",1]"#),
    ] {
        assert_eq!(metadata(entry, name), Some(value), "{name}");
    }
    assert_eq!(metadata(entry, "empty"), None);
    assert_eq!(metadata(entry, "service_name"), None, "it is a label");
}

#[tokio::test]
async fn json_is_the_same_in_another_form() {
    let mut fake = Fake::answering(vec![]).await;
    let settings = Settings {
        format: LokiFormat::Json,
        static_labels: vec![("job".into(), "a\"b".into())],
        ..settings(&fake)
    };
    let loki = Loki::new(&settings, Dialect::Semconv).unwrap();
    let sent = loki.send(&batch(samples::log("shop", "hello"))).await;
    assert_eq!(sent, Outcome::accepted());
    let seen = fake.seen.recv().await.unwrap();
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["content-encoding"], "gzip");
    let body: serde_json::Value =
        serde_json::from_reader(flate2::read::GzDecoder::new(&*seen.body)).unwrap();
    let stream = &body["streams"][0];
    let labels = serde_json::json!({ "job": "a\"b", "service_name": "shop" });
    assert_eq!(stream["stream"], labels);
    assert_eq!(stream["values"][0][1], "hello");
    assert_eq!(stream["values"][0][0], "1700000000000000000");
}

fn numbered(count: usize) -> Batch {
    let logs = (0..count).map(|at| {
        let otlp = samples::log(&format!("app{at}"), "x");
        Source::Record(otlp.into())
    });
    Batch::new(Signal::Logs, logs.collect())
}

#[tokio::test]
async fn nothing_that_browsers_say_makes_streams_without_end() {
    let mut fake = Fake::answering(vec![]).await;
    let loki = Loki::new(&settings(&fake), Dialect::Semconv).unwrap();
    for _ in 0..2 {
        let request = pushed(&mut fake, &loki, &numbered(2_000)).await;
        assert_eq!(request.streams.len(), 501);
        let other = r#"{service_name="other"}"#;
        let rest = request.streams.iter().find(|it| it.labels == other);
        let entries = &rest.unwrap().entries;
        assert_eq!(entries.len(), 1_500);
        assert_eq!(metadata(&entries[0], "service_name"), Some("app500"));
    }
}

/// The streams that an item of each of these environments comes to, when it came at that time.
fn streams_of(streams: &Streams, environments: &[String], arrival: u64) -> Vec<String> {
    let item = |environment: &String| {
        let mut otlp = samples::log("shop", "x");
        let attributes = &mut otlp.logs[0].scope_logs[0].log_records[0].attributes;
        attributes.push(samples::string("deployment.environment.name", environment));
        attributes.push(samples::string("farol.item.kind", "log"));
        otlp.arrivals = vec![arrival];
        Source::Record(otlp.into())
    };
    let batch = Batch::new(Signal::Logs, environments.iter().map(item).collect());
    let found = streams.of(&batch);
    found.iter().map(|it| push::labels(&it.labels)).collect()
}

/// With the environment, which browsers say, among the labels.
fn by_environment() -> Streams {
    let labels = [
        ("service_name", "service.name"),
        ("env", "deployment.environment.name"),
        ("kind", "farol.item.kind"),
    ];
    let settings = Settings {
        labels: labels.map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        ..Settings::new(Remote::new("http://loki:3100".parse().unwrap()))
    };
    Streams::new(&settings, Dialect::Semconv)
}

#[test]
fn where_a_browser_fills_the_room_for_one_label_the_others_still_tell_streams_apart() {
    let streams = by_environment();
    let made_up: Vec<String> = (0..2_000).map(|n| format!("e{n}")).collect();
    let found = streams_of(&streams, &made_up, RECEIVED);
    assert_eq!(found.len(), 501);
    let folded = r#"{service_name="shop", env="other", kind="log"}"#;
    assert!(found.iter().any(|it| it == folded), "{:?}", found.last());
    let long = streams_of(&by_environment(), &["x".repeat(300)], RECEIVED);
    assert_eq!(long, [folded]);
}

#[test]
fn room_that_nobody_uses_any_more_is_given_to_others() {
    let streams = by_environment();
    let made_up: Vec<String> = (0..600).map(|n| format!("e{n}")).collect();
    streams_of(&streams, &made_up, RECEIVED);
    let prod = ["prod".to_owned()];
    let own = r#"{service_name="shop", env="prod", kind="log"}"#;
    let day = 24 * 3_600_000_000_000;
    assert_ne!(streams_of(&streams, &prod, RECEIVED + day - 1), [own]);
    // One of them came in between, and stays.
    streams_of(&streams, &made_up[..1], RECEIVED + day - 1);
    assert_eq!(streams_of(&streams, &prod, RECEIVED + day), [own]);
    let first = r#"{service_name="shop", env="e0", kind="log"}"#;
    assert_eq!(streams_of(&streams, &made_up[..1], RECEIVED + day), [first]);
}

#[test]
fn more_pairs_than_loki_takes_go_into_one() {
    let mut otlp = samples::log("shop", "x");
    let attributes = &mut otlp.logs[0].scope_logs[0].log_records[0].attributes;
    for at in 0..300 {
        attributes.push(samples::attribute(&format!("a.{at}"), Value::IntValue(at)));
    }
    attributes.push(samples::string("a_1", "another"));
    let entry = &only_entry(otlp);
    assert_eq!(entry.metadata.len(), 120);
    let more: serde_json::Value =
        serde_json::from_str(metadata(entry, "farol_more").unwrap()).unwrap();
    assert_eq!(more["a.299"], 299);
    assert_eq!(more["a_1"], "another");
}

#[test]
fn names_that_come_to_the_same_are_told_apart() {
    let mut otlp = samples::log("shop", "x");
    let attributes = &mut otlp.logs[0].scope_logs[0].log_records[0].attributes;
    for name in ["a.b", "a_b", "a-b", "1st"] {
        attributes.push(samples::string(name, name));
    }
    let entry = &only_entry(otlp);
    for (name, value) in [("a_b", "a.b"), ("a_b_2", "a_b"), ("a_b_3", "a-b")] {
        assert_eq!(metadata(entry, name), Some(value));
    }
    assert_eq!(metadata(entry, "key_1st"), Some("1st"));
}

#[tokio::test]
async fn what_loki_answers_decides_what_becomes_of_a_push() {
    let words = "entry with timestamp 2020 ignored, reason: 'entry too far behind'";
    let refused = Outcome::Refused(Reason::new("http 400", words));
    let busy = Outcome::Retry {
        after: Some(Duration::from_secs(7)),
        suspect: false,
        reason: Reason::code("http 429"),
    };
    let broken = Outcome::Retry {
        after: None,
        suspect: true,
        reason: Reason::code("http 500"),
    };
    let page = Answer::with(200, "content-type", "text/html", b"<html>Sign in</html>");
    let signed_out = Reason::new("http 200, a page", "<html>Sign in</html>");
    let stopped =
        "ingestion blocked for user 'shop' until '2026-01-01T00:00:00Z' with status code '260'";
    let blocked = Answer::with(260, "content-type", "text/plain", stopped.as_bytes());
    let of_policy = stopped.replace("' until", "' (policy: 'bulk') until");
    let blocked_policy = Answer::with(260, "content-type", "text/plain", of_policy.as_bytes());
    let too_old = Answer::with(400, "content-type", "text/plain", words.as_bytes());
    for (answer, want) in [
        (Answer::status(204), Outcome::accepted()),
        (page, Outcome::retry(signed_out)),
        (blocked, Outcome::retry(Reason::new("http 260", stopped))),
        (
            blocked_policy,
            Outcome::Refused(Reason::new("http 260", &of_policy)),
        ),
        (too_old, refused),
        (Answer::with(429, "retry-after", "7", b""), busy),
        (Answer::status(500), broken),
    ] {
        let fake = Fake::answering(vec![answer]).await;
        let loki = Loki::new(&settings(&fake), Dialect::Semconv).unwrap();
        assert_eq!(loki.send(&batch(samples::log("shop", "x"))).await, want);
    }
}

#[tokio::test]
async fn what_loki_or_its_labels_are_set_up_wrongly_for_is_waited_for() {
    let stream = "{service_name=\"shop\"}";
    let said = [
        (
            format!(
                "stream '{stream}' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it."
            ),
            true,
        ),
        (
            format!("entry for stream '{stream}' has 16 label names; limit 15"),
            true,
        ),
        (
            format!("missing required labels [team] for user a for stream {stream}"),
            true,
        ),
        (
            format!(
                "entry for stream '{stream}' has timestamp too old: 1, oldest acceptable timestamp is: 2"
            ),
            false,
        ),
    ];
    for (words, waits) in said {
        let answer = Answer::with(400, "content-type", "text/plain", words.as_bytes());
        let fake = Fake::answering(vec![answer]).await;
        let loki = Loki::new(&settings(&fake), Dialect::Semconv).unwrap();
        let outcome = loki.send(&batch(samples::log("shop", "m"))).await;
        let reason = Reason::new("http 400", &words);
        let want = match waits {
            true => Outcome::retry(reason),
            false => Outcome::Refused(reason),
        };
        assert_eq!(outcome, want);
    }
}

#[tokio::test]
async fn what_a_browser_says_passes_for_no_word_of_lokis() {
    let forged = [
        "missing required labels",
        "it's \"missing required labels\"",
        "\\",
        "} structured metadata, but this feature is disallowed",
    ];
    for value in forged {
        let labels = push::labels(&[streams::Pair::new("deployment_environment", value)]);
        for words in [
            format!("stream '{labels}' has structured metadata too large: '70000' bytes"),
            format!("entry too far behind for stream: {labels}, total ignored: 1 out of 1"),
            format!("stream '{labels}' has label value too long: 'missing required labels'"),
        ] {
            let answer = Answer::with(400, "content-type", "text/plain", words.as_bytes());
            let fake = Fake::answering(vec![answer]).await;
            let loki = Loki::new(&settings(&fake), Dialect::Semconv).unwrap();
            let outcome = loki.send(&batch(samples::log("shop", "m"))).await;
            assert_eq!(outcome, Outcome::Refused(Reason::new("http 400", &words)));
        }
        let words = format!("missing required labels [team] for user a for stream {labels}");
        let answer = Answer::with(400, "content-type", "text/plain", words.as_bytes());
        let fake = Fake::answering(vec![answer]).await;
        let loki = Loki::new(&settings(&fake), Dialect::Semconv).unwrap();
        let outcome = loki.send(&batch(samples::log("shop", "m"))).await;
        assert_eq!(outcome, Outcome::retry(Reason::new("http 400", &words)));
    }
}

#[tokio::test]
async fn a_label_is_what_the_resource_says_and_the_records_own_word_stands_beside_it() {
    let mut fake = Fake::answering(vec![]).await;
    let loki = Loki::new(&settings(&fake), Dialect::Semconv).unwrap();
    let mut otlp = samples::log("shop", "m");
    let attributes = &mut otlp.logs[0].scope_logs[0].log_records[0].attributes;
    attributes.push(samples::string("service.name", "forged"));
    let request = pushed(&mut fake, &loki, &batch(otlp)).await;
    let stream = &request.streams[0];
    assert!(
        stream.labels.contains("service_name=\"shop\""),
        "{}",
        stream.labels
    );
    let metadata = &stream.entries[0].metadata;
    let own = metadata.iter().find(|it| it.name == "service_name");
    assert_eq!(own.map(|it| &*it.value), Some("forged"));
}

#[test]
fn what_a_label_says_of_the_resource_is_said_once_in_every_dialect() {
    let settings = Settings {
        labels: vec![("cloud_region".into(), "cloud.region".into())],
        ..Settings::new(Remote::new("http://loki:3100".parse().unwrap()))
    };
    let body = r#"{"farol.otlp":{"resourceLogs":[{"resource":{"attributes":[
        {"key":"cloud.region","value":{"stringValue":"eu"}},{"key":"cloud.zone","value":{"stringValue":"a"}}]},
        "scopeLogs":[{"logRecords":[{"body":{"stringValue":"m"}}]}]}]}}"#;
    let payload = Payload::decode(body.as_bytes()).unwrap();
    let header = Header {
        kind: SourceKind::OtlpLogs,
        ..Header::default()
    };
    for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
        let batch = batch(to_otlp(&header, &payload, dialect));
        let pushed = push::protobuf(&Streams::new(&settings, dialect).of(&batch));
        let request = Request::decode(&*pushed).unwrap();
        let stream = &request.streams[0];
        assert_eq!(stream.labels, r#"{cloud_region="eu"}"#, "{dialect:?}");
        let entry = &stream.entries[0];
        assert_eq!(metadata(entry, "cloud_zone"), Some("a"), "{dialect:?}");
        assert_eq!(metadata(entry, "cloud_region"), None, "{dialect:?}");
    }
}

#[tokio::test]
async fn dead_letters_go_to_streams_of_their_hour() {
    use crate::config::{Destination as Whole, DestinationKind};
    use crate::export::dead_letters::{DeadLetters, replay};
    const HOUR_NS: u64 = 3_600_000_000_000;
    let folder = tempfile::tempdir().unwrap();
    let letters = DeadLetters::new(folder.path(), "a");
    let refused = Reason::new("http 400", "entry too far behind");
    for (body, hours) in [("new", 0), ("old", 3), ("as new", 0)] {
        let mut otlp = samples::log("shop", body);
        let record = &mut otlp.logs[0].scope_logs[0].log_records[0];
        record.observed_time_unix_nano = RECEIVED - hours * HOUR_NS;
        letters.keep("a", &batch(otlp), &refused).await;
    }
    let mut fake = Fake::answering(vec![Answer::status(204)]).await;
    let to = Whole::new("b", DestinationKind::Loki(settings(&fake)));
    let target = replay::Target::of(&to).unwrap();
    let (_go_on, stop) = tokio::sync::watch::channel(false);
    let replayed = replay::replay(folder.path(), "a", &target, stop).await;
    assert_eq!(replayed.unwrap().items, 3);
    let seen = fake.seen.recv().await.unwrap();
    let plain = snap::raw::Decoder::new().decompress_vec(&seen.body);
    let request = Request::decode(&*plain.unwrap()).unwrap();
    let streams = request.streams.iter().map(|it| {
        let lines: Vec<_> = it.entries.iter().map(|it| it.line.as_str()).collect();
        let hour = it.labels.split("farol_replay=").nth(1).unwrap_or_default();
        (hour.to_owned(), lines)
    });
    assert_eq!(
        streams.collect::<Vec<_>>(),
        [
            ("\"2026-11-20T03\"}".to_owned(), vec!["new", "as new"]),
            ("\"2026-11-20T00\"}".to_owned(), vec!["old"]),
        ]
    );
}
