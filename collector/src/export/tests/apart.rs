//! What one tenant or one signal waits for keeps no other waiting, and nothing of it is lost or comes twice.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::config::{MinFree, QueueSettings, QueueType};
use crate::queue::MOST_LET_GO;

/// A switch that a server asks.
pub(super) type Switch = Arc<AtomicBool>;

pub(super) fn switch(on: bool) -> (Switch, Switch) {
    let switch = Arc::new(AtomicBool::new(on));
    (Arc::clone(&switch), switch)
}

/// Tells a tenant to wait for an hour, until it is let in.
fn limits(tenant: &'static str, let_in: Switch) -> impl Fn(&[String]) -> Option<Outcome> {
    move |bodies| {
        let theirs = |it: &String| it.split(':').next() == Some(tenant);
        assert!(
            bodies.iter().all(theirs) || !bodies.iter().any(theirs),
            "{bodies:?}"
        );
        let limited = theirs(&bodies[0]) && !let_in.load(Ordering::SeqCst);
        Some(match limited {
            true => Outcome::Retry {
                after: Some(Duration::from_secs(3_600)),
                suspect: false,
                reason: Reason::code("http 429"),
            },
            false => Outcome::accepted(),
        })
    }
}

fn tenants() -> Bench {
    Bench {
        tenants: true,
        ..Bench::new()
    }
}

