//! What is on the disk at start: which segments there are, what of them is whole, and which holes are damage and which a crash left.
//!
//! A hole is no damage where nobody can have been told that its records were taken: behind what the cursors know as acknowledged, in the
//! newest segment; or where an earlier start found so.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::super::Position;
use super::FAILURES;
use super::cursors::Cursors;
use super::figures::Figures;
use super::io::{Disk, DiskFile, is_damage};
use super::retain::put_aside;
use super::segment::{self, HEAD, Head, HeadError, Piece, Scan};
use super::state::Segment;
use crate::record::Header;

/// How far back from the newest record the ids of batches are told to deduplication, which writes them down within moments.
const RECENT_NS: u64 = 60_000_000_000;

/// The most of them: a minute at the rate that one collector was measured to take.
const MOST_RECENT: usize = 1 << 20;

/// A segment as it was found.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) base: Position,
    pub(super) head: Option<Head>,
    /// Where the file ends.
    size_end: Position,
}

impl Opened {
    /// A position behind it, at which a file of another name can begin.
    pub(super) fn behind(&self) -> Position {
        self.size_end.max(self.base + 1)
    }
}

/// Opens all segments. The second is how many could not be opened at all, because the medium lost them.
pub(super) fn open_segments(
    disk: &dyn Disk,
    folder: &Path,
    figures: &Figures,
) -> Result<(Vec<Opened>, u64)> {
    let mut bases: Vec<Position> = disk
        .list(folder)?
        .iter()
        .filter_map(|name| segment::base_of(name))
        .collect();
    bases.sort_unstable();
    let (mut opened, mut lost) = (Vec::new(), 0);
    for base in bases {
        let name = segment::name(base);
        let path = folder.join(&name);
        let found = disk.open(&path).and_then(|file| {
            let size = file.size()?;
            Ok((file, size))
        });
        let (file, size) = match found {
            Ok(found) => found,
            Err(error) if is_damage(&error) => {
                Figures::add(&figures.read_failures, 1);
                tracing::error!(kind = %error.kind(), "a segment of the queue cannot be opened");
                lost += 1;
                let _ = put_aside(disk, folder, &name);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let head = match read_head(&*file, figures)? {
            Ok(head) => Some(head),
            Err(HeadError::Damaged) => None,
            Err(HeadError::Version(version)) => bail!(
                "{} has version {version}, written by a newer farol-collector; start that one, or name another data_dir",
                path.display()
            ),
        };
        opened.push(Opened {
            file,
            base,
            head,
            size_end: base + size.saturating_sub(HEAD as u64),
        });
    }
    Ok((opened, lost))
}

fn read_head(file: &dyn DiskFile, figures: &Figures) -> io::Result<Result<Head, HeadError>> {
    let mut bytes = [0; HEAD];
    let (mut filled, mut failed) = (0, 0);
    while filled < HEAD {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(n) => (filled, failed) = (filled + n, 0),
            Err(_) if failed < FAILURES => failed += 1,
            Err(error) if is_damage(&error) => {
                Figures::add(&figures.read_failures, 1);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Head::decode(&bytes[..filled]))
}

/// What was found in the segments.
#[derive(Default)]
pub(super) struct Scanned {
    pub(super) segments: VecDeque<Segment>,
    pub(super) torn: Vec<(Position, Position)>,
    /// Files in which something that was acknowledged is lost.
    pub(super) damaged: u64,
    pub(super) batches: Vec<[u8; 16]>,
    /// Where the last record ends, as far as files tell: one that could not be begun lies behind it and holds none.
    pub(super) sound: Option<Position>,
}

/// Reads all segments.
pub(super) fn scan(
    opened: &[Opened],
    cursors: Option<&Cursors>,
    figures: &Figures,
) -> io::Result<Scanned> {
    let mut scanned = Scanned::default();
    let mut newest = Newest::default();
    for (n, this) in opened.iter().enumerate() {
        let bounds = Bounds::of(this, &opened[n + 1..], cursors);
        let mut segment = Segment {
            base: this.base,
            end: bounds.end,
            ..Segment::default()
        };
        if bounds.lost_head(this, cursors) {
            segment.damaged = true;
            Figures::add(&figures.gaps, 1);
        }
        scanned.sound = scanned.sound.max(this.head.map(|head| head.previous_end));
        let mut torn = Vec::new();
        let mut scan = Scan::forgiving(&*this.file, this.base, this.base, bounds.end);
        while let Some(piece) = scan.piece()? {
            match piece {
                Piece::Record(at, _, record) => {
                    segment.records += 1;
                    segment.items += record.header.counts.items();
                    segment.took(at, record.header.received_ns);
                    newest.see(&record.header);
                }
                Piece::Gap(from, to) => {
                    let (lost, unfinished) = bounds.judge((from, to), cursors);
                    if lost.0 < lost.1 {
                        segment.gaps.push(lost);
                        segment.damaged = true;
                        Figures::add(&figures.gaps, 1);
                    }
                    if unfinished.0 < unfinished.1 {
                        torn.push(unfinished);
                    }
                }
            }
        }
        for (from, to) in torn {
            Figures::add(&figures.torn_bytes, to - from);
            if to == segment.end && bounds.open {
                segment.end = from;
            } else {
                segment.gaps.push((from, to));
                scanned.torn.push((from, to));
            }
        }
        if this.head.is_none() && !segment.damaged {
            // A crash left it unwritten before records that it did write. Noted, or the next start would take it for lost since.
            scanned.torn.push((this.base, this.base));
        }
        if segment.end > segment.base {
            scanned.sound = scanned.sound.max(Some(segment.end));
        }
        scanned.damaged += u64::from(segment.damaged);
        scanned.segments.push_back(segment);
    }
    scanned.batches = newest.batches();
    Ok(scanned)
}

/// Where a segment ends, and up to where all of it had been acknowledged.
pub(super) struct Bounds {
    pub(super) sure: Position,
    pub(super) end: Position,
    /// Nobody wrote down where it ends.
    pub(super) open: bool,
}

impl Bounds {
    pub(super) fn of(this: &Opened, later: &[Opened], cursors: Option<&Cursors>) -> Self {
        let next = later.first().map_or(Position::MAX, |next| next.base);
        let newest = cursors.and_then(|c| c.ends.last()).map(|(base, _)| *base);
        let known = cursors.and_then(|c| c.ends.iter().find(|(base, _)| *base == this.base));
        let head = later.iter().find_map(|it| it.head);
        // What stands behind this was never acknowledged; nor was a file that begins there: it could not be begun.
        let limit = head.map(|head| head.previous_end.min(next).max(this.base));
        if let Some((_, end)) = known
            && newest > Some(this.base)
        {
            return Self::closed(*end, *end);
        }
        let (sure, least) = match (cursors, known) {
            // Where nothing is known a hole in the middle is taken for damage, and an end that is not whole for a crash's.
            (None, _) => (Position::MAX, this.base),
            (Some(_), Some((_, end))) => (*end, *end),
            (Some(_), None) if newest > Some(this.base) => (Position::MAX, this.base),
            (Some(_), None) => (this.base, this.base),
        };
        if let Some(limit) = limit {
            // The file may end before: the segment between was deleted since the cursors were kept.
            let end = match this.size_end >= least {
                true => limit.min(this.size_end),
                false => limit,
            };
            return Self::closed(sure.min(end), end);
        }
        let end = this.size_end.max(least).max(this.base).min(next);
        Self {
            sure: sure.min(end),
            end,
            open: true,
        }
    }

    fn closed(sure: Position, end: Position) -> Self {
        Self {
            sure,
            end,
            open: false,
        }
    }

    /// Whether a head is lost that had been written: something in the file was acknowledged.
    pub(super) fn lost_head(&self, this: &Opened, cursors: Option<&Cursors>) -> bool {
        let mut torn = cursors.iter().flat_map(|c| &c.torn);
        let by_a_crash =
            (self.open && cursors.is_none()) || torn.any(|it| *it == (this.base, this.base));
        this.head.is_none() && self.sure > this.base && !by_a_crash
    }

    /// Which part of a hole is damage, and which a crash left unfinished.
    pub(super) fn judge(&self, gap: Gap, cursors: Option<&Cursors>) -> (Gap, Gap) {
        let (from, to) = gap;
        let mut torn = cursors.iter().flat_map(|c| &c.torn);
        let crash = torn.any(|(a, b)| *a <= from && to <= *b)
            || (self.open && cursors.is_none() && to == self.end);
        if crash {
            return ((from, from), gap);
        }
        let sure = self.sure.clamp(from, to);
        ((from, sure), (sure, to))
    }
}

pub(super) type Gap = (Position, Position);

/// The ids of the newest batches.
#[derive(Default)]
struct Newest {
    seen: VecDeque<(u64, [u8; 16])>,
}

impl Newest {
    fn see(&mut self, header: &Header) {
        // The newest is the last one. The highest time may be of a clock that was set back since.
        let since = header.received_ns.saturating_sub(RECENT_NS);
        self.seen.push_back((header.received_ns, header.id));
        while let Some((at, _)) = self.seen.front()
            && (self.seen.len() > MOST_RECENT || *at < since)
        {
            self.seen.pop_front();
        }
    }

    fn batches(self) -> Vec<[u8; 16]> {
        self.seen.into_iter().map(|(_, id)| id).collect()
    }
}
