//! Sends a destination's dead letters again, to it or to another. What is taken goes from the file; what is not stays, with its place.
//!
//! The destination whose letters they are must not be at work: each file is written anew and takes its place as one.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::read::{files, letter, lines};
use crate::export::batch::Source;
use crate::export::destination::{Destination, Outcome};
use crate::export::rolling::private;
use crate::export::{Batch, Signal};

/// Letters that go out together.
const TOGETHER: usize = 100;
/// After so long it ends, wherever it is: the destination stands still meanwhile. What is left goes with the next call.
const MOST: Duration = Duration::from_secs(60);

/// What became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replayed {
    /// Items that were taken.
    pub(crate) items: u64,
    /// Letters whose items were taken, and that are gone.
    pub(crate) letters: u64,
    /// Letters that were refused again.
    pub(crate) refused: u64,
    /// Letters that were not tried, or not taken now.
    pub(crate) left: u64,
    /// Letters that do not say which items were refused.
    pub(crate) nameless: u64,
    /// Why something was not taken: the last time.
    pub(crate) reason: Option<String>,
}

/// A line of a file, and whether it stays.
struct Line {
    bytes: Vec<u8>,
    gone: bool,
}

/// Sends what `from` refused to `to`.
///
/// # Errors
/// When the files cannot be read or written anew.
pub(crate) async fn replay(data_dir: &Path, from: &str, to: &dyn Destination) -> Result<Replayed> {
    let mut replayed = Replayed::default();
    let mut until = Some(Instant::now() + MOST);
    for file in files(data_dir)? {
        one(&file, from, to, &mut until, &mut replayed)
            .await
            .with_context(|| format!("{} cannot be read or written anew", file.display()))?;
    }
    Ok(replayed)
}

/// A file. `until` is none when nothing more is to be tried.
async fn one(
    file: &Path,
    from: &str,
    to: &dyn Destination,
    until: &mut Option<Instant>,
    replayed: &mut Replayed,
) -> Result<()> {
    let mut all = Vec::new();
    let mut theirs: Vec<(Signal, usize)> = Vec::new();
    for bytes in lines(file)? {
        let bytes = bytes?;
        if let Some(letter) = letter(&bytes).filter(|it| it.destination == from) {
            match letter.open() {
                Some((signal, _)) => theirs.push((signal, all.len())),
                None => replayed.nameless += 1,
            }
        }
        all.push(Line { bytes, gone: false });
    }
    let before = replayed.letters;
    for signal in [Signal::Logs, Signal::Traces, Signal::Metrics] {
        let own: Vec<_> = (theirs.iter().filter(|it| it.0 == signal))
            .map(|it| it.1)
            .collect();
        for places in own.chunks(TOGETHER) {
            send(&mut all, signal, places.to_vec(), to, until, replayed).await;
        }
    }
    match replayed.letters > before {
        true => anew(file, &all),
        false => Ok(()),
    }
}

/// Some letters of a signal; one by one where they are refused as a whole.
async fn send(
    all: &mut [Line],
    signal: Signal,
    places: Vec<usize>,
    to: &dyn Destination,
    until: &mut Option<Instant>,
    replayed: &mut Replayed,
) {
    let mut parts = vec![places];
    while let Some(places) = parts.pop() {
        if until.is_none_or(|until| Instant::now() >= until) {
            *until = None;
            replayed.left += places.len() as u64;
            continue;
        }
        let opened = places.iter().filter_map(|at| {
            let (_, otlp) = letter(&all[*at].bytes)?.open()?;
            Some(Source::Record(otlp))
        });
        let batch = Batch::new(signal, opened.collect());
        let outcome = to.send(&batch).await.of(batch.len());
        let stays: BTreeSet<usize> = match &outcome {
            Outcome::Accepted { rejected: 0, .. } => BTreeSet::new(),
            Outcome::Each { refused, again, .. } => {
                let sources: Vec<usize> = batch.sources().collect();
                let named = refused.iter().map(|(at, _)| at).chain(again);
                named.filter_map(|at| sources.get(*at).copied()).collect()
            }
            Outcome::Refused(_) if places.len() > 1 => {
                parts.extend(places.into_iter().map(|at| vec![at]));
                continue;
            }
            // Nobody knows which of them it dropped.
            Outcome::Accepted { .. } | Outcome::Refused(_) | Outcome::Retry { .. } => {
                (0..places.len()).collect()
            }
        };
        let n = stays.len() as u64;
        match &outcome {
            Outcome::Retry { reason, .. } => {
                replayed.left += n;
                replayed.reason = Some(reason.code.clone());
                // It is away, or busy: the others need not find that out.
                *until = None;
            }
            Outcome::Refused(reason) | Outcome::Each { reason, .. } => {
                replayed.refused += n;
                replayed.reason = Some(reason.code.clone());
            }
            Outcome::Accepted { reason, .. } => {
                replayed.refused += n;
                let said = reason.as_ref().map(|it| it.code.clone());
                replayed.reason = said.or(replayed.reason.take());
            }
        }
        let gone = places
            .iter()
            .enumerate()
            .filter(|(n, _)| !stays.contains(n));
        for (_, at) in gone {
            let line = &mut all[*at];
            line.gone = true;
            replayed.letters += 1;
            replayed.items += letter(&line.bytes).map_or(0, |it| it.items);
        }
    }
}

/// Writes what stays.
fn anew(file: &Path, all: &[Line]) -> Result<()> {
    let draft: PathBuf = file.with_extension("draft");
    let mut out = BufWriter::new(private().write(true).truncate(true).open(&draft)?);
    for line in all.iter().filter(|line| !line.gone) {
        out.write_all(&line.bytes)?;
        out.write_all(b"\n")?;
    }
    out.into_inner()?.sync_all()?;
    Ok(fs::rename(&draft, file)?)
}

#[cfg(test)]
mod tests;
