use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::folder::{LEFT, UNFINISHED};
use super::*;
use crate::convert::{Otlp, Written};
use crate::export::batch::Source;
use crate::export::samples;

/// As batches come: what waits for them waits as bytes.
fn batch(signal: Signal, sources: Vec<Otlp>) -> Batch {
    let written = sources.into_iter().map(Written::from);
    let sources = written.map(|it| Source::Written(it.into()));
    Batch::new(signal, sources.collect())
}

fn destination(path: &Path) -> Parquet {
    Parquet::new(&Settings::Folder(path.to_owned())).unwrap()
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
    let sent = sent.typed();
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

/// What a map is of, in order.
fn pairs(row: &BTreeMap<String, Field>, column: &str) -> Vec<(String, String)> {
    let Field::MapInternal(map) = &row[column] else {
        panic!("{:?}", row[column]);
    };
    let text = |field: &Field| match field {
        Field::Str(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let entries = map.entries().iter();
    entries.map(|(k, v)| (text(k), text(v))).collect()
}

#[tokio::test]
async fn spans_and_records_are_read_back_with_every_key_and_value_of_their_maps() {
    let folder = tempfile::tempdir().unwrap();
    let to = destination(folder.path());
    let mut rich = samples::rich();
    let spans = &mut rich.traces[0].scope_spans[0].spans;
    let event = spans[0].events[0].clone();
    spans[0].events.push(event);
    let mut bare = spans[0].clone();
    bare.name = "bare".into();
    bare.attributes.clear();
    spans.insert(0, bare);
    for signal in [Signal::Logs, Signal::Traces] {
        let sent = batch(signal, vec![rich.clone()]);
        assert_eq!(to.send(&sent).await, Outcome::accepted());
    }
    let read = |signal: &str| -> Vec<_> {
        let found = files(&folder.path().join(signal));
        found.iter().flat_map(|it| rows(it)).collect()
    };
    let said = |list: &[opentelemetry_proto::tonic::common::v1::KeyValue]| -> Vec<_> {
        let plain = crate::export::clickhouse::plain;
        let value = |it: Option<_>| it.map(plain).unwrap_or_default().into_owned();
        list.iter()
            .map(|it| (it.key.clone(), value(it.value.as_ref())))
            .collect()
    };
    let shop = vec![("service.name".to_owned(), "shop".to_owned())];
    let logs = read("logs");
    let record = &rich.logs[0].scope_logs[0].log_records[0];
    assert_eq!(pairs(&logs[0], "ResourceAttributes"), shop);
    assert_eq!(pairs(&logs[0], "LogAttributes"), said(&record.attributes));
    let traces = read("traces");
    assert_eq!(traces.len(), 2);
    for (row, span) in traces.iter().zip(&rich.traces[0].scope_spans[0].spans) {
        assert_eq!(pairs(row, "ResourceAttributes"), shop);
        assert_eq!(pairs(row, "SpanAttributes"), said(&span.attributes));
        for (column, length) in [("Events", 2), ("Links", 1)] {
            let Field::Str(text) = &row[column] else {
                panic!("{:?}", row[column]);
            };
            let list: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(list.as_array().unwrap().len(), length, "{text}");
        }
    }
}

#[tokio::test]
async fn spans_of_any_hours_that_a_client_says_make_no_more_files_than_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let to = destination(folder.path());
    let mut rich = samples::rich();
    let spans = &mut rich.traces[0].scope_spans[0].spans;
    let first = spans[0].clone();
    spans.clear();
    for hour in 1..=2_000 {
        let mut span = first.clone();
        span.start_time_unix_nano = hour * HOUR;
        span.end_time_unix_nano = hour * HOUR + 1;
        spans.push(span);
    }
    let sent = batch(Signal::Traces, vec![rich]);
    assert_eq!(to.send(&sent).await, Outcome::accepted());
    let found = files(folder.path());
    assert!(found.len() <= MOST_PARTS + 1, "{}", found.len());
    assert_eq!(found.iter().map(|it| rows(it).len()).sum::<usize>(), 2_000);
}

#[test]
fn a_span_that_began_long_before_its_end_is_filed_by_its_end() {
    let mut span = Span {
        start_time_unix_nano: 5,
        end_time_unix_nano: HOUR,
        ..Span::default()
    };
    assert_eq!(filed(&span), 5);
    span.end_time_unix_nano = HOUR * 9;
    assert_eq!(filed(&span), HOUR * 9);
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
