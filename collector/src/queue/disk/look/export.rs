//! `queue export`: what is stored, a line of JSON a record.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farol_protocol::payload::Payload;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::super::Position;
use super::{Folder, Found, time};
use crate::condition::Ground;
use crate::hex::hex;
use crate::record::{Record, SampleState, SourceKind};

/// Which records are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Those taken then or later, in nanoseconds since 1970.
    pub from_ns: u64,
    /// Those that hold something of one app.
    pub app: Option<String>,
}

impl Chosen {
    fn takes(&self, record: &Record) -> bool {
        record.header.received_ns >= self.from_ns
            && self.app.as_ref().is_none_or(|app| holds(record, app))
    }
}

/// Whether a record is of an app; one of several, as a collector without declared apps takes them, where one of its items is.
fn holds(record: &Record, app: &str) -> bool {
    let header = &record.header;
    if !header.app.is_empty() {
        return header.app == app;
    }
    let Ok(payload) = Payload::decode(&record.body) else {
        return false;
    };
    let mut subjects = Ground::of(header, &payload).subjects();
    subjects.any(|(_, subject)| subject.app().is_some_and(|it| it == app))
}

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    position: Position,
    received: String,
    id: String,
    app: &'a str,
    tenant: &'a str,
    kind: &'static str,
    items: u64,
    logs: u32,
    exceptions: u32,
    measurements: u32,
    events: u32,
    spans: u32,
    unreadable: u32,
    clock_offset_ms: i64,
    rate: f64,
    sampled: &'static str,
    deferred: bool,
    generation: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    /// A body that is no JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

/// Writes what is whole and wanted, in the order of the queue; returns how many records that were.
///
/// # Errors
/// When there is no queue, it cannot be read, a newer version wrote it, or `out` takes nothing more.
pub fn export(path: &Path, chosen: &Chosen, out: &mut impl Write) -> Result<u64> {
    let folder = Folder::open(path)?;
    let mut written = 0;
    for n in 0..folder.opened.len() {
        folder.read(n, |found| {
            if let Found::Record(at, _, record) = found
                && chosen.takes(&record)
            {
                write_line(at, &record, out)?;
                written += 1;
            }
            Ok(())
        })?;
    }
    out.flush()?;
    Ok(written)
}

fn write_line(position: Position, record: &Record, out: &mut impl Write) -> io::Result<()> {
    let Record { header, body } = record;
    // Line ends in JSON stand between its tokens only: inside a string they would be escaped.
    let text = std::str::from_utf8(body).map(|text| text.replace(['\n', '\r'], " "));
    let payload = text.ok().and_then(|t| RawValue::from_string(t).ok());
    let counts = header.counts;
    let line = Line {
        position,
        received: time(header.received_ns),
        id: hex(&header.id),
        app: &header.app,
        tenant: &header.tenant,
        kind: match header.kind {
            SourceKind::Faro => "faro",
            SourceKind::OtlpLogs => "otlp_logs",
            SourceKind::OtlpTraces => "otlp_traces",
            SourceKind::OtlpMetrics => "otlp_metrics",
        },
        items: counts.items(),
        logs: counts.logs,
        exceptions: counts.exceptions,
        measurements: counts.measurements,
        events: counts.events,
        spans: counts.spans,
        unreadable: counts.unreadable,
        clock_offset_ms: header.clock_offset_ms,
        rate: header.rate,
        sampled: match header.state {
            SampleState::Off => "off",
            SampleState::Ring => "ring",
            SampleState::On => "on",
        },
        deferred: header.deferred,
        generation: header.generation,
        payload_base64: payload.is_none().then(|| STANDARD.encode(body)),
        payload: payload.as_deref(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}
