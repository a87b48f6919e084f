//! Takes up what version 1 left when it stopped (`spill.rs`): its records go into a segment of their own, for those who want them.

use std::io;

use super::super::{Position, spill};
use super::Shared;
use super::figures::Figures;
use super::segment::{self, HEAD, Head};
use super::state::Segment;
use crate::outcome::{DropReason, Ledgers};

/// Takes up every file of version 1; returns how many held something damaged. The readers have their places already.
pub(super) fn import(shared: &Shared, ledgers: &Ledgers) -> u64 {
    let left = match spill::left(&shared.folder) {
        Ok(left) => left,
        Err(error) => {
            tracing::error!(kind = %error.kind(), "what an older version left cannot be read");
            return 1;
        }
    };
    let mut damaged = 0;
    for file in left {
        damaged += file.damaged;
        if let Err(error) = take(shared, &file, ledgers) {
            Figures::add(&shared.figures.write_failures, 1);
            tracing::error!(kind = %error.kind(), "what an older version left cannot be taken up; it stays for the next start");
            return damaged;
        }
    }
    Figures::add(&shared.figures.damaged_files, damaged);
    damaged
}

/// Removes the files that were taken up.
pub(super) fn remove(shared: &Shared) {
    let Ok(names) = shared.disk.list(&shared.folder) else {
        return;
    };
    for name in names.iter().filter(|n| spill::is_one(n)) {
        let _ = shared.disk.remove(&shared.folder.join(name));
    }
}

fn take(shared: &Shared, left: &spill::Left, ledgers: &Ledgers) -> io::Result<()> {
    let names: Vec<String> = {
        let state = shared.lock();
        state.living().map(|(_, r)| r.name.clone()).collect()
    };
    let wanted = |place: u64| names.iter().any(|name| left.wants(name, place));
    for (place, record) in &left.records {
        let items = record.header.counts.items();
        for name in left.gone(&names, *place) {
            let books = ledgers.destination(name);
            books.recovered(items);
            books.dropped(DropReason::DestinationRemoved, items);
        }
    }
    let records: Vec<_> = left.records.iter().filter(|(p, _)| wanted(*p)).collect();
    if records.is_empty() {
        return Ok(());
    }
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
        segment.end = next;
        segment.records += 1;
        segment.items += record.header.counts.items();
        segment.took(record.header.received_ns);
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
