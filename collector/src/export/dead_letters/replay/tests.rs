use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::export::dead_letters::DeadLetters;
use crate::export::destination::{Attempt, Reason};
use crate::export::points::{self, Form};
use crate::export::samples;

/// Takes what holds no word of `refuses`, and keeps the requests that it took.
struct Told {
    refuses: &'static [&'static str],
    away: bool,
    /// What it says before that, whatever comes.
    says: Mutex<VecDeque<Outcome>>,
    took: Mutex<Vec<String>>,
}

impl Told {
    fn new(refuses: &'static [&'static str], away: bool) -> Self {
        Self {
            refuses,
            away,
            says: Mutex::default(),
            took: Mutex::default(),
        }
    }

    fn saying(says: impl Into<VecDeque<Outcome>>) -> Self {
        Self {
            says: Mutex::new(says.into()),
            ..Self::new(&[], false)
        }
    }

    fn took(&self) -> Vec<String> {
        self.took.lock().unwrap().clone()
    }
}

impl Destination for Told {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let json = String::from_utf8(batch.json()).unwrap();
            if self.away {
                return Outcome::retry(Reason::code("no connection"));
            }
            if self.refuses.iter().any(|it| json.contains(it)) {
                return Outcome::Refused(Reason::code("http 400"));
            }
            self.took.lock().unwrap().push(json);
            let said = self.says.lock().unwrap().pop_front();
            said.unwrap_or_else(Outcome::accepted)
        })
    }
}

/// Sends to what takes these signals.
async fn replayed(folder: &Path, from: &str, to: &Arc<Told>, signals: config::Signals) -> Replayed {
    let destination: Arc<dyn Destination> = to.clone();
    let target = Target {
        destination,
        signals,
    };
    replay(folder, from, &target, watch::channel(false).1)
        .await
        .unwrap()
}

async fn sent(folder: &Path, from: &str, to: &Arc<Told>) -> Replayed {
    replayed(folder, from, to, config::Signals::default()).await
}

async fn letters(folder: &Path, batches: &[Batch]) {
    let letters = DeadLetters::new(folder, "d");
    for batch in batches {
        let reason = Reason::new("http 400", "no such field");
        letters.keep("d", batch, &reason).await;
    }
}

fn log(body: &str) -> Batch {
    let source = Source::Record(std::sync::Arc::new(samples::log("shop", body)));
    Batch::new(Signal::Logs, vec![source])
}

/// The collector's own.
fn metrics() -> Batch {
    let snapshot = samples::snapshot(&[("shop", "farol.sessions", &["mobile", ""], 2.0)]);
    let made = points::metrics(&snapshot, Form::Otlp);
    Batch::new(Signal::Metrics, vec![Source::Metrics(Arc::new(made))])
}

fn left(folder: &Path) -> String {
    fs::read_to_string(folder.join("dead-letters/d.jsonl")).unwrap()
}

#[tokio::test]
async fn what_is_taken_goes_and_what_is_refused_again_stays() {
    let folder = tempfile::tempdir().unwrap();
    letters(folder.path(), &[log("one"), log("culprit"), log("two")]).await;
    let told = Arc::new(Told::new(&["culprit"], false));
    let replayed = sent(folder.path(), "d", &told).await;
    let want = Replayed {
        items: 2,
        letters: 2,
        refused: 1,
        reason: Some("http 400".to_owned()),
        ..Replayed::default()
    };
    assert_eq!(replayed, want);
    assert_eq!(told.took().len(), 2);
    let rest = left(folder.path());
    assert!(
        rest.lines().count() == 1 && rest.contains("culprit"),
        "{rest}"
    );
    let again = sent(folder.path(), "d", &Arc::new(Told::new(&[], false))).await;
    assert_eq!(again.letters, 1);
    assert_eq!(left(folder.path()), "");
}

#[tokio::test]
async fn an_item_is_sent_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let rich = || {
        let mut rich = samples::rich();
        let attributes = &mut rich.logs[0].scope_logs[0].log_records[0].attributes;
        attributes.push(samples::string("log.record.uid", "its name"));
        Source::Record(std::sync::Arc::new(rich))
    };
    let all = [
        Batch::new(Signal::Logs, vec![rich()]),
        Batch::new(Signal::Traces, vec![rich()]),
        metrics(),
    ];
    letters(folder.path(), &all).await;
    let told = Arc::new(Told::new(&[], false));
    sent(folder.path(), "d", &told).await;
    let was: Vec<serde_json::Value> = all
        .iter()
        .map(|it| serde_json::from_slice(&it.json()).unwrap())
        .collect();
    let came: Vec<serde_json::Value> = told
        .took()
        .iter()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(came, was);
}

