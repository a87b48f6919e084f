//! A histogram that threads write without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Value;

/// Counts by size.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    /// One for each bound and one for what is above all.
    counts: Vec<AtomicU64>,
    /// In millionths, so that it can be added to at once.
    sum: AtomicU64,
}

const UNIT: f64 = 1e6;

impl Histogram {
    /// With these upper bounds.
    pub fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a value that is not negative.
    pub fn observe(&self, value: f64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        self.counts[at].fetch_add(1, Relaxed);
        self.sum.fetch_add((value * UNIT) as u64, Relaxed);
    }

    /// The counts at this moment.
    pub fn value(&self) -> Value {
        let mut count = 0;
        let mut below = self.counts.iter().map(|n| {
            count += n.load(Relaxed);
            count
        });
        let buckets = self.bounds.iter().copied().zip(below.by_ref()).collect();
        let count = below.last().unwrap_or_default();
        Value::Histogram {
            buckets,
            sum: self.sum.load(Relaxed) as f64 / UNIT,
            count,
        }
    }
}
