//! Parquet files on disk, for people with a lake: partitioned by app and hour as Hive names folders, rows as in ClickHouse's tables.
//!
//! A batch is a file for each app and hour in it. It is acknowledged when its files are on the disk under their names, which are hashes of
//! what is in them: a batch that is tried again replaces its own files.

mod file;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
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
        for entry in fs::read_dir(path.join(UNFINISHED))? {
            let entry = entry?;
            let age = entry.metadata().and_then(|it| it.modified());
            if age.is_ok_and(|it| it.elapsed().is_ok_and(|age| age > LEFT)) {
                fs::remove_file(entry.path())?;
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
    for ((app, hour), table) in tables(batch) {
        let bytes = match table.bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                return Outcome::Refused(Reason::new("encoding failed", error.to_string()));
            }
        };
        if let Err(error) = keep(path, &folder(signal, &app, hour), &bytes) {
            return Outcome::retry(Reason::new(
                format!("file {}", error.kind()),
                error.to_string(),
            ));
        }
    }
    Outcome::accepted()
}

fn tables(batch: &Batch) -> BTreeMap<Part, Table> {
    let mut parts: BTreeMap<Part, Table> = BTreeMap::new();
    let part = |app: &str, nanos: u64| (app.to_owned(), nanos / 3_600_000_000_000);
    match batch.signal() {
        Signal::Logs => {
            for (place, record) in batch.placed::<LogRecord>() {
                let part = part(app(place), rows::happened(record));
                let table = parts.entry(part).or_insert_with(|| Table::new(rows::LOGS));
                rows::log(place, record, table);
            }
        }
        Signal::Traces => {
            for (place, span) in batch.placed::<Span>() {
                let part = part(app(place), span.start_time_unix_nano);
                let table = parts.entry(part).or_insert_with(|| Table::new(rows::SPANS));
                rows::span(place, span, table);
            }
        }
        Signal::Metrics => {}
    }
    parts
}

/// `logs/app=shop/date=2026-11-22/hour=05`.
fn folder(signal: Signal, app: &str, hour: u64) -> PathBuf {
    let time = farol_protocol::time::civil(hour.saturating_mul(3_600_000_000_000));
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

/// Puts a whole file, durable, under the name that its bytes give it.
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
    fs::rename(&draft, folder.join(&name))?;
    // The name is as durable as what it names, and so are the folders that it is in.
    for folder in folder.ancestors() {
        fs::File::open(folder)?.sync_all()?;
        if folder == path {
            break;
        }
    }
    Ok(())
}
