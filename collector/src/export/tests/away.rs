//! A destination that is away keeps a few batches to find out that it is back. The rest is the queue's meanwhile, and nothing of it is lost or comes twice.

use super::apart::{assert_each_once, ends, on_disk, switch, until_taken};
use super::*;

fn unreachable() -> Outcome {
    Outcome::retry(Reason::code("no connection"))
}

/// Nobody is there until the switch says so.
fn away(back: Arc<AtomicBool>) -> impl Fn(&[String]) -> Option<Outcome> {
    move |_| {
        Some(match back.load(Ordering::SeqCst) {
            true => Outcome::accepted(),
            false => unreachable(),
        })
    }
}

fn converted(bench: &Bench) -> u64 {
    let conversions = bench.queue.conversions();
    let all = conversions.shared.iter().chain(&conversions.written);
    all.map(|it| it.load(Ordering::SeqCst)).sum()
}

#[tokio::test(start_paused = true)]
async fn while_a_destination_is_away_the_queue_has_what_waits_for_it() {
    for closes_first in [false, true] {
        let bench = Bench::new();
        let (release, back) = switch(false);
        let mut running = bench.run("a", away(back), plain);
        let mut all = Vec::new();
        for n in 0..10_000 {
            let body = format!("{n}");
            bench.put(&[&body]).await;
            all.push(body);
        }
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        let read = converted(&bench);
        assert!(read < 4_000, "it waits where it lies: {read}");
        assert_eq!(running.stats.circuit(), "open");
        if closes_first {
            bench.queue.close();
        }
        release.store(true, Ordering::SeqCst);
        until_taken(&running.told, "", 10_000).await;
        bench.queue.close();
        ends(&mut running).await;
        assert_each_once(running.told.taken(), all);
        let books = bench.books("a");
        assert_eq!((books.exported, books.pending()), (10_000, 0));
        // A batch of 512 stayed. The others were given back, and so were converted again.
        let again = converted(&bench) - 10_000;
        assert!(
            again > 0 && again + 512 <= read && read <= again + 2 * 512,
            "{again} of {read}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_and_goes_gets_each_item_once() {
    let bench = Bench::new();
    let start = Instant::now();
    // There for more of each minute than the longest wait.
    let decide = move |_: &[String]| {
        Some(match start.elapsed().as_secs() % 60 < 35 {
            true => Outcome::accepted(),
            false => unreachable(),
        })
    };
    let mut running = bench.run("a", decide, |plan, _| plan.bounds.max_items = 10);
    let mut all = Vec::new();
    for n in 0..6_000 {
        let body = format!("{n}");
        bench.put(&[&body]).await;
        all.push(body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bench.queue.close();
    ends(&mut running).await;
    assert_each_once(running.told.taken(), all);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (6_000, 0));
}

#[tokio::test(start_paused = true)]
async fn what_a_server_dies_of_is_not_all_that_is_tried() {
    for away_first in [false, true] {
        let bench = Bench::new();
        let (release, back) = switch(!away_first);
        let decide = move |bodies: &[String]| {
            Some(if !back.load(Ordering::SeqCst) {
                unreachable()
            } else if bodies.iter().any(|it| it.starts_with("bad")) {
                Outcome::retry(Reason::code("connection lost"))
            } else {
                Outcome::accepted()
            })
        };
        let mut running = bench.run("a", decide, |plan, _| plan.bounds.max_items = 1);
        for n in 0..3 {
            bench.put(&[&format!("bad {n}")]).await;
        }
        for n in 0..100 {
            bench.put(&[&format!("good {n}")]).await;
        }
        tokio::time::sleep(Duration::from_secs(600)).await;
        release.store(true, Ordering::SeqCst);
        until_taken(&running.told, "good", 100).await;
        running.leave.send_replace(Some(Leave::Replaced));
        ends(&mut running).await;
        let books = bench.books("a");
        assert_eq!((books.exported, books.pending()), (100, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn tenants_of_one_that_is_away_get_each_item_once() {
    let bench = Bench {
        tenants: true,
        ..Bench::new()
    };
    let (release, back) = switch(false);
    let mut running = bench.run("a", away(back), plain);
    let mut all = Vec::new();
    for n in 0..1_000 {
        for tenant in ["a", "b", "c"] {
            let body = format!("{tenant}:{n}");
            bench.put(&[&body]).await;
            all.push(body);
        }
    }
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    ends(&mut running).await;
    assert_each_once(running.told.taken(), all);
    let books = bench.books("a");
    assert_eq!((books.exported, books.pending()), (3_000, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_one_that_is_away_is_read_from_the_disk_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench {
        queue: on_disk(folder.path()),
        ..Bench::new()
    };
    let (release, back) = switch(false);
    let quickly = |_: &mut Plan, retry: &mut Retry| {
        (retry.initial, retry.max) = (Duration::from_millis(1), Duration::from_millis(5));
    };
    let mut gone = bench.run("gone", away(back), quickly);
    let mut there = bench.run("there", accept, quickly);
    bench.queue.recover(&bench.ledgers);
    let mut all = Vec::new();
    for n in 0..5_000 {
        let body = format!("{n}");
        bench.put(&[&body]).await;
        all.push(body);
    }
    while bench.books("there").exported < 5_000 || gone.stats.circuit() == "closed" {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    release.store(true, Ordering::SeqCst);
    bench.queue.close();
    ends(&mut gone).await;
    ends(&mut there).await;
    for running in [gone, there] {
        assert_each_once(running.told.taken(), all.clone());
    }
    for name in ["gone", "there"] {
        let books = bench.books(name);
        assert_eq!((books.exported, books.pending()), (5_000, 0));
    }
    bench.queue.stop();
}

#[tokio::test(start_paused = true)]
async fn none_passes_another_that_is_tried_again_where_one_is_on_its_way_at_a_time() {
    let bench = Bench::new();
    let tries = AtomicUsize::new(0);
    let busy_at_first = move |bodies: &[String]| {
        let first = bodies.iter().any(|it| it == "x");
        Some(match first && tries.fetch_add(1, Ordering::SeqCst) < 3 {
            true => busy(None),
            false => Outcome::accepted(),
        })
    };
    let one_by_one = |plan: &mut Plan, _: &mut Retry| {
        plan.bounds.max_items = 1;
        plan.lanes = config::RemoteWrite::CONCURRENCY;
    };
    let mut running = bench.run("a", busy_at_first, one_by_one);
    bench.put(&["x"]).await;
    running.attempts.recv().await.unwrap();
    for later in ["y", "z"] {
        bench.put(&[later]).await;
    }
    bench.end_within_an_hour(running.task).await;
    assert_eq!(running.told.taken(), ["x", "y", "z"]);
}
