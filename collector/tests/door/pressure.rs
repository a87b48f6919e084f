//! What happens when more comes in than goes out.

use std::time::Duration;

use farol_collector::config::QueueType;

use crate::harness::{Backend, Collector, app, eventually, logs};

#[tokio::test]
async fn a_full_queue_says_so_and_takes_again_when_the_destination_is_back() {
    let backend = Backend::start().await;
    backend.answers(503);
    let collector = Collector::with(|config| {
        config.destinations = vec![backend.destination("a")];
        config.queue.max_bytes = 200_000;
    })
    .await;
    let mut taken = 0;
    let refused = loop {
        let answer = collector
            .post("/collect", &[("origin", "https://a.example")], logs(100))
            .await;
        match answer.status {
            202 => taken += 100,
            _ => break answer,
        }
    };
    assert!(taken > 0);
    assert_eq!((refused.status, &*refused.error()), (503, "queue_full"));
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://a.example")
    );
    assert_eq!(collector.get("/-/ready").await.body, "the queue is full\n");
    backend.answers(200);
    collector
        .until_metric("farol_destination_items_pending{destination=\"a\"}", 0)
        .await;
    assert_eq!(backend.logs(), taken);
    assert_eq!(collector.get("/-/ready").await.status, 200);
    assert_eq!(collector.post("/collect", &[], logs(1)).await.status, 202);
}

#[tokio::test]
async fn a_destination_that_is_down_keeps_nobody_else_waiting() {
    let (good, bad) = (Backend::start().await, Backend::start().await);
    bad.answers(503);
    let collector = Collector::with(|config| {
        config.destinations = vec![good.destination("good"), bad.destination("bad")];
        config.queue.max_bytes = 100_000;
    })
    .await;
    for n in 1..=40 {
        assert_eq!(
            collector.post("/collect", &[], logs(50)).await.status,
            202,
            "{n}"
        );
        collector
            .until_metric("farol_destination_items_pending{destination=\"good\"}", 0)
            .await;
        assert_eq!(good.logs(), n * 50);
    }
    let lost =
        "farol_destination_items_total{destination=\"bad\",outcome=\"dropped\",reason=\"lag\"}";
    let pending = "farol_destination_items_pending{destination=\"bad\"}";
    // Two looks at books that are being written: each item is in one of them when nothing moves.
    eventually("each item lost or pending", || async {
        collector.metric(lost).await + collector.metric(pending).await == 2_000
    })
    .await;
    assert!(collector.metric(lost).await > 0);
    assert_eq!(collector.get("/-/ready").await.status, 200);
}

#[tokio::test]
async fn a_batch_that_is_refused_for_good_is_counted_and_stops_nothing() {
    let backend = Backend::start().await;
    backend.answers(400);
    let collector =
        Collector::with(|config| config.destinations = vec![backend.destination("a")]).await;
    collector.post("/collect", &[], logs(2)).await;
    let line =
        "farol_destination_items_total{destination=\"a\",outcome=\"dropped\",reason=\"rejected\"}";
    collector.until_metric(line, 2).await;
    backend.answers(200);
    collector.post("/collect", &[], logs(3)).await;
    collector
        .until_metric(
            "farol_destination_items_total{destination=\"a\",outcome=\"exported\",reason=\"\"}",
            3,
        )
        .await;
}

#[tokio::test]
async fn stopping_refuses_new_connections_and_ends_in_time() {
    let backend = Backend::start().await;
    backend.answers(503);
    let collector = Collector::with(|config| {
        config.destinations = vec![backend.destination("a")];
        config.shutdown_timeout = Duration::from_millis(200);
    })
    .await;
    collector.post("/collect", &[], logs(2)).await;
    let started = std::time::Instant::now();
    collector.stop().await;
    assert!(started.elapsed() < Duration::from_secs(9));
}

#[tokio::test]
async fn a_destination_that_is_down_opens_its_circuit_and_closes_it_when_it_is_back() {
    let backend = Backend::start().await;
    backend.answers(503);
    let collector =
        Collector::with(|config| config.destinations = vec![backend.destination("a")]).await;
    let circuit =
        |state| format!("farol_destination_circuit{{destination=\"a\",state=\"{state}\"}}");
    collector.until_metric(&circuit("closed"), 1).await;
    collector.post("/collect", &[], logs(1)).await;
    let opened = "farol_destination_circuit_opened_total{destination=\"a\"}";
    collector.until_metric(opened, 1).await;
    assert_eq!(collector.metric(&circuit("closed")).await, 0);
    backend.answers(200);
    collector.until_metric(&circuit("closed"), 1).await;
    assert_eq!(collector.metric(opened).await, 1);
}

