//! What was acknowledged and not delivered survives a stop.

use crate::harness::{Backend, Collector, logs, segments};

#[tokio::test]
async fn what_is_not_delivered_is_delivered_after_the_next_start() {
    let backend = Backend::start().await;
    backend.answers(503);
    let collector = Collector::with(|config| {
        config.destinations = vec![backend.destination("a")];
        config.shutdown_timeout = std::time::Duration::from_millis(100);
    })
    .await;
    for n in 1..=5 {
        collector.post("/collect", &[], logs(n)).await;
    }
    let folder = collector.stop().await;
    assert_eq!(segments(&folder), 1);

    backend.answers(200);
    let collector = Collector::in_folder(folder, |config| {
        config.destinations = vec![backend.destination("a")];
    })
    .await;
    collector
        .until_metric(
            "farol_destination_items_total{destination=\"a\",outcome=\"exported\",reason=\"\"}",
            15,
        )
        .await;
    assert_eq!(backend.logs(), 15);
    let recovered =
        "farol_destination_items_received_total{destination=\"a\",source=\"recovered\"}";
    assert_eq!(collector.metric(recovered).await, 15);
    crate::harness::eventually("the file is removed", || async {
        collector.segments() == 0
    })
    .await;
}

#[tokio::test]
async fn restarts_while_a_destination_is_away_multiply_nothing() {
    let backend = Backend::start().await;
    backend.answers(503);
    let with = |config: &mut farol_collector::config::Config| {
        config.destinations = vec![backend.destination("a")];
        config.shutdown_timeout = std::time::Duration::from_millis(100);
    };
    let collector = Collector::with(with).await;
    collector.post("/collect", &[], logs(3)).await;
    let mut folder = collector.stop().await;
    for _ in 0..3 {
        folder = Collector::in_folder(folder, with).await.stop().await;
        assert_eq!(segments(&folder), 1);
    }
    backend.answers(200);
    let collector = Collector::in_folder(folder, with).await;
    let exported =
        "farol_destination_items_total{destination=\"a\",outcome=\"exported\",reason=\"\"}";
    collector.until_metric(exported, 3).await;
    let folder = collector.stop().await;
    assert_eq!((backend.logs(), segments(&folder)), (3, 0));
}

#[tokio::test]
async fn only_the_destination_that_had_not_got_it_gets_it_again() {
    let (good, bad) = (Backend::start().await, Backend::start().await);
    bad.answers(503);
    let both = || vec![good.destination("good"), bad.destination("bad")];
    let collector = Collector::with(|config| {
        config.destinations = both();
        config.shutdown_timeout = std::time::Duration::from_millis(100);
    })
    .await;
    collector.post("/collect", &[], logs(3)).await;
    collector
        .until_metric("farol_destination_items_pending{destination=\"good\"}", 0)
        .await;
    let folder = collector.stop().await;
    bad.answers(200);
    let collector = Collector::in_folder(folder, |config| config.destinations = both()).await;
    collector
        .until_metric(
            "farol_destination_items_total{destination=\"bad\",outcome=\"exported\",reason=\"\"}",
            3,
        )
        .await;
    assert_eq!((good.logs(), bad.logs()), (3, 3));
}

#[tokio::test]
async fn a_stop_with_nothing_to_keep_leaves_no_file() {
    let backend = Backend::start().await;
    let collector =
        Collector::with(|config| config.destinations = vec![backend.destination("a")]).await;
    collector.post("/collect", &[], logs(3)).await;
    let folder = collector.stop().await;
    assert_eq!(
        (backend.logs(), segments(&folder)),
        (3, 0),
        "a stop delivers what it can"
    );
}

#[tokio::test]
async fn a_damaged_file_costs_what_is_damaged_and_is_counted() {
    let backend = Backend::start().await;
    backend.answers(503);
    let collector = Collector::with(|config| {
        config.destinations = vec![backend.destination("a")];
        config.shutdown_timeout = std::time::Duration::from_millis(100);
    })
    .await;
    for n in 1..=3 {
        collector.post("/collect", &[], logs(n)).await;
    }
    let folder = collector.stop().await;
    let path = folder.path().join("queue/00000000000000000000.segment");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    backend.answers(200);
    let collector = Collector::in_folder(folder, |config| {
        config.destinations = vec![backend.destination("a")];
    })
    .await;
    collector
        .until_metric(
            "farol_destination_items_total{destination=\"a\",outcome=\"exported\",reason=\"\"}",
            3,
        )
        .await;
    assert_eq!(
        collector.metric("farol_recovery_damaged_files_total").await,
        1
    );
}
