//! When what stands in a segment was taken: a mark now and then, so that the age of what waits is known without reading it.

use super::super::Position;

/// The most marks of a segment, which come to 2 KiB. Where it spans more time they are further apart.
const MOST: usize = 128;

/// How far apart they are at least.
const STEP_NS: u64 = 1_000_000_000;

/// Positions, and when the record there was taken, nanoseconds since 1970.
#[derive(Debug, Clone)]
pub(in crate::queue) struct Marks {
    marks: Vec<(Position, u64)>,
    step_ns: u64,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            marks: Vec::new(),
            step_ns: STEP_NS,
        }
    }
}

impl Marks {
    /// The next record.
    pub(super) fn note(&mut self, at: Position, received_ns: u64) {
        if !self.is_apart(received_ns) {
            return;
        }
        if self.marks.len() >= MOST {
            self.thin();
            if !self.is_apart(received_ns) {
                return;
            }
        }
        self.marks.push((at, received_ns));
    }

    /// About every other one goes, of those that are closest.
    fn thin(&mut self) {
        let mut all = std::mem::take(&mut self.marks).into_iter();
        let Some(first) = all.next() else { return };
        let span = all.as_slice().last().map_or(0, |it| it.1.abs_diff(first.1));
        self.step_ns = (span / (MOST as u64 / 2)).max(self.step_ns.saturating_mul(2));
        self.marks.push(first);
        for mark in all {
            // A clock that goes back and forth takes nobody beyond the bound.
            if self.is_apart(mark.1) && self.marks.len() < MOST / 2 + 1 {
                self.marks.push(mark);
            }
        }
    }

    /// A clock that was set back is a reason for one as well.
    fn is_apart(&self, received_ns: u64) -> bool {
        let last = self.marks.last();
        last.is_none_or(|(_, ns)| received_ns.abs_diff(*ns) >= self.step_ns)
    }

    /// When about the record at a position was taken: a second too early at the most, or a thirtieth of the time that the segment spans.
    pub(super) fn before(&self, at: Position) -> Option<u64> {
        let behind = self.marks.partition_point(|(from, _)| *from <= at);
        let found = self.marks.get(behind.checked_sub(1)?);
        found.map(|(_, ns)| *ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_known_to_a_second_or_a_small_part_of_its_segment() {
        const SECOND: u64 = 1_000_000_000;
        for (records, step, most) in [
            (100, SECOND / 10, SECOND),
            (100, 60 * SECOND, 0),
            (10_000, SECOND, 10_000 / 30 * SECOND),
            (5_000, 7 * SECOND, 35_000 / 30 * SECOND),
        ] {
            let mut marks = Marks::default();
            assert_eq!(marks.before(0), None);
            let taken = |n: u64| 1_000 * SECOND + n * step;
            (0..records).for_each(|n| marks.note(n * 100, taken(n)));
            assert!(marks.marks.len() <= MOST);
            for n in 0..records {
                let known = marks.before(n * 100 + 99).unwrap();
                assert!(
                    known <= taken(n) && taken(n) - known <= most,
                    "{n}: {known}"
                );
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_counts_from_there() {
        let mut marks = Marks::default();
        marks.note(0, 100 * STEP_NS);
        marks.note(10, 5 * STEP_NS);
        marks.note(20, 6 * STEP_NS);
        let known: Vec<_> = [0, 9, 10, 25].map(|at| marks.before(at)).to_vec();
        assert_eq!(known, [100, 100, 5, 6].map(|n| Some(n * STEP_NS)));
    }
}
