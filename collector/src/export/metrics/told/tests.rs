use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::aggregate::{Known, Options};
use crate::config::Retry;
use crate::export::Batch;
use crate::export::dead_letters::DeadLetters;
use crate::export::destination::{Attempt, Destination, Outcome, Reason};
use crate::export::metrics::run;
use crate::export::samples::snapshot;
use crate::export::stats::Stats;
use crate::queue::Queue;

/// What a point said: its value, and when.
type Said = (f64, u64);

/// Answers in turn, then takes all; hands over the sessions of each attempt.
struct Taker {
    answers: Mutex<std::vec::IntoIter<Outcome>>,
    sent: mpsc::UnboundedSender<Vec<Said>>,
}

impl Destination for Taker {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let mut said = Vec::new();
            for (_, metric) in batch.placed::<Metric>() {
                let Some(Data::Sum(sum)) = &metric.data else {
                    panic!("sessions are a sum");
                };
                for point in &sum.data_points {
                    let Some(Value::AsDouble(value)) = point.value else {
                        panic!("a number");
                    };
                    said.push((value, point.time_unix_nano));
                }
            }
            self.sent.send(said).unwrap();
            let next = self.answers.lock().unwrap().next();
            next.unwrap_or_else(Outcome::accepted)
        })
    }
}

struct Bench {
    publish: watch::Sender<Option<Arc<Snapshot>>>,
    sent: mpsc::UnboundedReceiver<Vec<Said>>,
    known: Known,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn next(&mut self) -> Vec<Said> {
        self.sent.recv().await.expect("an attempt")
    }
}

/// A destination that begins when the latest snapshot was at `now_ns`.
fn bench(folder: &Path, now_ns: u64, answers: Vec<Outcome>, changes_only: bool) -> Bench {
    let (publish, snapshots) = watch::channel(None);
    let (sender, sent) = mpsc::unbounded_channel();
    let answers = Mutex::new(answers.into_iter());
    let mut shared = Shared::new(
        "a",
        Arc::new(Taker {
            answers,
            sent: sender,
        }),
        Retry::default(),
        DeadLetters::new(folder, "a"),
        Arc::new(Stats::default()),
    );
    shared.random = || 1.0;
    let known = shared.known.clone();
    known.begins("a");
    let told = Told::new(folder, "a", now_ns);
    Bench {
        publish,
        sent,
        known,
        task: tokio::spawn(run(Arc::new(shared), snapshots, told, changes_only)),
    }
}

/// A state at this time of series by when they began, each with a value.
fn state(time_ns: u64, series: &[(u64, f64)]) -> Option<Arc<Snapshot>> {
    let devices = ["desktop", "mobile", "tablet"];
    let values: Vec<_> = devices.iter().map(|device| [*device, ""]).collect();
    let each = values.iter().zip(series);
    let rows: Vec<_> = each
        .map(|(values, (_, value))| ("shop", "farol.sessions", &values[..], *value))
        .collect();
    let mut snapshot = snapshot(&rows);
    snapshot.time_ns = time_ns;
    for (it, (start_ns, _)) in snapshot.series.iter_mut().zip(series) {
        it.start_ns = *start_ns;
    }
    Some(Arc::new(snapshot))
}

/// A run in which one series begins and is told.
async fn one_run(folder: &Path) {
    let mut one = bench(folder, 10, vec![], false);
    one.publish.send_replace(state(20, &[(15, 2.0)]));
    assert_eq!(one.next().await, [(0.0, 20)]);
    // With the value it is known that the time of the 0 is stored.
    one.publish.send_replace(state(30, &[(15, 2.0)]));
    assert_eq!(one.next().await, [(2.0, 30)]);
    one.task.abort();
}

fn lost() -> Outcome {
    Outcome::retry(Reason::code("timed out"))
}

#[tokio::test(start_paused = true)]
async fn a_new_series_is_told_as_0_first_and_then_as_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), 10, vec![], false);
    // The first was there before this destination.
    bench
        .publish
        .send_replace(state(20, &[(5, 9.0), (15, 2.0)]));
    assert_eq!(bench.next().await, [(9.0, 20), (0.0, 20)]);
    let later = [(5, 9.0), (15, 3.0), (25, 1.0)];
    bench.publish.send_replace(state(30, &later));
    assert_eq!(bench.next().await, [(9.0, 30), (3.0, 30), (0.0, 30)]);
    bench.publish.send_replace(state(40, &later));
    assert_eq!(bench.next().await, [(9.0, 40), (3.0, 40), (1.0, 40)]);
    // Let go, and back.
    let back = [(5, 9.0), (45, 1.0)];
    for (time, value) in [(50, 0.0), (60, 1.0)] {
        bench.publish.send_replace(state(time, &back));
        assert_eq!(bench.next().await, [(9.0, time), (value, time)]);
    }
}

