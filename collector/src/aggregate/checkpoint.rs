//! The state of the metrics on disk: series, their start times and the queue's cursor in one file, replaced as a whole. A restart
//! goes on counting where the last one stopped.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::names::Id;
use super::series::{App, Series, Store, Value};
use crate::queue::Position;

/// The layout of the file.
const FORMAT: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    format: u32,
    /// The last entry that the series hold. The queue in memory counts anew in each run, so this is for the durable one.
    cursor: Option<Position>,
    series: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    /// By name: numbers of families change between versions.
    family: String,
    #[serde(flatten)]
    app: App,
    values: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_overflow: bool,
    value: Value,
    start_ns: u64,
    touched_ns: u64,
}

/// Where the file is.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
}

impl Checkpoint {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("metrics-state.json"),
        }
    }

    /// Reads the series. A file that cannot be read is put aside and counting starts anew: new start times tell readers so.
    pub(crate) fn load(&self) -> io::Result<Store> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Store::default()),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice::<File>(&bytes) {
            Ok(file) if file.format == FORMAT => Ok(restore(file)),
            _ => {
                tracing::error!(
                    "metrics-state.json cannot be read; it is kept as metrics-state.json.damaged"
                );
                fs::rename(&self.path, self.path.with_extension("json.damaged"))?;
                Ok(Store::default())
            }
        }
    }

    /// What is to be written, made at once so that writing can happen elsewhere.
    pub(crate) fn encode(store: &Store, cursor: Option<Position>) -> Vec<u8> {
        let row = |series: &Series| Row {
            family: series.family.family().name.to_owned(),
            app: series.app.clone(),
            values: series.values.clone(),
            is_overflow: series.overflow,
            value: series.value.clone(),
            start_ns: series.start_ns,
            touched_ns: series.touched_ns,
        };
        let file = File {
            format: FORMAT,
            cursor,
            series: store.sorted().into_iter().map(row).collect(),
        };
        serde_json::to_vec(&file).unwrap_or_default()
    }

    /// Replaces the file: a crash leaves the old one or the new one.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let next = self.path.with_extension("json.next");
        let mut options = fs::OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&next)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&next, &self.path)
    }
}

fn restore(file: File) -> Store {
    let mut store = Store::default();
    for row in file.series {
        // A family that this version does not have is let go.
        let Some(family) = Id::named(&row.family) else {
            continue;
        };
        store.insert(Series {
            family,
            app: row.app,
            values: row.values,
            overflow: row.is_overflow,
            value: row.value,
            start_ns: row.start_ns,
            touched_ns: row.touched_ns,
        });
    }
    store
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;

    fn store() -> Store {
        let app = App {
            name: "shop".into(),
            environment: "prod".into(),
            overflow: false,
        };
        let mut store = Store::default();
        for value in [0.0, 0.1, 2_500.25, 1e9] {
            store.add(Id(0), &app, &["/", "mobile", ""], value, 7);
        }
        for n in 0..600 {
            store.add(
                names::EXCEPTIONS,
                &app,
                &[&format!("E{n}"), "", ""],
                1.0 / 3.0,
                8,
            );
        }
        store
    }

    #[test]
    fn what_is_stored_is_found_again_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::new(folder.path());
        assert_eq!(checkpoint.load().unwrap().len(), 0);
        let before = store();
        let bytes = Checkpoint::encode(&before, Some(41));
        checkpoint.write(&bytes).unwrap();
        let after = checkpoint.load().unwrap();
        assert_eq!(after.sorted(), before.sorted());
        // The bounds hold on: what overflowed overflows.
        let mut after = after;
        let app = before.sorted()[0].app.clone();
        let len = after.len();
        after.add(names::EXCEPTIONS, &app, &["new", "", ""], 1.0, 9);
        assert_eq!(after.len(), len);
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::new(folder.path());
        for damaged in ["", "{", "[]", r#"{"format":2,"cursor":null,"series":[]}"#] {
            checkpoint.write(damaged.as_bytes()).unwrap();
            assert_eq!(checkpoint.load().unwrap().len(), 0, "{damaged}");
            assert!(folder.path().join("metrics-state.json.damaged").exists());
        }
    }
}
