//! Exponential histograms as OpenTelemetry and Prometheus define them: buckets grow by one factor, which is chosen as fine as a
//! bounded number of buckets allows. Values are zero or more; nothing here measures less.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// OpenTelemetry's default. From 1 ms to a minute that leaves 8 buckets between a value and its double: 4.4 % off at most.
pub(crate) const MAX_BUCKETS: usize = 160;
/// Where a histogram starts: with one value any scale fits, and this is the finest that OpenTelemetry's SDKs use.
const MAX_SCALE: i32 = 20;
/// At this scale two buckets hold every double there is, so the way down ends here at the latest.
const MIN_SCALE: i32 = -10;

/// No sum grows beyond it: far above all that can be, far below where doubles end.
const MAX_SUM: f64 = 1e300;

/// A histogram. Bucket `i` (from `offset`) holds values in `(base^i, base^(i+1)]` where `base = 2^(2^-scale)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Histogram {
    pub(crate) scale: i32,
    pub(crate) offset: i32,
    pub(crate) buckets: VecDeque<u64>,
    pub(crate) zeros: u64,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// How many values lie within each of the family's classic bounds and above the one before. Counted value by value, because
    /// exponential buckets do not end where the thresholds of vitals are.
    #[serde(default)]
    pub(crate) classic: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            scale: MAX_SCALE,
            offset: 0,
            buckets: VecDeque::new(),
            zeros: 0,
            count: 0,
            sum: 0.0,
            min: 0.0,
            max: 0.0,
            classic: Vec::new(),
        }
    }
}

impl Histogram {
    /// An empty one of a family with these bounds.
    pub(crate) fn of(bounds: &[f64]) -> Self {
        Self {
            classic: vec![0; bounds.len()],
            ..Self::default()
        }
    }

    /// Counts a value. What is no number, infinite or below zero is not one of ours and changes nothing. `bounds` are the family's
    /// classic ones, the same each time.
    pub(crate) fn record(&mut self, value: f64, bounds: &[f64]) {
        if !value.is_finite() || value < 0.0 {
            return;
        }
        self.classic.resize(bounds.len(), 0);
        if let Some(at) = bounds.iter().position(|bound| value <= *bound) {
            self.classic[at] += 1;
        }
        (self.min, self.max) = match self.count {
            0 => (value, value),
            _ => (self.min.min(value), self.max.max(value)),
        };
        self.count += 1;
        // JSON has no infinity, and a state that holds one is not read again.
        self.sum = (self.sum + value).min(MAX_SUM);
        // Subnormal numbers have no exponent of their own; nobody tells them from zero.
        if value < f64::MIN_POSITIVE {
            self.zeros += 1;
            return;
        }
        let mut index = bucket(value, self.scale);
        while !self.fits(index) {
            self.coarsen();
            index = bucket(value, self.scale);
        }
        self.make_room(index);
        self.buckets[(index - self.offset) as usize] += 1;
    }

    /// What was added since it was `base`, an earlier state of it. The least and the greatest value since then are not known.
    pub(crate) fn since(&self, base: &Self) -> Self {
        let mut base = base.clone();
        while base.scale > self.scale && !base.buckets.is_empty() {
            base.coarsen();
        }
        let before = |at: usize| {
            let index = self.offset + at as i32 - base.offset;
            let at = usize::try_from(index).ok();
            at.and_then(|at| base.buckets.get(at)).copied().unwrap_or(0)
        };
        let grown = |(at, count): (usize, &u64)| count.saturating_sub(before(at));
        let mut buckets: VecDeque<u64> = self.buckets.iter().enumerate().map(grown).collect();
        let mut offset = self.offset;
        while buckets.front() == Some(&0) {
            buckets.pop_front();
            offset += 1;
        }
        while buckets.back() == Some(&0) {
            buckets.pop_back();
        }
        let classic = self.classic.iter().enumerate();
        Self {
            scale: self.scale,
            offset,
            buckets,
            zeros: self.zeros.saturating_sub(base.zeros),
            count: self.count.saturating_sub(base.count),
            sum: self.sum - base.sum,
            min: self.min,
            max: self.max,
            classic: classic
                .map(|(at, n)| n.saturating_sub(base.classic.get(at).copied().unwrap_or(0)))
                .collect(),
        }
    }

    /// Fills the classic counts of a state that was stored before there were any, as well as exponential buckets tell.
    pub(crate) fn restore_classic(&mut self, bounds: &[f64]) {
        if self.classic.len() == bounds.len() {
            return;
        }
        self.classic = vec![0; bounds.len()];
        let step = (-f64::from(self.scale)).exp2();
        let upper = |at: usize| (f64::from(self.offset + at as i32 + 1) * step).exp2();
        let exponential = self.buckets.iter().enumerate();
        let all = exponential.map(|(at, n)| (upper(at), *n));
        for (value, n) in all.chain([(0.0, self.zeros)]) {
            if let Some(at) = bounds.iter().position(|bound| value <= *bound) {
                self.classic[at] += n;
            }
        }
    }

