//! What is to go, and cannot be read to see who has had what of it: nothing of it goes uncounted.

use rustix::io::Errno;

use super::*;

/// Three files of two records, of 1, 2 … 6 items; a reader that is done with the first record and holds the third.
fn partly_done() -> (sim::SimDisk, Bench, Reader, Vec<Position>) {
    let disk = sim::SimDisk::new(1, sim::Lies::None);
    let opened = Arc::new(disk.clone());
    let mut bench =
        Bench::open(opened, Path::new("queue"), settings(1 << 20), Clock::SYSTEM).unwrap();
    let a = bench.reader("a");
    bench.recover();
    let mut at = Vec::new();
    for id in [0, 2, 4] {
        let two = [id, id + 1].map(|id| record(id, id + 1, 100));
        at.extend(bench.append(two).into_iter().map(Result::unwrap));
        bench.shared.lock().leave_active();
    }
    assert_eq!(bench.segments(), 3);
    let got = take(&bench.shared, a.index(), 6);
    assert_eq!(got.len(), 3);
    bench.ledgers.destination("a").exported(1);
    a.ack(&at[..1]);
    a.let_go(at[1], 0);
    (disk, bench, a, at)
}

fn books(bench: &Bench) -> (u64, u64, u64) {
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!(books.bugs, 0);
    let dropped = |why| books.dropped.get(&why).copied().unwrap_or_default();
    let (expired, damaged) = (dropped(DropReason::Expired), dropped(DropReason::Damaged));
    (expired, damaged, books.pending())
}

#[test]
fn what_cannot_be_read_for_a_moment_goes_later() {
    let (disk, bench, a, at) = partly_done();
    disk.fail_open(Errno::NFILE);
    bench.shared.drop_segment(at[0], DropReason::Expired);
    assert_eq!((bench.segments(), books(&bench)), (3, (0, 0, 20)));
    bench.shared.drop_segment(at[0], DropReason::Expired);
    assert_eq!((bench.segments(), books(&bench)), (2, (2, 0, 18)));
    assert_eq!((a.pending().records, a.pending().items), (4, 18));
}

#[test]
fn what_is_lost_is_lost_to_those_who_had_it_not_and_once() {
    for how in [Errno::NOENT, Errno::IO] {
        let (disk, bench, a, at) = partly_done();
        disk.fail_open(how);
        bench.shared.drop_segment(at[0], DropReason::Expired);
        assert_eq!((bench.segments(), books(&bench)), (2, (0, 2, 18)));
        assert_eq!((a.pending().records, a.pending().items), (4, 18));
        let rest = read(&bench, &a);
        assert_eq!(ids(&rest), [3, 4, 5]);
        bench.ledgers.destination("a").exported(18);
        a.ack(&at[2..]);
        assert_eq!(
            (a.pending(), books(&bench)),
            (super::super::super::Lag::default(), (0, 2, 0))
        );
    }
}

#[test]
fn what_of_it_is_damaged_is_counted_as_that_and_the_rest_as_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let a = bench.reader("a");
    bench.recover();
    let at: Vec<_> = [0, 1, 2, 3]
        .map(|id| bench.append([record(id, id + 1, 100)])[0].unwrap())
        .into();
    bench.shared.lock().leave_active();
    let got = take(&bench.shared, a.index(), 1);
    bench.ledgers.destination("a").exported(1);
    a.ack(&[got[0].position]);
    let path = only_segment(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[segment::HEAD + (at[2] - at[0]) as usize + 20] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    bench.append([record(4, 5, 100)])[0].unwrap();
    bench.shared.drop_segment(at[0], DropReason::Expired);
    assert_eq!((bench.segments(), books(&bench)), (1, (6, 3, 5)));
    assert_eq!((a.pending().records, a.pending().items), (1, 5));
    assert_eq!(ids(&read(&bench, &a)), [4]);
    assert!(Path::new(&format!("{}.damaged", path.display())).exists());
}

#[test]
fn who_wants_room_does_not_wait_for_what_cannot_be_read() {
    let disk = sim::SimDisk::new(1, sim::Lies::None);
    let opened = Arc::new(disk.clone());
    let mut bench =
        Bench::open(opened, Path::new("queue"), settings(20_000), Clock::SYSTEM).unwrap();
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(0..40);
    let got = read(&bench, &a);
    a.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    b.ack(&[take(&bench.shared, b.index(), 1)[0].position]);
    disk.fail_open(Errno::MFILE);
    assert!(!bench.shared.make_room(15_000));
    assert_eq!(bench.pending("b"), 40);
    assert!(bench.shared.make_room(15_000));
    let books = bench.ledgers.destination("b").snapshot();
    assert_eq!(books.dropped_total() + b.pending().items, 39);
}
