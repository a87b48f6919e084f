use std::sync::Arc;

use bytes::Bytes;

use super::super::{Entry, Reader, ReaderOptions, Start};
use super::*;
use crate::record::{Counts, Header};

fn record(n: u32) -> Record {
    Record {
        header: Header {
            counts: Counts {
                logs: 1,
                ..Counts::default()
            },
            generation: n,
            ..Header::default()
        },
        body: Bytes::from(vec![b'x'; 50]),
    }
}

fn queue(names: &[&str]) -> (Queue, Vec<Reader>) {
    let queue = Queue::new(1 << 20);
    let readers = names
        .iter()
        .map(|n| queue.reader(ReaderOptions::new(n, Start::Tail)))
        .collect();
    (queue, readers)
}

async fn read(reader: &mut Reader) -> Vec<u32> {
    let entries = reader.next(1000, usize::MAX).await;
    entries
        .iter()
        .map(|e: &Arc<Entry>| e.record.header.generation)
        .collect()
}

/// Six records: `a` has acknowledged 0, 1 and 3, `b` all but 5.
async fn saved() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (queue, mut readers) = queue(&["a", "b"]);
    for n in 0..6 {
        queue.append(record(n)).await.unwrap();
    }
    for reader in &mut readers {
        reader.next(1000, usize::MAX).await;
    }
    readers[0].ack(&[0, 1, 3]);
    readers[1].ack(&[0, 1, 2, 3, 4]);
    queue.close();
    assert_eq!(save(&queue, folder.path()).unwrap(), 3);
    folder
}

fn segment(folder: &tempfile::TempDir) -> PathBuf {
    segments(folder.path()).unwrap().pop().unwrap().1
}

#[tokio::test]
async fn each_destination_gets_again_what_it_had_not_acknowledged() {
    let folder = saved().await;
    let (queue, mut readers) = queue(&["b", "a", "new"]);
    let found = recover(&queue, folder.path(), &Ledgers::new()).unwrap();
    assert_eq!((found.records, found.damaged, found.until), (3, 0, 3));
    assert_eq!(read(&mut readers[0]).await, [5]);
    assert_eq!(read(&mut readers[1]).await, [2, 4, 5]);
    assert_eq!(
        readers[2].pending().records,
        0,
        "a new destination starts at the tail"
    );
}

#[tokio::test]
async fn what_a_destination_wanted_that_is_gone_is_counted_as_its_loss() {
    let folder = saved().await;
    let (queue, mut readers) = queue(&["b"]);
    let ledgers = Ledgers::new();
    let found = recover(&queue, folder.path(), &ledgers).unwrap();
    assert_eq!(found.records, 1);
    assert_eq!(read(&mut readers[0]).await, [5]);
    let gone = ledgers.destination("a").snapshot();
    assert_eq!(
        (gone.recovered, gone.dropped_total(), gone.pending()),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn a_torn_tail_costs_the_torn_record_alone() {
    let folder = saved().await;
    let path = segment(&folder);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let (queue, mut readers) = queue(&["a"]);
    let found = recover(&queue, folder.path(), &Ledgers::new()).unwrap();
    assert_eq!((found.records, found.damaged), (2, 1));
    assert_eq!(read(&mut readers[0]).await, [2, 4]);
}

#[tokio::test]
async fn a_flipped_bit_costs_its_record_alone() {
    let folder = saved().await;
    let path = segment(&folder);
    let mut bytes = fs::read(&path).unwrap();
    bytes[MAGIC.len() + 40] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let (queue, mut readers) = queue(&["a"]);
    let found = recover(&queue, folder.path(), &Ledgers::new()).unwrap();
    assert_eq!((found.records, found.damaged), (2, 1));
    assert_eq!(read(&mut readers[0]).await, [4, 5]);
}

#[tokio::test]
async fn without_cursors_everybody_gets_all() {
    let folder = saved().await;
    fs::remove_file(segment(&folder).with_extension(CURSORS)).unwrap();
    let (queue, mut readers) = queue(&["b"]);
    recover(&queue, folder.path(), &Ledgers::new()).unwrap();
    assert_eq!(read(&mut readers[0]).await, [2, 4, 5]);
}

#[tokio::test]
async fn any_bytes_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    for (n, bytes) in [
        &b""[..],
        b"FAROLQ\x00\x01",
        b"FAROLQ\x00\x02rest",
        &[0xff; 300],
        &[0; 300],
    ]
    .iter()
    .enumerate()
    {
        fs::write(folder.path().join(format!("{n:020}.farolq")), bytes).unwrap();
    }
    let (queue, _readers) = queue(&["a"]);
    assert_eq!(
        recover(&queue, folder.path(), &Ledgers::new())
            .unwrap()
            .records,
        0
    );
}

#[tokio::test]
async fn an_empty_queue_leaves_no_file_and_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (empty, _readers) = queue(&["a"]);
    assert_eq!(save(&empty, folder.path()).unwrap(), 0);
    assert!(segments(folder.path()).unwrap().is_empty());
    let folder = saved().await;
    let mode = fs::metadata(segment(&folder)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
