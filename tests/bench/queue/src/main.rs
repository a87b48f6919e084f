//! The queue's own log beside two embedded stores (fjall, redb), at what the collector asks of either: many writers, each of whom
//! waits until its record is synced, and a reader that takes records in order and gives them up. Group commit in all three.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use lexopt::ValueExt as _;

mod fjall_store;
mod log;
mod redb_store;
mod store;

/// Requests under way at once, as `tests/load` has them.
pub const WRITERS: usize = 16;
/// Bytes of a record: the mean payload of the captured requests is 2.2 KB.
const RECORD: usize = 2048;
/// Records that the reader takes at once, as a destination does.
pub const TAKE: usize = 512;

/// What one run came to.
pub struct Run {
    /// From the first record to the last one read.
    pub took: Duration,
    /// How long each writer waited for each of its records.
    pub waits: Vec<Duration>,
}

type Candidate = (&'static str, fn(&Path, usize) -> Result<Run>);

const CANDIDATES: [Candidate; 3] = [
    ("farol", log::run),
    ("fjall", fjall_store::run),
    ("redb", redb_store::run),
];

/// The figures of one run.
struct Figures {
    per_second: f64,
    per_cpu_second: f64,
    p99_ms: f64,
}

fn main() -> Result<()> {
    let (mut rounds, mut each) = (5, 4000);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("rounds") => rounds = args.value()?.parse::<usize>()?,
            lexopt::Arg::Long("records") => each = args.value()?.parse::<usize>()? / WRITERS,
            other => bail!(
                "{}; there are --rounds N and --records N",
                other.unexpected()
            ),
        }
    }
    if rounds == 0 || each == 0 {
        bail!("--rounds is at least 1, --records at least {WRITERS}");
    }
    let mut all: [Vec<Figures>; CANDIDATES.len()] = Default::default();
    for round in 0..rounds {
        // By turns, each time another first: what else the machine does falls on all.
        for turn in 0..CANDIDATES.len() {
            let which = (round + turn) % CANDIDATES.len();
            all[which].push(measure(CANDIDATES[which].1, each)?);
        }
    }
    println!(
        "{} records of {RECORD} B from {WRITERS} writers, {rounds} rounds: median (least to most)",
        each * WRITERS
    );
    for ((name, _), runs) in CANDIDATES.iter().zip(&all) {
        println!(
            "{name:<6} {} records/s  {} per CPU-second  p99 {} ms",
            spread(runs, |it| it.per_second),
            spread(runs, |it| it.per_cpu_second),
            spread(runs, |it| it.p99_ms),
        );
    }
    Ok(())
}

fn measure(run: fn(&Path, usize) -> Result<Run>, each: usize) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let before = cpu();
    let Run { took, mut waits } = run(folder.path(), each)?;
    let cpu = cpu() - before;
    waits.sort();
    let records = (each * WRITERS) as f64;
    Ok(Figures {
        per_second: records / took.as_secs_f64(),
        per_cpu_second: records / cpu.as_secs_f64(),
        p99_ms: waits[waits.len() * 99 / 100].as_secs_f64() * 1e3,
    })
}

/// Every thread of this process, in user and system mode.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn spread(runs: &[Figures], of: impl Fn(&Figures) -> f64) -> String {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    let least = values[0];
    let most = values[values.len() - 1];
    format!("{:.0} ({least:.0} to {most:.0})", values[values.len() / 2])
}

/// A record that no store can pack, different each time.
pub fn record(number: usize) -> Vec<u8> {
    let mut state = number as u64 | 1;
    let mut next = || {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..RECORD).map(|_| next()).collect()
}

/// How long `work` took, as one of the waits.
pub fn timed<T>(waits: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    waits.push(start.elapsed());
    done
}
