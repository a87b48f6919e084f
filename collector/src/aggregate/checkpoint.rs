//! The state of the metrics on disk: series, their start times and the queue's cursor in one file, replaced as a whole. A restart
//! goes on counting where the last one stopped.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::held::{Held, Report};
use super::met::{Met, Rows};
use super::names::Id;
use super::observe::State;
use super::series::{App, Series, Store, Value};
use crate::queue::Position;

/// The layout of the file.
const FORMAT: u32 = 1;

/// A place in a queue on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which queue.
    pub(crate) queue: u64,
    /// Behind the last entry that the state holds.
    pub(crate) next: Position,
}

/// What is in it. It is written from what the state holds, without a copy, and read into its own.
#[derive(Debug, Default, Serialize, Deserialize)]
struct File<'a, Reports> {
    format: u32,
    /// How far in which queue the state reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// When the series stood so; said of what destinations got, not of the state itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_ns: Option<u64>,
    /// Of the whole state: that destinations hear of its new series as this version tells them. One that does not know of it leaves it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    told: bool,
    series: Vec<Row<'a>>,
    /// Reports that wait for a later one.
    #[serde(default)]
    held: Reports,
    /// Sessions that met an exception.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    met: Option<Rows>,
    /// Visits of which a 0 was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zeros: Option<Rows>,
}

/// The file as it is read.
type Stored = File<'static, Vec<Report>>;

#[derive(Debug, Serialize, Deserialize)]
struct Row<'a> {
    /// By name: numbers of families change between versions.
    family: Cow<'a, str>,
    #[serde(flatten)]
    app: Cow<'a, App>,
    values: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_overflow: bool,
    value: Cow<'a, Value>,
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

    /// A file of the same form in another place.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the state, and how far it reaches. A file that cannot be read is put aside and counting starts anew: new
    /// start times tell readers so.
    pub(crate) fn load(&self) -> io::Result<(State, Option<Place>)> {
        let file = self.read()?.unwrap_or_default();
        let mut held = Held::restore(file.held);
        held.zeros = file.zeros.map(Met::restore).unwrap_or_default();
        let state = State {
            told: file.told,
            held,
            met: file.met.map(Met::restore).unwrap_or_default(),
            ..State::default()
        };
        let store = restore(file.series);
        Ok((State { store, ..state }, file.place))
    }

    /// Reads series that a destination got, and when they stood so.
    pub(crate) fn load_series(&self) -> io::Result<Option<(Vec<Series>, u64)>> {
        let file = self.read()?;
        Ok(file.map(|file| {
            let time = file.time_ns.unwrap_or_default();
            (restore(file.series).copies(), time)
        }))
    }

    fn read(&self) -> io::Result<Option<Stored>> {
        let stored = match fs::File::open(&self.path) {
            Ok(stored) => stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // Not into memory as a whole: a file with texts of any length is read, and only what is kept of them takes room.
        match serde_json::from_reader::<_, Stored>(io::BufReader::new(stored)) {
            Ok(file) if file.format == FORMAT => Ok(Some(file)),
            Err(error) if error.is_io() => Err(error.into()),
            _ => {
                let file = self.path.file_name().unwrap_or_default();
                tracing::error!(
                    ?file,
                    "the state of the metrics cannot be read; it is kept beside it as .damaged"
                );
                fs::rename(&self.path, self.path.with_extension("json.damaged"))?;
                Ok(None)
            }
        }
    }

    /// What is to be written, made at once so that writing can happen elsewhere. `about` is how many bytes it may come to.
    pub(crate) fn encode(state: &State, place: Option<Place>, about: usize) -> Vec<u8> {
        let file = File {
            format: FORMAT,
            place,
            time_ns: None,
            told: true,
            series: state.store.sorted().into_iter().map(row).collect(),
            held: state.held.rows(),
            met: state.met.rows(),
            zeros: state.held.zeros.rows(),
        };
        encode(&file, about)
    }

    /// The same for series alone.
    pub(crate) fn encode_series(series: &[Series], time_ns: u64) -> Vec<u8> {
        let file = File {
            format: FORMAT,
            place: None,
            time_ns: Some(time_ns),
            told: false,
            series: series.iter().map(row).collect(),
            held: [(); 0],
            met: None,
            zeros: None,
        };
        encode(&file, 0)
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
        fs::rename(&next, &self.path)?;
        // The new name is on disk once its folder is.
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::File::open(folder)?.sync_all()
    }
}

