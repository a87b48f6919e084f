use super::super::tests::{Bench, read, record, settings};
use super::*;
use crate::outcome::Refusal;
use crate::queue::Reader;
use crate::record::Record;

const QUOTA: u64 = 1 << 20;

fn of_app(app: &str, id: u32) -> Record {
    let mut record = record(id, 1, 60_000);
    record.header.app = app.into();
    record
}

fn is_refused(bench: &Bench, app: &str) -> bool {
    let refused = bench.shared.refuses(app, Some(QUOTA), 0);
    refused.is_some_and(|it| it.why == Refusal::AppQuota)
}

/// One of b, then three times what a may have; what of that a destination waits for is `waits`'s to say.
fn take_in(bench: &mut Bench, each: impl Fn(&Bench)) {
    assert!(bench.append([of_app("b", 0)])[0].is_ok());
    for id in 1..60 {
        assert!(bench.append([of_app("a", id)])[0].is_ok());
        each(bench);
    }
}

/// It is through with what is a's, and b's waits.
fn takes_those_of_a(bench: &Bench, reader: &Reader) {
    let of_a = read(bench, reader).into_iter().filter(|(_, id)| *id > 0);
    reader.ack(&of_a.map(|(at, _)| at).collect::<Vec<_>>());
}

fn keep(bench: &Bench) {
    bench.shared.keep();
    while !bench.shared.lock().shares.inexact.is_empty() {
        bench.shared.keep();
    }
}

#[test]
fn what_waits_of_one_app_costs_no_other_its_quota() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(64 << 20));
    let (x, y) = (bench.reader("x"), bench.reader("y"));
    bench.recover();
    take_in(&mut bench, |bench| {
        takes_those_of_a(bench, &x);
        takes_those_of_a(bench, &y);
        assert!(!is_refused(bench, "a"), "all of it was taken");
    });
    for id in 60..80 {
        assert!(bench.append([of_app("b", id)])[0].is_ok());
    }
    assert!(is_refused(&bench, "b"), "but this waits");

    // A crash changes nothing of that.
    bench.shared.keep_cursors().unwrap();
    drop((bench, x, y));
    let bench = Bench::with(folder.path(), settings(64 << 20));
    let _both = (bench.reader("x"), bench.reader("y"));
    bench.recover();
    assert_eq!(bench.shared.lock().shares.of("a"), 0);
    assert!(is_refused(&bench, "b"));
}

#[test]
fn what_only_a_destination_wanted_that_is_removed_counts_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(64 << 20));
    let (x, away) = (bench.reader("x"), bench.reader("away"));
    bench.recover();
    take_in(&mut bench, |bench| takes_those_of_a(bench, &x));
    assert!(is_refused(&bench, "a"), "one of them wants it");
    away.remove();
    keep(&bench);
    assert!(!is_refused(&bench, "a"));
    assert!(bench.shared.lock().shares.of("b") > 0);
}

#[test]
fn what_is_dropped_counts_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(4 << 20));
    let (x, away) = (bench.reader("x"), bench.reader("away"));
    bench.recover();
    take_in(&mut bench, |bench| takes_those_of_a(bench, &x));
    assert!(is_refused(&bench, "a"));
    // x holds b's: its segment stays, and what away wanted of it is dropped.
    bench
        .shared
        .drop_segment(0, crate::outcome::DropReason::Expired);
    assert!(bench.shared.make_room(3 << 20));
    keep(&bench);
    let state = bench.shared.lock();
    let kept: u64 = state.segments.iter().skip(1).map(|s| s.bytes()).sum();
    assert_eq!(state.shares.of("a"), kept);
    drop(state);
    drop((x, away));
}

#[test]
fn names_without_end_take_no_room_without_end() {
    let mut shares = Shares::default();
    for n in 0..MOST_APPS as u64 + 50 {
        shares.add(0, name(&format!("app {n}")), 1);
    }
    assert_eq!(shares.all.len(), MOST_APPS);
    shares.add(7, name("app 0"), 1);
    assert_eq!(shares.of("app 0"), 2);
    shares.forget(0);
    shares.take(7, name("app 0"), 9);
    assert!(shares.all.is_empty() && shares.parts.is_empty());
}
