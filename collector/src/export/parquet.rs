//! Parquet files on disk, for people with a lake: partitioned by app and hour as Hive names folders, rows as in ClickHouse's tables.
//!
//! A batch is a file for each app and hour in it. It is acknowledged when its files are on the disk under their names, which are hashes of
//! what is in them: a batch that is tried again replaces its own files.

mod file;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use xxhash_rust::xxh3::xxh3_128;

use super::destination::{Attempt, Destination, Outcome, Reason};
use super::pack::aside;
use super::template::app;
use super::{Batch, Signal};
use crate::config::Parquet as Settings;
use file::Table;

/// Where files are until they are whole. No reader of partitions looks there.
const UNFINISHED: &str = "_unfinished";

/// What a crash left unfinished is taken away after so long; another collector that writes to the same folder is done with a file by then.
const LEFT: Duration = Duration::from_secs(3_600);

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

/// A folder of files.
pub(crate) struct Parquet {
    path: PathBuf,
}

impl Parquet {
    /// Makes the folder, so that a wrong one shows at start, and takes away what a crash left.
    pub(crate) fn new(settings: &Settings) -> io::Result<Self> {
        let path = settings.path.clone();
        super::rolling::make_folder(&path.join(UNFINISHED))?;
        // The folder's own name. One that the collector made lies in one that it may read; any other was there before.
        if let Some(Ok(parent)) = path.parent().map(fs::File::open) {
            parent.sync_all()?;
        }
        for entry in fs::read_dir(path.join(UNFINISHED))? {
            let entry = entry?;
            // What is gone by now was another collector's, which is done with it.
            let Ok(about) = entry.metadata() else {
                continue;
            };
            let age = about.modified().map(|it| it.elapsed());
            if about.is_file() && age.is_ok_and(|age| age.is_ok_and(|age| age > LEFT)) {
                match fs::remove_file(entry.path()) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    done => done?,
                }
            }
        }
        Ok(Self { path })
    }
}

impl Destination for Parquet {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let (batch, path) = (batch.clone(), self.path.clone());
            match aside(move || write(&batch, &path)).await {
                Ok(outcome) => outcome,
                Err(outcome) => outcome,
            }
        })
    }
}

/// App and hour since 1970.
type Part = (String, u64);

fn write(batch: &Batch, path: &Path) -> Outcome {
    let signal = batch.signal();
    let retry = |error: io::Error| {
        Outcome::retry(Reason::new(
            format!("file {}", error.kind()),
            error.to_string(),
        ))
    };
    let mut folders = BTreeSet::new();
    for ((app, hour), table) in tables(batch) {
        let bytes = match table.bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                return Outcome::Refused(Reason::new("encoding failed", error.to_string()));
            }
        };
        let folder = folder(signal, &app, hour);
        if let Err(error) = keep(path, &folder, &bytes) {
            return retry(error);
        }
        // Those that it is in, up to the first, whose name is empty.
        folders.extend(folder.ancestors().map(|it| path.join(it)));
    }
    // A name is as durable as what it names, and so are the folders that it is in.
    for folder in folders {
        if let Err(error) = fs::File::open(folder).and_then(|it| it.sync_all()) {
            return retry(error);
        }
    }
    Outcome::accepted()
}

fn tables(batch: &Batch) -> BTreeMap<Part, Table> {
    let logs = || batch.placed::<LogRecord>();
    let spans = || batch.placed::<Span>();
    let mut parts = Parts::default();
    match batch.signal() {
        Signal::Logs => {
            parts.newest = logs().map(|(_, it)| rows::happened(it)).max().unwrap_or(0) / HOUR;
            for (place, record) in logs() {
                let table = parts.of(app(place), rows::happened(record), rows::LOGS);
                rows::log(place, record, table);
            }
        }
        Signal::Traces => {
            parts.newest = spans().map(|(_, it)| filed(it)).max().unwrap_or(0) / HOUR;
            for (place, span) in spans() {
                let table = parts.of(app(place), filed(span), rows::SPANS);
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
    tables: BTreeMap<Part, Table>,
    apps: BTreeSet<String>,
    /// The hour that items go to whose own has no room. The batch's and not the clock's: tried again, it makes the same files.
    newest: u64,
}

impl Parts {
    fn of(&mut self, app: &str, nanos: u64, columns: file::Columns) -> &mut Table {
        let known = self.apps.contains(app)
            || (self.apps.len() < MOST_PARTS && self.apps.insert(app.to_owned()));
        let app = if known { app } else { "" };
        let mut part = (app.to_owned(), nanos / HOUR);
        if self.tables.len() >= MOST_PARTS && !self.tables.contains_key(&part) {
            part.1 = self.newest;
        }
        let table = self.tables.entry(part);
        table.or_insert_with(|| Table::new(columns))
    }
}

/// `logs/app=shop/date=2026-11-22/hour=05`.
fn folder(signal: Signal, app: &str, hour: u64) -> PathBuf {
    let time = farol_protocol::time::civil(hour.saturating_mul(HOUR));
    let mut name = utf8_percent_encode(app, PLAIN).to_string();
    if name.is_empty() {
        name = NOBODY.to_owned();
    } else if name.len() > MAX_NAME {
        name = format!("{:032x}", xxh3_128(app.as_bytes()));
    }
    let (year, month, day) = (time.year, time.month, time.day);
    PathBuf::from(signal.as_str())
        .join(format!("app={name}"))
        .join(format!("date={year:04}-{month:02}-{day:02}"))
        .join(format!("hour={:02}", time.hour))
}

/// Puts a whole file, durable but for its name, under the name that its bytes give it.
fn keep(path: &Path, folder: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let name = format!("{:032x}.parquet", xxh3_128(bytes));
    let folder = path.join(folder);
    let unfinished = path.join(UNFINISHED);
    super::rolling::make_folder(&unfinished)?;
    super::rolling::make_folder(&folder)?;
    let draft = unfinished.join(&name);
    let mut file = super::rolling::private()
        .write(true)
        .truncate(true)
        .open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, folder.join(&name))
}