#[tokio::test]
async fn nothing_goes_to_one_that_is_away_and_letters_of_others_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    letters(folder.path(), &[log("one"), log("two")]).await;
    let before = left(folder.path());
    let away = Arc::new(Told::new(&[], true));
    let replayed = sent(folder.path(), "d", &away).await;
    assert_eq!((replayed.letters, replayed.left), (0, 2));
    assert_eq!(replayed.reason.as_deref(), Some("no connection"));
    let other = sent(folder.path(), "other", &Arc::new(Told::new(&[], false))).await;
    assert_eq!(other, Replayed::default());
    assert_eq!(left(folder.path()), before);
}

#[tokio::test]
async fn at_a_stop_no_answer_is_waited_for_and_what_was_taken_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<Batch> = (0..=TOGETHER).map(|n| log(&format!("<{n}>"))).collect();
    letters(folder.path(), &all).await;
    // Takes the first request; the second it never answers, and the collector is told to stop meanwhile.
    struct Hangs(Mutex<Option<watch::Sender<bool>>>, Mutex<usize>);
    impl Destination for Hangs {
        fn send<'a>(&'a self, _: &'a Batch) -> Attempt<'a> {
            Box::pin(async {
                let nth = std::mem::replace(&mut *self.1.lock().unwrap(), 1);
                if nth == 0 {
                    return Outcome::accepted();
                }
                let stop = self.0.lock().unwrap().take();
                stop.unwrap().send_replace(true);
                std::future::pending().await
            })
        }
    }
    let (tell, stop) = watch::channel(false);
    let target = Target {
        destination: Arc::new(Hangs(Mutex::new(Some(tell)), Mutex::new(0))),
        signals: config::Signals::default(),
    };
    let replayed = replay(folder.path(), "d", &target, stop).await.unwrap();
    assert_eq!((replayed.letters, replayed.left), (TOGETHER as u64, 1));
    assert_eq!(
        replayed.reason.as_deref(),
        Some("the collector is stopping")
    );
    assert_eq!(left(folder.path()).lines().count(), 1);
}

#[tokio::test]
async fn a_letter_that_names_no_item_stays() {
    let folder = tempfile::tempdir().unwrap();
    let reason = Reason::code("partial success");
    let letters = DeadLetters::new(folder.path(), "d");
    letters.note("d", &log("one"), 1, &reason).await;
    let replayed = sent(folder.path(), "d", &Arc::new(Told::new(&[], false))).await;
    assert_eq!(replayed.nameless, 1);
    assert!(!replayed.is_all());
    assert_eq!(left(folder.path()).lines().count(), 1);
}

/// A letter of several items, in this order.
fn of(bodies: &[&str]) -> Batch {
    let source = |body: &&str| Source::Record(Arc::new(samples::log("shop", body)));
    Batch::new(Signal::Logs, bodies.iter().map(source).collect())
}

#[tokio::test]
async fn a_letter_that_is_taken_in_part_keeps_only_the_items_that_were_not() {
    let folder = tempfile::tempdir().unwrap();
    letters(folder.path(), &[log("first"), of(&["one", "two", "three"])]).await;
    let reason = Reason::code("http 207");
    let told = Arc::new(Told::saying([Outcome::Each {
        refused: vec![(2, reason.clone())],
        again: vec![3],
        suspect: false,
        rejected: None,
        after: None,
        reason,
    }]));
    let replayed = sent(folder.path(), "d", &told).await;
    assert_eq!((replayed.items, replayed.letters), (2, 1));
    assert_eq!((replayed.refused, replayed.left), (1, 0));
    let rest = left(folder.path());
    let kept = letter(rest.trim_end().as_bytes()).unwrap();
    assert_eq!((kept.items, &*kept.code), (2, "http 400"));
    assert_eq!(kept.detail, "no such field");
    let told = Arc::new(Told::new(&[], false));
    let replayed = sent(folder.path(), "d", &told).await;
    assert_eq!((replayed.items, replayed.letters), (2, 1));
    let came = told.took().concat();
    let came = ["first", "one", "two", "three"].map(|it| came.contains(&format!("\"{it}\"")));
    assert_eq!(came, [false, false, true, true]);
    assert_eq!(left(folder.path()), "");
}