#[tokio::test]
async fn an_app_beyond_its_quota_waits_alone_also_after_a_restart() {
    let backend = Backend::start().await;
    backend.answers(503);
    let with = |config: &mut farol_collector::config::Config| {
        let mut greedy = app("greedy", "k1", "https://greedy.example");
        greedy.disk_quota = Some(1 << 20);
        config.apps = vec![greedy, app("modest", "k2", "https://modest.example")];
        config.destinations = vec![backend.destination("a")];
        config.shutdown_timeout = Duration::from_millis(100);
    };
    let greedy = [("origin", "https://greedy.example")];
    let modest = [("origin", "https://modest.example")];
    let collector = Collector::with(with).await;
    let mut taken = 0;
    let refused = loop {
        let answer = collector.post("/collect/k1", &greedy, logs(500)).await;
        match answer.status {
            202 => taken += 500,
            _ => break answer,
        }
    };
    assert!(taken > 5_000, "{taken} items are not a MiB");
    assert_eq!((refused.status, &*refused.error()), (503, "app_quota"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        collector
            .post("/collect/k2", &modest, logs(500))
            .await
            .status,
        202
    );
    assert_eq!(collector.get("/-/ready").await.status, 200);

    let collector = Collector::in_folder(collector.stop().await, with).await;
    let answer = collector.post("/collect/k1", &greedy, logs(500)).await;
    assert_eq!((answer.status, &*answer.error()), (503, "app_quota"));
    backend.answers(200);
    collector
        .until_metric("farol_destination_items_pending{destination=\"a\"}", 0)
        .await;
    assert_eq!(backend.logs(), taken + 500);
    assert_eq!(
        collector
            .post("/collect/k1", &greedy, logs(500))
            .await
            .status,
        202
    );
}

/// Fills the queue; returns the id of a batch that was taken.
async fn fill(collector: &Collector, path: &str, headers: &[(&str, &str)]) -> String {
    for n in 0.. {
        let id = format!("batch-{n}");
        let answer = collector
            .post(&format!("{path}?id={id}"), headers, logs(100))
            .await;
        if answer.status != 202 {
            return format!("batch-{}", n - 1);
        }
    }
    unreachable!("every queue is full at some time")
}

#[tokio::test]
async fn a_body_is_not_looked_into_while_the_queue_is_full() {
    let backend = Backend::start().await;
    for (kind, why) in [
        (QueueType::Disk, "queue_full"),
        (QueueType::Memory, "queue_full"),
        (QueueType::Disk, "app_quota"),
    ] {
        backend.answers(503);
        let collector = Collector::with(|config| {
            config.destinations = vec![backend.destination("a")];
            config.queue.kind = kind;
            config.queue.max_bytes = 4 << 20;
            config.shutdown_timeout = Duration::from_millis(100);
            if why == "app_quota" {
                let mut greedy = app("greedy", "k1", "https://a.example");
                greedy.disk_quota = Some(1 << 20);
                config.apps = vec![greedy, app("modest", "k2", "https://a.example")];
            }
        })
        .await;
        let path = if why == "app_quota" {
            "/collect/k1"
        } else {
            "/collect"
        };
        let headers = [
            ("origin", "https://a.example"),
            ("content-encoding", "gzip"),
        ];
        let taken = fill(&collector, path, &headers[..1]).await;
        let seen = collector.metric("farol_items_seen_total").await;
        let refusals = format!("farol_requests_total{{outcome=\"refused\",reason=\"{why}\"}}");
        let before = collector.metric(&refusals).await;
        // What comes of it is never known: it is no gzip.
        for n in 1..=3 {
            let answer = collector.post(path, &headers, "no gzip").await;
            assert_eq!((answer.status, &*answer.error()), (503, why), "{kind:?}");
            assert_eq!(answer.header("retry-after"), Some("5"));
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some("https://a.example")
            );
            assert_eq!(collector.metric(&refusals).await, before + n);
        }
        assert_eq!(collector.metric("farol_items_seen_total").await, seen);
        // What was taken is known for taken, and is no reason to come again.
        let again = format!("{path}?id={taken}&try=2");
        let answer = collector.post(&again, &headers, "no gzip").await;
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (202, &"duplicate".into())
        );
        if why == "app_quota" {
            let modest = collector.post("/collect/k2", &headers[..1], logs(1)).await;
            assert_eq!(modest.status, 202);
        }
        backend.answers(200);
        collector
            .until_metric("farol_destination_items_pending{destination=\"a\"}", 0)
            .await;
        let answer = collector.post(path, &headers[..1], logs(100)).await;
        assert_eq!(answer.status, 202, "{kind:?} {why}");
        assert_eq!(collector.metric("farol_bugs_total").await, 0);
        collector.stop().await;
    }
}
