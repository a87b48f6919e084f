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
async fn batches_without_an_id_are_never_duplicates() {
    let collector = Collector::start().await;
    for _ in 0..2 {
        assert_eq!(
            collector.post("/collect", &[], logs(1)).await.json()["status"],
            "accepted"
        );
    }
}
