//! Which positions are done: all below a low watermark, and ranges above it. What is acknowledged out of order merges with its
//! neighbours, so there are at most as many ranges as there are records in somebody's hands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::Position;

/// Ends are exclusive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges {
    low: Position,
    above: BTreeMap<Position, Position>,
}

impl Ranges {
    /// All below `low`.
    pub fn below(low: Position) -> Self {
        Self {
            low,
            above: BTreeMap::new(),
        }
    }

    /// Everything before it is done.
    pub fn low(&self) -> Position {
        self.low
    }

    /// How many ranges there are above the low watermark.
    pub fn count(&self) -> usize {
        self.above.len()
    }

    /// Everything from it on is not done.
    pub fn high(&self) -> Position {
        self.above
            .last_key_value()
            .map_or(self.low, |(_, end)| *end)
    }

    /// Whether a position is done.
    pub fn contains(&self, at: Position) -> bool {
        self.skip(at) != at
    }

    /// Whether all of a range is done.
    pub fn covers(&self, from: Position, to: Position) -> bool {
        from >= to || self.skip(from) >= to
    }

    /// Whether nothing of a range is done.
    pub fn misses(&self, from: Position, to: Position) -> bool {
        from >= self.low
            && self
                .above
                .range(..to)
                .next_back()
                .is_none_or(|(_, end)| *end <= from)
    }

    /// The first position from `at` on that is not done.
    pub fn skip(&self, at: Position) -> Position {
        if at < self.low {
            return self.low;
        }
        match self.above.range(..=at).next_back() {
            Some((_, end)) if *end > at => *end,
            _ => at,
        }
    }

    /// Marks a range as done.
    pub fn add(&mut self, mut from: Position, mut to: Position) {
        if to <= self.low || from >= to {
            return;
        }
        if from > self.low {
            if let Some((start, end)) = self.above.range(..=from).next_back()
                && *end >= from
            {
                (from, to) = (*start, to.max(*end));
            }
        } else {
            from = self.low;
        }
        while let Some((start, end)) = self.above.range(from..=to).next() {
            let (start, end) = (*start, *end);
            to = to.max(end);
            self.above.remove(&start);
        }
        match from == self.low {
            true => self.low = to,
            false => drop(self.above.insert(from, to)),
        }
    }

    /// What of it lies before a position.
    pub fn before(&self, at: Position) -> Self {
        let above = self.above.range(..at);
        Self {
            low: self.low.min(at),
            above: above.map(|(from, to)| (*from, at.min(*to))).collect(),
        }
    }

    /// Marks as done what is in another one.
    pub fn join(&mut self, other: &Self) {
        self.add(0, other.low);
        for (from, to) in &other.above {
            self.add(*from, *to);
        }
    }

    /// At most `most` ranges above the low watermark. Those that are left out will be read again, which loses nothing.
    pub fn bounded(&self, most: usize) -> Self {
        let above = self.above.iter().take(most).map(|(from, to)| (*from, *to));
        Self {
            low: self.low,
            above: above.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn ranges_are_a_set_of_positions(low in 0..10u64, adds in proptest::collection::vec((0..60u64, 0..12u64), 0..20)) {
            let mut set = [false; 80];
            set[..low as usize].fill(true);
            let mut ranges = Ranges::below(low);
            for (from, length) in adds {
                ranges.add(from, from + length);
                set[from as usize..(from + length) as usize].fill(true);
                for at in 0..75 {
                    prop_assert_eq!(ranges.contains(at as u64), set[at]);
                    for to in at..75 {
                        prop_assert_eq!(ranges.covers(at as u64, to as u64), set[at..to].iter().all(|x| *x));
                        if to > at {
                            prop_assert_eq!(ranges.misses(at as u64, to as u64), !set[at..to].iter().any(|x| *x));
                        }
                    }
                }
                let above = &set[ranges.low() as usize..];
                let runs = above.windows(2).filter(|w| w[1] && !w[0]).count();
                prop_assert_eq!(ranges.count(), runs, "neighbours merge");
            }
        }
    }

    #[test]
    fn what_lies_before_and_the_rest_make_the_whole() {
        let mut ranges = Ranges::below(5);
        ranges.add(10, 14);
        ranges.add(20, 22);
        for at in 0..25 {
            let mut before = ranges.before(at);
            for i in 0..25 {
                assert_eq!(before.contains(i), ranges.contains(i) && i < at, "{i} {at}");
            }
            before.join(&ranges);
            assert_eq!(before, ranges, "{at}");
        }
    }

    #[test]
    fn what_is_bounded_is_never_more_done() {
        let mut ranges = Ranges::below(5);
        for from in [10, 20, 30] {
            ranges.add(from, from + 2);
        }
        let fewer = ranges.bounded(1);
        assert_eq!((fewer.low(), fewer.count(), fewer.high()), (5, 1, 12));
    }
}