/// Waits until so many items of these were taken.
pub(super) async fn until_taken(told: &Told, of: &str, n: usize) {
    let all = async {
        while told.taken().iter().filter(|it| it.starts_with(of)).count() < n {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(36_000), all).await;
    let taken = told.taken();
    let found = taken.iter().filter(|it| it.starts_with(of)).count();
    assert!(all.is_ok(), "{found} of {n} were taken");
}

pub(super) async fn ends(running: &mut Running) {
    let end = tokio::time::timeout(Duration::from_secs(36_000), &mut running.task);
    end.await.unwrap().unwrap();
}

/// Each once, in whatever order.
pub(super) fn assert_each_once(mut taken: Vec<String>, mut all: Vec<String>) {
    taken.sort();
    all.sort();
    assert_eq!(taken.len(), all.len());
    assert!(taken == all);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_told_to_wait_keeps_no_other_waiting() {
    let bench = tenants();
    let (release, let_in) = switch(false);
    let mut running = bench.run("a", limits("a", let_in), plain);
    let mut all = Vec::new();
    for n in 0..3_000 {
        for tenant in ["a", "b", "c"] {
            let body = format!("{tenant}:{n}");
            bench.put(&[&body]).await;
            all.push(body);
        }
    }
    until_taken(&running.told, "b", 3_000).await;
    until_taken(&running.told, "c", 3_000).await;
    // It was tried now and then, with what a few lanes hold.
    assert!(running.attempts.len() < 6_000);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (6_000, 3_000));
    assert_eq!(
        bench.queue.depth().records,
        3_000,
        "the others' are acknowledged"
    );
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    ends(&mut running).await;
    assert_each_once(running.told.taken(), all);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (9_000, 0));
    assert_eq!(bench.queue.depth().records, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_tenant_waited_for_goes_out_in_the_order_in_which_it_came() {
    let bench = tenants();
    let (release, let_in) = switch(false);
    let mut running = bench.run("a", limits("a", let_in), |plan, _| plan.lanes = 1);
    let mut all = Vec::new();
    for n in 0..4_000 {
        let body = format!("a:{n}");
        bench.put(&[&body]).await;
        bench.put(&["b:x"]).await;
        all.push(body);
        if n == 2_000 {
            until_taken(&running.told, "b", 2_000).await;
            release.store(true, Ordering::SeqCst);
        }
        if n % 10 == 0 {
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
    }
    bench.queue.close();
    ends(&mut running).await;
    let taken = running.told.taken().into_iter();
    let theirs: Vec<String> = taken.filter(|it| it.starts_with('a')).collect();
    assert!(theirs == all);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_else_is_there_nothing_is_left() {
    let bench = Bench::new();
    let (release, let_in) = switch(false);
    let mut running = bench.run("a", limits("m", let_in), plain);
    for _ in 0..10_000 {
        bench.put(&["m"]).await;
    }
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let conversions = bench.queue.conversions();
    let read = conversions.shared.iter().chain(&conversions.written);
    let read: u64 = read.map(|it| it.load(Ordering::SeqCst)).sum();
    assert!(read < 5_000, "it waits where it lies: {read}");
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    ends(&mut running).await;
    assert_eq!(bench.books("a").exported, 10_000);
}

#[tokio::test(start_paused = true)]
async fn however_many_tenants_wait_the_others_go_on() {
    for code in [
        "http 429",
        "kafka unknown_topic_or_partition",
        "clickhouse 60 (run farol-collector setup clickhouse)",
        "bulk 403",
        "s3 AccessDenied",
    ] {
        let bench = tenants();
        let limited = move |bodies: &[String]| {
            Some(match bodies[0].starts_with('t') {
                true => Outcome::retry(Reason::code(code)),
                false => Outcome::accepted(),
            })
        };
        let running = bench.run("a", limited, plain);
        for n in 0..100 {
            for tenant in 0..100 {
                bench.put(&[&format!("t{tenant}:{n}")]).await;
            }
            bench.put(&[&format!("b:{n}")]).await;
        }
        until_taken(&running.told, "b", 100).await;
        // What is said of one is not said of the server.
        assert_eq!(running.shared.stats.breaker.opened(), 0, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn items_of_several_tenants_in_one_record_go_with_their_like_of_others() {
    let bench = tenants();
    let mut running = bench.run("a", accept, plain);
    for n in 0..100 {
        let bodies = ["a", "b", "c"].map(|tenant| format!("{tenant}:{n}"));
        bench.put(&bodies.each_ref().map(String::as_str)).await;
    }
    bench.queue.close();
    ends(&mut running).await;
    assert_eq!(running.told.taken().len(), 300);
    assert!(running.attempts.len() <= 15, "{}", running.attempts.len());
    assert_eq!(bench.queue.depth().records, 0);
}

#[tokio::test(start_paused = true)]
async fn of_more_than_may_be_left_nothing_is_lost_and_reading_waits() {
    let bench = tenants();
    let (release, let_in) = switch(false);
    let mut running = bench.run("a", limits("a", let_in), |plan, _| {
        plan.bounds.max_wait = Duration::ZERO;
    });
    let mut all = Vec::new();
    bench.put(&["b:first"]).await;
    for n in 0..MOST_LET_GO + 3_000 {
        let body = format!("a:{n}");
        bench.put(&[&body]).await;
        all.push(body);
    }
    bench.put(&["b:last"]).await;
    all.extend(["b:first".to_owned(), "b:last".to_owned()]);
    until_taken(&running.told, "b", 1).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(running.told.taken(), ["b:first"]);
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    ends(&mut running).await;
    assert_each_once(running.told.taken(), all);
    assert_eq!(bench.books("a").pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_back_is_found_while_a_tenant_has_long_to_wait() {
    for lanes in [1, 2, 4] {
        let bench = tenants();
        let (_, let_in) = switch(false);
        let (down, is_down) = switch(false);
        let limited = limits("a", let_in);
        let decide = move |bodies: &[String]| match is_down.load(Ordering::SeqCst) {
            true => Some(Outcome::retry(Reason::code("timeout"))),
            false => limited(bodies),
        };
        let running = bench.run("a", decide, |plan, _| plan.lanes = lanes);
        for n in 0..1_000 {
            bench.put(&[&format!("a:{n}")]).await;
            bench.put(&[&format!("b:{n}")]).await;
        }
        until_taken(&running.told, "b", 1_000).await;
        for outage in [1, 20, 120, 290, 310, 900] {
            let before = running.told.taken().len();
            down.store(true, Ordering::SeqCst);
            for n in 0..300 {
                bench.put(&[&format!("b:{outage}:{n}")]).await;
                bench.put(&[&format!("a:{outage}:{n}")]).await;
                tokio::time::sleep(Duration::from_secs(outage) / 300).await;
            }
            down.store(false, Ordering::SeqCst);
            let back = Instant::now();
            until_taken(&running.told, "b", before + 300).await;
            let longest = Retry::default().max;
            assert!(back.elapsed() < longest, "{lanes} lanes, {outage} s");
            tokio::time::sleep(Duration::from_secs(100)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_is_broken_keeps_no_other_waiting() {
    let bench = Bench::new();
    let (release, mended) = switch(false);
    let broken = move |bodies: &[String]| {
        Some(match bodies[0] == "s" && !mended.load(Ordering::SeqCst) {
            true => broken(),
            false => Outcome::accepted(),
        })
    };
    let mut running = bench.run("a", broken, plain);
    for _ in 0..3_000 {
        bench.put_body(SPAN, 1, 1).await;
    }
    until_taken(&running.told, "m", 3_000).await;
    assert_eq!(bench.queue.depth().records, 3_000, "none is whole yet");
    let books = bench.books("a");
    assert_eq!(books.exported + books.pending(), 6_000);
    // But for those whose spans are being tried.
    assert!((2_000..=3_000).contains(&books.exported));
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    ends(&mut running).await;
    let all = ["m", "s"].map(|it| vec![it.to_owned(); 3_000]).concat();
    assert_each_once(running.told.taken(), all);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (6_000, 0));
    assert_eq!(bench.queue.depth().records, 0);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_with_far_more_than_fits_takes_no_more_than_its_share() {
    let bench = tenants();
    let (release, let_in) = switch(false);
    let mut running = bench.run("a", limits("a", let_in), plain);
    let filling = "x".repeat(20 << 10);
    let mut all = Vec::new();
    // Some 30 MiB as stored, and more as they go out.
    for n in 0..1_500 {
        let large = format!("a:{n}:{filling}");
        let small = format!("b:{n}");
        bench.put(&[&large]).await;
        bench.put(&[&small]).await;
        all.extend([large, small]);
    }
    until_taken(&running.told, "b", 1_500).await;
    let most = running.shared.most_on_the_way.load(Ordering::SeqCst);
    // Four lanes, and the lot that goes where others rest.
    assert!((1 << 20..=16 << 20).contains(&most), "{most}");
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    ends(&mut running).await;
    assert_each_once(running.told.taken(), all);
    assert_eq!(bench.books("a").pending(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_record_that_is_dropped_what_was_delivered_counts_as_delivered() {
    const RECORDS: usize = 2_000;
    let folder = tempfile::tempdir().unwrap();
    // Of a quarter of them there is room.
    let queues = [
        Queue::new(512 << 10),
        on_disk_with(folder.path(), 512 << 10),
    ];
    for queue in queues {
        let bench = Bench {
            queue,
            ..Bench::new()
        };
        let (release, mended) = switch(false);
        let halves = move |bodies: &[String]| {
            Some(match bodies[0] == "s" && !mended.load(Ordering::SeqCst) {
                true => broken(),
                false => Outcome::accepted(),
            })
        };
        let plan = |plan: &mut Plan, retry: &mut Retry| {
            plan.bounds.max_items = 20;
            (retry.initial, retry.max) = (Duration::from_millis(1), Duration::from_millis(9));
        };
        let mut running = bench.run("a", halves, plan);
        let mut beside = bench.run("b", accept, plain);
        bench.queue.recover(&bench.ledgers);
        let body = SPAN.replace("\"m\"", &format!("\"m{}\"", "x".repeat(1_000)));
        for n in 0..RECORDS {
            bench.put_body(&body, 1, 1).await;
            if n % 50 == 49 {
                until_taken(&running.told, "m", n + 1).await;
                until_taken(&beside.told, "s", n + 1).await;
            }
        }
        let books = bench.books("a");
        let records = RECORDS as u64;
        let (exported, dropped) = (books.exported, books.dropped[&DropReason::Lag]);
        assert_eq!(exported + dropped + books.pending(), 2 * records);
        assert!((records - 400..=records).contains(&exported), "{exported}");
        assert!((records / 2..records).contains(&dropped), "{dropped}");
        assert_eq!(bench.books("b").exported, 2 * records);
        // Who comes after it gets the rest whole.
        let rest = bench.queue.depth().records as u64;
        running.leave.send_replace(Some(Leave::Replaced));
        running.task.await.unwrap();
        release.store(true, Ordering::SeqCst);
        running = bench.run("a", accept, plan);
        bench.queue.close();
        ends(&mut running).await;
        ends(&mut beside).await;
        assert_eq!(running.told.taken().len() as u64, 2 * rest);
        let books = bench.books("a");
        assert_eq!(books.exported, exported + 2 * rest);
        assert_eq!(books.dropped_total(), dropped);
        assert_eq!(books.pending(), 0);
        bench.queue.stop();
    }
}

pub(super) fn on_disk(folder: &std::path::Path) -> Queue {
    on_disk_with(folder, 64 << 20)
}

fn on_disk_with(folder: &std::path::Path, max_bytes: usize) -> Queue {
    let settings = QueueSettings {
        max_bytes,
        commit_wait: Duration::ZERO,
        min_free: MinFree::Bytes(0),
        ..QueueSettings::new(QueueType::Disk)
    };
    Queue::on_disk(folder, settings).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tenant_waits_for_comes_once_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let life = |ledgers: Ledgers| Bench {
        queue: on_disk(folder.path()),
        ledgers,
        folder: tempfile::tempdir().unwrap(),
        tenants: true,
    };
    let bench = life(Ledgers::new());
    let (_, let_in) = switch(false);
    let running = bench.run("a", limits("a", let_in), plain);
    bench.queue.recover(&bench.ledgers);
    let mut all = Vec::new();
    for n in 0..200 {
        for tenant in ["a", "b"] {
            let body = format!("{tenant}:{n}");
            bench.put(&[&body]).await;
            all.push(body);
        }
    }
    while bench.books("a").exported < 200 {
        tokio::task::yield_now().await;
    }
    let mut taken = running.told.taken();
    assert!(taken.iter().all(|it| it.starts_with('b')));
    // A change of the configuration is no other thing.
    running.leave.send_replace(Some(Leave::Replaced));
    running.task.await.unwrap();
    assert_eq!(bench.books("a").pending(), 200);
    bench.queue.close();
    bench.queue.stop();
    drop(bench);

    let bench = life(Ledgers::new());
    let mut again = bench.run("a", accept, plain);
    bench.queue.recover(&bench.ledgers);
    bench.queue.close();
    (&mut again.task).await.unwrap();
    taken.extend(again.told.taken());
    assert_each_once(taken, all);
    let books = bench.books("a");
    assert_eq!(
        (books.recovered, books.exported, books.pending()),
        (200, 200, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_tenants_wait_for_is_read_from_the_disk_and_comes_once() {
    const TENANTS: u64 = 8;
    let folder = tempfile::tempdir().unwrap();
    let queue = on_disk(folder.path());
    let bench = Bench { queue, ..tenants() };
    let (release, well) = switch(false);
    // Only the last is taken, the others each told something else.
    let decide = move |bodies: &[String]| {
        let tenant: u64 = bodies[0].split(':').next().unwrap().parse().unwrap();
        let reason = Reason::code("http 503");
        Some(match tenant {
            _ if well.load(Ordering::SeqCst) => Outcome::accepted(),
            t if t == TENANTS - 1 => Outcome::accepted(),
            t if t % 2 == 0 => Outcome::retry(reason),
            t => Outcome::Retry {
                after: Some(Duration::from_millis(t)),
                suspect: false,
                reason,
            },
        })
    };
    let mut running = bench.run("a", decide, |_, retry| {
        (retry.initial, retry.max) = (Duration::from_millis(1), Duration::from_millis(9));
    });
    bench.queue.recover(&bench.ledgers);
    let mut all = Vec::new();
    for n in 0..4_000 {
        let (log, span) = (
            format!("{}:{n}", n % TENANTS),
            format!("{}:{n}s", n % TENANTS),
        );
        let body = SPAN.replace("\"m\"", &format!("\"{log}\""));
        let body = body.replace("\"s\"", &format!("\"{span}\""));
        bench.put_body(&body, 1, 1).await;
        all.extend([log, span]);
        if n == 3_000 {
            release.store(true, Ordering::SeqCst);
        }
    }
    bench.queue.close();
    let end = tokio::time::timeout(Duration::from_secs(120), &mut running.task);
    end.await.unwrap().unwrap();
    assert_each_once(running.told.taken(), all);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (8_000, 0));
    assert_eq!(bench.queue.depth().records, 0);
}

/// What a server says at random, until it is well. A fixed sequence for each seed.
struct Moody(Mutex<u64>);

impl Moody {
    fn next(&self, below: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (*state >> 33) % below
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_tenants_and_signals_are_told_each_item_arrives_once_and_the_books_are_even() {
    for seed in 0..40 {
        let bench = tenants();
        let (release, well) = switch(false);
        let mood = Arc::new(Moody(Mutex::new(seed)));
        let server = Arc::clone(&mood);
        let decide = move |bodies: &[String]| {
            if well.load(Ordering::SeqCst) {
                return Some(Outcome::accepted());
            }
            let retry = |after: Option<u64>, suspect| Outcome::Retry {
                after: after.map(Duration::from_secs),
                suspect,
                reason: Reason::code("http 503"),
            };
            // One tenant has a hard time, another now and then.
            let hard = bodies[0].starts_with('a') || bodies[0] == "s";
            Some(match server.next(if hard { 5 } else { 16 }) {
                0 => retry(Some(server.next(600)), false),
                1 => retry(None, false),
                2 => Outcome::retry(Reason::code("timeout")),
                3 => Outcome::Each {
                    refused: Vec::new(),
                    again: vec![0],
                    suspect: false,
                    rejected: None,
                    after: None,
                    reason: Reason::code("http 429"),
                },
                _ => Outcome::accepted(),
            })
        };
        let mut running = bench.run("a", decide, |plan, _| {
            plan.lanes = 1 + (seed % 4) as usize;
            plan.bounds.max_items = 1 + seed % 40;
        });
        let mut all = Vec::new();
        for n in 0..400 {
            let tenant = ["a", "b", "c"][mood.next(3) as usize];
            match mood.next(8) {
                0 => {
                    bench.put_body(SPAN, 1, 1).await;
                    all.extend(["m", "s"].map(str::to_owned));
                }
                1 => {
                    // Of two tenants.
                    let bodies = [format!("a:{n}"), format!("b:{n}x")];
                    bench.put(&[&bodies[0], &bodies[1]]).await;
                    all.extend(bodies);
                }
                _ => {
                    let body = format!("{tenant}:{n}");
                    bench.put(&[&body]).await;
                    all.push(body);
                }
            }
            if mood.next(20) == 0 {
                tokio::time::sleep(Duration::from_secs(mood.next(90))).await;
            }
        }
        tokio::time::sleep(Duration::from_secs(mood.next(1_000))).await;
        let books = bench.books("a");
        assert_eq!(books.enqueued, all.len() as u64);
        release.store(true, Ordering::SeqCst);
        bench.queue.close();
        ends(&mut running).await;
        assert_each_once(running.told.taken(), all);
        let books = bench.books("a");
        assert_eq!(
            (books.exported, books.pending()),
            (books.enqueued, 0),
            "{seed}"
        );
        assert_eq!(bench.queue.depth().records, 0);
    }
}
