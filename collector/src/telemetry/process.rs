//! What the operating system says about the process. Read from `/proc`; where there is none, nothing is shown.

use std::fs;

use super::{Gathered, PROCESS_CPU, PROCESS_FDS, PROCESS_RSS, PROCESS_START, Value};

/// Ticks per second in `/proc/self/stat`: 100 on every Linux that Rust's targets name.
const TICKS: f64 = 100.0;
/// Bytes of a page of memory; `statm` counts these. 4 KiB on x86-64 and by default on arm64.
const PAGE: u64 = 4096;

pub(super) fn figures(out: &mut Gathered) {
    if let Some((cpu, started)) = stat() {
        out.push(&PROCESS_CPU, &[], Value::Number(cpu));
        if let Some(boot) = boot_time() {
            out.push(&PROCESS_START, &[], Value::Number(boot + started));
        }
    }
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    if let Some(pages) = statm.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok()) {
        out.add(&PROCESS_RSS, &[], pages * PAGE);
    }
    if let Ok(fds) = fs::read_dir("/proc/self/fd") {
        out.add(&PROCESS_FDS, &[], fds.count() as u64);
    }
}

/// Processor seconds, and seconds from boot to the process's start.
fn stat() -> Option<(f64, f64)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold anything; counting starts behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
    Some(((ticks(11)? + ticks(12)?) / TICKS, ticks(19)? / TICKS))
}

fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|l| l.strip_prefix("btime "))?;
    line.trim().parse().ok()
}
