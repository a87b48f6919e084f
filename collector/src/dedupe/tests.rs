use std::fs;

use proptest::prelude::*;

use super::run::{Run, Taken};
use super::*;
use crate::record::record_id;

const NOW: u32 = 1_800_000_000;

fn id(n: u32) -> BatchId {
    record_id("app", &n.to_string())
}

fn open(folder: &Path) -> Dedupe {
    open_as(folder, false, NOW)
}

fn open_as(folder: &Path, volatile: bool, now: u32) -> Dedupe {
    let store = Store::open(folder, MAX_BYTES, volatile, now).unwrap();
    Dedupe::with(store, at(now))
}

fn at(now: u32) -> Clock {
    Clock {
        unix: Duration::from_secs(now.into()),
        since: Instant::now(),
    }
}

async fn first(dedupe: &Dedupe, n: u32, now: u32) -> First {
    match dedupe.claim_at(id(n), 1, now).await {
        Claim::First(first) => first,
        Claim::Duplicate => panic!("a duplicate"),
    }
}

/// Since when nothing was forgotten.
fn known_since(dedupe: &Dedupe) -> u32 {
    dedupe.store.figures().2
}

async fn is_known(dedupe: &Dedupe, n: u32, tries: u32, now: u32) -> bool {
    dedupe.knows(id(n), tries, now).await
}

#[tokio::test]
async fn a_first_try_is_looked_up_for_ten_minutes_and_others_for_two_days() {
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open(folder.path());
    dedupe.store.remember(id(1), NOW);
    for written in [false, true] {
        if written {
            dedupe.close().await.unwrap();
        }
        assert!(is_known(&dedupe, 1, 1, NOW + WINDOW).await);
        assert!(!is_known(&dedupe, 1, 1, NOW + WINDOW + 1).await);
        assert!(is_known(&dedupe, 1, 2, NOW + KEPT).await);
        assert!(!is_known(&dedupe, 1, 2, NOW + KEPT + 1).await);
    }
}

#[tokio::test]
async fn doubles_wait_for_the_first_and_one_takes_over_where_it_fails() {
    let dedupe = Dedupe::default();
    let leader = first(&dedupe, 1, NOW).await;
    let follow = |dedupe: Dedupe| {
        tokio::spawn(async move {
            match dedupe.claim(id(1), 1).await {
                Claim::First(first) => {
                    tokio::task::yield_now().await;
                    first.taken();
                    "first"
                }
                Claim::Duplicate => "duplicate",
            }
        })
    };
    let (a, b) = (follow(dedupe.clone()), follow(dedupe.clone()));
    tokio::task::yield_now().await;
    assert!(!a.is_finished() && !b.is_finished());
    drop(leader);
    let mut verdicts = [a.await.unwrap(), b.await.unwrap()];
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["duplicate", "first"]);
}

#[tokio::test]
async fn ids_are_known_after_a_stop_and_after_a_kill() {
    for killed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let dedupe = open(folder.path());
        for n in 0..100 {
            dedupe.store.remember(id(n), NOW);
        }
        match killed {
            true => dedupe.store.tidy(NOW),
            false => dedupe.close().await.unwrap(),
        }
        drop(dedupe);
        let dedupe = open(folder.path());
        for n in 0..100 {
            assert!(is_known(&dedupe, n, 1, NOW).await, "{killed} {n}");
        }
        assert!(!is_known(&dedupe, 100, 2, NOW).await);
        assert_eq!((dedupe.memory().batches, dedupe.memory().damaged), (100, 0));
    }
}

#[tokio::test]
async fn after_a_kill_no_batch_counts_twice() {
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open(folder.path());
    for n in 0..100 {
        dedupe.store.remember(id(n), NOW);
    }
    dedupe.store.tidy(NOW);
    drop(dedupe);
    // What the queue found of the newest records: most of it stands in the log as well.
    let dedupe = open(folder.path());
    for n in 50..101 {
        dedupe.know(id(n));
    }
    assert_eq!(dedupe.memory().batches, 101);
    assert!(is_known(&dedupe, 100, 1, NOW).await);
    drop(dedupe);

    // Killed between writing a run and removing the log that it was written from.
    let log = folder.path().join("900000000000.log");
    let ids: Vec<Taken> = (0..100).map(|n| (id(n), NOW)).collect();
    log::Log::create(log).unwrap().write(&ids).unwrap();
    let dedupe = open(folder.path());
    assert_eq!(dedupe.memory().batches, 100);
    assert_eq!(dedupe.memory().damaged, 0);
}

