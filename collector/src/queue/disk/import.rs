//! Takes up what version 1 left when it stopped (`spill.rs`): its records go into a segment of their own, for those who want them.

use std::io;
use std::path::PathBuf;

use super::super::{Position, spill};
use super::Shared;
use super::figures::Figures;
use super::segment::{self, HEAD, Head};
use super::state::Segment;
use crate::outcome::{DropReason, Ledgers};
use crate::record::Record;

/// What of version 1 was found.
#[derive(Debug, Default)]
pub(super) struct Imported {
    /// Files that held something damaged, or could not be read at all.
    pub(super) damaged: u64,
    /// Files of which the queue has all now. The others stay for the next start.
    taken: Vec<PathBuf>,
}

/// Takes up the files of version 1. The readers have their places already.
pub(super) fn import(shared: &Shared, ledgers: &Ledgers) -> Imported {
    let mut found = Imported::default();
    let left = match spill::left(&shared.folder) {
        Ok(left) => left,
        Err(error) => vec![Err(error)],
    };
    for file in left {
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                found.damaged += 1;
                tracing::error!(kind = %error.kind(), "what an older version left cannot be read; it stays for the next start");
                continue;
            }
        };
        found.damaged += file.damaged;
        if let Err(error) = take(shared, &file, ledgers) {
            Figures::add(&shared.figures.write_failures, 1);
            tracing::error!(kind = %error.kind(), "what an older version left cannot be taken up; it stays for the next start");
            break;
        }
        found.taken.extend(file.files);
    }
    Figures::add(&shared.figures.damaged_files, found.damaged);
    found
}

/// Removes the files that were taken up.
pub(super) fn remove(shared: &Shared, imported: &Imported) {
    for file in &imported.taken {
        let _ = shared.disk.remove(file);
    }
    let Ok(names) = shared.disk.list(&shared.folder) else {
        return;
    };
    // A crash may have come between the two, here or where they were written.
    let alone =
        |name: &&String| spill::segment_of(name).is_some_and(|segment| !names.contains(&segment));
    for name in names.iter().filter(alone) {
        let _ = shared.disk.remove(&shared.folder.join(name));
    }
}

fn take(shared: &Shared, left: &spill::Left, ledgers: &Ledgers) -> io::Result<()> {
    let names: Vec<String> = {
        let state = shared.lock();
        state.living().map(|(_, r)| r.name.clone()).collect()
    };
    let wanted = |place: u64| names.iter().any(|name| left.wants(name, place));
    let records: Vec<_> = left.records.iter().filter(|(p, _)| wanted(*p)).collect();
    if !records.is_empty() {
        write(shared, left, &records)?;
    }
    for (place, record) in &left.records {
        let items = record.header.counts.items();
        for name in left.gone(&names, *place) {
            let books = ledgers.destination(name);
            books.recovered(items);
            books.dropped(DropReason::DestinationRemoved, items);
        }
    }
    Ok(())
}

/// Writes records into a segment of their own.
fn write(shared: &Shared, left: &spill::Left, records: &[&(u64, Record)]) -> io::Result<()> {
    let (end, previous_end) = {
        let state = shared.lock();
        (state.end, state.sound.unwrap_or(state.end))
    };
    let mut segment = Segment {
        base: end,
        end,
        ..Segment::default()
    };
    let head = Head {
        queue: shared.id(),
        base: end,
        previous_end,
        created_ns: (shared.clock.now)(),
    };
    let mut bytes = head.encode().to_vec();
    let mut places: Vec<(u64, Position, Position)> = Vec::new();
    for (place, record) in records {
        record.encode(&mut bytes);
        let next = end + (bytes.len() - HEAD) as u64;
        places.push((*place, segment.end, next));
        segment.took(segment.end, record.header.received_ns);
        segment.end = next;
        segment.records += 1;
        segment.items += record.header.counts.items();
    }
    let path = shared.folder.join(segment::name(end));
    let file = shared.disk.create(&path)?;
    let written = file
        .write_at(&bytes, 0)
        .and_then(|()| file.sync())
        .and_then(|()| shared.disk.sync_folder(&shared.folder));
    if let Err(error) = written {
        let _ = shared.disk.remove(&path);
        return Err(error);
    }
    let mut state = shared.lock();
    for reader in &mut state.readers {
        for (place, from, to) in &places {
            if !left.wants(&reader.name, *place) {
                reader.done.add(*from, *to);
            }
            if left.got(&reader.name, *place) {
                reader.got.insert(segment.base);
            }
        }
    }
    state.end = segment.end;
    state.sound = Some(segment.end);
    shared
        .used
        .fetch_add(segment.bytes(), std::sync::atomic::Ordering::Relaxed);
    state.segments.push_back(segment);
    Ok(())
}
