//! What a destination refused for good: one JSON line each, with the reason, in a bounded file of that destination.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::rolling::Rolling;
use super::{Batch, Reason};

mod forget;
pub(crate) mod read;
pub(crate) mod replay;

pub(crate) use forget::forget;

/// Below the data folder.
const FOLDER: &str = "dead-letters";

/// Enough to find a fault and to send again what it cost, small enough to forget about.
const MAX_BYTES: u64 = 16 << 20;
/// With the current one: 64 MiB at most for a destination.
const MAX_FILES: usize = 3;

/// The dead-letter file of a destination. Cloning gives another handle.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetters(Arc<Mutex<Rolling>>);

#[derive(Serialize)]
struct Letter<'a> {
    time: &'a str,
    destination: &'a str,
    signal: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    items: u64,
    /// The refused items as an OTLP/JSON request. Absent where the destination kept to itself which of a batch it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a serde_json::value::RawValue>,
}

/// How many bytes of letters a destination has.
pub(crate) fn bytes(data_dir: &Path, destination: &str) -> std::io::Result<u64> {
    super::rolling::bytes(&data_dir.join(FOLDER), destination)
}

/// A letter as it was, with these of its items alone.
fn rewritten(letter: &read::Letter<'_>, items: &Batch) -> Option<Vec<u8>> {
    let json = items.json();
    let shorter = Letter {
        time: &letter.time,
        destination: &letter.destination,
        signal: &letter.signal,
        code: &letter.code,
        detail: &letter.detail,
        items: items.len() as u64,
        request: Some(serde_json::from_slice(&json).ok()?),
    };
    serde_json::to_vec(&shorter).ok()
}

impl DeadLetters {
    /// The file in the data folder; made when the first letter comes.
    pub(crate) fn new(data_dir: &Path, destination: &str) -> Self {
        let folder = data_dir.join(FOLDER);
        Self(Arc::new(Mutex::new(Rolling::new(
            folder,
            destination,
            MAX_BYTES,
            MAX_FILES,
        ))))
    }

    /// Keeps a batch that was refused.
    pub(crate) async fn keep(&self, destination: &str, batch: &Batch, reason: &Reason) {
        if batch.is_stored() {
            // Letters are read and sent again item by item, wherever they come from.
            for part in batch.opened() {
                self.one(destination, &part, reason).await;
            }
            return;
        }
        self.one(destination, batch, reason).await;
    }

    async fn one(&self, destination: &str, batch: &Batch, reason: &Reason) {
        let json = batch.json();
        let request = serde_json::from_slice(&json).ok();
        self.write(destination, batch, batch.len() as u64, reason, request)
            .await;
    }

    /// Notes that some items of a batch were refused, nobody knows which.
    pub(crate) async fn note(&self, destination: &str, batch: &Batch, n: u64, reason: &Reason) {
        self.write(destination, batch, n, reason, None).await;
    }

    async fn write(
        &self,
        destination: &str,
        batch: &Batch,
        items: u64,
        reason: &Reason,
        request: Option<&serde_json::value::RawValue>,
    ) {
        let letter = Letter {
            time: &Timestamp::now().to_string(),
            destination,
            signal: batch.signal().as_str(),
            code: &reason.code,
            detail: &reason.detail,
            items,
            request,
        };
        let mut line = Vec::new();
        if serde_json::to_writer(&mut line, &letter).is_err() || line.write_all(b"\n").is_err() {
            return;
        }
        let file = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || {
            file.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(&line)
        })
        .await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!(destination, items, "the dead-letter file cannot be written");
        }
    }
}