#[tokio::test]
async fn where_nobody_knows_what_was_dropped_each_letter_is_asked_for_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    letters(folder.path(), &[log("one"), log("culprit"), log("two")]).await;
    let dropped = || Outcome::Accepted {
        rejected: 1,
        reason: Some(Reason::code("partial success")),
    };
    let says = [
        dropped(),
        Outcome::accepted(),
        dropped(),
        Outcome::accepted(),
    ];
    let told = Arc::new(Told::saying(says));
    let replayed = sent(folder.path(), "d", &told).await;
    assert_eq!((replayed.letters, replayed.refused), (2, 1));
    assert_eq!(replayed.reason.as_deref(), Some("partial success"));
    assert_eq!(told.took().len(), 4);
    let rest = left(folder.path());
    assert!(
        rest.lines().count() == 1 && rest.contains("culprit"),
        "{rest}"
    );
}

#[tokio::test]
async fn an_item_that_is_refused_keeps_no_other_of_its_letter_back() {
    let folder = tempfile::tempdir().unwrap();
    let bodies: Vec<String> = (0..64).map(|n| format!("<{n}>")).collect();
    let mut bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    bodies[40] = "culprit";
    letters(folder.path(), &[of(&bodies), log("another")]).await;
    let told = Arc::new(Told::new(&["culprit"], false));
    let replayed = sent(folder.path(), "d", &told).await;
    let want = Replayed {
        items: 64,
        letters: 1,
        refused: 1,
        reason: Some("http 400".to_owned()),
        ..Replayed::default()
    };
    assert_eq!(replayed, want);
    let came = told.took().concat();
    assert!((0..64).all(|n| n == 40 || came.matches(&format!("<{n}>")).count() == 1));
    let rest = left(folder.path());
    let kept = letter(rest.trim_end().as_bytes()).unwrap();
    assert!(kept.items == 1 && rest.contains("culprit"), "{rest}");
}

