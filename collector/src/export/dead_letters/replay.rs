//! Sends a destination's dead letters again, to it or to another. What is taken goes from the file; what is not stays, with its place.
//!
//! The destination whose letters they are must not be at work: each file is written anew and takes its place as one.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use super::read::{files, letter, lines};
use super::rewritten;
use crate::config::{self, DestinationKind};
use crate::export::batch::Source;
use crate::export::destination::{Destination, Outcome, Reason};
use crate::export::rolling::private;
use crate::export::{Batch, Signal};

/// Letters that go out together.
const TOGETHER: usize = 100;
/// After so long it ends, wherever it is: the destination stands still meanwhile. What is left goes with the next call.
const MOST: Duration = Duration::from_secs(60);

/// Where letters go.
pub(crate) struct Target {
    destination: Arc<dyn Destination>,
    signals: config::Signals,
}

impl Target {
    /// # Errors
    /// When it cannot be built, or takes what is in the queue and not what letters hold.
    pub(crate) fn of(settings: &config::Destination) -> Result<Self> {
        let name = &settings.name;
        ensure!(
            !settings.kind.wants_records(),
            "destination {name:?} (encoding = \"farol\") takes records of the queue, and dead letters hold items; \
             name one of another encoding or type with --to"
        );
        let mut settings = settings.clone();
        if let DestinationKind::Loki(loki) = &mut settings.kind {
            loki.by_hour = true;
        }
        let (destination, _) = crate::export::build(&settings)?;
        Ok(Self {
            destination,
            signals: settings.signals,
        })
    }
}

/// What became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replayed {
    /// Items that were taken.
    pub(crate) items: u64,
    /// Letters whose items were taken, and that are gone.
    pub(crate) letters: u64,
    /// Letters that were refused again, or some of their items.
    pub(crate) refused: u64,
    /// Letters that were not tried, or not taken now.
    pub(crate) left: u64,
    /// Letters that do not say which items were refused.
    pub(crate) nameless: u64,
    /// Why something was not taken: the last time.
    pub(crate) reason: Option<String>,
}

impl Replayed {
    /// Whether no letter is left.
    pub(crate) fn is_all(&self) -> bool {
        self.refused + self.left + self.nameless == 0
    }
}

/// A line of a file, and what became of it.
struct Line {
    bytes: Vec<u8>,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    /// With fewer items.
    Shorter,
    Gone,
}

/// Sends what `from` refused, until `stop` turns true at the latest: what no answer came for by then stays, and may be there twice in the end.
///
/// # Errors
/// When the files cannot be read or written anew.
pub(crate) async fn replay(
    data_dir: &Path,
    from: &str,
    to: &Target,
    stop: watch::Receiver<bool>,
) -> Result<Replayed> {
    let mut replay = Replay {
        to,
        until: Some(Instant::now() + MOST),
        stop,
        together: TOGETHER,
        replayed: Replayed::default(),
    };
    for file in files(data_dir)? {
        (replay.file(&file, from).await)
            .with_context(|| format!("{} cannot be read or written anew", file.display()))?;
    }
    Ok(replay.replayed)
}

struct Replay<'a> {
    to: &'a Target,
    /// None when nothing more is to be tried.
    until: Option<Instant>,
    stop: watch::Receiver<bool>,
    together: usize,
    replayed: Replayed,
}

