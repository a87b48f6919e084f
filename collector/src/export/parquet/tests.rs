use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::*;
use crate::convert::Otlp;
use crate::export::batch::Source;
use crate::export::samples;

fn batch(signal: Signal, sources: Vec<Otlp>) -> Batch {
    let sources = sources.into_iter().map(|it| Source::Record(it.into()));
    Batch::new(signal, sources.collect())
}

fn destination(path: &Path) -> Parquet {
    let settings = Settings {
        path: path.to_owned(),
    };
    Parquet::new(&settings).unwrap()
}

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Rows as names and values.
fn rows(file: &Path) -> Vec<BTreeMap<String, Field>> {
    let reader = SerializedFileReader::new(fs::File::open(file).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    let row = |row: parquet::record::Row| {
        let columns = row.get_column_iter();
        columns
            .map(|(name, field)| (name.clone(), field.clone()))
            .collect()
    };
    rows.map(|it| row(it.unwrap())).collect()
}

#[tokio::test]
async fn rows_are_read_back_by_app_and_hour_with_all_that_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let to = destination(folder.path());
    let records = [("shop", "a"), ("shop", "b"), ("other app/ü", "c")];
    let sources = records.map(|(app, body)| samples::log(app, body));
    let sent = batch(Signal::Logs, sources.to_vec());
    assert_eq!(to.send(&sent).await, Outcome::accepted());
    let found = files(&folder.path().join("logs"));
    assert_eq!(found.len(), 2, "{found:?}");
    let mut bodies = Vec::new();
    for file in &found {
        let name = file.strip_prefix(folder.path()).unwrap();
        let name = name.to_string_lossy().into_owned();
        let shop = name.starts_with("logs/app=shop/date=");
        assert!(
            shop || name.starts_with("logs/app=other%20app%2F%C3%BC/date="),
            "{name}"
        );
        assert!(name.contains("/hour="), "{name}");
        bodies.extend(rows(file).into_iter().map(|row| {
            assert_eq!(row.len(), rows::LOGS.len());
            (row["ServiceName"].to_string(), row["Body"].to_string())
        }));
    }
    let expected = records.map(|(app, body)| (format!("{app:?}"), format!("{body:?}")));
    let sorted = |mut list: Vec<(String, String)>| {
        list.sort();
        list
    };
    assert_eq!(sorted(bodies), sorted(expected.to_vec()));
    // Every attribute is in the map, by its own name.
    for (place, record) in sent.placed::<LogRecord>() {
        let all = found.iter().flat_map(|file| rows(file));
        let body = format!("{:?}", rows::body(record));
        let row = all.into_iter().find(|it| it["Body"].to_string() == body);
        let row = row.unwrap();
        let Field::MapInternal(map) = &row["LogAttributes"] else {
            panic!("{:?}", row["LogAttributes"]);
        };
        assert_eq!(map.len(), record.attributes.len());
        assert_eq!(row["ServiceName"].to_string(), format!("{:?}", app(place)));
    }
}

#[tokio::test]
async fn a_batch_that_is_tried_again_replaces_its_own_file_and_leaves_nothing_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let to = destination(folder.path());
    let sent = batch(Signal::Logs, vec![samples::log("shop", "a")]);
    assert_eq!(to.send(&sent).await, Outcome::accepted());
    let first = files(folder.path());
    assert_eq!(to.send(&sent).await, Outcome::accepted());
    assert_eq!(files(folder.path()), first);
    assert_eq!(first.len(), 1, "{first:?}");
    let other = batch(Signal::Logs, vec![samples::log("shop", "b")]);
    assert_eq!(to.send(&other).await, Outcome::accepted());
    assert_eq!(files(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_folder_in_whose_way_something_stands_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let to = destination(folder.path());
    fs::write(folder.path().join("logs"), "in the way").unwrap();
    let sent = batch(Signal::Logs, vec![samples::log("shop", "a")]);
    let outcome = to.send(&sent).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    fs::remove_file(folder.path().join("logs")).unwrap();
    assert_eq!(to.send(&sent).await, Outcome::accepted());
    assert_eq!(files(&folder.path().join("logs")).len(), 1);
}

#[test]
fn what_a_crash_left_long_ago_goes_at_the_next_start_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    destination(folder.path());
    let unfinished = folder.path().join(UNFINISHED);
    for (name, age) in [("old", 2 * LEFT), ("new", LEFT / 2)] {
        let file = fs::File::create(unfinished.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    }
    destination(folder.path());
    assert_eq!(files(&unfinished), [unfinished.join("new")]);
}
