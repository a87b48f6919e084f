use bytes::Bytes;

use super::*;
use crate::outcome::{DropReason, Ledgers};
use crate::record::{Counts, Header};

fn record(n: u32) -> Record {
    Record {
        header: Header {
            counts: Counts {
                logs: n,
                ..Counts::default()
            },
            ..Header::default()
        },
        body: Bytes::from(vec![b'x'; 100]),
    }
}

fn cost() -> usize {
    entry::cost(&record(1))
}

fn room_for(n: usize) -> Queue {
    Queue::new(cost() * n)
}

fn positions(entries: &[Arc<Entry>]) -> Vec<Position> {
    entries.iter().map(|e| e.position).collect()
}

#[tokio::test]
async fn each_reader_gets_all_and_memory_is_freed_when_all_acknowledged() {
    let queue = room_for(10);
    let mut a = queue.reader(ReaderOptions::new("a", Start::Tail));
    let mut b = queue.reader(ReaderOptions::new("b", Start::Tail));
    for _ in 0..3 {
        queue.append(record(1)).await.unwrap();
    }
    assert_eq!(positions(&a.next(100, usize::MAX).await), [0, 1, 2]);
    a.ack(&[2, 0, 1]);
    assert_eq!(queue.depth().records, 3);
    assert_eq!(positions(&b.next(2, usize::MAX).await), [0, 1]);
    b.ack(&[1]);
    assert_eq!(queue.depth().records, 2);
    b.ack(&[0]);
    assert_eq!(positions(&b.next(100, usize::MAX).await), [2]);
    b.ack(&[2]);
    assert_eq!((queue.depth().records, queue.depth().bytes), (0, 0));
}

#[tokio::test]
async fn a_full_queue_refuses_while_no_destination_keeps_up() {
    let queue = room_for(2);
    let ledgers = Ledgers::new();
    let mut reader = queue.reader(ReaderOptions::destination(ledgers.destination("a")));
    queue.append(record(1)).await.unwrap();
    queue.append(record(1)).await.unwrap();
    assert!(queue.append(record(1)).await.is_err());
    let entries = reader.next(1, usize::MAX).await;
    reader.ack(&positions(&entries));
    queue.append(record(1)).await.unwrap();
    let books = ledgers.destination("a").snapshot();
    assert_eq!((books.enqueued, books.dropped_total()), (3, 0));
}

#[tokio::test]
async fn a_dead_destination_loses_its_oldest_and_the_living_one_nothing() {
    let queue = room_for(4);
    let ledgers = Ledgers::new();
    let mut living = queue.reader(ReaderOptions::destination(ledgers.destination("living")));
    let mut dead = queue.reader(ReaderOptions::destination(ledgers.destination("dead")));
    let held = {
        queue.append(record(1)).await.unwrap();
        dead.next(1, usize::MAX).await
    };
    for _ in 0..20 {
        let entries = living.next(100, usize::MAX).await;
        living.ack(&positions(&entries));
        ledgers.destination("living").exported(entries.len() as u64);
        queue.append(record(1)).await.unwrap();
    }
    let books = ledgers.destination("dead").snapshot();
    assert_eq!(books.enqueued, 21);
    assert_eq!(books.dropped[&DropReason::Lag], 17);
    assert_eq!(books.pending(), dead.pending().items);
    assert_eq!(
        dead.pending().records,
        4,
        "what it holds, and the newest three"
    );
    assert_eq!(positions(&held), [0]);
    assert_eq!(positions(&dead.next(100, usize::MAX).await), [18, 19, 20]);
    assert_eq!(ledgers.destination("living").snapshot().dropped_total(), 0);
}

#[tokio::test]
async fn beside_a_dead_destination_memory_and_the_search_for_room_stay_bounded() {
    let queue = room_for(104);
    let ledgers = Ledgers::new();
    let mut living = queue.reader(ReaderOptions::destination(ledgers.destination("living")));
    let mut dead = queue.reader(ReaderOptions::destination(ledgers.destination("dead")));
    for _ in 0..100 {
        queue.append(record(1)).await.unwrap();
    }
    let held = dead.next(100, usize::MAX).await;
    for n in 100..10_000 {
        let entries = living.next(100, usize::MAX).await;
        living.ack(&positions(&entries));
        queue.append(record(1)).await.unwrap();
        let (places, from) = queue.lock().places();
        assert!(places <= 104);
        assert!(n < 104 || from >= 100, "what is in hands is looked at once");
    }
    assert_eq!(dead.pending().records, 104);
    // What it gives back counts again.
    dead.ack(&positions(&held));
    assert_eq!(dead.pending().records, 4);
    assert_eq!(
        positions(&dead.next(100, usize::MAX).await),
        [9996, 9997, 9998, 9999]
    );
    let dropped = ledgers.destination("dead").snapshot().dropped[&DropReason::Lag];
    assert_eq!(dropped, 9896);
}

