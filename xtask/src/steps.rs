//! What people see while a command works: one line a step, with its time.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

static TO_STDERR: AtomicBool = AtomicBool::new(false);

/// From now on steps, and what child processes print, go to stderr: stdout is for an answer that a program reads.
pub fn to_stderr() {
    TO_STDERR.store(true, Ordering::Relaxed);
}

/// Whether `to_stderr` was called.
pub fn on_stderr() -> bool {
    TO_STDERR.load(Ordering::Relaxed)
}

fn say(line: &str) {
    if on_stderr() {
        eprintln!("{line}");
    } else {
        println!("{line}");
    }
}

/// A step that was there already, or needed nothing.
pub fn there(name: &str, what: impl Display) {
    say(&format!("✓ {name}  ({what})"));
}

static NOT_RUN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Tests that this machine cannot run: said at once, and once more at the end.
pub fn not_run(what: String) {
    say(&format!("– not run: {what}"));
    if let Ok(mut all) = NOT_RUN.lock() {
        all.push(what);
    }
}

pub fn all_not_run() -> Vec<String> {
    NOT_RUN.lock().map(|all| all.clone()).unwrap_or_default()
}

/// Runs a step and says how it went; the error goes on.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    // Some steps take minutes: a person sees which one it is.
    let person = std::io::stdout().is_terminal() && !on_stderr();
    if person {
        print!("· {name} …");
        let _ = std::io::stdout().flush();
    }
    let done = work();
    if person {
        print!("\r\u{1b}[K");
    }
    let time = seconds(start.elapsed());
    match &done {
        Ok(_) => say(&format!("✓ {name}  ({time})")),
        Err(_) => say(&format!("✗ {name}  ({time})")),
    }
    done
}

pub fn seconds(time: Duration) -> String {
    let all = time.as_secs();
    if all >= 60 {
        format!("{} min {:02} s", all / 60, all % 60)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
