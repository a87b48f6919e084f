use std::sync::Mutex;

use tokio::sync::{mpsc, watch};

use super::*;
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
    let windows = Windows::new(folder, "a");
    Bench {
        publish,
        sent,
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