#[tokio::test]
async fn what_is_in_hands_and_beyond_the_lag_can_be_lost_when_the_reader_comes_again() {
    let queue = room_for(100);
    let ledgers = Ledgers::new();
    let options = || ReaderOptions {
        max_lag: Some(cost() * 3),
        ..ReaderOptions::destination(ledgers.destination("a"))
    };
    let mut reader = queue.reader(options());
    for _ in 0..3 {
        queue.append(record(1)).await.unwrap();
    }
    assert_eq!(positions(&reader.next(100, usize::MAX).await), [0, 1, 2]);
    queue.append(record(1)).await.unwrap();
    assert_eq!(
        reader.pending().records,
        3,
        "the newest is all that it can lose"
    );
    let mut again = queue.reader(options());
    queue.append(record(1)).await.unwrap();
    assert_eq!(positions(&again.next(100, usize::MAX).await), [1, 2, 4]);
}

#[tokio::test]
async fn a_reader_beyond_its_own_bound_loses_its_oldest() {
    let queue = room_for(100);
    let ledgers = Ledgers::new();
    let mut reader = queue.reader(ReaderOptions {
        max_lag: Some(cost() * 2),
        ..ReaderOptions::destination(ledgers.destination("a"))
    });
    for _ in 0..5 {
        queue.append(record(2)).await.unwrap();
    }
    assert_eq!(positions(&reader.next(100, usize::MAX).await), [3, 4]);
    assert_eq!(
        ledgers.destination("a").snapshot().dropped[&DropReason::Lag],
        6
    );
}

#[tokio::test]
async fn a_reader_that_comes_again_gets_what_it_had_not_acknowledged() {
    let queue = room_for(10);
    let mut reader = queue.reader(ReaderOptions::new("a", Start::Tail));
    for _ in 0..4 {
        queue.append(record(1)).await.unwrap();
    }
    reader.next(100, usize::MAX).await;
    reader.ack(&[0, 2]);
    drop(reader);
    let mut again = queue.reader(ReaderOptions::new("a", Start::Tail));
    assert_eq!(positions(&again.next(100, usize::MAX).await), [1, 3]);
}

#[tokio::test]
async fn a_new_reader_starts_at_the_tail_or_at_the_oldest() {
    let queue = room_for(10);
    let _keeps = queue.reader(ReaderOptions::new("a", Start::Tail));
    queue.append(record(1)).await.unwrap();
    let tail = queue.reader(ReaderOptions::new("tail", Start::Tail));
    let mut oldest = queue.reader(ReaderOptions::new("oldest", Start::Oldest));
    assert_eq!(tail.pending().records, 0);
    assert_eq!(positions(&oldest.next(100, usize::MAX).await), [0]);
}

#[tokio::test]
async fn a_removed_reader_pins_nothing_and_what_it_left_is_counted() {
    let queue = room_for(10);
    let ledgers = Ledgers::new();
    let reader = queue.reader(ReaderOptions::destination(ledgers.destination("a")));
    queue.append(record(3)).await.unwrap();
    reader.remove();
    assert_eq!(queue.depth().records, 0);
    let books = ledgers.destination("a").snapshot();
    assert_eq!(books.dropped[&DropReason::DestinationRemoved], 3);
    assert_eq!(books.pending(), 0);
}

#[tokio::test]
async fn a_closed_queue_is_read_to_its_end() {
    let queue = room_for(10);
    let mut reader = queue.reader(ReaderOptions::new("a", Start::Tail));
    queue.append(record(1)).await.unwrap();
    queue.close();
    assert!(queue.append(record(1)).await.is_err());
    assert_eq!(reader.next(100, usize::MAX).await.len(), 1);
    assert!(reader.next(100, usize::MAX).await.is_empty());
}

#[tokio::test]
async fn a_waiting_reader_wakes_on_append_and_on_close() {
    let queue = room_for(10);
    let mut reader = queue.reader(ReaderOptions::new("a", Start::Tail));
    let waiting = tokio::spawn(async move {
        let first = reader.next(100, usize::MAX).await.len();
        (first, reader.next(100, usize::MAX).await.len())
    });
    tokio::task::yield_now().await;
    queue.append(record(1)).await.unwrap();
    tokio::task::yield_now().await;
    queue.close();
    assert_eq!(waiting.await.unwrap(), (1, 0));
}