fn encode(file: &impl Serialize, about: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(about);
    match serde_json::to_writer(&mut bytes, file) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

fn row(series: &Series) -> Row<'_> {
    Row {
        family: series.family.family().name.into(),
        app: Cow::Borrowed(&series.app),
        values: series.values[..].into(),
        is_overflow: series.overflow,
        value: Cow::Borrowed(&series.value),
        start_ns: series.start_ns,
        touched_ns: series.touched_ns,
    }
}

fn restore(rows: Vec<Row<'_>>) -> Store {
    let mut store = Store::default();
    for mut row in rows {
        // A family that this version does not have is let go.
        let Some(family) = Id::named(&row.family) else {
            continue;
        };
        if let Value::Histogram(histogram) = row.value.to_mut() {
            histogram.restore_classic(family.family().bounds);
        }
        store.insert(Series {
            family,
            app: row.app.into_owned(),
            values: row.values.into_owned(),
            overflow: row.is_overflow,
            value: row.value.into_owned(),
            start_ns: row.start_ns,
            touched_ns: row.touched_ns,
            exemplar: None,
        });
    }
    store
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;

    fn state() -> State {
        let app = App {
            name: "shop".into(),
            environment: "prod".into(),
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
        let mut met = Met::default();
        met.first(u64::MAX, 9);
        let mut held = Held::default();
        held.zeros.first(5, 9);
        State {
            store,
            held,
            met,
            ..State::default()
        }
    }

    #[test]
    fn what_is_stored_is_found_again_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::new(folder.path());
        assert_eq!(checkpoint.load().unwrap().0.store.len(), 0);
        let before = state();
        let bytes = Checkpoint::encode(&before, Some(Place { queue: 7, next: 41 }), 0);
        checkpoint.write(&bytes).unwrap();
        let (after, place) = checkpoint.load().unwrap();
        assert_eq!(place, Some(Place { queue: 7, next: 41 }));
        assert_eq!(after.store.sorted(), before.store.sorted());
        let mut after = after;
        assert!(!after.met.first(u64::MAX, 10));
        assert!(after.held.zeros.knows(5));
        assert!(after.told);
        // The bounds hold on: what overflowed overflows.
        let mut after = after.store;
        let app = before.store.sorted()[0].app.clone();
        let len = after.len();
        after.add(names::EXCEPTIONS, &app, &["new", "", ""], 1.0, 9);
        assert_eq!(after.len(), len);
    }

    #[test]
    fn series_alone_are_found_again_with_their_time() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::at(folder.path().join("sent.json"));
        assert_eq!(checkpoint.load_series().unwrap(), None);
        let series = state().store.copies();
        let bytes = Checkpoint::encode_series(&series, 77);
        checkpoint.write(&bytes).unwrap();
        assert_eq!(checkpoint.load_series().unwrap(), Some((series, 77)));
    }

    /// What the version before wrote, without classic buckets and without reports that wait.
    #[test]
    fn a_file_of_the_version_before_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::new(folder.path());
        let old = r#"{"format":1,"cursor":null,"series":[{"family":"farol.web_vital.lcp","name":"shop","environment":"",
            "values":["/","mobile",""],"value":{"histogram":{"scale":20,"offset":-1,"buckets":[2],"zeros":0,"count":2,"sum":2.0,
            "min":1.0,"max":1.0}},"start_ns":7,"touched_ns":8}]}"#;
        checkpoint.write(old.as_bytes()).unwrap();
        let (
            State {
                store, met, told, ..
            },
            _,
        ) = checkpoint.load().unwrap();
        assert!(met.rows().is_none() && !told);
        let Value::Histogram(histogram) = &store.sorted()[0].value else {
            panic!("LCP is a histogram");
        };
        assert_eq!(histogram.classic[..2], [2, 0]);
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::new(folder.path());
        for damaged in ["", "{", "[]", r#"{"format":2,"cursor":null,"series":[]}"#] {
            checkpoint.write(damaged.as_bytes()).unwrap();
            assert_eq!(checkpoint.load().unwrap().0.store.len(), 0, "{damaged}");
            assert!(folder.path().join("metrics-state.json.damaged").exists());
        }
    }
}
