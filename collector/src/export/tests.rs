//! The driver and what it drives, from the queue to the ledger, with destinations that do what they are told.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::sync::mpsc;

use super::*;
use crate::config::{Batch as Bounds, Dialect, Retry, Signals};
use crate::outcome::{Deliveries, DropReason, Filter};
use crate::queue::Start;
use crate::record::{Counts, Header, Record};

mod apart;
mod away;
mod letters;

type Decide = dyn Fn(&[String]) -> Option<Outcome> + Send + Sync;

/// A destination that decides by the bodies of a batch's log records. `None` is never to answer.
struct Told {
    decide: Box<Decide>,
    /// Whether what stands before the colon of a body is a tenant.
    tenants: bool,
    taken: Mutex<Vec<String>>,
    sent: mpsc::UnboundedSender<(Instant, usize)>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Destination for Told {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let bodies = bodies(batch);
            let _ = self.sent.send((Instant::now(), batch.len()));
            let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_in_flight.fetch_max(now, Ordering::SeqCst);
            // Lets the driver go on, as a network would.
            tokio::task::yield_now().await;
            let Some(outcome) = (self.decide)(&bodies) else {
                return std::future::pending().await;
            };
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            let mut taken = self.taken.lock().unwrap();
            match &outcome {
                Outcome::Accepted { .. } => taken.extend(bodies),
                Outcome::Each { refused, again, .. } => {
                    let not =
                        |at: &usize| again.contains(at) || refused.iter().any(|it| it.0 == *at);
                    let bodies = bodies.into_iter().enumerate();
                    taken.extend(bodies.filter(|(at, _)| !not(at)).map(|(_, body)| body));
                }
                _ => {}
            }
            drop(taken);
            outcome
        })
    }

    fn sends_apart(&self) -> bool {
        self.tenants
    }

    fn apart(&self, batch: &Batch) -> Vec<(u64, Vec<usize>)> {
        let mut shares: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, body) in bodies(batch).into_iter().enumerate() {
            let tenant = body.split(':').next().unwrap_or_default();
            let share = tenant.bytes().fold(0, |n, byte| n << 8 | u64::from(byte));
            shares.entry(share).or_default().push(at);
        }
        shares.into_iter().collect()
    }
}

fn bodies(batch: &Batch) -> Vec<String> {
    let body = |it: &opentelemetry_proto::tonic::logs::v1::LogRecord| match it
        .body
        .as_ref()?
        .value
        .as_ref()?
    {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    };
    let logs = batch.logs().filter_map(body);
    logs.chain(batch.spans().map(|it| it.name.clone()))
        .collect()
}

struct Bench {
    queue: Queue,
    ledgers: Ledgers,
    folder: tempfile::TempDir,
    /// Whether destinations send tenants apart.
    tenants: bool,
}

impl Bench {
    fn new() -> Self {
        Self {
            queue: Queue::new(64 << 20),
            ledgers: Ledgers::new(),
            folder: tempfile::tempdir().unwrap(),
            tenants: false,
        }
    }

    async fn put(&self, bodies: &[&str]) {
        let logs: Vec<_> = bodies
            .iter()
            .map(|it| serde_json::json!({ "message": it }))
            .collect();
        let body = serde_json::json!({ "meta": { "app": { "name": "shop" } }, "logs": logs });
        self.put_body(&body.to_string(), bodies.len() as u32, 0)
            .await;
    }

    async fn put_body(&self, body: &str, logs: u32, spans: u32) {
        let header = Header {
            counts: Counts {
                logs,
                spans,
                ..Counts::default()
            },
            ..Header::default()
        };
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.queue.append(Record { header, body }).await.unwrap();
    }

