use std::sync::Mutex;

use tokio::sync::{mpsc, watch};

use super::*;
use crate::aggregate::Known;
use crate::config::Retry;
use crate::export::Batch;
use crate::export::dead_letters::DeadLetters;
use crate::export::destination::{Attempt, Destination, Outcome, Reason};
use crate::export::samples::snapshot;
use crate::export::stats::Stats;

/// Answers in turn, then takes all; hands over the bytes of each attempt.
struct Told {
    answers: Mutex<std::vec::IntoIter<Outcome>>,
    sent: mpsc::UnboundedSender<String>,
}

impl Destination for Told {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let json = String::from_utf8(batch.json()).unwrap();
            self.sent.send(json).unwrap();
            let next = self.answers.lock().unwrap().next();
            next.unwrap_or_else(Outcome::accepted)
        })
    }
}

struct Bench {
    publish: watch::Sender<Option<Arc<Snapshot>>>,
    sent: mpsc::UnboundedReceiver<String>,
    known: Known,
    task: tokio::task::JoinHandle<()>,
}

fn bench(folder: &Path, first: Option<Arc<Snapshot>>, answers: Vec<Outcome>) -> Bench {
    let (publish, snapshots) = watch::channel(first);
    let (sender, sent) = mpsc::unbounded_channel();
    let mut shared = Shared::new(
        "a",
        Arc::new(Told {
            answers: Mutex::new(answers.into_iter()),
            sent: sender,
        }),
        Retry::default(),
        DeadLetters::new(folder, "a"),
        Arc::new(Stats::default()),
    );
    shared.random = || 1.0;
    let known = shared.known.clone();
    known.begins("a");
    let windows = Windows::new(folder, "a");
    Bench {
        publish,
        sent,
        known,
        task: tokio::spawn(windows.run(Arc::new(shared), snapshots)),
    }
}

/// All that was counted when so many sessions were.
fn state(sessions: f64) -> Option<Arc<Snapshot>> {
    let mut snapshot = snapshot(&[("shop", "farol.sessions", &["mobile", ""], sessions)]);
    snapshot.time_ns += sessions as u64;
    Some(Arc::new(snapshot))
}

fn busy() -> Outcome {
    Outcome::Retry {
        after: Some(Duration::from_secs(30)),
        suspect: false,
        reason: Reason::code("http 503"),
    }
}