    /// Adds what another one of the same bounds holds.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        (self.min, self.max) = match self.count {
            0 => (other.min, other.max),
            _ => (self.min.min(other.min), self.max.max(other.max)),
        };
        self.count += other.count;
        self.zeros += other.zeros;
        self.sum = (self.sum + other.sum).min(MAX_SUM);
        self.classic.resize(other.classic.len(), 0);
        for (own, n) in self.classic.iter_mut().zip(&other.classic) {
            *own += n;
        }
        let mut other = other.clone();
        if other.buckets.is_empty() {
            return;
        }
        loop {
            while self.scale > other.scale {
                self.coarsen();
            }
            while other.scale > self.scale {
                other.coarsen();
            }
            let last = other.offset + other.buckets.len() as i32 - 1;
            let low = self.offset.min(other.offset);
            let high = last.max(self.offset + self.buckets.len() as i32 - 1);
            let span = i64::from(high) - i64::from(low) + 1;
            let fits = self.buckets.is_empty() || span <= MAX_BUCKETS as i64;
            if fits || self.scale <= MIN_SCALE {
                break;
            }
            self.coarsen();
        }
        for (at, n) in other.buckets.iter().enumerate() {
            let index = other.offset + at as i32;
            self.make_room(index);
            self.buckets[(index - self.offset) as usize] += n;
        }
    }

    fn fits(&self, index: i32) -> bool {
        let last = self.offset + self.buckets.len() as i32 - 1;
        let span = match self.buckets.is_empty() {
            true => 1,
            false => i64::from(last.max(index)) - i64::from(self.offset.min(index)) + 1,
        };
        span <= MAX_BUCKETS as i64 || self.scale <= MIN_SCALE
    }

    /// Puts two neighbours into one, everywhere.
    fn coarsen(&mut self) {
        let mut merged = VecDeque::with_capacity(self.buckets.len() / 2 + 1);
        let offset = self.offset >> 1;
        for (at, count) in self.buckets.iter().enumerate() {
            let index = (self.offset + at as i32) >> 1;
            let to = (index - offset) as usize;
            match merged.get_mut(to) {
                Some(sum) => *sum += count,
                None => merged.push_back(*count),
            }
        }
        self.buckets = merged;
        self.offset = offset;
        self.scale -= 1;
    }

    fn make_room(&mut self, index: i32) {
        if self.buckets.is_empty() {
            self.offset = index;
        }
        while index < self.offset {
            self.buckets.push_front(0);
            self.offset -= 1;
        }
        while index >= self.offset + self.buckets.len() as i32 {
            self.buckets.push_back(0);
        }
    }
}

