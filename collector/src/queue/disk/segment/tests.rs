use std::fs::File;

use bytes::Bytes;

use super::*;
use crate::record::{Counts, Header};

fn record(n: u32, length: usize) -> Record {
    Record {
        header: Header {
            counts: Counts {
                logs: 1,
                ..Counts::default()
            },
            generation: n,
            ..Header::default()
        },
        body: Bytes::from(vec![b'x'; length]),
    }
}

/// A segment from position 1000 on, and where its records are.
fn segment(lengths: &[usize]) -> (Vec<u8>, Vec<(Position, usize)>) {
    let head = Head {
        queue: 7,
        base: 1000,
        previous_end: 990,
        created_ns: 1,
    };
    let mut bytes = head.encode().to_vec();
    let mut places = Vec::new();
    for (n, length) in lengths.iter().enumerate() {
        let at = bytes.len();
        record(n as u32, *length).encode(&mut bytes);
        places.push((1000 + (at - HEAD) as u64, bytes.len() - at));
    }
    (bytes, places)
}

fn file(bytes: &[u8]) -> File {
    let file = tempfile::tempfile().unwrap();
    DiskFile::write_at(&file, bytes, 0).unwrap();
    file
}

fn scan(bytes: &[u8]) -> Vec<Piece> {
    let file = file(bytes);
    let end = 1000 + (bytes.len() - HEAD) as u64;
    let mut scan = Scan::new(&file, 1000, 1000, end);
    std::iter::from_fn(|| scan.piece().unwrap()).collect()
}

fn generations(pieces: &[Piece]) -> Vec<u32> {
    let records = pieces.iter().filter_map(|p| match p {
        Piece::Record(_, _, record) => Some(record.header.generation),
        Piece::Gap(..) => None,
    });
    records.collect()
}

#[test]
fn records_of_all_sizes_come_back_with_their_places() {
    let (bytes, places) = segment(&[0, 10, 40_000, 300_000, 1_000_000, 5]);
    let pieces = scan(&bytes);
    let found: Vec<_> = pieces
        .iter()
        .map(|p| match p {
            Piece::Record(at, length, _) => (*at, *length),
            Piece::Gap(..) => panic!("a gap"),
        })
        .collect();
    assert_eq!(found, places);
    assert_eq!(generations(&pieces), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_flipped_bit_anywhere_costs_one_record() {
    let (bytes, places) = segment(&[20, 30, 40]);
    for bit in HEAD * 8..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let hit = places
            .iter()
            .position(|(at, length)| (bit / 8 - HEAD) as u64 + 1000 < at + *length as u64)
            .unwrap();
        let pieces = scan(&bad);
        let whole: Vec<u32> = (0..3).filter(|n| *n != hit as u32).collect();
        assert_eq!(generations(&pieces), whole, "bit {bit}");
        let (at, length) = places[hit];
        assert!(
            pieces.contains(&Piece::Gap(at, at + length as u64)),
            "bit {bit}"
        );
    }
}

#[test]
fn every_cut_leaves_what_stands_before_it() {
    let (bytes, places) = segment(&[20, 30, 40]);
    for end in HEAD..bytes.len() {
        let whole = places
            .iter()
            .filter(|(at, length)| at + *length as u64 <= 1000 + (end - HEAD) as u64)
            .count();
        let pieces = scan(&bytes[..end]);
        assert_eq!(generations(&pieces).len(), whole);
        assert!(pieces.len() <= whole + 1);
    }
}

#[test]
fn a_file_shorter_than_it_was_said_to_be_ends_in_a_gap() {
    let (bytes, places) = segment(&[20, 30]);
    let file = file(&bytes);
    let end = places[1].0 + places[1].1 as u64;
    let mut scan = Scan::new(&file, 1000, 1000, end + 500);
    assert!(matches!(scan.piece().unwrap(), Some(Piece::Record(..))));
    assert!(matches!(scan.piece().unwrap(), Some(Piece::Record(..))));
    assert_eq!(scan.piece().unwrap(), Some(Piece::Gap(end, end + 500)));
    assert_eq!(scan.piece().unwrap(), None);
}

#[test]
fn heads_tell_damage_from_another_version() {
    let head = Head {
        queue: 1,
        base: 2,
        previous_end: 3,
        created_ns: 4,
    };
    let bytes = head.encode();
    assert_eq!(Head::decode(&bytes), Ok(head));
    for bit in 0..HEAD * 8 {
        let mut bad = bytes;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Head::decode(&bad), Err(HeadError::Damaged));
    }
    let mut newer = bytes;
    newer[7] = 3;
    let sum = crc32c::crc32c(&newer[..60]);
    newer[60..].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(Head::decode(&newer), Err(HeadError::Version(3)));
}

#[test]
fn names_sort_as_positions_do() {
    assert_eq!(base_of(&name(42)), Some(42));
    assert!(name(9) < name(10));
    for other in [
        "42.segment",
        "00000000000000000042.farolq",
        "lock",
        "x.segment",
    ] {
        assert_eq!(base_of(other), None);
    }
}
