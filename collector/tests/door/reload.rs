//! Settings change while the collector runs: no request is dropped, what is wrong changes nothing, and destinations keep their books.

use std::time::Duration;

use farol_collector::config::{Config, Retry};
use futures_util::future::join_all;

use crate::harness::{Backend, Collector, app, logs};

const ORIGIN: [(&str, &str); 1] = [("origin", "https://x.example")];

fn exported(name: &str) -> String {
    format!(
        "farol_destination_items_total{{destination=\"{name}\",outcome=\"exported\",reason=\"\"}}"
    )
}

fn removed(name: &str) -> String {
    format!(
        "farol_destination_items_total{{destination=\"{name}\",outcome=\"dropped\",reason=\"destination_removed\"}}"
    )
}

fn pending(name: &str) -> String {
    format!("farol_destination_items_pending{{destination=\"{name}\"}}")
}

#[tokio::test]
async fn keys_and_origins_change_for_the_next_request() {
    let mut collector = Collector::with(|config| config.apps = vec![app("shop", "old", "*")]).await;
    assert_eq!(
        collector
            .post("/collect/old", &ORIGIN, logs(1))
            .await
            .status,
        202
    );
    assert!(
        collector
            .reload(|config| config.apps = vec![app("shop", "new", "*")])
            .await
    );
    assert_eq!(
        collector
            .post("/collect/old", &ORIGIN, logs(1))
            .await
            .status,
        403
    );
    assert_eq!(
        collector
            .post("/collect/new", &ORIGIN, logs(1))
            .await
            .status,
        202
    );
    assert_eq!(collector.metric("farol_config_generation").await, 2);
}

#[tokio::test]
async fn limits_change_for_the_next_request() {
    let mut collector = Collector::start().await;
    let body = logs(200);
    assert_eq!(collector.post("/collect", &[], &body).await.status, 202);
    assert!(collector.reload(|config| config.limits.body = 1024).await);
    assert_eq!(collector.post("/collect", &[], &body).await.status, 413);
}

#[tokio::test]
async fn what_cannot_change_or_cannot_be_read_leaves_everything_as_it_was() {
    let backend = Backend::start().await;
    let mut collector =
        Collector::with(|config| config.destinations = vec![backend.destination("a")]).await;
    let refused: [fn(&mut Config); 3] = [
        |config| config.listen.set_port(1),
        |config| config.data_dir = "elsewhere".into(),
        |config| config.queue.max_bytes += 1,
    ];
    for change in refused {
        let also = |config: &mut Config| {
            change(config);
            config.apps = vec![app("shop", "k", "*")];
            config.destinations.clear();
        };
        assert!(!collector.reload(also).await);
    }
    assert!(!collector.offer(Err("farol.toml:1: no".into())).await);
    assert_eq!(
        collector.metric("farol_config_reload_failures_total").await,
        4
    );
    assert_eq!(collector.metric("farol_config_generation").await, 1);
    assert_eq!(collector.post("/collect", &[], logs(2)).await.status, 202);
    collector.until_metric(&exported("a"), 2).await;
    // Told for as long as it is so: the next start reads the same file.
    collector.until_metric("farol_config_refused", 1).await;
    assert!(collector.reload(|_| ()).await);
    collector.until_metric("farol_config_refused", 0).await;
}

#[tokio::test]
async fn requests_under_way_do_not_notice() {
    let backend = Backend::start().await;
    let mut collector =
        Collector::with(|config| config.destinations = vec![backend.destination("a")]).await;
    for round in 0..5 {
        let paths: Vec<_> = (0..20)
            .map(|n| format!("/collect?id={round}-{n}"))
            .collect();
        let posts = join_all(paths.iter().map(|path| collector.post(path, &[], logs(1))));
        let answers = posts.await;
        assert!(answers.iter().all(|a| a.status == 202), "{answers:?}");
        assert!(collector.reload(|config| config.limits.body -= 1).await);
    }
    collector.until_metric(&exported("a"), 100).await;
    assert_eq!(backend.logs(), 100);
}

#[tokio::test]
async fn a_new_destination_starts_with_what_comes() {
    let (a, b) = (Backend::start().await, Backend::start().await);
    let mut collector =
        Collector::with(|config| config.destinations = vec![a.destination("a")]).await;
    collector.post("/collect", &[], logs(3)).await;
    collector.until_metric(&exported("a"), 3).await;
    let both = vec![a.destination("a"), b.destination("b")];
    assert!(collector.reload(|config| config.destinations = both).await);
    collector.post("/collect", &[], logs(2)).await;
    collector.until_metric(&exported("b"), 2).await;
    collector.until_metric(&exported("a"), 5).await;
    assert_eq!((a.logs(), b.logs()), (5, 2));
}

#[tokio::test]
async fn a_removed_destination_holds_nothing_back_and_its_rest_is_counted() {
    let (good, bad) = (Backend::start().await, Backend::start().await);
    bad.answers(503);
    let mut collector = Collector::with(|config| {
        config.destinations = vec![good.destination("good"), bad.destination("bad")];
    })
    .await;
    collector.post("/collect", &[], logs(4)).await;
    collector.until_metric(&exported("good"), 4).await;
    assert_eq!(collector.metric(&pending("bad")).await, 4);
    let one = vec![good.destination("good")];
    assert!(collector.reload(|config| config.destinations = one).await);
    assert_eq!(collector.metric(&removed("bad")).await, 4);
    assert_eq!(collector.metric(&pending("bad")).await, 0);
    collector.until_metric("farol_queue_records", 0).await;
    collector.post("/collect", &[], logs(1)).await;
    collector.until_metric(&exported("good"), 5).await;
    assert_eq!((good.logs(), bad.logs()), (5, 0));
}

#[tokio::test]
async fn a_changed_destination_goes_on_from_its_place() {
    let (old, new) = (Backend::start().await, Backend::start().await);
    old.answers(503);
    let mut collector =
        Collector::with(|config| config.destinations = vec![old.destination("a")]).await;
    collector.post("/collect", &[], logs(4)).await;
    assert!(
        collector
            .reload(|config| config.destinations = vec![new.destination("a")])
            .await
    );
    collector.until_metric(&exported("a"), 4).await;
    assert_eq!((old.logs(), new.logs()), (0, 4));
    assert_eq!(collector.metric(&pending("a")).await, 0);
}

#[tokio::test]
async fn a_change_of_a_healthy_destination_sends_nothing_twice() {
    let backend = Backend::start().await;
    let mut collector =
        Collector::with(|config| config.destinations = vec![backend.destination("a")]).await;
    for round in 1..=5_u64 {
        for _ in 0..10 {
            collector.post("/collect", &[], logs(1)).await;
        }
        let mut changed = backend.destination("a");
        changed.retry = Retry {
            initial: Duration::from_millis(10 + round),
            ..changed.retry
        };
        assert!(
            collector
                .reload(|config| config.destinations = vec![changed])
                .await
        );
    }
    collector.until_metric(&exported("a"), 50).await;
    assert_eq!(backend.logs(), 50);
}
