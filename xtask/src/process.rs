//! Child processes: each gets a process group of its own, and all of them, with whatever they started, are ended by their ids
//! when the command ends: done, failed, or told to by Ctrl-C.
//!
//! Browsers put themselves into groups of their own, so ending our groups is not enough: on Linux orphans become our children
//! (sub-reaper), and the process table then shows every descendant.

mod table;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::steps;

/// How long a process may take to end by itself: the collector writes down what it has not exported.
const GRACE: Duration = Duration::from_secs(8);

static ENDING: AtomicBool = AtomicBool::new(false);

static REMOVED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

static LAST: Mutex<Vec<i32>> = Mutex::new(Vec::new());

static HANDED_ON: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Set where tests run: what the demo is made of has just been built.
pub const BUILT: &str = "FAROL_BUILT";

/// Tells tests which program this one is, so that they can give its commands.
pub fn hand_on_xtask() -> Result<()> {
    let xtask = std::env::current_exe().context("where xtask is")?;
    hand_on("FAROL_XTASK", &xtask.to_string_lossy());
    Ok(())
}

/// Puts a variable into the environment of every process started later.
pub fn hand_on(name: &str, value: &str) {
    if let Ok(mut all) = HANDED_ON.lock() {
        all.push((name.to_owned(), value.to_owned()));
    }
}

/// Makes Ctrl-C and its like end every process that was started, then this one.
pub fn end_all_on_signals() {
    #[cfg(target_os = "linux")]
    adopt_orphans();
    let Ok(mut signals) = signal_hook::iterator::Signals::new([2, 15, 1]) else {
        return;
    };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            ENDING.store(true, Ordering::SeqCst);
            // A second Ctrl-C means: at once.
            thread::spawn(move || {
                if signals.forever().next().is_some() {
                    table::descendants()
                        .into_iter()
                        .for_each(|pid| send(pid, Signal::SIGKILL));
                }
            });
            end_all();
            std::process::exit(128 + signal);
        }
    });
}

/// Ends a child, and what it started, after all others: those that work with a store have to be gone before it goes.
pub fn end_last(child: &Child) {
    if let Ok(mut all) = LAST.lock() {
        all.push(child.id().cast_signed());
    }
}

/// Removes a folder when everything has ended.
pub fn remove_at_end(folder: &Path) {
    if let Ok(mut all) = REMOVED.lock() {
        all.push(folder.to_path_buf());
    }
}

/// Makes what our children leave behind our children, so that the process table tells.
#[cfg(target_os = "linux")]
fn adopt_orphans() {
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// Ends everything that this process started and that is still there, then removes what only they needed. Every command calls it
/// last.
pub fn end_all() {
    end_descendants();
    for folder in REMOVED
        .lock()
        .into_iter()
        .flat_map(|mut all| std::mem::take(&mut *all))
    {
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn end_descendants() {
    let last: Vec<i32> = LAST.lock().map(|all| all.clone()).unwrap_or_default();
    end_those(|| table::descendants_but(&last));
    end_those(table::descendants);
}

fn end_those(those: impl Fn() -> Vec<i32>) {
    let patience = Instant::now() + GRACE;
    let mut told = Vec::new();
    loop {
        let left = those();
        if left.is_empty() {
            return;
        }
        let signal = if Instant::now() < patience {
            Signal::SIGTERM
        } else {
            Signal::SIGKILL
        };
        for pid in left {
            if signal == Signal::SIGKILL || !told.contains(&pid) {
                send(pid, signal);
                told.push(pid);
            }
        }
        if Instant::now() > patience + GRACE {
            return;
        }
        thread::sleep(Duration::from_millis(30));
    }
}

fn send(pid: i32, signal: Signal) {
    let _ = kill(Pid::from_raw(pid), signal);
}

/// Starts a child that `end_all` will find.
pub fn spawn(command: &mut Command, what: &str) -> Result<Child> {
    stop_if_ending();
    command.process_group(0).stdin(Stdio::null());
    if let Ok(all) = HANDED_ON.lock() {
        command.envs(all.iter().map(|(name, value)| (name, value)));
    }
    #[cfg(target_os = "linux")]
    // SAFETY: prctl is async-signal-safe and touches nothing of the parent's.
    unsafe {
        command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?));
    }
    command
        .spawn()
        .with_context(|| format!("starting {what} ({})", command.get_program().display()))
}

/// Runs to the end, its output going where ours goes; anything but success is an error.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    if steps::on_stderr() {
        command.stdout(std::io::stderr());
    }
    let status = status(command, what)?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

pub fn status(command: &mut Command, what: &str) -> Result<ExitStatus> {
    let status = spawn(command, what)?.wait()?;
    stop_if_ending();
    Ok(status)
}

/// Runs to the end and gives what it printed; on failure the error holds the end of its error output.
pub fn output(command: &mut Command, what: &str) -> Result<String> {
    let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()), what)?;
    let stderr = child.stderr.take();
    let errors = thread::spawn(move || read_all(stderr));
    let out = read_all(child.stdout.take());
    let status = child.wait()?;
    stop_if_ending();
    if !status.success() {
        let errors = errors.join().unwrap_or_default();
        let tail: Vec<&str> = errors.trim().lines().rev().take(6).collect();
        bail!(
            "{what} failed ({status}): {}",
            tail.into_iter().rev().collect::<Vec<_>>().join("\n")
        );
    }
    Ok(out)
}

/// A line of a child's output, or of its error output.
pub enum Line<'a> {
    Out(&'a str),
    Error(&'a str),
}

/// How long error output is waited for after the end: what a child left behind may hold it open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs to the end, shows each line of both outputs as it comes and hands it to `line`.
pub fn watch(
    command: &mut Command,
    what: &str,
    mut line: impl FnMut(Line<'_>),
) -> Result<ExitStatus> {
    let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()), what)?;
    let (errors, told) = mpsc::channel();
    let stderr = child.stderr.take();
    thread::spawn(move || {
        each_line(stderr, |bytes| {
            let _ = std::io::stderr().write_all(bytes);
            let _ = errors.send(String::from_utf8_lossy(bytes).trim_end().to_owned());
        })
    });
    each_line(child.stdout.take(), |bytes| {
        let _ = std::io::stdout().write_all(bytes);
        line(Line::Out(String::from_utf8_lossy(bytes).trim_end()));
        told.try_iter().for_each(|it| line(Line::Error(&it)));
    })?;
    let status = child.wait()?;
    while let Ok(it) = told.recv_timeout(LAST_WORDS) {
        line(Line::Error(&it));
    }
    stop_if_ending();
    Ok(status)
}

/// Lines as bytes, with what ends them: what a test prints need not be UTF-8.
fn each_line(stream: Option<impl Read>, mut line: impl FnMut(&[u8])) -> std::io::Result<()> {
    let Some(stream) = stream else { return Ok(()) };
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        line(&bytes);
        bytes.clear();
    }
    Ok(())
}

fn read_all(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        let _ = stream.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// While the signal thread ends everything, the main thread must not start more or report children that were ended.
pub fn stop_if_ending() {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_left_behind_in_a_session_of_its_own_is_still_found() {
        adopt_orphans();
        let mut shell = Command::new("sh");
        shell.args(["-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"]);
        let printed = output(&mut shell, "sh").unwrap();
        let orphan: i32 = printed.trim().parse().unwrap();
        assert!(table::descendants().contains(&orphan));
        send(orphan, Signal::SIGKILL);
    }
}
