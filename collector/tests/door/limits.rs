//! Bounds, each on both of its sides.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use tokio::io::AsyncWriteExt;

use crate::harness::{Backend, Collector, gzip, logs, read_answer};

/// A payload of exactly this many bytes.
fn sized(bytes: usize) -> String {
    let body = logs(1);
    let padding = " ".repeat(bytes - body.len());
    format!("{body}{padding}")
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_bound() {
    let collector = Collector::with(|config| config.limits.body = 10_000).await;
    for (chunked, bytes, status) in [
        (false, 10_000, 202),
        (false, 10_001, 413),
        (true, 10_000, 202),
        (true, 10_001, 413),
    ] {
        let body = sized(bytes);
        let answer = match chunked {
            false => collector.post("/collect", &[], body).await,
            true => {
                let chunks = format!(
                    "{:x}\r\n{}\r\n1\r\n{}\r\n0\r\n\r\n",
                    bytes - 1,
                    &body[..bytes - 1],
                    &body[bytes - 1..]
                );
                collector
                    .post("/collect", &[("transfer-encoding", "chunked")], chunks)
                    .await
            }
        };
        assert_eq!(answer.status, status, "{bytes} {chunked}");
    }
}

#[tokio::test]
async fn an_inflated_body_is_taken_up_to_its_bound() {
    let collector = Collector::with(|config| config.limits.inflated = 100_000).await;
    for (bytes, status) in [(100_000, 202), (100_001, 413)] {
        let body = gzip(sized(bytes).as_bytes());
        assert_eq!(
            collector
                .post("/collect", &[("content-encoding", "gzip")], body)
                .await
                .status,
            status,
            "{bytes}"
        );
    }
}

/// A byte as it is sent, six in the queue's JSON.
#[tokio::test]
async fn what_would_be_more_in_the_queue_than_can_be_read_back_is_not_taken() {
    let collector = Collector::with(|config| config.limits.inflated = 16 << 20).await;
    let text = "\u{1}".repeat(128 << 10);
    let record = LogRecord {
        body: Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }),
        ..LogRecord::default()
    };
    let body = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records: vec![record; 90],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    let body = gzip(&body.encode_to_vec());
    let headers = [
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "gzip"),
    ];
    let answer = collector.post("/v1/logs", &headers, body).await;
    assert_eq!(answer.status, 413);
    let refused = "farol_items_total{outcome=\"refused\",reason=\"too_large\"}";
    collector.until_metric(refused, 90).await;
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_before_it_sends() {
    let collector = Collector::with(|config| config.limits.body = 10_000).await;
    let mut stream = collector.connect().await;
    let head = "POST /collect HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 10001\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 413);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let collector =
        Collector::with(|config| config.limits.body_timeout = std::time::Duration::from_millis(50))
            .await;
    let mut stream = collector.connect().await;
    stream
        .write_all(b"POST /collect HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    collector
        .until_metric(
            "farol_requests_total{outcome=\"aborted\",reason=\"body_cut\"}",
            1,
        )
        .await;
    let mut stream = collector.connect().await;
    stream
        .write_all(b"POST /collect HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{")
        .await
        .unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!((answer.status, &*answer.error()), (408, "body_timeout"));
}

#[tokio::test]
async fn bodies_in_flight_have_a_bound_together() {
    let collector = Collector::with(|config| {
        config.limits.in_flight = 250_000;
        config.limits.body = 100_000;
    })
    .await;
    let mut slow = collector.connect().await;
    let head = "POST /collect HTTP/1.1\r\nhost: a\r\ncontent-length: 90000\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    let body = sized(90_000);
    slow.write_all(&body.as_bytes()[..80_000]).await.unwrap();
    crate::harness::eventually("the first body is in flight", || async {
        // With what the connection of a body in pieces reads into: a head of 32 KiB and 4 more fit, twice.
        collector.metric("farol_bodies_in_flight_bytes").await == 80_000 + 2 * (36 << 10)
    })
    .await;
    let answer = collector.post("/collect", &[], sized(90_000)).await;
    assert_eq!(
        (
            answer.status,
            &*answer.error(),
            answer.header("retry-after")
        ),
        (503, "busy", Some("1"))
    );
    // A quarter is kept for what pages send.
    assert_eq!(collector.post("/collect", &[], logs(1)).await.status, 202);
    slow.write_all(&body.as_bytes()[80_000..]).await.unwrap();
    assert_eq!(read_answer(&mut slow).await.status, 202);
}

#[tokio::test]
async fn a_head_beyond_its_bound_is_refused() {
    let collector = Collector::start().await;
    let large = "x".repeat(40_000);
    let mut stream = collector.connect().await;
    let head = format!("POST /collect HTTP/1.1\r\nhost: a\r\nx-large: {large}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 431);
    let fits = "x".repeat(20_000);
    assert_eq!(
        collector
            .post("/collect", &[("x-large", &fits)], logs(1))
            .await
            .status,
        202
    );
}

#[tokio::test]
async fn what_is_said_once_about_many_items_is_bounded_as_it_goes_out() {
    let collector = Collector::start().await;
    let payload = |attributes: usize, items: usize| {
        let attributes: Vec<String> = (0..attributes)
            .map(|n| format!(r#""k{n}":"{}""#, "v".repeat(2000)))
            .collect();
        let logs =
            vec![r#"{"message":"m","level":"info","timestamp":"2026-01-02T03:04:05Z"}"#; items];
        format!(
            r#"{{"meta":{{"app":{{"name":"a"}},"session":{{"id":"s","attributes":{{{}}}}}}},"logs":[{}]}}"#,
            attributes.join(","),
            logs.join(",")
        )
    };
    // 20 attributes of 2,000 bytes: 100 items bring them to 4.0 million bytes, 110 beyond 4 MiB.
    for (attributes, items, status) in [
        (20, 100, 202),
        (20, 110, 413),
        (128, 2000, 413),
        (0, 2000, 202),
    ] {
        let answer = collector
            .post(
                "/collect?z=gzip",
                &[],
                gzip(payload(attributes, items).as_bytes()),
            )
            .await;
        assert_eq!(
            answer.status, status,
            "{attributes} × {items}: {}",
            answer.body
        );
        if status == 413 {
            assert_eq!(answer.error(), "too_much_repeated");
        }
    }
}

#[tokio::test]
async fn a_large_meta_that_each_item_differs_from_is_refused() {
    let collector = Collector::start().await;
    let names = |object: &str| {
        let all: Vec<String> = (0..128).map(|n| format!(r#""{object}{n}":1"#)).collect();
        all.join(",")
    };
    let parts = [
        "sdk", "app", "user", "page", "view", "browser", "os", "device",
    ];
    let send = |parts: &[&str], items: usize, own: &str| {
        let parts: Vec<String> = parts
            .iter()
            .map(|it| format!(r#""{it}":{{{}}}"#, names(it)))
            .collect();
        let items = vec![format!(r#"{{"message":"m"{own}}}"#); items].join(",");
        format!(r#"{{"meta":{{{}}},"logs":[{items}]}}"#, parts.join(","))
    };
    let own = r#","farol":{"view":{"name":"x"}}"#;
    for (parts, items, own, status) in [
        (&parts[..], 200, own, 413),
        (&parts[..], 200, "", 202),
        (&parts[..1], 1_000, own, 202),
        (&parts[..], 50, own, 202),
    ] {
        let body = gzip(send(parts, items, own).as_bytes());
        let answer = collector.post("/collect?z=gzip", &[], body).await;
        assert_eq!(
            answer.status,
            status,
            "{} × {items}: {}",
            parts.len(),
            answer.body
        );
    }
}

#[tokio::test]
async fn what_stands_beside_a_resource_or_a_scope_is_bounded_like_it() {
    let collector = Collector::start().await;
    let strange = format!(r#""strange":"{}","#, "x".repeat(100_000));
    let record = vec![r#"{"body":{"stringValue":"a"}}"#; 100].join(",");
    let span = r#"{"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0000000000000001","name":"s","startTimeUnixNano":"1","endTimeUnixNano":"2"}"#;
    let span = vec![span; 100].join(",");
    for place in ["nowhere", "BATCH", "TREE", "GROUP", "SCOPE"] {
        let at = |body: &str| {
            let body = body.replace(place, &strange);
            body.replace("BATCH", "")
                .replace("TREE", "")
                .replace("GROUP", "")
                .replace("SCOPE", "")
        };
        let logs = format!(
            r#"{{"resourceLogs":[{{GROUP"scopeLogs":[{{SCOPE"logRecords":[{record}]}}]}}]}}"#
        );
        let spans = format!(
            r#"{{"meta":{{}},"farol":{{BATCH"v":1}},"traces":{{TREE"resourceSpans":[{{GROUP"scopeSpans":[{{SCOPE"spans":[{span}]}}]}}]}}}}"#
        );
        let json = [("content-type", "application/json")];
        for (path, headers, body) in [
            ("/v1/logs", &json[..], at(&logs)),
            ("/collect", &[], at(&spans)),
        ] {
            let refused = body.contains("strange");
            let answer = collector.post(path, headers, body).await;
            assert_eq!(
                answer.status == 413,
                refused,
                "{path} {place}: {}",
                answer.body
            );
            if refused {
                assert!(answer.body.contains("about all of its items"), "{path}");
            } else {
                assert!(answer.status < 300, "{path}: {}", answer.body);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_that_a_client_gives_its_app_is_in_the_queue_once_however_long_it_is() {
    let backend = Backend::start().await;
    backend.answers(503);
    let collector = Collector::with(|config| {
        config.destinations = vec![backend.destination("away")];
    })
    .await;
    let name = "a".repeat(100_000);
    let body = format!(
        r#"{{"meta":{{"app":{{"name":"{name}"}}}},"logs":[{{"message":"m","level":"info"}}]}}"#
    );
    assert_eq!(collector.post("/collect", &[], body).await.status, 202);
    let bytes = collector.metric("farol_queue_bytes").await;
    assert!((100_000..110_000).contains(&bytes), "{bytes}");
}