#[tokio::test]
async fn what_was_lost_with_the_memory_of_a_killed_process_is_not_taken_for_known() {
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open_as(folder.path(), true, NOW);
    for n in 0..60_000 {
        dedupe.store.remember(id(n), NOW);
    }
    dedupe.store.tidy(NOW);
    assert!(dedupe.memory().bytes > 0, "some of it is on disk");
    assert_eq!(known_since(&dedupe), 0);
    drop(dedupe);
    let dedupe = open_as(folder.path(), true, NOW + 60);
    assert_eq!(dedupe.memory().batches, 0);
    assert_eq!(known_since(&dedupe), NOW + 60, "and the figure says so");
    dedupe.store.remember(id(1), NOW);
    dedupe.close().await.unwrap();
    drop(dedupe);
    let dedupe = open_as(folder.path(), true, NOW);
    assert!(
        is_known(&dedupe, 1, 1, NOW).await,
        "a stop in order keeps them"
    );
}

#[tokio::test]
async fn many_batches_are_found_in_bounded_memory_and_few_files() {
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open(folder.path());
    let store = &dedupe.store;
    // FAROL_FULL asks for a million.
    let full = std::env::var_os("FAROL_FULL").is_some();
    let n = if full { 1_000_000 } else { 200_000 };
    for i in 0..n {
        let now = NOW + i / 250;
        store.remember(id(i), now);
        if i % 10_000 == 0 {
            store.tidy(now);
        }
    }
    let now = NOW + n / 250;
    (0..20).for_each(|_| store.tidy(now));
    for i in (0..n).step_by(997) {
        assert!(is_known(&dedupe, i, 2, now).await, "{i}");
        let recent = i / 250 + WINDOW >= n / 250;
        assert_eq!(is_known(&dedupe, i, 1, now).await, recent, "{i}");
    }
    for i in (n..2 * n).step_by(997) {
        assert!(!is_known(&dedupe, i, 2, now).await, "{i}");
    }
    assert_eq!(dedupe.memory().batches, u64::from(n));
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert!(files <= 20, "{files} files");
}

#[tokio::test]
async fn old_ids_go_and_a_shortened_window_shows() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), 100_000, false, NOW).unwrap();
    for (n, at) in [(1, NOW), (2, NOW + KEPT / 2), (3, NOW + KEPT)] {
        store.remember(id(n), at);
        store.tidy(at);
    }
    let later = NOW + KEPT + 3600;
    store.remember(id(4), later);
    (0..4).for_each(|_| store.tidy(later));
    assert!(
        !store
            .in_tables(&id(1), 0)
            .is_err_and(|runs| in_runs(&runs, &id(1), 0))
    );
    assert!(
        store
            .in_tables(&id(2), 0)
            .is_err_and(|runs| in_runs(&runs, &id(2), 0))
    );
    let dedupe = |store| Dedupe::with(store, at(later));
    let whole = dedupe(store);
    assert_eq!(whole.memory().window, KEPT);
    drop(whole);
    store = Store::open(folder.path(), 20_000, false, later).unwrap();
    store.tidy(later);
    let memory = dedupe(store).memory();
    assert!(
        memory.bytes <= 20_000 && memory.window <= KEPT / 2 + 3600,
        "{memory:?}"
    );
}

#[tokio::test]
async fn damage_is_counted_and_never_a_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open(folder.path());
    (0..500).for_each(|n| dedupe.store.remember(id(n), NOW));
    dedupe.close().await.unwrap();
    drop(dedupe);
    let path = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let dedupe = open(folder.path());
        let mut missing = 0;
        for n in 0..500 {
            missing += u32::from(!is_known(&dedupe, n, 2, NOW).await);
        }
        assert!(missing > 0 && dedupe.memory().damaged == 1, "byte {at}");
        assert_eq!(known_since(&dedupe), NOW, "byte {at}");
        for n in 500..550 {
            assert!(!is_known(&dedupe, n, 2, NOW).await, "byte {at}");
        }
    }
}

#[tokio::test]
async fn what_a_damaged_file_held_is_not_taken_for_known_once_it_was_merged() {
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open(folder.path());
    (0..500).for_each(|n| dedupe.store.remember(id(n), NOW));
    dedupe.close().await.unwrap();
    drop(dedupe);
    let path = fs::read_dir(folder.path()).unwrap().next().unwrap();
    let path = path.unwrap().path();
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 0x10;
    fs::write(&path, &bytes).unwrap();
    let dedupe = open(folder.path());
    dedupe.store.remember(id(500), NOW + 1);
    dedupe.close().await.unwrap();
    assert_eq!(known_since(&dedupe), 0, "nobody has read it");
    dedupe.store.tidy(NOW + 2 * 3600);
    assert!(!path.exists());
    assert_eq!(known_since(&dedupe), NOW);
}

