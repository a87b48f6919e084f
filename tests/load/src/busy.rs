//! How much of a processor this process uses: a run whose generator is the bottleneck says nothing of the receiver.

use std::time::Instant;

/// A stretch of time.
#[derive(Debug)]
pub struct Busy {
    from: Instant,
    used: f64,
}

impl Busy {
    /// From now on.
    pub fn start() -> Self {
        Self {
            from: Instant::now(),
            used: used(),
        }
    }

    /// Processor time over time since the start; 1 is one processor.
    pub fn share(&self) -> f64 {
        (used() - self.used) / self.from.elapsed().as_secs_f64()
    }
}

/// Seconds of processor time, user and system.
fn used() -> f64 {
    /// What Linux counts in, on every architecture that it is built for today.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = fields.split(' ').skip(11).take(2);
    ticks.filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / TICKS
}