/// The bucket of a value above zero. Upper bounds belong to their bucket, so exact powers are told apart by their bits: a
/// logarithm may land on either side.
fn bucket(value: f64, scale: i32) -> i32 {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let power_of_two = bits & ((1 << 52) - 1) == 0;
    if scale <= 0 {
        return (exponent - i32::from(power_of_two)) >> -scale;
    }
    if power_of_two {
        return (exponent << scale) - 1;
    }
    let fraction = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    let steps = f64::from(1 << scale);
    let within = (fraction.log2() * steps).ceil() as i32 - 1;
    (exponent << scale) + within.clamp(0, (1 << scale) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: [f64; 3] = [0.5, 100.0, 2_000.0];

    fn of(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value, &BOUNDS);
        }
        histogram
    }

    /// The bounds of bucket `index`: exclusive, inclusive.
    fn bounds(index: i32, scale: i32) -> (f64, f64) {
        let step = (-f64::from(scale)).exp2();
        let bound = |index: i32| (f64::from(index) * step).exp2();
        (bound(index), bound(index + 1))
    }

    #[test]
    fn powers_of_two_are_the_upper_bounds_of_their_buckets() {
        for scale in [-3, -1, 0, 1, 3, 8, 20] {
            let one = bucket(1.0, scale);
            assert_eq!(one, -1, "scale {scale}");
            assert_eq!(bucket(1.0 + f64::EPSILON, scale), 0, "scale {scale}");
        }
        assert_eq!(bucket(4.0, 0), 1);
        assert_eq!(bucket(4.1, 0), 2);
        assert_eq!(bucket(0.5, 0), -2);
        assert_eq!(bucket(1024.0, 3), 79);
    }

    #[test]
    fn a_day_of_page_loads_keeps_its_accuracy() {
        let histogram = of(&[1.0, 60_000.0]);
        assert_eq!(histogram.scale, 3);
        assert!(histogram.buckets.len() <= MAX_BUCKETS);
    }

    #[test]
    fn what_is_no_measure_changes_nothing() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0];
        assert_eq!(of(&odd), Histogram::default());
    }

    #[test]
    fn zeros_are_counted_apart() {
        let histogram = of(&[0.0, -0.0, 1e-310, 0.1]);
        assert_eq!((histogram.zeros, histogram.count), (3, 4));
        assert_eq!((histogram.min, histogram.max), (0.0, 0.1));
    }

    #[test]
    fn the_widest_range_of_all_still_fits() {
        let histogram = of(&[f64::MIN_POSITIVE, f64::MAX, 1.0]);
        assert_eq!(histogram.buckets.iter().sum::<u64>(), 3);
        assert!(histogram.buckets.len() <= MAX_BUCKETS);
    }

    #[test]
    fn a_sum_never_is_beyond_all_numbers() {
        let base = of(&[f64::MAX, f64::MAX]);
        let mut later = base.clone();
        later.record(1.0, &BOUNDS);
        for histogram in [&base, &later.since(&base)] {
            assert!(histogram.sum.is_finite(), "{}", histogram.sum);
        }
        assert_eq!(base.count, 2);
    }

    #[test]
    fn classic_buckets_are_exact_at_their_bounds() {
        let histogram = of(&[0.0, 0.5, 100.0, 100.1, 2_000.0, 2_000.1]);
        assert_eq!(histogram.classic, [2, 1, 2]);
    }

    #[test]
    fn a_state_without_classic_buckets_gets_them_within_the_accuracy_of_the_others() {
        let whole = of(&[0.0, 0.3, 60.0, 1_500.0, 3_000.0]);
        let mut old = whole.clone();
        old.classic.clear();
        old.restore_classic(&BOUNDS);
        assert_eq!(old, whole);
    }

    proptest! {
        #[test]
        fn a_state_and_what_came_since_make_the_later_state(
            first in prop::collection::vec(1e-3..1e6_f64, 0..60),
            second in prop::collection::vec(1e-3..1e6_f64, 0..60),
        ) {
            let base = of(&first);
            let mut later = base.clone();
            for value in &second {
                later.record(*value, &BOUNDS);
            }
            let since = later.since(&base);
            let mut alone = of(&second);
            while alone.scale > since.scale && !alone.buckets.is_empty() {
                alone.coarsen();
            }
            prop_assert_eq!(since.count, alone.count);
            prop_assert!((since.sum - alone.sum).abs() <= 1e-6 * later.sum.abs());
            prop_assert_eq!(&since.buckets, &alone.buckets);
            if !second.is_empty() {
                prop_assert_eq!(since.offset, alone.offset);
                prop_assert_eq!(since.classic, alone.classic);
            }
        }

        #[test]
        fn two_that_are_merged_are_one_that_had_all(
            first in prop::collection::vec(0.0..1e6_f64, 0..60),
            second in prop::collection::vec(1e-3..1e3_f64, 0..60),
        ) {
            let mut merged = of(&first);
            merged.merge(&of(&second));
            let all: Vec<f64> = first.iter().chain(&second).copied().collect();
            let whole = of(&all);
            prop_assert!((merged.sum - whole.sum).abs() <= 1e-9 * whole.sum);
            merged.sum = whole.sum;
            prop_assert_eq!(merged, whole);
        }

        #[test]
        fn every_value_lies_within_the_bounds_of_its_bucket(value in 1e-9..1e12_f64, scale in -4..12) {
            let (low, high) = bounds(bucket(value, scale), scale);
            // Bounds are powers with an irrational exponent: equal to about twelve digits.
            prop_assert!(low < value * (1.0 + 1e-12) && value <= high * (1.0 + 1e-12), "{low} {value} {high}");
        }

        #[test]
        fn the_way_to_a_scale_does_not_matter(values in prop::collection::vec(1e-3..1e6_f64, 1..200)) {
            let histogram = of(&values);
            let mut direct = std::collections::BTreeMap::new();
            for value in &values {
                *direct.entry(bucket(*value, histogram.scale)).or_insert(0_u64) += 1;
            }
            let buckets = histogram.buckets.iter().enumerate();
            let found: std::collections::BTreeMap<i32, u64> = buckets
                .filter(|(_, count)| **count > 0)
                .map(|(at, count)| (histogram.offset + at as i32, *count))
                .collect();
            prop_assert_eq!(found, direct);
        }

        #[test]
        fn order_does_not_matter(mut values in prop::collection::vec(0.0..1e5_f64, 1..100)) {
            let forward = of(&values);
            values.reverse();
            let backward = of(&values);
            prop_assert_eq!(forward.buckets, backward.buckets);
            prop_assert_eq!((forward.scale, forward.offset, forward.count), (backward.scale, backward.offset, backward.count));
        }
    }
}