    fn run(
        &self,
        name: &str,
        decide: impl Fn(&[String]) -> Option<Outcome> + Send + Sync + 'static,
        plan: impl FnOnce(&mut Plan, &mut Retry),
    ) -> Running {
        let (sent, attempts) = mpsc::unbounded_channel();
        let told = Arc::new(Told {
            decide: Box::new(decide),
            tenants: self.tenants,
            taken: Mutex::default(),
            sent,
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        });
        let ledger = self.ledgers.destination(name);
        let reader = ReaderOptions {
            start: Start::Oldest,
            ..ReaderOptions::destination(ledger.clone())
        };
        let mut the_plan = Plan {
            signals: Signals::default(),
            dialect: Dialect::Semconv,
            route: Route::default(),
            whole: false,
            bounds: Bounds::default(),
            lanes: 4,
            ledger,
        };
        let mut retry = Retry::default();
        plan(&mut the_plan, &mut retry);
        let letters = DeadLetters::new(self.folder.path(), name);
        let stats = Arc::new(Stats::default());
        let destination: Arc<dyn Destination> = told.clone();
        let mut shared = Shared::new(name, destination, retry, letters, Arc::clone(&stats));
        shared.random = || 1.0;
        let (leave, leaves) = watch::channel(None);
        let queue = self.queue.clone();
        let shared = Arc::new(shared);
        let items = supervise::items(the_plan, Arc::clone(&shared), queue, reader, leaves);
        Running {
            leave,
            told,
            shared,
            attempts,
            stats,
            task: tokio::spawn(items),
        }
    }

    /// Nothing comes any more, and what is there goes.
    async fn end_within_an_hour(&self, task: tokio::task::JoinHandle<()>) {
        self.queue.close();
        let ended = tokio::time::timeout(Duration::from_secs(3_600), task);
        ended.await.unwrap().unwrap();
    }

    fn books(&self, name: &str) -> Deliveries {
        let books = self.ledgers.destination(name).snapshot();
        assert_eq!(books.bugs, 0, "an item of {name} had two verdicts");
        books
    }

