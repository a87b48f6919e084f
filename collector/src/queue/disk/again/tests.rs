//! What a reader let go comes again by its place: from memory, from the disk, and after a restart.

use super::super::tests::{Bench, record, settings};
use super::*;

/// All that a reader let go, in steps of so many items.
fn again(bench: &Bench, i: usize, mut from: Position, most: u64) -> Vec<u32> {
    let mut found = Vec::new();
    loop {
        let again = bench.shared.lock().again(i, from, most, usize::MAX);
        let (entries, next) = match again {
            Again::Entries(entries, next) => (entries, next),
            Again::Fetch(fetch) => {
                let chunk = bench.shared.fetch(&fetch);
                bench.shared.found_again(i, from, chunk)
            }
        };
        found.extend(entries.iter().map(|it| it.record.header.generation));
        match next {
            Some(next) => from = next,
            None => return found,
        }
    }
}

#[tokio::test]
async fn what_was_let_go_comes_again_alone_whoever_has_it() {
    for from_disk in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Bench::real(folder.path());
        // One that reads nothing keeps the tail in memory.
        let _slow = bench.reader("slow");
        let mut reader = bench.reader("a");
        bench.recover();
        bench.append_ids(0..20);
        let mut held = Vec::new();
        while held.len() < 20 {
            held.extend(reader.next(7, usize::MAX).await);
        }
        let of = |third: u64| {
            let ours = held
                .iter()
                .enumerate()
                .filter(move |(n, _)| *n as u64 % 3 == third);
            ours.map(|(_, it)| it.position).collect::<Vec<_>>()
        };
        reader.ack(&of(0));
        of(1).iter().for_each(|at| reader.let_go(*at, 0));
        assert_eq!(reader.pending().records, 13);
        if from_disk {
            bench.shared.lock().clear_tail();
        }
        let wanted: Vec<u32> = (0..20).filter(|n| n % 3 == 1).collect();
        assert_eq!(again(&bench, reader.index(), 0, 2), wanted);
        // It is in hands now, and so is the rest.
        assert_eq!(again(&bench, reader.index(), 0, 2), [0; 0]);
        of(1).iter().for_each(|at| reader.let_go(*at, 0));
        let (entries, next) = reader.again(of(1)[1], 1, usize::MAX).await;
        assert_eq!(entries[0].position, of(1)[1]);
        let (entries, _) = reader.again(next.unwrap(), 1, usize::MAX).await;
        assert_eq!(entries[0].position, of(1)[2]);
        // What is in hands alone is acknowledged.
        reader.ack(&of(1));
        assert_eq!(again(&bench, reader.index(), 0, 2).len(), of(1).len() - 2);
        reader.ack(&of(1));
        reader.ack(&of(2));
        assert_eq!(
            (
                reader.pending().records,
                reader.gone_of(&of(1).into_iter().collect())
            ),
            (0, of(1))
        );
    }
}

#[tokio::test]
async fn what_is_let_go_while_the_disk_is_read_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let mut reader = bench.reader("a");
    bench.recover();
    bench.append_ids(0..3);
    let held = reader.next(3, usize::MAX).await;
    let at: Vec<Position> = held.iter().map(|it| it.position).collect();
    bench.shared.lock().clear_tail();
    reader.let_go(at[1], 0);
    let begun = bench.shared.lock().again(reader.index(), 0, 9, usize::MAX);
    let Again::Fetch(fetch) = begun else {
        panic!("it is on the disk alone")
    };
    let chunk = bench.shared.fetch(&fetch);
    reader.let_go(at[0], 0);
    reader.let_go(at[2], 0);
    let (entries, next) = bench.shared.found_again(reader.index(), 0, chunk);
    assert_eq!((entries.len(), next), (0, Some(0)), "begun anew");
    assert_eq!(again(&bench, reader.index(), 0, 9), [0, 1, 2]);
}

#[tokio::test]
async fn what_was_let_go_is_known_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(16 << 20));
    let mut reader = bench.reader("a");
    bench.recover();
    let many = 12_000;
    for group in 0..many / 1_000 {
        let records = (0..1_000).map(|n| record(group * 1_000 + n, 1, 0));
        assert!(bench.append(records).iter().all(Result::is_ok));
    }
    let mut read = 0;
    while read < many {
        let entries = reader.next(1_000, usize::MAX).await;
        read += entries.len() as u32;
        let (even, odd): (Vec<_>, Vec<_>) =
            (entries.iter()).partition(|it| it.record.header.generation % 2 == 0);
        reader.ack(&even.iter().map(|it| it.position).collect::<Vec<_>>());
        odd.iter().for_each(|it| reader.let_go(it.position, 0));
    }
    bench.shared.keep_cursors().unwrap();
    drop((bench, reader));
    let bench = Bench::with(folder.path(), settings(16 << 20));
    let mut reader = bench.reader("a");
    bench.recover();
    assert_eq!(reader.pending().records, u64::from(many) / 2);
    let mut ids = Vec::new();
    while ids.len() < many as usize / 2 {
        let entries = reader.next(1_000, usize::MAX).await;
        ids.extend(entries.iter().map(|it| it.record.header.generation));
    }
    assert!(ids.into_iter().eq((0..many).filter(|n| n % 2 == 1)));
}