#[tokio::test]
async fn an_entry_larger_than_all_room_is_refused_and_one_larger_than_a_batch_is_handed_out() {
    let queue = Queue::new(cost());
    let mut reader = queue.reader(ReaderOptions::new("a", Start::Tail));
    queue.append(record(50)).await.unwrap();
    assert_eq!(reader.next(1, 1).await.len(), 1);
    let refused = Queue::new(10).append(record(1)).await;
    assert_eq!(refused, Err(Refused::too_large()));
}

#[tokio::test]
async fn what_comes_when_it_is_closed_is_told_that_and_not_that_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    for queue in [
        room_for(2),
        Queue::on_disk(folder.path(), QueueSettings::default()).unwrap(),
    ] {
        queue.recover(&Ledgers::new());
        queue.close();
        let refused = queue.append(record(1)).await.unwrap_err();
        assert_eq!(refused.why, Refusal::ShuttingDown);
    }
}

#[tokio::test]
async fn one_that_nothing_is_for_or_that_lost_it_lets_nobody_lose_anything() {
    for max_lag in [None, Some(0)] {
        let queue = room_for(4);
        let ledgers = Ledgers::new();
        let dead = queue.reader(ReaderOptions::destination(ledgers.destination("dead")));
        let mut other = queue.reader(ReaderOptions {
            max_lag,
            ..ReaderOptions::destination(ledgers.destination("other"))
        });
        for n in 0..12 {
            let taken = queue.append(record(1)).await.is_ok();
            assert_eq!(taken, n < 4, "{n}");
            if max_lag.is_none() && taken {
                let got = positions(&other.next(100, usize::MAX).await);
                other.pass(&got);
            }
        }
        assert_eq!(other.pending().records, 0);
        assert!(!queue.has_room());
        assert_eq!(ledgers.destination("dead").snapshot().dropped_total(), 0);
        assert_eq!(dead.pending().records, 4);
        other.remove();
    }
}

#[tokio::test]
async fn what_a_living_one_took_is_known_after_a_stop_and_not_when_it_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let before = room_for(4);
    let open = |queue: &Queue| {
        let ledgers = Ledgers::new();
        let reader = |name| queue.reader(ReaderOptions::destination(ledgers.destination(name)));
        (reader("dead"), reader("living"), ledgers)
    };
    let (_dead, mut living, _) = open(&before);
    for n in 0..4 {
        before.append(record(1)).await.unwrap();
        let got = positions(&living.next(100, usize::MAX).await);
        match n {
            0 => living.pass(&got),
            _ => living.ack(&got),
        }
    }
    before.close();
    spill::save(&before, folder.path()).unwrap();
    let queue = room_for(4);
    let (dead, living, ledgers) = open(&queue);
    spill::recover(&queue, folder.path(), &ledgers).unwrap();
    assert!(queue.has_room());
    queue.append(record(1)).await.unwrap();
    let books = ledgers.destination("dead").snapshot();
    assert_eq!(books.dropped[&DropReason::Lag], 1);
    living.remove();
    assert!(!queue.has_room());
    assert!(queue.append(record(1)).await.is_err());
    assert_eq!(dead.pending().records, 4);
}

#[tokio::test]
async fn who_gets_the_seat_of_a_removed_one_has_nothing_of_it_in_hands() {
    for max_lag in [None, Some(cost() * 2)] {
        let queue = room_for(4);
        let ledgers = Ledgers::new();
        let options = |name| ReaderOptions::destination(ledgers.destination(name));
        let mut removed = queue.reader(options("removed"));
        let _dead = queue.reader(options("dead"));
        let mut living = queue.reader(options("living"));
        for _ in 0..4 {
            queue.append(record(1)).await.unwrap();
        }
        for reader in [&mut removed, &mut living] {
            let got = positions(&reader.next(100, usize::MAX).await);
            reader.ack(&got);
        }
        removed.remove();
        let new = queue.reader(ReaderOptions {
            start: Start::Oldest,
            max_lag,
            ..options("new")
        });
        queue.append(record(1)).await.unwrap();
        let lost = |name| ledgers.destination(name).snapshot().dropped[&DropReason::Lag];
        let left = if max_lag.is_some() { 2 } else { 4 };
        assert_eq!((lost("dead"), lost("new")), (1, 5 - left));
        assert_eq!(new.pending().records, left);
    }
}
