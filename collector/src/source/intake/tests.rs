use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::dedupe::Dedupe;
use crate::outcome::Ledgers;
use crate::queue::{Queue, ReaderOptions, Start};
use crate::record::{Counts, Header};

/// An intake into a queue of so many bytes; the sender stops it.
pub(in crate::source) fn intake(bytes: usize) -> (Intake, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let with = With {
        queue: Queue::new(bytes),
        dedupe: Dedupe::default(),
        ledgers: Ledgers::new(),
        meters: Arc::default(),
    };
    let intake = Intake {
        with,
        stats: Arc::default(),
        stopped,
    };
    (intake, stop)
}

/// A record of one log, as a message.
pub(in crate::source) fn message(id: u8) -> Vec<u8> {
    let header = Header {
        app: "shop".into(),
        id: [id; 16],
        counts: Counts {
            logs: 1,
            ..Counts::default()
        },
        ..Header::default()
    };
    let body = Bytes::from_static(br#"{"logs":[{"message":"m"}]}"#);
    let mut out = Vec::new();
    Record { header, body }.encode(&mut out);
    out
}

/// The same as a version to come may write it.
pub(in crate::source) fn newer(id: u8) -> Vec<u8> {
    let mut out = message(id);
    out[8..10].copy_from_slice(&99u16.to_le_bytes());
    let end = out.len() - 4;
    let sum = crc32c::crc32c(&out[..end]);
    out[end..].copy_from_slice(&sum.to_le_bytes());
    out
}

fn figures(intake: &Intake) -> [u64; 3] {
    let stats = &intake.stats;
    [&stats.taken, &stats.duplicate, &stats.unreadable].map(|it| it.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_record_is_taken_once_as_it_is_and_what_is_none_is_counted() {
    let (intake, _stop) = intake(1 << 20);
    let mut reader = (intake.with.queue).reader(ReaderOptions::new("r", Start::Oldest));
    for bytes in [message(1), message(2), message(1), b"none".to_vec()] {
        intake.take(&bytes).await.unwrap();
    }
    let mut longer = message(3);
    longer.push(0);
    intake.take(&longer).await.unwrap();
    assert_eq!(figures(&intake), [2, 1, 2]);
    let books = intake.with.ledgers.snapshot();
    assert_eq!((books.items.seen, books.items.enqueued), (2, 2));
    assert_eq!(books.items_open(), 0);
    let entries = reader.next(10, 1 << 20).await;
    let stored: Vec<_> = entries
        .iter()
        .map(|it| {
            let mut out = Vec::new();
            it.record.encode(&mut out);
            out
        })
        .collect();
    assert_eq!(stored, [message(1), message(2)]);
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_not_passed_over_and_what_is_no_record_is_told_of_once() {
    let (intake, _stop) = intake(1 << 20);
    assert_eq!(intake.take(&newer(1)).await, Err(Untaken::Newer(99)));
    assert_eq!(figures(&intake), [0, 0, 0]);
    for _ in 0..3 {
        assert_eq!(intake.take(b"none").await, Ok(()));
    }
    assert_eq!(figures(&intake), [0, 0, 3]);
    assert!(intake.stats.said.says().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_is_waited_for_and_a_stop_leaves_the_record_where_it_is() {
    let (intake, stop) = intake(message(1).len() + 300);
    let mut reader = (intake.with.queue).reader(ReaderOptions::new("r", Start::Oldest));
    intake.take(&message(1)).await.unwrap();
    let (waits, bytes) = (intake.clone(), message(2));
    let second = tokio::spawn(async move { waits.take(&bytes).await });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!second.is_finished());
    let entries = reader.next(10, 1 << 20).await;
    reader.ack(&[entries[0].position]);
    assert_eq!(second.await.unwrap(), Ok(()));
    let (waits, bytes) = (intake.clone(), message(3));
    let third = tokio::spawn(async move { waits.take(&bytes).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.send_replace(true);
    assert_eq!(third.await.unwrap(), Err(Untaken::Stopped));
    assert_eq!(intake.with.ledgers.snapshot().items_open(), 0);
    // It was not taken, so it is new when it comes again.
    let again = intake.with.dedupe.claim([3; 16], REPEATED).await;
    assert!(matches!(again, Claim::First(_)));
}
