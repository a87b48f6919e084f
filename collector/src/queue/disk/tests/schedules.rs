//! The group commit under shuttle, which tries many orders of its threads' steps: what is put down is taken once, in order and before the
//! end, and nobody waits for ever.
//!
//! FAROL_FULL asks for a hundred thousand schedules of each kind.

use std::collections::BTreeMap;

use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use group::{Group, Groups, NotTaken};

/// What `group.rs` waits with here.
mod sync {
    pub(super) use std::sync::PoisonError;

    pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard};
}

/// The same code over these.
#[expect(
    clippy::duplicate_mod,
    reason = "with other primitives it is another one"
)]
#[path = "../group.rs"]
mod group;

/// Bytes that may wait before a record is refused: two of them.
const MOST: usize = 8;

/// Records of a writer.
const EACH: u32 = 3;

/// A record and its writer's verdicts.
type Book = Arc<Mutex<BTreeMap<u32, Vec<u32>>>>;

/// What a writer put down, and what it was refused.
#[derive(Default)]
struct Told {
    put: Vec<u32>,
    too_much: usize,
    closed: usize,
}

fn write(groups: &Groups<(u32, u32)>, writer: u32) -> Told {
    let mut told = Told::default();
    for n in 0..EACH {
        let put = groups.put(MOST, (writer, n), |(_, n), out| {
            out.extend_from_slice(&n.to_le_bytes());
        });
        match put {
            Ok(()) => told.put.push(n),
            Err(NotTaken::TooMuch(member)) => {
                assert_eq!(member, (writer, n));
                told.too_much += 1;
            }
            Err(NotTaken::Closed(member)) => {
                assert_eq!(member, (writer, n));
                told.closed += 1;
            }
        }
    }
    told
}

/// As the writer of the queue does.
fn commit(groups: &Groups<(u32, u32)>, book: &Book) {
    let mut spare = Group::default();
    while groups.wait() {
        let mut group = groups.take(std::mem::take(&mut spare));
        if group.members.is_empty() {
            // It was nudged, and nobody else takes.
            spare = group;
            continue;
        }
        let lengths = group.members.iter().map(|(length, _)| length);
        assert_eq!(lengths.sum::<usize>(), group.bytes.len());
        assert!(
            group.bytes.len() < MOST + 4,
            "a record beyond the bound at most"
        );
        let mut book = book.lock().unwrap();
        let mut at = 0;
        for (length, (writer, n)) in group.members.drain(..) {
            assert_eq!(group.bytes[at..at + length], n.to_le_bytes());
            at += length;
            book.entry(writer).or_default().push(n);
        }
        drop(book);
        group.bytes.clear();
        spare = group;
    }
}

/// Writers, the one who commits, and somebody who ends it all: while they write, or after them.
fn life(writers: u32, early: bool) {
    let groups = Arc::new(Groups::default());
    let book = Book::default();
    let committing = {
        let (groups, book) = (groups.clone(), book.clone());
        thread::spawn(move || commit(&groups, &book))
    };
    let closing = early.then(|| {
        let groups = groups.clone();
        thread::spawn(move || groups.close())
    });
    let nudging = {
        let groups = groups.clone();
        thread::spawn(move || groups.nudge())
    };
    let writing: Vec<_> = (0..writers)
        .map(|writer| {
            let groups = groups.clone();
            thread::spawn(move || write(&groups, writer))
        })
        .collect();
    let told: Vec<Told> = writing.into_iter().map(|it| it.join().unwrap()).collect();
    nudging.join().unwrap();
    match closing {
        Some(closing) => closing.join().unwrap(),
        None => groups.close(),
    }
    committing.join().unwrap();
    let book = book.lock().unwrap();
    for (writer, told) in (0..).zip(&told) {
        let committed = book.get(&writer).cloned().unwrap_or_default();
        assert_eq!(committed, told.put, "what was put down, once and in order");
        assert!(early || told.closed == 0);
        assert_eq!(told.put.len() + told.too_much + told.closed, EACH as usize);
    }
    assert_eq!(groups.waiting(), 0);
}

fn schedules() -> usize {
    match std::env::var_os("FAROL_FULL") {
        Some(_) => 100_000,
        None => 300,
    }
}

#[test]
fn whatever_the_order_all_that_is_put_down_is_committed_once_and_nobody_waits_for_ever() {
    shuttle::check_random(|| life(3, false), schedules());
    // Orders in which few changes of turn make the difference.
    shuttle::check_pct(|| life(3, false), schedules(), 3);
}

#[test]
fn an_end_while_they_write_leaves_nothing_behind_that_was_taken() {
    shuttle::check_random(|| life(2, true), schedules());
    shuttle::check_pct(|| life(2, true), schedules(), 3);
}

/// The test of these tests: one that is told of nothing waits for ever, and that is seen.
#[test]
#[should_panic(expected = "deadlock")]
fn who_is_not_told_is_found() {
    shuttle::check_random(
        || {
            let groups = Arc::new(Groups::<(u32, u32)>::default());
            let waits = thread::spawn(move || groups.wait());
            // Nobody closes it, and nobody puts something down.
            let _ = waits.join();
        },
        10,
    );
}