async fn next(bench: &mut Bench) -> (String, f64) {
    let json = bench.sent.recv().await.expect("a window");
    assert!(json.contains(r#""aggregationTemporality":1"#), "{json}");
    let value = json.split(r#""asDouble":"#).nth(1).unwrap();
    let value = value.split('}').next().unwrap().parse().unwrap();
    (json, value)
}

#[tokio::test(start_paused = true)]
async fn each_window_holds_what_came_since_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), state(5.0), vec![]);
    // A new destination is not told what was before it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(7.0));
    assert_eq!(next(&mut bench).await.1, 2.0);
    bench.publish.send_replace(state(7.0));
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(8.0));
    assert_eq!(next(&mut bench).await.1, 1.0);
    drop(bench.publish);
    bench.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_retry_sends_the_same_window_whatever_came_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), state(0.0), vec![busy(), busy()]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(2.0));
    let first = next(&mut bench).await;
    bench.publish.send_replace(state(3.0));
    assert_eq!(next(&mut bench).await, first);
    bench.publish.send_replace(state(6.0));
    assert_eq!(next(&mut bench).await, first);
    assert_eq!(next(&mut bench).await.1, 4.0);
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_with_the_window_that_was_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = bench(folder.path(), state(0.0), vec![Outcome::accepted(), busy()]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    one.publish.send_replace(state(2.0));
    assert_eq!(next(&mut one).await.1, 2.0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    one.publish.send_replace(state(3.0));
    let frozen = next(&mut one).await;
    one.task.abort();
    assert!(one.task.await.unwrap_err().is_cancelled());

    let mut two = bench(folder.path(), state(3.0), vec![]);
    assert_eq!(next(&mut two).await, frozen);
    tokio::time::sleep(Duration::from_secs(1)).await;
    two.publish.send_replace(state(7.0));
    assert_eq!(next(&mut two).await.1, 4.0);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_refused_for_good_is_not_added_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Outcome::Refused(Reason::code("http 400"));
    let mut bench = bench(folder.path(), state(0.0), vec![refused]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(2.0));
    assert_eq!(next(&mut bench).await.1, 2.0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(3.0));
    assert_eq!(next(&mut bench).await.1, 1.0);
}

/// What was counted of two apps: kept apart by what takes them.
fn two(shop: f64, till: f64) -> Option<Arc<Snapshot>> {
    let row = |app, value| (app, "farol.sessions", &["mobile", ""][..], value);
    let mut snapshot = snapshot(&[row("shop", shop), row("till", till)]);
    snapshot.time_ns += (shop + till) as u64;
    Some(Arc::new(snapshot))
}

fn part(refused: &[usize], again: &[usize]) -> Outcome {
    let reason = Reason::code("kafka not leader");
    Outcome::Each {
        refused: refused.iter().map(|at| (*at, reason.clone())).collect(),
        again: again.to_vec(),
        suspect: false,
        rejected: None,
        after: None,
        reason,
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_of_a_window_comes_again_until_it_is_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let away = [part(&[], &[1]), busy()].to_vec();
    let mut bench = bench(folder.path(), two(0.0, 0.0), away);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(two(2.0, 3.0));
    let whole = next(&mut bench).await.0;
    assert!(whole.contains("shop") && whole.contains("till"), "{whole}");
    // Twice, because it is away once more.
    for _ in 0..2 {
        let (rest, value) = next(&mut bench).await;
        assert!(!rest.contains("shop") && rest.contains("till"), "{rest}");
        assert_eq!(value, 3.0);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(two(2.0, 7.0));
    assert_eq!(next(&mut bench).await.1, 4.0);
}

#[tokio::test(start_paused = true)]
async fn a_metric_of_a_window_that_is_refused_by_its_place_is_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), two(0.0, 0.0), vec![part(&[0], &[1])]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(two(2.0, 3.0));
    next(&mut bench).await;
    assert_eq!(next(&mut bench).await.1, 3.0);
    drop(bench.publish);
    bench.task.await.unwrap();
    let letters = fs::read_to_string(folder.path().join("dead-letters/a.jsonl")).unwrap();
    assert!(letters.lines().count() == 1 && letters.contains("shop"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_while_a_window_is_divided_comes_again_too() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Outcome::Refused(Reason::code("http 400"));
    // The whole is refused, its second half taken in part.
    let answers = vec![refused, part(&[], &[1])];
    let rows = |value: f64| {
        let row = |app| (app, "farol.sessions", &["mobile", ""][..], value);
        let mut snapshot = snapshot(&["a", "b", "c", "d"].map(row));
        snapshot.time_ns += value as u64;
        Some(Arc::new(snapshot))
    };
    let mut bench = bench(folder.path(), rows(0.0), answers);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(rows(2.0));
    for want in ["abcd", "cd", "d", "ab"] {
        let sent = next(&mut bench).await.0;
        let names = ["a", "b", "c", "d"];
        let is_there = |name: &&&str| sent.contains(&format!(r#""stringValue":"{name}""#));
        let apps: String = names.iter().filter(is_there).copied().collect();
        assert_eq!(apps, want);
    }
}

#[test]
fn what_is_known_of_destinations_that_get_no_windows_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    Windows::keep_only(folder.path(), &["a"]).unwrap();
    let windows = folder.path().join(FOLDER);
    fs::create_dir(&windows).unwrap();
    let kept = ["a.sending.json", "a.sent.json", "a.sent.json.next"];
    let gone = ["b.sent.json", "b.sending.json", "a.b.sent.json", "a.json"];
    for name in kept.iter().chain(&gone) {
        fs::write(windows.join(name), "{}").unwrap();
    }
    Windows::keep_only(folder.path(), &["a"]).unwrap();
    let left = fs::read_dir(&windows).unwrap();
    let mut left: Vec<_> = left.map(|it| it.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, kept);
}

#[tokio::test]
async fn a_destination_that_was_removed_or_counted_in_all_begins_anew() {
    use crate::config::{self, DestinationKind, OtlpFile, Temporality};
    let folder = tempfile::tempdir().unwrap();
    let delta = |name: &str| {
        let file = OtlpFile::in_folder(folder.path().join(name));
        config::Destination {
            temporality: Temporality::Delta,
            ..config::Destination::new(name, DestinationKind::OtlpFile(file))
        }
    };
    let (_publish, snapshots) = watch::channel(state(5.0));
    let queue = crate::queue::Queue::new(1 << 20);
    let with = crate::export::With {
        queue: queue.clone(),
        ledgers: crate::outcome::Ledgers::new(),
        data_dir: folder.path().to_owned(),
        snapshots,
        known: Default::default(),
    };
    let state_of = |name: &str| folder.path().join(FOLDER).join(format!("{name}.sent.json"));
    let known = || ["a", "b", "c"].map(|name| state_of(name).exists());
    fs::create_dir(folder.path().join(FOLDER)).unwrap();
    for name in ["a", "b", "c"] {
        let five = state(5.0).unwrap();
        let bytes = Checkpoint::encode_series(&five.series, five.time_ns);
        fs::write(state_of(name), bytes).unwrap();
    }
    // The third was there in another run.
    let mut exports = crate::export::start(&[delta("a"), delta("b")], with).unwrap();
    assert_eq!(known(), [true, true, false]);
    let whole = config::Destination {
        temporality: Temporality::Cumulative,
        ..delta("b")
    };
    let change = exports.prepare(&[delta("a"), whole]).unwrap();
    exports.apply(change).await;
    assert_eq!(known(), [true, false, false]);
    let change = exports.prepare(&[]).unwrap();
    exports.apply(change).await;
    assert_eq!(known(), [false; 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_of_a_window_is_known_once_that_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = bench(folder.path(), state(5.0), vec![busy()]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.publish.send_replace(state(7.0));
    next(&mut bench).await;
    assert_eq!(bench.known.by_all(), state(5.0).unwrap().time_ns);
    next(&mut bench).await;
    drop(bench.publish);
    bench.task.await.unwrap();
    assert_eq!(bench.known.by_all(), state(7.0).unwrap().time_ns);
}
