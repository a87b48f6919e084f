//! Who asks for nothing keeps nothing in memory, and gets all of it from the disk when it asks again.

use super::*;

fn three(names: [&str; 3]) -> (tempfile::TempDir, Bench, [Reader; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::real(folder.path());
    let readers = names.map(|name| bench.reader(name));
    bench.recover();
    (folder, bench, readers)
}

/// The next entry, where memory has it.
fn from_memory(bench: &Bench, reader: &Reader) -> Option<u32> {
    match bench.shared.lock().take(reader.index(), 1, usize::MAX) {
        Taken::Entries(entries) => Some(entries[0].record.header.generation),
        _ => None,
    }
}

#[test]
fn a_reader_that_rests_has_no_claim_to_memory_and_loses_nothing() {
    let (_folder, mut bench, [away, quick, slow]) = three(["away", "quick", "slow"]);
    bench.append_ids(0..10);
    assert_eq!(from_memory(&bench, &away), Some(0));
    assert_eq!(read(&bench, &quick).len(), 10);
    assert_eq!(from_memory(&bench, &slow), Some(0));
    bench.shared.lock().rest(away.index());
    bench.append_ids(10..20);
    assert_eq!(read(&bench, &quick).len(), 10);
    // The slow one is served from memory, whatever the others do.
    for id in 1..20 {
        assert_eq!(from_memory(&bench, &slow), Some(id));
    }
    assert_eq!(bench.shared.lock().tail_bytes(), 0);
    let got = read(&bench, &away);
    assert_eq!(ids(&got), (1..20).collect::<Vec<_>>());
    // It is with the others again.
    bench.append_ids(20..22);
    assert_eq!(from_memory(&bench, &away), Some(20));
    assert_eq!(ids(&read(&bench, &quick)), [20, 21]);
    assert_eq!(ids(&read(&bench, &slow)), [20, 21]);
    assert!(bench.shared.lock().tail_bytes() > 0);
    assert_eq!(from_memory(&bench, &away), Some(21));
    assert_eq!(bench.shared.lock().tail_bytes(), 0);
}

#[test]
fn what_a_reader_had_in_hands_when_it_began_to_rest_it_can_give_back() {
    let (_folder, mut bench, [away, quick, gone]) = three(["away", "quick", "gone"]);
    bench.append_ids(0..10);
    let held = read(&bench, &away);
    assert_eq!(ids(&read(&bench, &quick)), ids(&held));
    gone.remove();
    for (at, _) in &held[..9] {
        bench.shared.let_go(away.index(), *at, 0);
    }
    bench.shared.lock().rest(away.index());
    assert_eq!(bench.shared.lock().tail_bytes(), 0);
    let again = bench
        .shared
        .lock()
        .again(away.index(), 0, u64::MAX, usize::MAX);
    let Again::Fetch(fetch) = again else {
        panic!("memory has it");
    };
    let chunk = bench.shared.fetch(&fetch);
    let (entries, next) = bench.shared.found_again(away.index(), 0, chunk);
    let again: Vec<_> = entries
        .iter()
        .map(|it| it.record.header.generation)
        .collect();
    assert_eq!((again, next), ((0..9).collect(), None));
    assert!(read(&bench, &away).is_empty());
}

#[test]
fn where_the_only_reader_rests_nothing_is_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let only = bench.reader("only");
    bench.recover();
    bench.append_ids(0..5);
    assert!(bench.shared.lock().tail_bytes() > 0);
    assert_eq!(bench.shared.lock().hasty().count(), 1);
    bench.shared.lock().rest(only.index());
    assert_eq!(bench.shared.lock().hasty().count(), 0);
    bench.append_ids(5..10);
    assert_eq!(bench.shared.lock().tail_bytes(), 0);
    assert_eq!(ids(&read(&bench, &only)), (0..10).collect::<Vec<_>>());
    assert_eq!(bench.shared.lock().hasty().count(), 1);
}