#[tokio::test(start_paused = true)]
async fn no_value_is_told_before_its_0_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), 10, vec![lost(), lost()], false);
    bench.publish.send_replace(state(20, &[(15, 2.0)]));
    assert_eq!(bench.next().await, [(0.0, 20)]);
    assert_eq!(bench.next().await, [(0.0, 20)]);
    bench.publish.send_replace(state(30, &[(15, 3.0)]));
    assert_eq!(bench.next().await, [(0.0, 30)]);
    bench.publish.send_replace(state(40, &[(15, 3.0)]));
    assert_eq!(bench.next().await, [(3.0, 40)]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_tells_no_series_as_0_again_and_the_others_as_0_first() {
    let folder = tempfile::tempdir().unwrap();
    one_run(folder.path()).await;

    let mut two = bench(folder.path(), 40, vec![], false);
    // The second began when nobody told of it.
    two.publish.send_replace(state(50, &[(15, 2.0), (35, 1.0)]));
    assert_eq!(two.next().await, [(2.0, 50), (0.0, 50)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_told_as_0_is_not_known_yet() {
    let folder = tempfile::tempdir().unwrap();
    let answers = vec![lost(), Outcome::accepted(), lost()];
    let mut bench = bench(folder.path(), 10, answers, false);
    bench.publish.send_replace(state(20, &[(15, 2.0)]));
    for _ in 0..2 {
        assert_eq!(bench.known.by_all(), 0);
        assert_eq!(bench.next().await, [(0.0, 20)]);
    }
    // Only what was there before the 0.
    assert_eq!(bench.known.by_all(), 10);
    bench.publish.send_replace(state(30, &[(15, 2.0)]));
    for _ in 0..2 {
        assert_eq!(bench.next().await, [(2.0, 30)]);
    }
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.known.by_all(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_hides_no_series_that_begins_then() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = bench(folder.path(), 10, vec![], false);
    one.publish.send_replace(state(7_200, &[(15, 2.0)]));
    assert_eq!(one.next().await, [(0.0, 7_200)]);
    // It was set back, and the next begins after what was told, as the aggregator has it.
    let later = [(15, 2.0), (7_201, 1.0)];
    one.publish.send_replace(state(20, &later));
    assert_eq!(one.next().await, [(2.0, 20), (0.0, 20)]);
    one.publish.send_replace(state(30, &later));
    assert_eq!(one.next().await, [(2.0, 30), (1.0, 30)]);
    one.task.abort();
    // Set back between two runs, of which the second knows nothing that began later.
    let mut two = bench(folder.path(), 40, vec![], false);
    two.publish.send_replace(state(50, &[(15, 3.0), (45, 1.0)]));
    assert_eq!(two.next().await, [(3.0, 50), (0.0, 50)]);
    two.publish.send_replace(state(60, &[(15, 3.0), (45, 1.0)]));
    assert_eq!(two.next().await, [(3.0, 60), (1.0, 60)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_is_told_when_the_aggregator_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), 10, vec![lost()], false);
    bench.publish.send_replace(state(20, &[(15, 2.0)]));
    drop(bench.publish);
    bench.task.await.unwrap();
    for said in [(0.0, 20), (0.0, 20), (2.0, 1_000_020)] {
        assert_eq!(bench.sent.recv().await, Some(vec![said]));
    }
    assert_eq!(bench.sent.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_leaves_repetitions_out_is_told_what_is_owed() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), 10, vec![], true);
    let repeated = |time| {
        let mut state = (*state(time, &[(15, 2.0)]).unwrap()).clone();
        state.unchanged = true;
        Some(Arc::new(state))
    };
    bench.publish.send_replace(state(20, &[(15, 2.0)]));
    assert_eq!(bench.next().await, [(0.0, 20)]);
    bench.publish.send_replace(repeated(30));
    assert_eq!(bench.next().await, [(2.0, 30)]);
    bench.publish.send_replace(repeated(40));
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.sent.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_away_for_a_configuration_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    for (now_ns, value) in [(10, 0.0), (30, 2.0)] {
        let mut bench = bench(folder.path(), now_ns, vec![], false);
        bench.publish.send_replace(state(now_ns + 10, &[(15, 2.0)]));
        assert_eq!(bench.next().await, [(value, now_ns + 10)]);
        bench.task.abort();
        Told::keep_only(folder.path(), &["b"]).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_version_told_meanwhile_is_told_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let options = Options {
            interval: Duration::from_secs(1),
            hold: Duration::ZERO,
        };
        let (aggregator, _) = Aggregator::open(folder.path(), &Queue::new(1), options).unwrap();
        Told::follow(folder.path(), &aggregator).unwrap();
    };
    one_run(folder.path()).await;

    let stored = folder.path().join("metrics-state.json");
    std::fs::write(&stored, r#"{"format":1,"told":true,"series":[]}"#).unwrap();
    open();
    let mut two = bench(folder.path(), 30, vec![], false);
    two.publish.send_replace(state(40, &[(15, 2.0), (25, 1.0)]));
    assert_eq!(two.next().await, [(2.0, 40), (0.0, 40)]);
    two.publish.send_replace(state(50, &[(15, 2.0), (25, 1.0)]));
    assert_eq!(two.next().await, [(2.0, 50), (1.0, 50)]);
    two.task.abort();

    // As the version before writes it.
    std::fs::write(&stored, r#"{"format":1,"series":[],"held":[]}"#).unwrap();
    open();
    let mut three = bench(folder.path(), 60, vec![], false);
    let later = [(15, 3.0), (25, 1.0), (55, 5.0)];
    three.publish.send_replace(state(70, &later));
    assert_eq!(three.next().await, [(3.0, 70), (1.0, 70), (5.0, 70)]);
}
