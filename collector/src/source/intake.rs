//! The way of a record that was handed on: read, known or new, into the queue. It was scrubbed and enriched where it was taken first.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Stats, With};
use crate::dedupe::Claim;
use crate::queue::Refused;
use crate::record::{Record, RecordError};

/// As of a batch that its client repeats: what was taken long ago is looked for on the disk too.
const REPEATED: u32 = 2;

/// Where a source's records go.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    pub(super) with: With,
    pub(super) stats: Arc<Stats>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Why a record was not taken; it comes again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Untaken {
    /// The collector stops.
    Stopped,
    /// A newer version wrote it, in this format.
    Newer(u16),
}

impl Intake {
    /// Takes a message. When this returns well it is in the queue, was before, or is none: it need not come again.
    pub(super) async fn take(&self, message: &[u8]) -> Result<(), Untaken> {
        let record = match Record::decode(message) {
            Ok((record, length)) if length == message.len() => record,
            Err(RecordError::UnknownFormat(format)) => return Err(Untaken::Newer(format)),
            read => {
                Stats::count(&self.stats.unreadable);
                if let Some(untold) = self.stats.said.says() {
                    let why =
                        read.map_or_else(|error| error.to_string(), |_| "it is too long".into());
                    tracing::warn!(%why, untold, "a message of a source is no record; more are counted for a minute, and not told");
                }
                return Ok(());
            }
        };
        let first = match self.with.dedupe.claim(record.header.id, REPEATED).await {
            Claim::First(first) => first,
            Claim::Duplicate => {
                Stats::count(&self.stats.duplicate);
                return Ok(());
            }
        };
        let counts = record.header.counts;
        let items = self.with.ledgers.items(counts.items());
        while let Err(refused) = self.with.queue.append(record.clone()).await {
            if self.wait(refused).await.is_err() {
                items.refused(refused.why);
                return Err(Untaken::Stopped);
            }
        }
        items.enqueued();
        self.with.meters.enqueued(&counts);
        first.taken();
        Stats::count(&self.stats.taken);
        Ok(())
    }

    /// What is full has room again when the destinations took some; nothing is lost meanwhile, it stands where it came from.
    async fn wait(&self, refused: Refused) -> Result<(), Untaken> {
        let mut stopped = self.stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(refused.retry_after) => Ok(()),
            _ = stopped.wait_for(|it| *it) => Err(Untaken::Stopped),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
