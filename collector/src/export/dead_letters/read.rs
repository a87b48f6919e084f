//! Dead letters as they are found: whose they are, why, and what they hold, made into batches again.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use farol_protocol::payload::Payload;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::FOLDER;
use crate::convert::{Dialect, Otlp, to_otlp};
use crate::export::Signal;
use crate::record::{Header, SourceKind, record_id};

/// A letter, without what it holds read.
#[derive(Debug, Deserialize)]
pub(crate) struct Letter<'a> {
    pub(crate) time: String,
    pub(crate) destination: String,
    pub(crate) signal: String,
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) detail: String,
    pub(crate) items: u64,
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
}

impl Letter<'_> {
    /// What it holds. None where it holds nothing, or nothing that this version reads.
    pub(crate) fn open(&self) -> Option<(Signal, Arc<Otlp>)> {
        let (signal, kind, field) = match &*self.signal {
            "logs" => (Signal::Logs, SourceKind::OtlpLogs, "farol.otlp"),
            "traces" => (Signal::Traces, SourceKind::OtlpTraces, "traces"),
            "metrics" => (Signal::Metrics, SourceKind::OtlpMetrics, "farol.otlp"),
            _ => return None,
        };
        let request = self.request?.get();
        let payload = format!("{{{field:?}:{request}}}");
        let payload = Payload::decode(payload.as_bytes()).ok()?;
        let header = Header {
            kind,
            received_ns: came(request).unwrap_or_default(),
            // What had no name of its own gets one by what it is.
            id: record_id("dead-letters", request),
            ..Header::default()
        };
        let mut otlp = to_otlp(&header, &payload, Dialect::Semconv);
        let scopes = otlp.logs.iter().flat_map(|it| &it.scope_logs);
        let records = scopes.flat_map(|it| &it.log_records);
        otlp.arrivals = records.map(|it| it.observed_time_unix_nano).collect();
        Some((signal, Arc::new(otlp)))
    }
}

/// When the first of its items came in, or ended: times are believed by that, and a letter may be of long before it was written.
fn came(request: &str) -> Option<u64> {
    let behind = |name: &str| Some(request.split_once(name)?.1);
    let told = behind("\"observedTimeUnixNano\":\"").or_else(|| behind("\"endTimeUnixNano\":\""));
    told?.split('"').next()?.parse().ok()
}

/// The files of dead letters, rotated ones before the one that is written, by name.
pub(crate) fn files(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = data_dir.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Hands over each line of a file.
pub(crate) fn lines(file: &Path) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
    let lines = BufReader::new(File::open(file)?).split(b'\n');
    Ok(lines.filter(|line| line.as_ref().is_ok_and(|it| !it.is_empty()) || line.is_err()))
}

/// Reads a line. None where it is no letter.
pub(crate) fn letter(line: &[u8]) -> Option<Letter<'_>> {
    serde_json::from_slice(line).ok()
}