    fn letters(&self, name: &str) -> Vec<serde_json::Value> {
        let path = self
            .folder
            .path()
            .join(format!("dead-letters/{name}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

struct Running {
    leave: watch::Sender<Option<Leave>>,
    told: Arc<Told>,
    shared: Arc<Shared>,
    attempts: mpsc::UnboundedReceiver<(Instant, usize)>,
    stats: Arc<Stats>,
    task: tokio::task::JoinHandle<()>,
}

impl Told {
    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

fn plain(_: &mut Plan, _: &mut Retry) {}

fn accept(_: &[String]) -> Option<Outcome> {
    Some(Outcome::accepted())
}

fn busy(after: Option<u64>) -> Outcome {
    Outcome::Retry {
        after: after.map(Duration::from_secs),
        suspect: false,
        reason: Reason::code("http 503"),
    }
}

fn broken() -> Outcome {
    Outcome::Retry {
        after: None,
        suspect: true,
        reason: Reason::code("http 500"),
    }
}

/// A server that breaks where one of these is in a batch.
fn failing_at(
    bad: impl Fn(&str) -> bool + Copy + Send + Sync + 'static,
) -> impl Fn(&[String]) -> Option<Outcome> + Copy + Send + Sync + 'static {
    move |bodies: &[String]| {
        Some(match bodies.iter().any(|it| bad(it)) {
            true => broken(),
            false => Outcome::accepted(),
        })
    }
}

fn refuse() -> Outcome {
    Outcome::Refused(Reason::new("http 400", "no"))
}

#[tokio::test(start_paused = true)]
async fn what_is_put_in_comes_out_once_and_the_books_are_even() {
    let bench = Bench::new();
    let running = bench.run("a", accept, plain);
    let all: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    for pair in all.chunks(2) {
        bench.put(&[&pair[0], &pair[1]]).await;
    }
    bench.queue.close();
    running.task.await.unwrap();
    let mut taken = running.told.taken();
    taken.sort_by_key(|it| it.parse::<u32>().unwrap());
    assert_eq!(taken, all);
    let books = bench.books("a");
    assert_eq!(
        (books.enqueued, books.exported, books.pending()),
        (2_000, 2_000, 0)
    );
    assert_eq!(bench.queue.depth().records, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_divided_down_to_the_culprit() {
    let bench = Bench::new();
    let bad = |bodies: &[String]| {
        Some(if bodies.iter().any(|it| it == "bad") {
            refuse()
        } else {
            Outcome::accepted()
        })
    };
    let running = bench.run("a", bad, plain);
    for n in 0..30 {
        let (a, b) = (format!("a{n}"), format!("b{n}"));
        let c = if n == 17 { "bad" } else { "c" };
        bench.put(&[&a, c, &b]).await;
    }
    bench.queue.close();
    running.task.await.unwrap();
    assert_eq!(running.told.taken().len(), 89);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (89, 0));
    assert_eq!(books.dropped[&DropReason::Rejected], 1);
    let letters = bench.letters("a");
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["code"], "http 400");
    assert_eq!(letters[0]["detail"], "no");
    let record = &letters[0]["request"]["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
    assert_eq!(record["body"]["stringValue"], "bad");
}

#[tokio::test(start_paused = true)]
async fn where_each_item_has_its_verdict_the_busy_come_again_and_the_bad_are_kept() {
    let bench = Bench::new();
    let tries = AtomicUsize::new(0);
    let judge = move |bodies: &[String]| {
        let places = |what: &str| {
            let all = bodies.iter().enumerate();
            let found = all.filter(|(_, it)| it.starts_with(what)).map(|(at, _)| at);
            found.collect::<Vec<_>>()
        };
        let still_busy = tries.fetch_add(1, Ordering::SeqCst) < 3;
        Some(Outcome::Each {
            refused: (places("bad").into_iter())
                .map(|at| (at, Reason::new("mapping", &bodies[at])))
                .collect(),
            again: if still_busy {
                places("busy")
            } else {
                Vec::new()
            },
            suspect: false,
            rejected: None,
            after: None,
            reason: Reason::code("http 429"),
        })
    };
    let mut running = bench.run("a", judge, plain);
    bench.put(&["a", "busy1", "bad1", "b"]).await;
    bench.put(&["busy2", "bad2", "c"]).await;
    bench.queue.close();
    (&mut running.task).await.unwrap();
    let mut taken = running.told.taken();
    taken.sort();
    assert_eq!(taken, ["a", "b", "busy1", "busy2", "c"]);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (5, 0));
    assert_eq!(books.dropped[&DropReason::Rejected], 2);
    let letters = bench.letters("a");
    let details: Vec<_> = letters
        .iter()
        .map(|it| it["detail"].as_str().unwrap())
        .collect();
    assert_eq!(details, ["bad1", "bad2"]);
    let mut sizes = Vec::new();
    let mut times = Vec::new();
    while let Ok((at, size)) = running.attempts.try_recv() {
        sizes.push(size);
        times.push(at);
    }
    assert_eq!(sizes, [7, 2, 2, 2], "only what was busy comes again");
    let waits: Vec<_> = times
        .windows(2)
        .map(|it| (it[1] - it[0]).as_secs())
        .collect();
    assert!(waits.iter().all(|wait| *wait >= 1), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_hangs_keeps_no_other_waiting() {
    let bench = Bench::new();
    let dead = bench.run("dead", |_| None, plain);
    let alive = bench.run("alive", accept, plain);
    for n in 0..5_000 {
        bench.put(&[&n.to_string()]).await;
    }
    bench.queue.close();
    alive.task.await.unwrap();
    assert_eq!(bench.books("alive").exported, 5_000);
    let books = bench.books("dead");
    assert_eq!((books.exported, books.pending()), (0, 5_000));
    dead.task.abort();
}

#[tokio::test(start_paused = true)]
async fn waits_grow_until_the_destination_is_back() {
    let bench = Bench::new();
    let tries = AtomicUsize::new(0);
    let down = move |_: &[String]| {
        Some(if tries.fetch_add(1, Ordering::SeqCst) < 4 {
            busy(None)
        } else {
            Outcome::accepted()
        })
    };
    let mut running = bench.run("a", down, plain);
    bench.put(&["x"]).await;
    bench.queue.close();
    (&mut running.task).await.unwrap();
    let mut times = Vec::new();
    while let Ok((at, _)) = running.attempts.try_recv() {
        times.push(at);
    }
    let waits: Vec<u64> = times
        .windows(2)
        .map(|it| (it[1] - it[0]).as_secs())
        .collect();
    assert_eq!(waits, [1, 2, 4, 8]);
    assert!(!running.stats.failing());
    assert_eq!(running.stats.retried.load(Ordering::SeqCst), 4);
    assert_eq!(running.stats.last_reason(), Some(Reason::code("http 503")));
}

#[tokio::test(start_paused = true)]
async fn all_lanes_wait_as_long_as_the_destination_asks() {
    let bench = Bench::new();
    let first = AtomicUsize::new(0);
    let ask = move |_: &[String]| {
        Some(if first.fetch_add(1, Ordering::SeqCst) == 0 {
            busy(Some(60))
        } else {
            Outcome::accepted()
        })
    };
    let mut running = bench.run("a", ask, |plan, _| plan.bounds.max_items = 1);
    bench.put(&["x"]).await;
    let (start, _) = running.attempts.recv().await.unwrap();
    bench.put(&["y"]).await;
    bench.put(&["z"]).await;
    bench.queue.close();
    (&mut running.task).await.unwrap();
    let mut later = BTreeSet::new();
    while let Ok((at, _)) = running.attempts.try_recv() {
        later.insert((at - start).as_secs());
    }
    assert!(later.iter().all(|it| *it >= 60), "{later:?}");
    assert_eq!(bench.books("a").exported, 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_in_part_is_accounted_in_part() {
    let bench = Bench::new();
    let part = |_: &[String]| {
        Some(Outcome::Accepted {
            rejected: 2,
            reason: Some(Reason::new("partial success", "too old")),
        })
    };
    let running = bench.run("a", part, plain);
    bench.put(&["a", "b", "c"]).await;
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    assert_eq!(
        (
            books.exported,
            books.dropped[&DropReason::Rejected],
            books.pending()
        ),
        (1, 2, 0)
    );
    let letters = bench.letters("a");
    assert_eq!(
        (&letters[0]["items"], &letters[0]["request"]),
        (&2.into(), &serde_json::Value::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn what_one_of_several_rejected_in_part_is_accounted_where_another_was_busy() {
    let bench = Bench::new();
    let first = AtomicUsize::new(0);
    let part = move |_: &[String]| {
        Some(match first.fetch_add(1, Ordering::SeqCst) {
            0 => Outcome::Each {
                refused: Vec::new(),
                again: vec![3],
                suspect: false,
                rejected: Some((2, Reason::new("partial success", "too old"))),
                after: None,
                reason: Reason::code("http 503"),
            },
            _ => Outcome::accepted(),
        })
    };
    let running = bench.run("a", part, plain);
    bench.put(&["a", "b", "c", "d"]).await;
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    let rejected = books.dropped[&DropReason::Rejected];
    assert_eq!((books.exported, rejected, books.pending()), (2, 2, 0));
    let letters = bench.letters("a");
    assert_eq!(letters[0]["items"], 2);
    assert_eq!(letters[0]["detail"], "too old");
}

#[tokio::test(start_paused = true)]
async fn more_rejected_than_sent_is_all_of_it() {
    let bench = Bench::new();
    let part = |_: &[String]| {
        Some(Outcome::Accepted {
            rejected: u64::MAX,
            reason: None,
        })
    };
    let running = bench.run("a", part, plain);
    bench.put(&["a", "b", "c"]).await;
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    assert_eq!(
        (
            books.exported,
            books.dropped[&DropReason::Rejected],
            books.pending()
        ),
        (0, 3, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_breaks_a_living_server_is_divided_in_the_end() {
    let bench = Bench::new();
    let fragile = failing_at(|it| it == "bad");
    let running = bench.run("a", fragile, |plan, _| plan.bounds.max_items = 2);
    for n in 0..20 {
        bench.put(&["ok", if n == 3 { "bad" } else { "ok" }]).await;
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    bench.put(&["last"]).await;
    // Nothing else passes once the queue is read; what passed while the culprit was tried is the evidence.
    bench.end_within_an_hour(running.task).await;
    let books = bench.books("a");
    assert_eq!(
        (books.exported, books.dropped[&DropReason::Rejected]),
        (40, 1)
    );
    assert_eq!(bench.letters("a")[0]["code"], "http 500");
}

#[tokio::test(start_paused = true)]
async fn batches_that_break_a_living_server_are_found_where_they_fill_all_lanes() {
    let fragile = failing_at(|it| it == "bad");
    for lanes in [1, 4] {
        let bench = Bench::new();
        let running = bench.run("a", fragile, |plan, _| {
            plan.bounds.max_items = 2;
            plan.lanes = lanes;
        });
        for n in 0..20 {
            bench
                .put(&[if n < lanes { "bad" } else { "ok" }, "ok"])
                .await;
        }
        bench.end_within_an_hour(running.task).await;
        let books = bench.books("a");
        assert_eq!(
            (books.exported, books.dropped[&DropReason::Rejected]),
            (40 - lanes as u64, lanes as u64),
            "{lanes} lanes"
        );
        let most = running.told.most_in_flight.load(Ordering::SeqCst);
        assert!(most <= lanes + 1, "{most} of {lanes}");
    }
}

/// A guard that lets no batch with one of these through.
fn forbids(bodies: &[String]) -> Option<Outcome> {
    Some(match bodies.iter().any(|it| it == "bad") {
        true => Outcome::retry(Reason::code("http 403")),
        false => Outcome::accepted(),
    })
}

#[tokio::test(start_paused = true)]
async fn what_alone_does_not_pass_for_long_is_found_where_it_fills_all_lanes() {
    for lanes in [1, 4] {
        let bench = Bench::new();
        let running = bench.run("a", forbids, |plan, _| {
            plan.bounds.max_items = 2;
            plan.lanes = lanes;
        });
        for n in 0..2_000 {
            let body = if n < lanes { "bad" } else { "ok" };
            bench.put(&[body, "ok"]).await;
            tokio::time::advance(Duration::from_secs(20)).await;
        }
        bench.end_within_an_hour(running.task).await;
        let books = bench.books("a");
        assert_eq!(
            (books.exported, books.dropped[&DropReason::Rejected]),
            (4_000 - lanes as u64, lanes as u64),
            "{lanes} lanes"
        );
        assert_eq!(bench.letters("a")[0]["code"], "http 403");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_passes_at_any_more_is_waited_for() {
    let bench = Bench::new();
    let release = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&release);
    let forbidden = move |bodies: &[String]| {
        Some(
            match bodies[0] == "before" || mended.load(Ordering::SeqCst) {
                true => Outcome::accepted(),
                false => Outcome::retry(Reason::code("http 403")),
            },
        )
    };
    let running = bench.run("a", forbidden, |plan, _| plan.bounds.max_items = 2);
    for body in ["after", "after", "before", "before", "after"] {
        bench.put(&[body, body]).await;
    }
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (4, 6));
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    running.task.await.unwrap();
    assert_eq!(bench.books("a").exported, 10);
}

#[tokio::test(start_paused = true)]
async fn large_batches_in_doubt_leave_room_for_the_one_that_shows_it() {
    let bench = Bench::new();
    // The first three parts of its seven.
    let fragile = failing_at(|it| it.parse::<u32>().is_ok_and(|n| n < 800));
    let running = bench.run("a", fragile, plain);
    // 12 MiB hold three lots.
    bench.put_body(&swelling(), 2_000, 0).await;
    bench.queue.close();
    let told = Arc::clone(&running.told);
    let passes = async move {
        while told.taken().is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let passes = tokio::time::timeout(Duration::from_secs(3_600), passes);
    passes.await.unwrap();
    running.task.abort();
}

#[tokio::test(start_paused = true)]
async fn one_signal_says_nothing_of_another() {
    let bench = Bench::new();
    let logs_down = failing_at(|it| it == "m");
    let running = bench.run("a", logs_down, |_, retry| {
        retry.max_elapsed = Some(Duration::from_secs(3_600));
    });
    for _ in 0..60 {
        bench.put_body(SPAN, 1, 1).await;
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    assert_eq!(books.exported, 60);
    assert_eq!(books.dropped[&DropReason::RetriesExhausted], 60);
}

#[tokio::test]
async fn a_signal_that_passes_hides_none_that_fails() {
    /// Takes no log records while they are down.
    struct LogsDown(AtomicBool);
    impl Destination for LogsDown {
        fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
            let down = batch.signal() == Signal::Logs && self.0.load(Ordering::SeqCst);
            Box::pin(async move {
                if down {
                    busy(None)
                } else {
                    Outcome::accepted()
                }
            })
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let backend = Arc::new(LogsDown(AtomicBool::new(true)));
    let stats = Arc::new(Stats::default());
    let letters = DeadLetters::new(folder.path(), "a");
    let retry = Retry::default();
    let shared = Shared::new("a", backend.clone(), retry, letters, stats.clone());
    let sent = async |signal| {
        shared.attempt(&Batch::new(signal, Vec::new())).await;
        (stats.failing(), stats.failing_since().is_some())
    };
    assert_eq!(sent(Signal::Metrics).await, (false, false));
    assert_eq!(sent(Signal::Logs).await, (true, true));
    for signal in [Signal::Metrics, Signal::Traces] {
        assert_eq!(sent(signal).await, (true, true), "{signal:?}");
    }
    // Of a signal that it gets no more nobody waits to hear.
    stats.wants([Signal::Metrics, Signal::Traces].into_iter());
    assert!(!stats.failing());
    assert_eq!(sent(Signal::Logs).await, (true, true));
    backend.0.store(false, Ordering::SeqCst);
    assert_eq!(sent(Signal::Logs).await, (false, false));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_wholly_broken_loses_nothing() {
    let bench = Bench::new();
    let up = Instant::now() + Duration::from_secs(3_600);
    let until_then = move |_: &[String]| {
        Some(match Instant::now() < up {
            true => broken(),
            false => Outcome::accepted(),
        })
    };
    let running = bench.run("a", until_then, plain);
    for n in 0..100 {
        bench.put(&[&n.to_string()]).await;
    }
    bench.queue.close();
    running.task.await.unwrap();
    assert_eq!(bench.books("a").exported, 100);
}

#[tokio::test(start_paused = true)]
async fn where_retries_have_an_end_the_rest_is_dropped_with_that_reason() {
    let bench = Bench::new();
    let running = bench.run(
        "a",
        |_| Some(busy(None)),
        |_, retry| retry.max_elapsed = Some(Duration::from_secs(60)),
    );
    bench.put(&["a", "b"]).await;
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    assert_eq!(
        (
            books.dropped[&DropReason::RetriesExhausted],
            books.pending()
        ),
        (2, 0)
    );
    assert_eq!(bench.letters("a")[0]["items"], 2);
}

#[tokio::test(start_paused = true)]
async fn lanes_are_bounded_and_reading_waits_for_them() {
    let bench = Bench::new();
    let mut running = bench.run(
        "a",
        |_| None,
        |plan, _| {
            plan.lanes = 3;
            plan.bounds.max_items = 1;
        },
    );
    for n in 0..50 {
        bench.put(&[&n.to_string()]).await;
    }
    for _ in 0..3 {
        running.attempts.recv().await.unwrap();
    }
    // With time paused this returns when nothing else can happen any more.
    let more = tokio::time::timeout(Duration::from_secs(60), running.attempts.recv()).await;
    assert!(more.is_err());
    assert_eq!(running.told.most_in_flight.load(Ordering::SeqCst), 3);
    running.task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_when_it_is_full_or_old() {
    let bench = Bench::new();
    let start = Instant::now();
    let mut running = bench.run("a", accept, |plan, _| {
        plan.bounds.max_items = 3;
        plan.bounds.max_wait = Duration::from_secs(5);
        plan.lanes = 1;
    });
    for n in 0..4 {
        bench.put(&[&n.to_string()]).await;
    }
    assert_eq!(running.attempts.recv().await.unwrap(), (start, 3));
    let (at, len) = running.attempts.recv().await.unwrap();
    assert_eq!(((at - start).as_secs(), len), (5, 1));
    bench.queue.close();
    running.task.await.unwrap();
}

const SPAN: &str = r#"{"meta":{},"logs":[{"message":"m"}],"traces":{"resourceSpans":[{"scopeSpans":[{"spans":[
    {"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0001020304050607","name":"s","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}}"#;

#[tokio::test(start_paused = true)]
async fn a_signal_that_is_not_wanted_is_filtered_and_counted() {
    let bench = Bench::new();
    let spans = bench.run("spans", accept, |plan, _| plan.signals.logs = false);
    let none = bench.run("none", accept, |plan, _| {
        plan.signals.logs = false;
        plan.signals.traces = false;
    });
    bench.put_body(SPAN, 1, 1).await;
    bench.queue.close();
    spans.task.await.unwrap();
    none.task.await.unwrap();
    assert_eq!(spans.told.taken(), ["s"]);
    let books = bench.books("spans");
    assert_eq!(
        (
            books.exported,
            books.filtered[&Filter::Signal],
            books.pending()
        ),
        (1, 1, 0)
    );
    let books = bench.books("none");
    assert_eq!(
        (
            books.exported,
            books.filtered[&Filter::Signal],
            books.pending()
        ),
        (0, 2, 0)
    );
    assert_eq!(bench.queue.depth().records, 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_filters_or_refuses_all_costs_another_nothing_and_one_that_takes_it_does() {
    for (takes, logs, outcome) in [
        (false, false, Outcome::accepted as fn() -> Outcome),
        (false, true, refuse),
        (true, true, Outcome::accepted),
    ] {
        let bench = Bench {
            queue: Queue::new(20_000),
            ..Bench::new()
        };
        let dead = ReaderOptions::destination(bench.ledgers.destination("dead"));
        let _dead = bench.queue.reader(dead);
        let running = bench.run(
            "a",
            move |_| Some(outcome()),
            |plan, _| plan.signals.logs = logs,
        );
        let mut refused = 0;
        for _ in 0..200 {
            match bench.queue.refuses("", None, 1_000) {
                None => bench.put(&["x"]).await,
                Some(_) => refused += 1,
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        let lost = bench.books("dead").dropped_total();
        assert_eq!(
            (refused == 0, lost > 0),
            (takes, takes),
            "{refused}, {lost}"
        );
        running.task.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_converted_is_counted_and_holds_nothing_up() {
    let bench = Bench::new();
    let running = bench.run("a", accept, plain);
    bench.put_body("not json", 3, 0).await;
    bench.put(&["x"]).await;
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    assert_eq!(
        (
            books.exported,
            books.dropped[&DropReason::Unconvertible],
            books.pending()
        ),
        (1, 3, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_panics_starts_again_and_counts_nothing_twice() {
    let bench = Bench::new();
    let first = AtomicUsize::new(0);
    let fragile = move |_: &[String]| {
        assert_ne!(
            first.fetch_add(1, Ordering::SeqCst),
            2,
            "a panic on purpose"
        );
        Some(Outcome::accepted())
    };
    let running = bench.run("a", fragile, |plan, _| {
        plan.bounds.max_items = 2;
        plan.lanes = 1;
    });
    for n in 0..10 {
        bench.put(&[&n.to_string()]).await;
    }
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (10, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_delivered_when_the_driver_is_dropped_stays_in_the_queue() {
    let bench = Bench::new();
    let mut running = bench.run(
        "a",
        |bodies| (bodies[0] == "ok").then(Outcome::accepted),
        |plan, _| plan.bounds.max_items = 1,
    );
    for body in ["ok", "stuck", "ok", "stuck"] {
        bench.put(&[body]).await;
    }
    for _ in 0..4 {
        running.attempts.recv().await.unwrap();
    }
    while bench.books("a").exported < 2 {
        tokio::task::yield_now().await;
    }
    running.task.abort();
    let _ = running.task.await;
    assert_eq!(bench.queue.depth().records, 2);
    let again = bench.run("a", accept, plain);
    bench.queue.close();
    again.task.await.unwrap();
    assert_eq!(again.told.taken(), ["stuck", "stuck"]);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (4, 0));
}

/// A record that comes to some 28 MiB as it goes out.
fn swelling() -> String {
    let about: Vec<String> = (0..128).map(|n| format!(r#""k{n:02}":{n}"#)).collect();
    let items: Vec<String> = (0..2_000)
        .map(|n| format!(r#"{{"message":"{n}"}}"#))
        .collect();
    format!(
        r#"{{"meta":{{"session":{{"id":"s","attributes":{{{}}}}}}},"logs":[{}]}}"#,
        about.join(","),
        items.join(",")
    )
}

#[tokio::test(start_paused = true)]
async fn a_record_that_swells_goes_in_parts_and_is_one_in_the_books() {
    let bench = Bench::new();
    let some = |bodies: &[String]| {
        Some(match bodies.iter().any(|it| it == "1234") {
            true => refuse(),
            false => Outcome::accepted(),
        })
    };
    let mut running = bench.run("a", some, |plan, _| plan.bounds.max_items = 5_000);
    bench.put(&["before"]).await;
    bench.put_body(&swelling(), 2_000, 0).await;
    bench.put(&["after"]).await;
    bench.queue.close();
    (&mut running.task).await.unwrap();
    let mut largest = 0;
    while let Ok((_, len)) = running.attempts.try_recv() {
        largest = largest.max(len);
    }
    // 4 MiB hold 290 of its items.
    assert!((200..300).contains(&largest), "{largest}");
    let mut taken = running.told.taken();
    let mut all: Vec<String> = (0..2_000)
        .filter(|n| *n != 1234)
        .map(|n| n.to_string())
        .collect();
    all.extend(["before".to_owned(), "after".to_owned()]);
    taken.sort();
    all.sort();
    assert_eq!(taken, all);
    let books = bench.books("a");
    assert_eq!((books.enqueued, books.exported), (2_002, 2_001));
    assert_eq!(books.dropped[&DropReason::Rejected], 1);
    assert_eq!(books.pending(), 0);
    assert_eq!(bench.queue.depth().records, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_is_bounded_by_what_it_comes_to() {
    let bench = Bench::new();
    let mut running = bench.run("a", |_| None, plain);
    for _ in 0..8 {
        bench.put_body(&swelling(), 2_000, 0).await;
    }
    // Lanes are there for four, and 12 MiB hold three lots.
    for _ in 0..3 {
        running.attempts.recv().await.unwrap();
    }
    let more = tokio::time::timeout(Duration::from_secs(60), running.attempts.recv()).await;
    assert!(more.is_err());
    running.task.abort();
    let _ = running.task.await;
    assert_eq!(bench.books("a").exported, 0);
    assert_eq!(bench.queue.depth().records, 8);
}

#[tokio::test(start_paused = true)]
async fn a_request_holds_no_more_items_than_it_may_whatever_a_record_holds() {
    let bench = Bench::new();
    let mut running = bench.run("a", accept, |plan, _| plan.bounds.max_items = 100);
    let bodies: Vec<String> = (0..250).map(|n| n.to_string()).collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    bench.put(&bodies).await;
    bench.queue.close();
    (&mut running.task).await.unwrap();
    let mut sizes = Vec::new();
    while let Ok((_, len)) = running.attempts.try_recv() {
        sizes.push(len);
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
    assert_eq!(bench.books("a").exported, 250);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_goes_elsewhere_is_counted_and_holds_nothing_up() {
    let bench = Bench::new();
    let running = bench.run("a", accept, |plan, _| {
        let when = crate::condition::Condition::parse(r#"message =~ "19*""#).unwrap();
        plan.route.when = Some(when);
    });
    bench.put_body(&swelling(), 2_000, 0).await;
    bench.queue.close();
    running.task.await.unwrap();
    let books = bench.books("a");
    // 19, 190 to 199, 1900 to 1999.
    assert_eq!(
        (books.exported, books.filtered[&Filter::Route]),
        (111, 1_889)
    );
    assert_eq!(books.pending(), 0);
    assert_eq!(bench.queue.depth().records, 0);
}
