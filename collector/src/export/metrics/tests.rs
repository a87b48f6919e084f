use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::*;
use crate::config::Retry;
use crate::export::dead_letters::DeadLetters;
use crate::export::destination::{Attempt, Destination, Reason};
use crate::export::samples::snapshot;
use crate::export::stats::Stats;

/// Answers in turn, then takes all; says how many metrics each attempt had.
struct Told {
    answers: Mutex<std::vec::IntoIter<Outcome>>,
    sent: mpsc::UnboundedSender<usize>,
}

impl Destination for Told {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            self.sent.send(batch.len()).unwrap();
            let next = self.answers.lock().unwrap().next();
            next.unwrap_or_else(Outcome::accepted)
        })
    }
}

struct Bench {
    publish: watch::Sender<Option<Arc<Snapshot>>>,
    sent: mpsc::UnboundedReceiver<usize>,
    stats: Arc<Stats>,
    task: tokio::task::JoinHandle<()>,
}

fn bench(answers: Vec<Outcome>, changes_only: bool) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    bench_at(folder.path(), answers, changes_only)
}

/// With a folder that its dead letters stay in.
fn bench_in(answers: Vec<Outcome>) -> (tempfile::TempDir, Bench) {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench_at(folder.path(), answers, false);
    (folder, bench)
}

fn bench_at(folder: &std::path::Path, answers: Vec<Outcome>, changes_only: bool) -> Bench {
    let (publish, snapshots) = watch::channel(None);
    let (sender, sent) = mpsc::unbounded_channel();
    let stats = Arc::new(Stats::default());
    let mut shared = Shared::new(
        "a",
        Arc::new(Told {
            answers: Mutex::new(answers.into_iter()),
            sent: sender,
        }),
        Retry::default(),
        DeadLetters::new(folder, "a"),
        Arc::clone(&stats),
    );
    shared.random = || 1.0;
    // Of all that is.
    let told = super::Told::new(folder, "a", u64::MAX);
    Bench {
        publish,
        sent,
        stats,
        task: tokio::spawn(run(Arc::new(shared), snapshots, told, changes_only)),
    }
}

/// A snapshot of so many metrics.
fn state(metrics: usize, unchanged: bool) -> Option<Arc<Snapshot>> {
    let names = ["farol.sessions", "farol.page_views", "farol.exceptions"];
    let rows: Vec<_> = names[..metrics]
        .iter()
        .map(|name| ("shop", *name, &[""][..], 1.0))
        .collect();
    let mut snapshot = snapshot(&rows);
    snapshot.unchanged = unchanged;
    Some(Arc::new(snapshot))
}