#[tokio::test]
async fn where_a_letters_items_are_dropped_unnamed_they_are_looked_for_once() {
    /// Says of how many that it was given it drops.
    struct Drops(Mutex<usize>);
    impl Destination for Drops {
        fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
            *self.0.lock().unwrap() += 1;
            let json = String::from_utf8(batch.json()).unwrap();
            let rejected = json.matches("culprit").count() as u64;
            let reason = (rejected > 0).then(|| Reason::code("partial success"));
            Box::pin(async move { Outcome::Accepted { rejected, reason } })
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let bodies = ["one", "two", "culprit", "culprit", "three"];
    letters(folder.path(), &[of(&bodies)]).await;
    let drops = Arc::new(Drops(Mutex::new(0)));
    let target = Target {
        destination: drops.clone(),
        signals: config::Signals::default(),
    };
    let stop = watch::channel(false).1;
    let replayed = replay(folder.path(), "d", &target, stop).await.unwrap();
    assert_eq!((replayed.items, replayed.refused), (3, 1));
    let rest = left(folder.path());
    assert_eq!(rest.matches("culprit").count(), 2, "{rest}");
    assert_eq!(letter(rest.trim_end().as_bytes()).unwrap().items, 2);
    // The whole; its halves, of three and two; the quarters of both.
    assert_eq!(*drops.0.lock().unwrap(), 7);
}

/// Record `n` of a request: what a page measured, in one line each, came in at once.
fn vital(n: u64, observed: u64) -> opentelemetry_proto::tonic::logs::v1::LogRecord {
    opentelemetry_proto::tonic::logs::v1::LogRecord {
        time_unix_nano: 1_795_145_700_000_000_000,
        observed_time_unix_nano: observed,
        attributes: vec![samples::string("log.record.uid", &format!("{n:032x}"))],
        event_name: "browser.web_vital".into(),
        ..Default::default()
    }
}

fn vitals(observed: &[u64]) -> Batch {
    let records = (0..).zip(observed).map(|(n, at)| vital(n, *at)).collect();
    let otlp = crate::convert::Otlp {
        logs: vec![samples::logs("shop", records)],
        ..Default::default()
    };
    Batch::new(Signal::Logs, vec![Source::Record(Arc::new(otlp))])
}

#[tokio::test]
async fn items_of_one_request_are_told_apart_by_their_times_each_time_the_same() {
    let at = 1_795_145_700_000_000_000;
    let batch = vitals(&[at; 3]);
    let folder = tempfile::tempdir().unwrap();
    let parts = [batch.clone(), batch.only(&[1]), batch.only(&[2])];
    letters(folder.path(), &parts).await;
    let rest = left(folder.path());
    let opened = rest.lines().map(|line| {
        let (_, otlp) = letter(line.as_bytes()).unwrap().open().unwrap();
        otlp.arrivals.clone()
    });
    let opened: Vec<Vec<u64>> = opened.collect();
    let [a, b, c] = opened[0][..] else {
        panic!("{opened:?}");
    };
    assert!(a != b && b != c && a != c, "{opened:?}");
    assert!([a, b, c].iter().all(|it| (at..at + 1_000_000).contains(it)));
    assert_eq!(opened[1..], [vec![b], vec![c]]);
}

#[tokio::test]
async fn the_times_of_a_letter_stay_whatever_hours_it_spans_and_whatever_one_item_says() {
    let minute = 60_000_000_000;
    let first = 1_795_145_700_000_000_000;
    let hour = [first, first + 15 * minute, first + 60 * minute];
    let lies = [first, 0, 4_000_000_000_000_000_000];
    let moved = |observed: &[u64]| {
        let mut batch = Vec::new();
        for (n, at) in (0..).zip(observed) {
            let mut record = vital(n, *at);
            record.time_unix_nano = first + n * 20 * minute;
            batch.push(record);
        }
        let otlp = crate::convert::Otlp {
            logs: vec![samples::logs("shop", batch)],
            ..Default::default()
        };
        Batch::new(Signal::Logs, vec![Source::Record(Arc::new(otlp))])
    };
    for observed in [hour, lies] {
        let batch = moved(&observed);
        let json: serde_json::Value = serde_json::from_slice(&batch.json()).unwrap();
        // Written long after.
        let line = serde_json::json!({"time": "2026-12-01T00:00:00Z", "destination": "d",
            "signal": "logs", "code": "http 400", "items": 3, "request": json});
        let line = line.to_string();
        let (_, otlp) = letter(line.as_bytes()).unwrap().open().unwrap();
        let records = &otlp.logs[0].scope_logs[0].log_records;
        for (n, record) in (0..).zip(records) {
            assert_eq!(record.time_unix_nano, first + n * 20 * minute);
            assert_eq!(record.attributes.len(), 1, "{record:?}");
        }
        for arrival in &otlp.arrivals {
            assert!((first..first + 61 * minute).contains(arrival), "{arrival}");
        }
    }
}

#[tokio::test]
async fn letters_of_a_signal_that_the_target_does_not_take_stay_and_it_is_said_why() {
    let folder = tempfile::tempdir().unwrap();
    let rich = || vec![Source::Record(Arc::new(samples::rich()))];
    let spans = Batch::new(Signal::Traces, rich());
    letters(folder.path(), &[spans, log("one")]).await;
    let told = Arc::new(Told::new(&[], false));
    let replayed = replayed(folder.path(), "d", &told, config::Signals::LOGS).await;
    assert_eq!((replayed.letters, replayed.left), (1, 1));
    assert_eq!(
        replayed.reason.as_deref(),
        Some("traces are not its signal")
    );
    assert_eq!(told.took().len(), 1);
    let rest = left(folder.path());
    assert!(rest.lines().count() == 1 && rest.contains("resourceSpans"));
}

#[test]
fn what_takes_records_of_the_queue_is_no_target() {
    let remote = config::Remote::new("tcp://127.0.0.1:9092".parse().unwrap());
    let kafka = config::Kafka {
        brokers: config::Brokers {
            remote,
            addresses: vec!["127.0.0.1:9092".to_owned()],
            login: None,
        },
        encoding: config::KafkaEncoding::Farol,
        topic: None,
        tenants: config::Tenants::new(),
        compression: config::KafkaCompression::None,
    };
    let kind = config::DestinationKind::Kafka(kafka);
    let told = Target::of(&config::Destination::new("k", kind));
    let told = told.err().unwrap().to_string();
    assert!(told.contains("\"k\"") && told.contains("--to"), "{told}");
}
