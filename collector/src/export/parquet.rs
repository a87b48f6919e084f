//! Parquet files, for people with a lake: partitioned by app and hour as Hive names folders, rows as in ClickHouse's tables, in a folder or in a bucket.
//!
//! A batch is a file for each app and hour in it. It is acknowledged when its files are there under their names, which are hashes of
//! what is in them: a batch that is tried again replaces its own files.

mod bucket;
mod credentials;
mod file;
mod folder;
mod rows;
#[cfg(test)]
mod tests;

pub(super) use bucket::{Bucket, Said, lists};

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use xxhash_rust::xxh3::xxh3_128;

use super::destination::{Attempt, Destination, Outcome, Reason};
use super::template::app;
use super::{Batch, Signal};
use crate::config::Parquet as Settings;
use file::Table;
use folder::Folder;

/// What stands for an app without a name, as Hive has it.
const NOBODY: &str = "__HIVE_DEFAULT_PARTITION__";

/// Nanoseconds of the hour that a folder is for.
const HOUR: u64 = 3_600_000_000_000;

/// Apps and hours of a batch that have files of their own. When something happened is the browser's to say, and a file costs the disk several syncs.
/// Honest batches have a few apps, and the hours of those who were offline for a day or two.
const MOST_PARTS: usize = 64;

/// Bytes of a folder's name, below the 255 that file systems take. Names of apps are shorter; beyond, their hash tells them apart.
const MAX_NAME: usize = 200;

/// What stands as it is in the name of a folder.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Where the files go.
pub(crate) enum Parquet {
    Folder(Folder),
    Bucket(Box<Bucket>),
}

impl Parquet {
    /// A folder is made, so that a wrong one shows at start.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Ok(match settings {
            Settings::Folder(path) => {
                let made = Folder::new(path);
                Self::Folder(made.with_context(|| format!("path {}", path.display()))?)
            }
            Settings::Bucket(bucket) => Self::Bucket(Box::new(Bucket::new(bucket)?)),
        })
    }
}

impl Destination for Parquet {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        match self {
            Self::Folder(folder) => Box::pin(folder.send(batch)),
            Self::Bucket(bucket) => Box::pin(bucket.send(batch)),
        }
    }

    fn gathers_long(&self) -> bool {
        true
    }
}

/// App and hour since 1970.
type Part = (String, u64);

/// What becomes one file.
struct Rows {
    table: Table,
    /// Which items of the batch they are.
    items: Vec<usize>,
}

impl Rows {
    /// The file, and the name that its bytes give it.
    fn file(&self) -> Result<(String, Vec<u8>), Reason> {
        let bytes = self.table.bytes();
        let bytes = bytes.map_err(|it| Reason::new("encoding failed", it.to_string()))?;
        Ok((format!("{:032x}.parquet", xxh3_128(&bytes)), bytes))
    }
}

fn tables(batch: &Batch) -> BTreeMap<Part, Rows> {
    let batch = batch.typed();
    let logs = || batch.placed::<LogRecord>();
    let spans = || batch.placed::<Span>();
    let mut parts = Parts::default();
    match batch.signal() {
        Signal::Logs => {
            parts.newest = logs().map(|(_, it)| rows::happened(it)).max().unwrap_or(0) / HOUR;
            for (n, (place, record)) in logs().enumerate() {
                let table = parts.of(n, app(place), rows::happened(record), rows::LOGS);
                rows::log(place, record, table);
            }
        }
        Signal::Traces => {
            parts.newest = spans().map(|(_, it)| filed(it)).max().unwrap_or(0) / HOUR;
            for (n, (place, span)) in spans().enumerate() {
                let table = parts.of(n, app(place), filed(span), rows::SPANS);
                rows::span(place, span, table);
            }
        }
        Signal::Metrics => {}
    }
    parts.tables
}

/// The time whose hour a span is filed under: its start, unless that lies so far back that it is none of a page's.
fn filed(span: &Span) -> u64 {
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    if end.saturating_sub(start) > HOUR {
        end
    } else {
        start
    }
}

/// The tables of a batch. Of so many apps each has one for the newest hour, whatever others say; the rest of the apps is filed as nobody's.
#[derive(Default)]
struct Parts {
    tables: BTreeMap<Part, Rows>,
    apps: BTreeSet<String>,
    /// The hour that items go to whose own has no room. The batch's and not the clock's: tried again, it makes the same files.
    newest: u64,
}

impl Parts {
    /// Where an item goes.
    fn of(&mut self, item: usize, app: &str, nanos: u64, columns: file::Columns) -> &mut Table {
        let known = self.apps.contains(app)
            || (self.apps.len() < MOST_PARTS && self.apps.insert(app.to_owned()));
        let app = if known { app } else { "" };
        let mut part = (app.to_owned(), nanos / HOUR);
        if self.tables.len() >= MOST_PARTS && !self.tables.contains_key(&part) {
            part.1 = self.newest;
        }
        let rows = self.tables.entry(part).or_insert_with(|| Rows {
            table: Table::new(columns),
            items: Vec::new(),
        });
        rows.items.push(item);
        &mut rows.table
    }
}

/// `logs/app=shop/date=2026-11-22/hour=05`.
fn folder(signal: Signal, app: &str, hour: u64) -> String {
    let time = farol_protocol::time::civil(hour.saturating_mul(HOUR));
    let mut name = utf8_percent_encode(app, PLAIN).to_string();
    if name.is_empty() {
        name = NOBODY.to_owned();
    } else if name.len() > MAX_NAME {
        name = format!("{:032x}", xxh3_128(app.as_bytes()));
    }
    let (year, month, day) = (time.year, time.month, time.day);
    format!(
        "{}/app={name}/date={year:04}-{month:02}-{day:02}/hour={:02}",
        signal.as_str(),
        time.hour
    )
}
