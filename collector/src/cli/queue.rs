//! `farol-collector queue …`: looks into the queue of a data folder, for people as a table, for machines as JSON, or waits until it is
//! delivered.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use jiff::{Timestamp, civil, tz::TimeZone};

use super::dead_letters;
use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::forget::{Person, Whose};
use crate::operate;
use crate::queue::disk::look::{self, Chosen, Overview, Place, Verdict};
use crate::queue::disk::replay::{Replay, replay};

pub(super) mod admin;
mod drain;
mod erase;
pub(super) mod table;

pub(super) use drain::plain_address;
use table::Table;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Show what there is.
    Inspect,
    /// Read every checksum.
    Verify,
    /// Write what is stored.
    Export,
    /// Wait until all is delivered.
    Drain,
    /// Have a destination get something again.
    Replay,
    /// Take out what is somebody's.
    Erase,
}

impl Task {
    /// By its word.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "inspect" => Some(Self::Inspect),
            "verify" => Some(Self::Verify),
            "export" => Some(Self::Export),
            "drain" => Some(Self::Drain),
            "replay" => Some(Self::Replay),
            "erase" => Some(Self::Erase),
            _ => None,
        }
    }
}

/// How it is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// For machines.
    pub(super) json: bool,
    /// Said with `drain`, which is about nothing else.
    pub(super) until_empty: bool,
    /// Whose data `erase` takes out.
    pub(super) whose: Option<Whose>,
    /// Whose place `replay` moves.
    pub(super) destination: Option<String>,
    /// What is to be exported, or replayed.
    pub(super) chosen: Chosen,
}

/// Does it; false where something is damaged, or lies among the dead letters of what was to be delivered.
///
/// # Errors
/// When there is no queue or no collector, it cannot be read, or nothing can be written.
pub(super) fn run(
    task: Task,
    config: &Config,
    options: &Options,
    out: &mut impl Write,
) -> Result<bool> {
    let mut whole = true;
    let done = look_into(task, config, options, &mut whole, &mut BufWriter::new(out));
    match done {
        // The reader's decision.
        Err(error) if broken_pipe(&error) => Ok(whole),
        done => done.map(|()| whole),
    }
}

fn look_into(
    task: Task,
    config: &Config,
    options: &Options,
    whole: &mut bool,
    out: &mut impl Write,
) -> Result<()> {
    let folder = DataFolder::queue_of(&config.data_dir);
    match task {
        Task::Inspect => {
            let overview = look::inspect(&folder, now())?;
            match options.json {
                true => json(&overview, out)?,
                false => show(&overview, out)?,
            }
        }
        Task::Verify => {
            let verdict = look::verify(&folder)?;
            *whole = !verdict.is_damaged();
            match options.json {
                true => json(&verdict, out)?,
                false => tell(&verdict, out)?,
            }
        }
        Task::Export => {
            look::export(&folder, &options.chosen, out)?;
        }
        Task::Replay => {
            ensure!(folder.is_dir(), "there is no queue at {}", folder.display());
            let name = options.destination.as_deref().unwrap_or_default();
            let from_ns = options.chosen.from_ns;
            let (again, when): (Replay, _) = match DataFolder::unused(&config.data_dir)? {
                Some(data) => (replay(&data, name, from_ns)?, ", when the collector starts"),
                None => {
                    let task = operate::Task::Replay(name.to_owned(), from_ns);
                    (serde_json::from_str(&admin::ask(config, &task)?)?, "")
                }
            };
            writeln!(
                out,
                "{name} gets {} records with {} items again, from position {} on{when}",
                again.records, again.items, again.from
            )?;
        }
        Task::Erase => {
            let whose = options.whose.clone();
            let person = Person {
                whose: whose.context("queue erase: say --session ID or --user ID")?,
                app: options.chosen.app.clone(),
            };
            erase::erase(config, &person, options.json, out)?;
        }
        Task::Drain => {
            let address = drain::address(config).map_err(anyhow::Error::msg)?;
            drain::drain(address, || std::thread::sleep(drain::EVERY), out)?;
            // It is through with what a destination refused, and has it all the same.
            *whole = dead_letters::none_lie(config, out)?;
        }
    }
    Ok(out.flush()?)
}

