use bytes::Bytes;

use super::*;
use crate::record::{Counts, Header, Record};

const BODY: &str = r#"{"meta":{"page":{"url":"https://shop.example/"}},"measurements":[{"type":"web-vitals","values":{"lcp":1200}}]}"#;

fn record() -> Record {
    Record {
        header: Header {
            app: "shop".into(),
            counts: Counts {
                measurements: 1,
                ..Counts::default()
            },
            ..Header::default()
        },
        body: Bytes::from_static(BODY.as_bytes()),
    }
}

fn lcp(snapshots: &Snapshots) -> (u64, u64) {
    let snapshot = snapshots.borrow().clone().expect("a snapshot");
    match &snapshot.series[0].value {
        Value::Histogram(histogram) => (histogram.count, snapshot.series[0].start_ns),
        Value::Sum(_) => panic!("the first family is LCP"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_goes_out_at_the_next_interval_and_again_as_a_heartbeat() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::new(1 << 20);
    let (aggregator, mut snapshots) = Aggregator::open(folder.path(), &queue, INTERVAL).unwrap();
    let start = Instant::now();
    let task = tokio::spawn(aggregator.run());
    queue.append(record()).await.unwrap();
    snapshots.changed().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(lcp(&snapshots).0, 1);
    assert!(!snapshots.borrow_and_update().as_ref().unwrap().unchanged);
    assert_eq!(queue.depth().records, 0);

    snapshots.changed().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 130);
    assert!(snapshots.borrow_and_update().as_ref().unwrap().unchanged);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_counting_from_the_same_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let queue = Queue::new(1 << 20);
        let (aggregator, mut snapshots) =
            Aggregator::open(folder.path(), &queue, INTERVAL).unwrap();
        queue.append(record()).await.unwrap();
        queue.close();
        aggregator.run().await;
        snapshots.changed().await.unwrap();
        let instance = Arc::clone(&snapshots.borrow().as_ref().unwrap().instance);
        seen.push((lcp(&snapshots), instance));
    }
    let counts: Vec<u64> = seen.iter().map(|it| it.0.0).collect();
    assert_eq!(counts, [1, 2, 3]);
    assert!(
        seen.iter()
            .all(|it| it.0.1 == seen[0].0.1 && it.1 == seen[0].1)
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_snapshot_outlives_the_aggregator() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::new(1 << 20);
    let (aggregator, mut snapshots) = Aggregator::open(folder.path(), &queue, INTERVAL).unwrap();
    queue.append(record()).await.unwrap();
    queue.close();
    aggregator.run().await;
    assert!(snapshots.changed().await.is_ok());
    assert!(snapshots.borrow_and_update().is_some());
    assert!(snapshots.changed().await.is_err());
}
