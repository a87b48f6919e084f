//! Dead letters as they are found: whose they are, why, and what they hold, made into batches again.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use jiff::Timestamp;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::FOLDER;
use crate::convert::{Dialect, Otlp, to_otlp_again};
use crate::export::{Signal, plain};
use crate::record::{Header, SourceKind, record_id};

/// Items of one request came in at one time, and stores that know an entry by its time and line have to tell them apart all the same.
const APART_NS: u64 = 1_000_000;

/// What says that it came in longer before the latest of its letter than this says nothing: log stores take no entry of then.
const MAX_AGE_NS: u64 = 7 * 24 * 3_600 * 1_000_000_000;

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
        let came = self.came(request);
        let header = Header {
            kind,
            received_ns: came,
            // What had no name of its own gets one by what it is.
            id: record_id("dead-letters", request),
            ..Header::default()
        };
        let mut otlp = to_otlp_again(&header, &payload, Dialect::Semconv);
        let scopes = otlp.logs.iter().flat_map(|it| &it.scope_logs);
        let records = scopes.flat_map(|it| &it.log_records);
        otlp.arrivals = records.map(|record| arrival(record, came)).collect();
        Some((signal, Arc::new(otlp)))
    }

    /// When the last of its items came in, happened, or ended: times are believed by that, a letter may be of long before it was written, and
    /// its items of an hour. None of them came behind the letter, whatever its client says.
    fn came(&self, request: &str) -> u64 {
        // A quote within a text has a backslash before it, so that no text is taken for a field.
        let names = [
            r#""observedTimeUnixNano":""#,
            r#""timeUnixNano":""#,
            r#""endTimeUnixNano":""#,
        ];
        let behind = names.iter().flat_map(|name| request.split(name).skip(1));
        let told = behind.filter_map(|it| it.split('"').next()?.parse::<u64>().ok());
        let written = self.time.parse::<Timestamp>().ok();
        let written = written.and_then(|it| u64::try_from(it.as_nanosecond()).ok());
        let written = written.unwrap_or(u64::MAX);
        told.filter(|at| *at <= written).max().unwrap_or(written)
    }
}

/// When a record came in, told apart from its neighbours by its name: the same on every try, whichever of its letter's items are left.
fn arrival(record: &LogRecord, came: u64) -> u64 {
    let observed = record.observed_time_unix_nano.min(came);
    let base = match came - observed <= MAX_AGE_NS {
        true => observed,
        false => came,
    };
    let mut attributes = record.attributes.iter();
    let name = attributes.find(|it| it.key == attr::LOG_RECORD_UID);
    let name = plain::text(name.and_then(|it| it.value.as_ref()));
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    hash.update(name.as_bytes());
    hash.update(&record.time_unix_nano.to_be_bytes());
    base.saturating_add(hash.digest() % APART_NS)
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