fn busy() -> Outcome {
    Outcome::Retry {
        after: Some(Duration::from_secs(30)),
        suspect: false,
        reason: Reason::code("http 503"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_was_away_gets_the_newest_alone() {
    let mut bench = bench(vec![busy()], false);
    let start = Instant::now();
    bench.publish.send_replace(state(1, false));
    assert_eq!(bench.sent.recv().await, Some(1));
    bench.publish.send_replace(state(2, false));
    bench.publish.send_replace(state(3, false));
    assert_eq!(bench.sent.recv().await, Some(3));
    assert!(start.elapsed() >= Duration::from_secs(30));
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.sent.recv().await, None);
    assert_eq!(bench.stats.snapshots.load(Ordering::SeqCst), 1);
    assert_eq!(bench.stats.snapshots_superseded.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_one_is_delivered_after_the_aggregator_has_ended() {
    let mut bench = bench(vec![busy()], false);
    bench.publish.send_replace(state(2, false));
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.sent.recv().await, Some(2));
    assert_eq!(bench.sent.recv().await, Some(2));
    assert_eq!(bench.stats.snapshots.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_state_without_metrics_is_not_sent() {
    let mut bench = bench(vec![], false);
    bench.publish.send_replace(state(0, false));
    tokio::time::advance(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(1, false));
    assert_eq!(bench.sent.recv().await, Some(1));
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.stats.snapshots.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn files_leave_repetitions_out() {
    let mut bench = bench(vec![], true);
    bench.publish.send_replace(state(1, false));
    assert_eq!(bench.sent.recv().await, Some(1));
    bench.publish.send_replace(state(1, true));
    tokio::time::advance(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(2, false));
    assert_eq!(bench.sent.recv().await, Some(2));
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.sent.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_refused_snapshot_is_counted_and_the_next_one_tried() {
    let refused = Outcome::Refused(Reason::code("http 400"));
    let mut bench = bench(vec![refused], false);
    bench.publish.send_replace(state(1, false));
    assert_eq!(bench.sent.recv().await, Some(1));
    bench.publish.send_replace(state(2, false));
    assert_eq!(bench.sent.recv().await, Some(2));
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.stats.snapshots_refused.load(Ordering::SeqCst), 1);
    assert_eq!(bench.stats.last_reason(), Some(Reason::code("http 400")));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_taken_in_pieces_is_delivered() {
    let large = Outcome::Refused(Reason::code("grpc resource exhausted"));
    let (folder, mut bench) = bench_in(vec![large]);
    bench.publish.send_replace(state(2, false));
    for size in [2, 1, 1] {
        assert_eq!(bench.sent.recv().await, Some(size));
    }
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.stats.snapshots.load(Ordering::SeqCst), 1);
    assert_eq!(bench.stats.snapshots_refused.load(Ordering::SeqCst), 0);
    assert!(!folder.path().join("dead-letters").exists());
}

#[tokio::test(start_paused = true)]
async fn a_metric_of_which_one_piece_is_refused_each_time_is_a_dead_letter_once() {
    let refused = || Outcome::Refused(Reason::code("http 400"));
    // The whole, the second piece, the first.
    let round = || vec![refused(), Outcome::accepted(), refused()];
    let (folder, mut bench) = bench_in([round(), round()].concat());
    let pages: Vec<_> = (0..500).map(|page| format!("/{page}")).collect();
    let labels: Vec<_> = pages.iter().map(|page| [page.as_str()]).collect();
    let rows: Vec<_> = labels
        .iter()
        .map(|it| ("shop", "farol.sessions", &it[..], 1.0))
        .collect();
    for _ in 0..2 {
        bench.publish.send_replace(Some(Arc::new(snapshot(&rows))));
        for size in [2, 1, 1] {
            assert_eq!(bench.sent.recv().await, Some(size));
        }
    }
    drop(bench.publish);
    bench.task.await.unwrap();
    let letters = std::fs::read_to_string(folder.path().join("dead-letters/a.jsonl")).unwrap();
    assert_eq!(letters.lines().count(), 1, "{letters}");
}

#[tokio::test(start_paused = true)]
async fn one_refused_metric_keeps_no_other_and_is_a_dead_letter_once() {
    let refused = || Outcome::Refused(Reason::new("http 400", "out of order sample"));
    let taken = Outcome::accepted;
    // The whole, the third, which has to wait, the two before it, the second, and the culprit; then the same without the wait.
    let first = vec![refused(), busy(), taken(), refused(), taken(), refused()];
    let second = vec![refused(), taken(), refused(), taken(), refused()];
    let (folder, mut bench) = bench_in([first, second].concat());
    for sizes in [&[3, 1, 1, 2, 1, 1][..], &[3, 1, 2, 1, 1]] {
        bench.publish.send_replace(state(3, false));
        for size in sizes {
            assert_eq!(bench.sent.recv().await, Some(*size));
        }
    }
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.sent.recv().await, None);
    let letters = std::fs::read_to_string(folder.path().join("dead-letters/a.jsonl")).unwrap();
    assert_eq!(letters.lines().count(), 1, "{letters}");
    assert!(letters.contains("out of order sample"), "{letters}");
}

#[tokio::test(start_paused = true)]
async fn it_lacks_metrics_until_it_took_the_latest_and_while_some_are_not_said() {
    let mut bench = bench(vec![busy()], false);
    bench.stats.wants([Signal::Metrics].into_iter());
    let counted = crate::aggregate::Stats::default();
    let latest = state(1, false).unwrap();
    (counted.all_said_ns).store(latest.time_ns, Ordering::SeqCst);
    bench.publish.send_replace(Some(latest));
    assert_eq!(bench.sent.recv().await, Some(1));
    assert!(bench.stats.lacks_metrics(&counted));
    assert_eq!(bench.sent.recv().await, Some(1));
    drop(bench.publish);
    bench.task.await.unwrap();
    assert!(!bench.stats.lacks_metrics(&counted));
    (counted.all_said_ns).store(crate::aggregate::UNSAID, Ordering::SeqCst);
    assert!(bench.stats.lacks_metrics(&counted));
    bench.stats.wants([Signal::Logs].into_iter());
    assert!(!bench.stats.lacks_metrics(&counted));
}
