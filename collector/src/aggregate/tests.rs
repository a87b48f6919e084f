use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;

use super::*;
use crate::config::QueueSettings;
use crate::outcome::Ledgers;
use crate::record::{Counts, Header, Record};

const OPTIONS: Options = Options {
    interval: INTERVAL,
    hold: HOLD,
};
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
    let (aggregator, mut snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
    let stats = aggregator.stats();
    let unsaid = || stats.all_said_ns.load(Relaxed) == UNSAID;
    let start = Instant::now();
    let task = tokio::spawn(aggregator.run());
    assert!(!unsaid());
    queue.append(record()).await.unwrap();
    snapshots.changed().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(lcp(&snapshots).0, 1);
    assert!(unsaid(), "as 0, and once more as what it is");
    assert!(!snapshots.borrow_and_update().as_ref().unwrap().unchanged);
    assert_eq!(queue.depth().records, 0);

    // New series are told as 0 first, and again.
    snapshots.changed().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 20);
    let latest = snapshots.borrow_and_update().clone().unwrap();
    assert!(!latest.unchanged && !unsaid());
    assert_eq!(stats.all_said_ns.load(Relaxed), latest.time_ns);

    snapshots.changed().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 140);
    assert!(snapshots.borrow_and_update().as_ref().unwrap().unchanged);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_counting_from_the_same_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let queue = Queue::new(1 << 20);
        let (aggregator, mut snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
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
async fn a_visitor_who_tells_of_numbers_that_cannot_be_costs_no_series() {
    let folder = tempfile::tempdir().unwrap();
    let huge = r#"{"type":"web-vitals","values":{"lcp":1.7e308}}"#;
    let mut counts = Vec::new();
    for _ in 0..2 {
        let queue = Queue::new(1 << 20);
        let (aggregator, mut snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
        queue.append(record()).await.unwrap();
        let body = format!(r#"{{"measurements":[{huge},{huge}]}}"#).into();
        queue.append(Record { body, ..record() }).await.unwrap();
        queue.close();
        aggregator.run().await;
        snapshots.changed().await.unwrap();
        let snapshot = snapshots.borrow().clone().expect("a snapshot");
        let page = snapshot.series.iter().find(|it| it.values[0] == "/");
        let Some(Value::Histogram(lcp)) = page.map(|it| &it.value) else {
            panic!("LCP of the page is a histogram");
        };
        counts.push((lcp.count, lcp.sum));
    }
    assert_eq!(counts, [(1, 1_200.0), (2, 2_400.0)]);
}

#[tokio::test(start_paused = true)]
async fn the_last_snapshot_outlives_the_aggregator() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::new(1 << 20);
    let (aggregator, mut snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
    queue.append(record()).await.unwrap();
    queue.close();
    aggregator.run().await;
    assert!(snapshots.changed().await.is_ok());
    assert!(snapshots.borrow_and_update().is_some());
    assert!(snapshots.changed().await.is_err());
}

/// Time that passes as the runtime's paused clock says.
fn clock() -> Box<dyn Fn() -> u64 + Send + Sync> {
    let start = Instant::now();
    Box::new(move || 1_000_000 + start.elapsed().as_nanos() as u64)
}

fn growing(value: f64, delta: f64) -> Record {
    let body = format!(
        r#"{{"measurements":[{{"type":"web-vitals","values":{{"cls":{value},"delta":{delta}}},"context":{{"id":"v1"}}}}]}}"#
    );
    Record {
        body: body.into(),
        ..record()
    }
}

fn sum_of(snapshots: &Snapshots, family: &str) -> Option<f64> {
    let snapshot = snapshots.borrow().clone()?;
    let mut found = snapshot.series.iter();
    let series = found.find(|it| it.family.family().name == family)?;
    match &series.value {
        Value::Histogram(histogram) => Some(histogram.sum),
        Value::Sum(sum) => Some(*sum),
    }
}

#[tokio::test]
async fn a_series_is_not_let_go_while_a_destination_does_not_know_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::new(1 << 20);
    let (mut aggregator, snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
    let known = aggregator.known();
    known.begins("away");
    queue.append(record()).await.unwrap();
    let entries = aggregator.reader.next(10, 1 << 20).await;
    aggregator.take(&entries);
    let later = unix_now() + 30 * 3_600_000_000_000;
    aggregator.now = Box::new(move || later);
    aggregator.publish(true).await;
    assert_eq!(lcp(&snapshots).0, 1);
    known.is_told("away", later);
    aggregator.publish(true).await;
    assert!(snapshots.borrow().as_ref().unwrap().series.is_empty());
}

#[tokio::test]
async fn a_series_begins_after_all_that_was_told_wherever_the_clock_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::new(1 << 20);
    let (mut aggregator, snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
    const HOUR_NS: u64 = 3_600_000_000_000;
    let now = unix_now();
    let told = |snapshots: &Snapshots| snapshots.borrow().as_ref().unwrap().heard_ns();
    for (now, has_news) in [(now + 2 * HOUR_NS, false), (now, true), (now + 1, false)] {
        aggregator.now = Box::new(move || now);
        let before = told(&snapshots);
        if has_news {
            queue.append(record()).await.unwrap();
            let entries = aggregator.reader.next(10, 1 << 20).await;
            aggregator.take(&entries);
        }
        aggregator.publish(false).await;
        let snapshot = snapshots.borrow().clone().unwrap();
        assert_eq!(snapshot.time_ns, now);
        assert_eq!(snapshot.with_zeros(before).is_some(), has_news);
        assert_eq!(aggregator.again, has_news);
    }
}

#[tokio::test(start_paused = true)]
async fn a_growing_vital_counts_when_its_visit_was_quiet_for_the_hold() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::new(1 << 20);
    let (mut aggregator, mut snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
    aggregator.now = clock();
    let stats = aggregator.stats();
    let start = Instant::now();
    let task = tokio::spawn(aggregator.run());
    queue.append(growing(0.125, 0.125)).await.unwrap();
    snapshots.changed().await.unwrap();
    assert_eq!(sum_of(&snapshots, "farol.web_vital.cls"), None);
    assert_eq!(stats.held.load(Relaxed), 1);
    tokio::time::sleep(Duration::from_secs(290)).await;
    queue.append(growing(0.5, 0.375)).await.unwrap();
    while sum_of(&snapshots, "farol.web_vital.cls").is_none() {
        snapshots.changed().await.unwrap();
    }
    assert_eq!(sum_of(&snapshots, "farol.web_vital.cls"), Some(0.5));
    let waited = start.elapsed().as_secs();
    assert!((900..=930).contains(&waited), "{waited}");
    task.abort();
}

#[tokio::test]
async fn what_is_held_outlives_a_restart_and_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let queue = Queue::on_disk(&folder.path().join("queue"), QueueSettings::default());
        let queue = queue.unwrap();
        let opened = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
        queue.recover(&Ledgers::new());
        (queue, opened)
    };
    let (queue, (aggregator, _snapshots)) = open();
    queue.append(growing(0.125, 0.125)).await.unwrap();
    queue.close();
    aggregator.run().await;
    drop(queue);
    let (queue, (mut aggregator, snapshots)) = open();
    assert_eq!(aggregator.stats().held.load(Relaxed), 1);
    queue.append(growing(0.5, 0.375)).await.unwrap();
    let entries = aggregator.reader.next(10, 1 << 20).await;
    aggregator.take(&entries);
    aggregator.now = Box::new(|| u64::MAX);
    aggregator.settle();
    aggregator.publish(false).await;
    assert_eq!(sum_of(&snapshots, "farol.web_vital.cls"), Some(0.5));
    assert_eq!(sum_of(&snapshots, "farol.web_vital.ratings"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn what_is_held_counts_at_the_end_of_a_queue_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::new(1 << 20);
    let (aggregator, snapshots) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
    let stats = aggregator.stats();
    queue.append(growing(0.125, 0.125)).await.unwrap();
    queue.append(growing(0.5, 0.375)).await.unwrap();
    queue.close();
    aggregator.run().await;
    assert_eq!(sum_of(&snapshots, "farol.web_vital.cls"), Some(0.5));
    let figures = [&stats.held, &stats.early, &stats.replaced].map(|it| it.load(Relaxed));
    assert_eq!(figures, [0, 1, 1]);
    // Nothing of it is there to count again.
    let queue = Queue::new(1 << 20);
    let (aggregator, _) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
    assert_eq!(aggregator.state.held.len(), 0);
}

/// A queue on disk, and a process that ends between any two of its steps.
#[tokio::test]
async fn a_crash_between_any_two_steps_neither_loses_nor_doubles() {
    for crash in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let queue = Queue::on_disk(&folder.path().join("queue"), QueueSettings::default());
            let queue = queue.unwrap();
            let (aggregator, _) = Aggregator::open(folder.path(), &queue, OPTIONS).unwrap();
            queue.recover(&Ledgers::new());
            (queue, aggregator)
        };
        let (queue, mut aggregator) = open();
        queue.append(record()).await.unwrap();
        queue.append(record()).await.unwrap();
        let entries = aggregator.reader.next(1, 1).await;
        if crash > 0 {
            aggregator.take(&entries);
        }
        if crash > 1 {
            let place = aggregator.queue.zip(aggregator.cursor);
            let place = place.map(|(queue, next)| Place { queue, next });
            let bytes = Checkpoint::encode(&aggregator.state, place, 0);
            aggregator.checkpoint.write(&bytes).unwrap();
        }
        if crash > 2 {
            aggregator.publish(false).await;
        }
        drop((aggregator, queue));

        let (queue, mut aggregator) = open();
        queue.close();
        loop {
            let entries = aggregator.reader.next(10, 1 << 20).await;
            if entries.is_empty() {
                break;
            }
            aggregator.take(&entries);
        }
        aggregator.publish(false).await;
        assert_eq!(queue.depth().records, 0, "crash {crash}");
        let (state, _) = Checkpoint::new(folder.path()).load().unwrap();
        let Value::Histogram(lcp) = &state.store.sorted()[0].value else {
            panic!("LCP is a histogram");
        };
        assert_eq!(lcp.count, 2, "crash {crash}");
    }
}

#[tokio::test]
async fn a_queue_that_is_short_of_room_has_the_state_written_before_the_interval_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let settings = QueueSettings {
        max_bytes: 32 << 10,
        ..QueueSettings::default()
    };
    let queue = Queue::on_disk(&folder.path().join("queue"), settings).unwrap();
    let options = Options {
        interval: Duration::from_secs(24 * 3600),
        hold: HOLD,
    };
    let (aggregator, _snapshots) = Aggregator::open(folder.path(), &queue, options).unwrap();
    queue.recover(&Ledgers::new());
    let checkpoint = aggregator.checkpoint.clone();
    let task = tokio::spawn(aggregator.run());
    let mut taken = 0;
    while checkpoint.load().unwrap().1.is_none() {
        let _ = queue.append(record()).await;
        taken += 1;
        assert!(taken < 20_000, "its counts are in memory alone");
    }
    task.abort();
}