impl Replay<'_> {
    async fn file(&mut self, file: &Path, from: &str) -> Result<()> {
        let mut all = Vec::new();
        let mut theirs: Vec<(Signal, usize)> = Vec::new();
        for bytes in lines(file)? {
            let bytes = bytes?;
            if let Some(letter) = letter(&bytes).filter(|it| it.destination == from) {
                match letter.open() {
                    Some((signal, _)) => theirs.push((signal, all.len())),
                    None => self.replayed.nameless += 1,
                }
            }
            let fate = Fate::Stays;
            all.push(Line { bytes, fate });
        }
        for signal in Signal::ALL {
            let own: Vec<_> = (theirs.iter().filter(|it| it.0 == signal))
                .map(|it| it.1)
                .collect();
            if own.is_empty() {
                continue;
            }
            if !signal.is_of(self.to.signals) {
                self.replayed.left += own.len() as u64;
                self.replayed.reason = Some(format!("{} are not its signal", signal.as_str()));
                continue;
            }
            for places in own.chunks(TOGETHER) {
                self.send(&mut all, signal, places).await;
            }
        }
        match all.iter().any(|line| line.fate != Fate::Stays) {
            true => anew(file, &all),
            false => Ok(()),
        }
    }

    /// Some letters of a signal; one by one where they are refused as a whole, or nobody knows which were not, and then item by item.
    async fn send(&mut self, all: &mut [Line], signal: Signal, places: &[usize]) {
        let mut parts: Vec<&[usize]> = places.chunks(self.together).rev().collect();
        while let Some(places) = parts.pop() {
            if self.is_over() {
                self.replayed.left += places.len() as u64;
                continue;
            }
            let opened = places.iter().filter_map(|at| {
                let (_, otlp) = letter(&all[*at].bytes)?.open()?;
                Some(Source::Record(otlp))
            });
            let batch = Batch::new(signal, opened.collect());
            let outcome = self.attempt(&batch).await.of(batch.len());
            if places.len() > 1 && is_to_be_divided(&outcome) {
                if !matches!(outcome, Outcome::Refused(_)) {
                    // Once, and from now on, so that few come twice.
                    self.together = 1;
                }
                parts.extend(places.chunks(1).rev());
                continue;
            }
            let (fates, reason) = self.divided(&batch, outcome).await;
            self.book(all, places, &batch, &fates, reason);
        }
    }

    /// What becomes of each item of a batch that this was said of: what is refused as a whole is divided until it stands alone.
    async fn divided(&mut self, batch: &Batch, said: Outcome) -> (Fates, Option<Reason>) {
        let mut fates = Fates::default();
        let mut why = None;
        let mut said = Some(said);
        let mut parts: Vec<Vec<usize>> = vec![(0..batch.len()).collect()];
        while let Some(part) = parts.pop() {
            let outcome = match said.take() {
                Some(outcome) => outcome,
                None if self.is_over() => {
                    fates.again.extend(part);
                    continue;
                }
                None => {
                    let outcome = self.attempt(&batch.only(&part)).await;
                    outcome.of(part.len())
                }
            };
            let all = match &outcome {
                Outcome::Accepted { rejected, .. } => *rejected >= part.len() as u64,
                _ => false,
            };
            if part.len() > 1 && !all && is_to_be_divided(&outcome) {
                let (left, right) = part.split_at(part.len().div_ceil(2));
                parts.extend([right.to_vec(), left.to_vec()]);
                continue;
            }
            let reason = match outcome {
                Outcome::Accepted { rejected: 0, .. } => continue,
                Outcome::Accepted { reason, .. } => {
                    fates.refused.extend(part);
                    reason
                }
                Outcome::Refused(reason)
                | Outcome::Each {
                    rejected: Some((_, reason)),
                    ..
                } => {
                    fates.refused.extend(part);
                    Some(reason)
                }
                Outcome::Each {
                    refused,
                    again,
                    reason,
                    ..
                } => {
                    let place = |at: usize| part.get(at).copied();
                    let refused = refused.into_iter().filter_map(|(at, _)| place(at));
                    fates.refused.extend(refused);
                    fates.again.extend(again.into_iter().filter_map(place));
                    Some(reason)
                }
                Outcome::Retry { reason, .. } => {
                    // It is away, or busy: the others need not find that out.
                    self.until = None;
                    fates.again.extend(part);
                    Some(reason)
                }
            };
            why = reason.or(why);
        }
        (fates, why)
    }

    /// Whether there is no time for another request.
    fn is_over(&mut self) -> bool {
        self.until = self.until.filter(|until| Instant::now() < *until);
        self.until.is_none()
    }

    /// One request, as long as there is time for its answer.
    async fn attempt(&mut self, batch: &Batch) -> Outcome {
        let stopped = async {
            if self.stop.wait_for(|stop| *stop).await.is_err() {
                // Nobody is left to ask for it.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => Outcome::retry(Reason::code("the collector is stopping")),
            outcome = self.to.destination.send(batch) => outcome,
        }
    }

    /// Makes of each letter what is left of it.
    fn book(
        &mut self,
        all: &mut [Line],
        places: &[usize],
        batch: &Batch,
        fates: &Fates,
        reason: Option<Reason>,
    ) {
        let sources: Vec<usize> = batch.sources().collect();
        for (number, at) in places.iter().enumerate() {
            let of = |it: &&usize| sources.get(**it) == Some(&number);
            let items = sources.iter().filter(|it| **it == number).count();
            let mut stay: Vec<usize> = fates.again.iter().filter(of).copied().collect();
            let refused: Vec<usize> = fates.refused.iter().filter(of).copied().collect();
            let counted = match refused.is_empty() {
                true => &mut self.replayed.left,
                false => &mut self.replayed.refused,
            };
            stay.extend(refused);
            stay.sort_unstable();
            let line = &mut all[*at];
            if stay.is_empty() {
                line.fate = Fate::Gone;
                self.replayed.letters += 1;
                self.replayed.items += letter(&line.bytes).map_or(0, |it| it.items);
                continue;
            }
            *counted += 1;
            if stay.len() < items
                && let Some(bytes) =
                    letter(&line.bytes).and_then(|it| rewritten(&it, &batch.only(&stay)))
            {
                *line = Line {
                    bytes,
                    fate: Fate::Shorter,
                };
                self.replayed.items += (items - stay.len()) as u64;
            }
        }
        self.replayed.reason = reason.map(|it| it.code).or(self.replayed.reason.take());
    }
}

/// The places in a batch of items that stay.
#[derive(Default)]
struct Fates {
    refused: Vec<usize>,
    again: Vec<usize>,
}

/// Whether nobody knows from that which items of several will never be taken.
fn is_to_be_divided(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Accepted { rejected, .. } => *rejected > 0,
        Outcome::Refused(_) => true,
        Outcome::Each { rejected, .. } => rejected.is_some(),
        Outcome::Retry { .. } => false,
    }
}

/// Writes what stays.
fn anew(file: &Path, all: &[Line]) -> Result<()> {
    let draft: PathBuf = file.with_extension("draft");
    let mut out = BufWriter::new(private().write(true).truncate(true).open(&draft)?);
    for line in all.iter().filter(|line| line.fate != Fate::Gone) {
        out.write_all(&line.bytes)?;
        out.write_all(b"\n")?;
    }
    out.into_inner()?.sync_all()?;
    Ok(fs::rename(&draft, file)?)
}

#[cfg(test)]
mod tests;
