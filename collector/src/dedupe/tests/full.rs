//! The memory of batches on a disk that is full. Files may not grow beyond a limit, which holds for the whole process: so each case is a
//! process of its own.

use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::*;

/// Runs the test again as the only one of its process; says whether this is that one.
fn is_alone(name: &str) -> bool {
    if std::env::var_os("FAROL_ALONE").is_some() {
        return true;
    }
    let name = format!("dedupe::tests::full::{name}");
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env("FAROL_ALONE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let failed = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{failed}");
    assert!(said.contains("1 passed"), "{said}");
    false
}

/// Bytes that a file may have; none is no limit. Beyond it a write is cut off, and the next fails.
fn room(bytes: Option<u64>) {
    let too_large = SignalKind::from_raw(Signal::XFSZ.as_raw());
    let _ = signal(too_large).unwrap();
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = bytes.or(maximum);
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

#[tokio::test]
async fn what_a_killed_process_knew_is_known_on_a_full_disk_and_after_it() {
    if !is_alone("what_a_killed_process_knew_is_known_on_a_full_disk_and_after_it") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path(), 100);
    // Killed again and again while it is full.
    for _ in 0..3 {
        room(Some(0));
        let dedupe = open(folder.path());
        assert_eq!((dedupe.memory().batches, dedupe.memory().failed), (100, 1));
        assert!(is_known(&dedupe, 99, 1, NOW).await);
        dedupe.store.remember(id(100), NOW);
        dedupe.store.tidy(NOW);
        assert!(dedupe.close().await.is_err());
    }
    room(None);
    let dedupe = open(folder.path());
    assert_eq!((dedupe.memory().batches, dedupe.memory().failed), (100, 0));
    assert_eq!(known_since(&dedupe), 0);
    assert_eq!(names(folder.path(), ".log"), 0);
}

#[tokio::test]
async fn what_could_not_be_logged_is_logged_when_there_is_room_again() {
    if !is_alone("what_could_not_be_logged_is_logged_when_there_is_room_again") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open(folder.path());
    let taken = |of: std::ops::Range<u32>| of.for_each(|n| dedupe.store.remember(id(n), NOW));
    taken(0..10);
    dedupe.store.tidy(NOW);
    // A part of the frame still fits.
    room(Some(300));
    taken(10..20);
    (0..5).for_each(|_| dedupe.store.tidy(NOW));
    assert_eq!(dedupe.memory().failed, 5);
    room(None);
    taken(20..30);
    dedupe.store.tidy(NOW);
    assert_eq!(names(folder.path(), ".log"), 1);
    // Killed.
    let again = open(folder.path());
    for n in 0..30 {
        assert!(is_known(&again, n, 2, NOW).await, "{n}");
    }
    assert_eq!((again.memory().batches, again.memory().damaged), (30, 0));
}

#[tokio::test]
async fn ids_are_logged_while_a_full_table_waits_for_room() {
    if !is_alone("ids_are_logged_while_a_full_table_waits_for_room") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dedupe = open(folder.path());
    dedupe.store.remember(id(0), NOW);
    dedupe.store.tidy(NOW);
    // Room for some frames, and none for a run. The hour turns, and with it the table.
    room(Some(2_000));
    let later = NOW + 3600;
    dedupe.store.remember(id(1), later);
    dedupe.store.tidy(later);
    dedupe.store.tidy(later);
    dedupe.store.tidy(later);
    assert_eq!((dedupe.memory().bytes, dedupe.memory().failed), (0, 3));
    assert_eq!(names(folder.path(), ".draft"), 0);
    for room_again in [false, true] {
        if room_again {
            // The table gets its place, and the log that held both goes.
            room(None);
            dedupe.store.tidy(later);
            assert!(dedupe.memory().bytes > 0);
        }
        let again = open(folder.path());
        for n in 0..2 {
            assert!(is_known(&again, n, 2, later).await, "{room_again} {n}");
        }
    }
}
