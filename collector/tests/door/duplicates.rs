//! A batch is taken once, however often it is sent.

use futures_util::future::join_all;

use crate::harness::{Collector, gzip, logs};

#[tokio::test]
async fn a_batch_that_comes_again_is_acknowledged_and_not_taken_twice() {
    let collector = Collector::start().await;
    let first = collector.post("/collect?id=b1&try=1", &[], logs(2)).await;
    assert_eq!(first.json()["status"], "accepted");
    for again in ["/collect?id=b1&try=2", "/collect?try=3&id=b1"] {
        let answer = collector.post(again, &[], logs(2)).await;
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (202, &"duplicate".into())
        );
    }
    let header = collector
        .post("/collect", &[("idempotency-key", "b1")], logs(2))
        .await;
    assert_eq!(header.json()["status"], "duplicate");
    assert_eq!(
        collector
            .metric("farol_items_total{outcome=\"enqueued\",reason=\"\"}")
            .await,
        2
    );
}

#[tokio::test]
async fn of_many_at_once_one_is_taken() {
    let collector = Collector::start().await;
    let answers = join_all((0..20).map(|_| collector.post("/collect?id=b1", &[], logs(2)))).await;
    let accepted = answers
        .iter()
        .filter(|a| a.json()["status"] == "accepted")
        .count();
    assert!(answers.iter().all(|a| a.status == 202));
    assert_eq!(accepted, 1);
    assert_eq!(
        collector
            .metric("farol_items_total{outcome=\"enqueued\",reason=\"\"}")
            .await,
        2
    );
}

#[tokio::test]
async fn a_batch_that_was_refused_may_come_again() {
    let collector = Collector::start().await;
    let body = gzip(logs(2).as_bytes());
    let half = &body[..body.len() / 2];
    assert_eq!(
        collector
            .post("/collect?id=b1&z=gzip", &[], half)
            .await
            .status,
        400
    );
    assert_eq!(
        collector
            .post("/collect?id=b1&z=gzip", &[], &body)
            .await
            .json()["status"],
        "accepted"
    );
}

#[tokio::test]
async fn two_apps_may_use_the_same_id() {
    let collector = Collector::with(|config| {
        config.apps = ["a", "b"].map(|n| crate::harness::app(n, n, "*")).to_vec();
    })
    .await;
    for key in ["a", "b"] {
        let path = format!("/collect/{key}?id=b1");
        let answer = collector
            .post(&path, &[("origin", "https://x.example")], logs(1))
            .await;
        assert_eq!(answer.json()["status"], "accepted", "{key}");
    }
}

#[tokio::test]
async fn each_signal_has_ids_of_its_own() {
    let collector = Collector::start().await;
    collector.post("/collect?id=b1", &[], logs(1)).await;
    let named = [
        ("content-type", "application/json"),
        ("idempotency-key", "b1"),
    ];
    let logs =
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"m"}}]}]}]}"#;
    let spans = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"s"}]}]}]}"#;
    for _ in 0..2 {
        for (path, body) in [("/v1/logs", logs), ("/collect/v1/traces", spans)] {
            let answer = collector.post(path, &named, body).await;
            assert_eq!(answer.status, 200, "{path} {}", answer.body);
        }
    }
    let enqueued = "farol_items_total{outcome=\"enqueued\",reason=\"\"}";
    assert_eq!(collector.metric(enqueued).await, 3);
}

#[tokio::test]
async fn batches_without_an_id_are_never_duplicates() {
    let collector = Collector::start().await;
    for _ in 0..2 {
        assert_eq!(
            collector.post("/collect", &[], logs(1)).await.json()["status"],
            "accepted"
        );
    }
}

#[tokio::test]
async fn a_batch_is_known_after_a_restart() {
    let collector = Collector::start().await;
    collector.post("/collect?id=b1&try=1", &[], logs(2)).await;
    let folder = collector.stop().await;
    let collector = Collector::in_folder(folder, |_| ()).await;
    for path in ["/collect?id=b1&try=2", "/collect?id=b1"] {
        let answer = collector.post(path, &[], logs(2)).await;
        assert_eq!(answer.json()["status"], "duplicate", "{path}");
    }
    assert_eq!(collector.metric("farol_dedupe_batches").await, 1);
    assert_eq!(
        collector.metric("farol_dedupe_window_seconds").await,
        48 * 3600
    );
}

/// What `log.record.uid` is of each record that a collector wrote.
async fn uids(collector: &Collector, n: usize) -> Vec<String> {
    let file = collector.folder.path().join("otlp/logs.jsonl");
    let read = || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let uids = text
            .split("\"log.record.uid\",\"value\":{\"stringValue\":\"")
            .skip(1);
        uids.map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    crate::harness::eventually("all records", || async { read().len() == n }).await;
    let mut all = read();
    all.sort();
    all
}

#[tokio::test]
async fn two_replicas_give_one_batch_the_same_uids() {
    let (a, b) = (Collector::start().await, Collector::start().await);
    for (collector, path) in [(&a, "/collect?id=b1&try=1"), (&b, "/collect?id=b1&try=2")] {
        let answer = collector.post(path, &[], logs(3)).await;
        assert_eq!(answer.json()["status"], "accepted");
    }
    let (of_a, of_b) = (uids(&a, 3).await, uids(&b, 3).await);
    assert_eq!(of_a, of_b);
    assert!(of_a.windows(2).all(|pair| pair[0] != pair[1]), "{of_a:?}");
}
