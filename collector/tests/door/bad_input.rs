//! What goes wrong in bodies: each has its status and says what, none ends the collector, and good neighbours are kept.

use crate::harness::{Collector, gzip, logs};

fn with(extra: &str) -> Vec<u8> {
    let good = r#"{"message":"good","level":"info","timestamp":"2026-01-02T03:04:05.678Z"}"#;
    format!(r#"{{"meta":{{"app":{{"name":"shop"}}}},"logs":[{good}{extra}]}}"#).into_bytes()
}

#[tokio::test]
async fn bodies_that_are_no_payload_are_refused_with_a_reason() {
    let collector = Collector::start().await;
    let whole = gzip(logs(3).as_bytes());
    let deep = format!(
        "{{\"logs\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let cases: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
        ("not JSON", "", b"hello".to_vec(), 400, "bad_json"),
        (
            "cut JSON",
            "",
            logs(1).into_bytes()[..40].to_vec(),
            400,
            "bad_json",
        ),
        (
            "bare NaN",
            "",
            br#"{"meta":{},"logs":NaN}"#.to_vec(),
            400,
            "bad_json",
        ),
        ("a list", "", b"[]".to_vec(), 400, "bad_payload"),
        ("a number", "", b"7".to_vec(), 400, "bad_payload"),
        ("deep nesting", "", deep.into_bytes(), 400, "too_deep"),
        ("an empty body", "", Vec::new(), 400, "empty_body"),
        ("white space", "", b" \n ".to_vec(), 400, "empty_body"),
        (
            "half a gzip",
            "?z=gzip",
            whole[..whole.len() / 2].to_vec(),
            400,
            "bad_encoding",
        ),
        (
            "no gzip",
            "?z=gzip",
            logs(1).into_bytes(),
            400,
            "bad_encoding",
        ),
        (
            "an unknown encoding",
            "?z=lzma",
            logs(1).into_bytes(),
            415,
            "unknown_encoding",
        ),
        ("10 MB", "", vec![b' '; 10_000_000], 413, "too_large"),
        (
            "10 MB in gzip",
            "?z=gzip",
            gzip(&vec![b' '; 10_000_000]),
            413,
            "inflated_too_large",
        ),
    ];
    for (what, query, body, status, code) in cases {
        let path = format!("/collect{query}");
        let answer = collector
            .post(&path, &[("origin", "https://a.example")], &body)
            .await;
        assert_eq!(
            (answer.status, &*answer.error()),
            (status, code),
            "{what}: {}",
            answer.body
        );
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.len() > 10, "{what}: {message}");
        assert!(
            !message.contains("hello"),
            "{what}: what is sent is not repeated"
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("https://a.example"),
            "{what}"
        );
    }
    assert_eq!(
        collector.post("/collect", &[], logs(1)).await.status,
        202,
        "it goes on"
    );
    assert_eq!(collector.metric("farol_bugs_total").await, 0);
}

#[tokio::test]
async fn good_items_are_kept_beside_bad_ones() {
    let collector = Collector::start().await;
    let time = r#""timestamp":"2026-01-02T03:04:05.678Z""#;
    let cases: Vec<(&str, Vec<u8>, u64, u64)> = vec![
        ("an item that is a number", with(",7"), 1, 1),
        (
            "a message that is a list",
            with(&format!(r#",{{"message":[],{time}}}"#)),
            1,
            1,
        ),
        (
            "a number where a time should be",
            with(r#",{"message":"b","timestamp":12}"#),
            2,
            0,
        ),
        (
            "duplicate keys",
            with(&format!(r#",{{"message":"a","message":"b",{time}}}"#)),
            2,
            0,
        ),
        (
            "a lone surrogate",
            with(&format!(r#",{{"message":"\ud800",{time}}}"#)),
            2,
            0,
        ),
        (
            "a meta that is a list",
            br#"{"meta":[],"logs":[{"message":"a"}]}"#.to_vec(),
            1,
            0,
        ),
    ];
    for (what, body, items, dropped) in cases {
        let answer = collector.post("/collect", &[], &body).await;
        let json = answer.json();
        assert_eq!(answer.status, 202, "{what}: {}", answer.body);
        assert_eq!(
            (json["items"].as_u64(), json["dropped"].as_u64()),
            (Some(items), Some(dropped)),
            "{what}"
        );
        if dropped > 0 {
            let told = &json["unreadable"][0];
            assert_eq!(
                (told["kind"].as_str(), told["index"].as_u64()),
                (Some("log"), Some(1)),
                "{what}"
            );
            assert!(told["reason"].is_string(), "{what}");
        }
    }
}

#[tokio::test]
async fn items_past_the_bound_are_cut_and_counted() {
    let collector = Collector::start().await;
    let json = collector.post("/collect", &[], logs(2_003)).await.json();
    assert_eq!(
        (json["items"].as_u64(), json["dropped"].as_u64()),
        (Some(2_000), Some(3))
    );
    let line = "farol_items_total{outcome=\"dropped\",reason=\"too_many\"}";
    assert_eq!(collector.metric(line).await, 3);
}

#[tokio::test]
async fn a_session_that_is_sampled_out_is_acknowledged_and_not_kept() {
    let collector = Collector::start().await;
    let body = logs(3).replacen('{', r#"{"farol":{"v":1,"state":"off","rate":0.1},"#, 1);
    let answer = collector.post("/collect", &[], body).await;
    assert_eq!(
        (answer.status, answer.json()["items"].as_u64()),
        (202, Some(0))
    );
    let line = "farol_items_total{outcome=\"filtered\",reason=\"sampled_out\"}";
    assert_eq!(collector.metric(line).await, 3);
}