fn broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// A time as it is given: with its offset, or by this machine's clock; in nanoseconds since 1970.
pub(super) fn time(text: &str) -> Result<u64, String> {
    let remedy = || {
        format!(
            "--from {text}: write 2026-11-21T18:00:00Z, or 2026-11-21T18:00 or 2026-11-21 by this machine's clock"
        )
    };
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => {
            let civil: civil::DateTime = text.parse().map_err(|_| remedy())?;
            let zoned = civil.to_zoned(TimeZone::system()).map_err(|_| remedy())?;
            zoned.timestamp()
        }
    };
    Ok(u64::try_from(at.as_nanosecond()).unwrap_or(0))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX))
}

fn json(what: &impl serde::Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, what)?;
    writeln!(out)
}

fn show(overview: &Overview, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(&[
        "segment", "end", "bytes", "records", "items", "newest", "damage",
    ]);
    for s in &overview.segments {
        let damage = match (s.damaged_places, s.unfinished_bytes) {
            (0, 0) => "-".to_owned(),
            (0, bytes) => format!("none; {bytes} bytes unfinished"),
            (places, _) => format!("{places} places, {} bytes", s.damaged_bytes),
        };
        table.row([
            s.base.to_string(),
            s.end.to_string(),
            s.bytes.to_string(),
            s.records.to_string(),
            s.items.to_string(),
            s.newest_age_s.map_or_else(|| "-".to_owned(), age),
            damage,
        ]);
    }
    let sum = |of: fn(&look::SegmentSeen) -> u64| -> u64 { overview.segments.iter().map(of).sum() };
    writeln!(
        out,
        "{}: {} segments, {} records, {} items, {} bytes\n",
        overview.folder,
        overview.segments.len(),
        sum(|s| s.records),
        sum(|s| s.items),
        sum(|s| s.bytes)
    )?;
    table.write(out)?;
    let mut table = Table::new(&[
        "reader",
        "low watermark",
        "ranges",
        "lag records",
        "items",
        "bytes",
    ]);
    for r in &overview.readers {
        table.row([
            r.name.clone(),
            r.low.to_string(),
            r.ranges.to_string(),
            r.lag_records.to_string(),
            r.lag_items.to_string(),
            r.lag_bytes.to_string(),
        ]);
    }
    writeln!(out)?;
    table.write(out)?;
    notes(
        overview.cursors_lost,
        &overview.unreadable,
        &overview.aside,
        &overview.left,
        out,
    )
}

fn tell(verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "whole: {} records with {} items and {} bytes in {} segments",
        verdict.records, verdict.items, verdict.bytes, verdict.segments
    )?;
    let place = |p: &Place| format!("{} from byte {}, {} bytes", p.file, p.offset, p.length);
    for found in &verdict.damaged {
        let what = match found.position {
            Some(_) => "",
            None => " (the head; the records behind it are read)",
        };
        writeln!(out, "damaged: {}{what}", place(found))?;
    }
    for found in &verdict.unfinished {
        writeln!(
            out,
            "unfinished: {} (left by a crash or being written; never acknowledged)",
            place(found)
        )?;
    }
    notes(
        verdict.cursors_lost,
        &verdict.unreadable,
        &verdict.aside,
        &verdict.left,
        out,
    )
}

fn notes(
    cursors_lost: bool,
    unreadable: &[String],
    aside: &[String],
    left: &[String],
    out: &mut impl Write,
) -> io::Result<()> {
    if cursors_lost {
        writeln!(
            out,
            "damaged: the cursors; all that is here will be delivered again"
        )?;
    }
    for name in unreadable {
        writeln!(out, "damaged: {name} cannot be opened")?;
    }
    for name in aside {
        writeln!(
            out,
            "kept aside: {name}, damaged and done with; remove it when you have looked"
        )?;
    }
    for name in left {
        writeln!(
            out,
            "not read: {name}, left at a stop and taken up at the next start"
        )?;
    }
    Ok(())
}

/// As long ago as people say it.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests;
