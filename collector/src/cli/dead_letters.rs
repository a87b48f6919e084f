//! `farol-collector dead-letters …`: what destinations refused for good, and how it is sent again.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::{Context as _, Result};

use super::queue::{admin, table::Table};
use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::export::letters::{Replayed, Target, files, letter, lines, replay};
use crate::operate::Task as Operation;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Show what there is.
    List,
    /// Send it again.
    Replay,
}

impl Task {
    /// By its word.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "list" => Some(Self::List),
            "replay" => Some(Self::Replay),
            _ => None,
        }
    }
}

/// How it is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// For machines.
    pub(super) json: bool,
    /// Whose letters.
    pub(super) destination: Option<String>,
    /// Where they go, if not there.
    pub(super) to: Option<String>,
}

/// Does it; false where something is left that was to be sent.
///
/// # Errors
/// When files cannot be read, or there is no such destination.
pub(super) fn run(
    task: Task,
    config: &Config,
    options: &Options,
    out: &mut impl Write,
) -> Result<bool> {
    match task {
        Task::List => list(config, options, out).map(|()| true),
        Task::Replay => send(config, options, out),
    }
}

/// Letters with one reason of one destination.
#[derive(Default)]
struct Heap {
    letters: u64,
    items: u64,
    oldest: String,
    newest: String,
    detail: String,
}

/// Letters by destination, signal and code.
type Heaps = BTreeMap<(String, String, String), Heap>;

fn list(config: &Config, options: &Options, out: &mut impl Write) -> Result<()> {
    DataFolder::there(&config.data_dir)?;
    let heaps = heaps(config, options, out)?;
    if !options.json {
        show(&heaps, out)?;
    }
    Ok(out.flush()?)
}

/// Whether none lie in the data folder; says which do, and what to do.
///
/// # Errors
/// When files cannot be read.
pub(super) fn none_lie(config: &Config, out: &mut impl Write) -> Result<bool> {
    let heaps = heaps(config, &Options::default(), out)?;
    if heaps.is_empty() {
        return Ok(true);
    }
    // What counts is the answer: a reader that goes is no reason for another one.
    let _ = writeln!(
        out,
        "but {}/dead-letters has what destinations refused:",
        config.data_dir.display()
    );
    let _ = show(&heaps, out);
    let _ = writeln!(
        out,
        "mend the cause and send it again by dead-letters replay, or take the files away"
    );
    Ok(false)
}

/// Reads them. As JSON each is written as it is found.
fn heaps(config: &Config, options: &Options, out: &mut impl Write) -> Result<Heaps> {
    let mut heaps = Heaps::new();
    for file in files(&config.data_dir)? {
        for line in lines(&file).with_context(|| file.display().to_string())? {
            let line = line?;
            let Some(letter) = letter(&line) else {
                continue;
            };
            if (options.destination.as_ref()).is_some_and(|it| *it != letter.destination) {
                continue;
            }
            if options.json {
                out.write_all(&line)?;
                writeln!(out)?;
                continue;
            }
            let key = (letter.destination, letter.signal, letter.code);
            let heap = heaps.entry(key).or_default();
            heap.letters += 1;
            heap.items += letter.items;
            if heap.oldest.is_empty() || letter.time < heap.oldest {
                heap.oldest.clone_from(&letter.time);
            }
            if letter.time >= heap.newest {
                heap.newest = letter.time;
                heap.detail = letter.detail;
            }
        }
    }
    Ok(heaps)
}

/// Enough of a sentence to know the reason by; `--json` has all of it.
const SHOWN: usize = 80;

fn show(heaps: &Heaps, out: &mut impl Write) -> io::Result<()> {
    if heaps.is_empty() {
        return writeln!(out, "no dead letters");
    }
    let mut table = Table::new(&[
        "destination",
        "signal",
        "letters",
        "items",
        "oldest",
        "newest",
        "reason",
    ]);
    for ((destination, signal, code), heap) in heaps {
        let second = |time: &str| time.split('.').next().unwrap_or(time).to_owned();
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let detail: String = heap.detail.chars().map(plain).take(SHOWN).collect();
        table.row([
            destination.clone(),
            signal.clone(),
            heap.letters.to_string(),
            heap.items.to_string(),
            second(&heap.oldest),
            second(&heap.newest),
            match detail.is_empty() {
                true => code.clone(),
                false => format!("{code}: {detail}"),
            },
        ]);
    }
    table.write(out)
}

fn send(config: &Config, options: &Options, out: &mut impl Write) -> Result<bool> {
    let from = options.destination.clone().unwrap_or_default();
    let to = options.to.clone().unwrap_or_else(|| from.clone());
    let settings = config.destinations.iter().find(|it| it.name == to);
    let settings = settings.with_context(|| format!("there is no destination {to:?}"))?;
    let replayed: Replayed = match DataFolder::unused(&config.data_dir)? {
        Some(_held) => {
            let runtime = tokio::runtime::Runtime::new()?;
            let target = Target::of(settings)?;
            let (_tell, never) = tokio::sync::watch::channel(false);
            runtime.block_on(replay(&config.data_dir, &from, &target, never))?
        }
        None => {
            let task = Operation::Letters(from.clone(), to.clone());
            serde_json::from_str(&admin::ask(config, &task)?)?
        }
    };
    match options.json {
        true => serde_json::to_writer(&mut *out, &replayed)?,
        false => tell(&from, &to, &replayed, out)?,
    }
    writeln!(out)?;
    Ok(replayed.is_all())
}

fn tell(from: &str, to: &str, it: &Replayed, out: &mut impl Write) -> io::Result<()> {
    match it.letters + it.refused + it.left + it.nameless {
        0 => write!(out, "there are no dead letters of {from}")?,
        all => write!(
            out,
            "{to} took {} items of {all} dead letters of {from}",
            it.items
        )?,
    }
    for (n, what) in [
        (it.refused, "were refused again and stay"),
        (it.left, "were not taken now and stay; ask again"),
        (it.nameless, "do not say which items they are of and stay"),
    ] {
        if n > 0 {
            write!(out, "; {n} {what}")?;
        }
    }
    match &it.reason {
        Some(reason) => write!(out, " ({reason})"),
        None => Ok(()),
    }
}