#[tokio::test]
async fn a_log_that_was_cut_gives_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("000000000000.log");
    let mut log = log::Log::create(path.clone()).unwrap();
    let taken: Vec<Taken> = (0..10).map(|n| (id(n), NOW)).collect();
    log.write(&taken[..5]).unwrap();
    log.write(&taken[5..]).unwrap();
    let whole = fs::read(&path).unwrap();
    for end in 0..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let mut found = 0;
        log::read(&path, |_| found += 1).unwrap();
        assert_eq!(
            found,
            [0, 5, 10][usize::from(end >= 108) + usize::from(end >= 216)]
        );
    }
    let mut flipped = whole;
    flipped[120] ^= 1;
    fs::write(&path, &flipped).unwrap();
    let dedupe = open(folder.path());
    assert_eq!((dedupe.memory().batches, dedupe.memory().damaged), (5, 1));
    assert_eq!(known_since(&dedupe), NOW, "what stood behind is not known");
}

/// A folder as a process leaves it that is killed: `n` ids in the log.
fn killed(folder: &Path, n: u32) {
    let dedupe = open(folder);
    (0..n).for_each(|n| dedupe.store.remember(id(n), NOW));
    dedupe.store.tidy(NOW);
}

fn names(folder: &Path, ending: &str) -> usize {
    let files = fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(ending)).count()
}

#[tokio::test]
async fn what_cannot_be_read_keeps_no_collector_from_starting() {
    for name in ["000000000007.ids", "000000000007.log", "000000000007.draft"] {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path(), 100);
        // It can be opened and not read.
        fs::create_dir(folder.path().join(name)).unwrap();
        let dedupe = open(folder.path());
        assert!(is_known(&dedupe, 99, 1, NOW).await, "{name}");
        let damaged = u64::from(!name.ends_with(".draft"));
        assert_eq!(dedupe.memory().damaged, damaged, "{name}");
        assert_eq!(known_since(&dedupe), NOW * damaged as u32, "{name}");
        assert!(folder.path().join(name).exists());
    }
}

#[tokio::test]
async fn ids_that_were_logged_twice_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = log::Log::create(folder.path().join("0.log")).unwrap();
    log.write(&[(id(1), NOW - WINDOW - 1)]).unwrap();
    log.write(&[(id(1), NOW)]).unwrap();
    let dedupe = open(folder.path());
    assert_eq!(dedupe.memory().batches, 1);
    assert!(is_known(&dedupe, 1, 1, NOW).await, "with the newer time");
}

mod full;

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_memory_only() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("dedupe");
    let dedupe = open(&place);
    fs::remove_dir_all(&place).unwrap();
    fs::write(&place, "in the way").unwrap();
    dedupe.store.remember(id(1), NOW);
    dedupe.store.tidy(NOW);
    assert_eq!(dedupe.memory().failed, 1);
    assert!(is_known(&dedupe, 1, 1, NOW).await);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_holds_what_was_put_into_it_and_nothing_else(
        ids in proptest::collection::btree_set(any::<[u8; 16]>(), 0..1_000),
        near in any::<[u8; 16]>(),
        merge in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.ids");
        let sorted: Vec<Taken> = ids.iter().map(|id| (*id, 7)).collect();
        let n = sorted.len() as u64;
        let mut run = Run::write(&path, 0, n, true, sorted.iter().copied().map(Ok)).unwrap();
        if merge {
            let (a, b): (Vec<Taken>, Vec<Taken>) = sorted.iter().partition(|t| t.0[7] < 128);
            let part = |name: &str, part: Vec<Taken>| {
                let path = folder.path().join(name);
                Run::write(&path, 0, part.len() as u64, false, part.into_iter().map(Ok)).unwrap()
            };
            let parts = [Arc::new(part("1.ids", a)), Arc::new(part("2.ids", b))];
            run = Run::write(&path, 1, n, false, super::run::merged(&parts, 0).map(Ok)).unwrap();
        }
        let again = Run::open(&path).unwrap();
        prop_assert_eq!(again.facts, run.facts);
        for run in [run, again] {
            prop_assert!(ids.iter().all(|id| run.find(id) == Some(7)));
            prop_assert_eq!(run.find(&near).is_some(), ids.contains(&near));
            prop_assert_eq!(run.all().count(), ids.len());
            prop_assert!(!run.is_damaged());
        }
    }
}
