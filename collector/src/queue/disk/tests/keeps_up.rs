//! Who may cost others what they have not got: a destination that takes what is for it, and no other.

use super::*;

/// As many records as there is room for.
fn fill(bench: &mut Bench, mut each: impl FnMut(&Bench)) -> u32 {
    let mut id = 0;
    while bench.shared.make_room(500) && id < 500 {
        bench.append_ids(id..id + 1);
        each(bench);
        id += 1;
    }
    id
}

fn lost(bench: &Bench, name: &str) -> u64 {
    bench.ledgers.destination(name).snapshot().dropped_total()
}

#[test]
fn one_that_nothing_is_for_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(20_000));
    let (a, filtered) = (bench.reader("a"), bench.reader("filtered"));
    let narrow = bench.reader("narrow");
    bench.recover();
    let put = fill(&mut bench, |bench| {
        filtered.pass(&all_of(bench, &filtered));
        // One record in twenty is for it, and it does not take them.
        let rest = read(bench, &narrow).into_iter();
        let rest = rest.filter(|(_, id)| id % 20 != 0).map(|(at, _)| at);
        narrow.pass(&Vec::from_iter(rest));
    });
    assert!(put > 50 && put < 500, "{put}");
    assert!(!bench.queue.has_room());
    assert_eq!(bench.queue.refuses("", None, 500), Some(Refused::full()));
    assert_eq!((lost(&bench, "a"), lost(&bench, "narrow")), (0, 0));
    assert_eq!(a.pending().records, u64::from(put));
}

#[test]
fn one_that_lost_it_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(20_000));
    let a = bench.reader("a");
    let lagged = bench.reader_with(ReaderOptions {
        max_lag: Some(2_000),
        ..ReaderOptions::destination(bench.ledgers.destination("lagged"))
    });
    bench.recover();
    let put = fill(&mut bench, |bench| bench.shared.enforce_max_lag());
    assert!(put > 50 && put < 500, "{put}");
    assert!(lagged.pending().records < 20);
    assert!(!bench.queue.has_room());
    assert_eq!(lost(&bench, "a"), 0);
    // It is back, and takes what it still has coming: that is not what the oldest of them were.
    let rest = all_of(&bench, &lagged);
    lagged.ack(&rest);
    assert!(bench.shared.make_room(500));
    let newest = read(&bench, &a);
    assert_eq!(newest.first().map(|it| it.1), Some(0));
}

#[test]
fn after_a_restart_it_is_known_who_took_something_and_what_is_not_known_costs_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(20_000));
    let (_a, filtered) = (bench.reader("a"), bench.reader("filtered"));
    let living = bench.reader("living");
    bench.recover();
    let put = fill(&mut bench, |bench| {
        filtered.pass(&all_of(bench, &filtered));
    });
    // Of every other segment it takes one.
    let all = all_of(&bench, &living);
    let segments = bench.shared.lock().segments.clone();
    assert!(segments.len() > 8);
    let (took, rest): (Vec<Position>, Vec<Position>) = all.into_iter().partition(|at| {
        let n = segments.iter().position(|s| s.base == *at);
        n.is_some_and(|n| n % 2 == 1)
    });
    living.ack(&took);
    living.pass(&rest);
    let victims = |bench: &Bench| {
        let state = bench.shared.lock();
        let may = |s: &&state::Segment| state.readers.iter().any(|r| r.keeps_up(s));
        Vec::from_iter(state.segments.iter().filter(may).map(|s| s.base))
    };
    assert_eq!(victims(&bench), took);
    bench.stop();
    let reopen = || {
        let bench = Bench::with(folder.path(), settings(20_000));
        let readers = ["a", "filtered", "living"].map(|name| bench.reader(name));
        bench.recover();
        (bench, readers)
    };
    let (bench, readers) = reopen();
    assert_eq!(victims(&bench), took);
    assert_eq!(readers[0].pending().records, u64::from(put));
    assert!(bench.shared.make_room(500));
    assert_eq!(victims(&bench), took[1..], "the oldest of them went");
    bench.stop();
    // Cursors of a version that did not say it.
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let (mut file, kept, _) = CursorFile::open(disk, folder.path()).unwrap();
    let mut kept = kept.unwrap();
    kept.got.clear();
    file.save(&kept).unwrap();
    let (bench, _readers) = reopen();
    assert_eq!(victims(&bench), Vec::<Position>::new());
    assert!(!bench.shared.make_room(5_000));
    assert_eq!(lost(&bench, "a"), 0);
}

#[tokio::test]
async fn a_record_that_never_fits_costs_nobody_anything() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(20_000));
    let (a, behind) = (bench.reader("a"), bench.reader("behind"));
    bench.recover();
    bench.append_ids(0..40);
    a.ack(&all_of(&bench, &a));
    let length = 20_001 - record(0, 1, 0).encoded_len();
    let refused = bench.queue.append(record(40, 1, length)).await;
    assert_eq!(refused, Err(Refused::too_large()));
    assert_eq!((lost(&bench, "behind"), behind.pending().items), (0, 40));
}
