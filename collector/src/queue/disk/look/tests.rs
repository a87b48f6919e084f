//! Looking into folders that the queue made, while it has them open and after.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

use super::super::tests::{Bench, only_segment, record, settings};
use super::*;
use crate::record::{Header, SourceKind};

/// Every file with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.map(|p| (p.clone(), fs::read(p).unwrap())).collect()
}

/// Eight records of one size, of which `a` has three and `b` none. The bench is still open.
fn eight(folder: &Path) -> Bench {
    let mut bench = Bench::real(folder);
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    let mut places = Vec::new();
    for id in 0..8 {
        let taken = bench.append([record(id, 2, 100)]);
        places.push(*taken[0].as_ref().unwrap());
    }
    let index = a.index();
    let _ = bench.shared.lock().take(index, 100, usize::MAX);
    a.ack(&[places[0], places[1], places[4]]);
    bench.shared.keep();
    // A reader that goes would be forgotten.
    std::mem::forget((a, b));
    bench
}

fn lines(folder: &Path, chosen: &Chosen) -> Vec<Value> {
    let mut out = Vec::new();
    let n = export(folder, chosen, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len() as u64, n);
    lines
}

#[test]
fn a_folder_in_use_is_shown_with_who_has_what_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let bench = eight(folder.path());
    let before = files(folder.path());
    let overview = inspect(folder.path(), 60_000_000_007).unwrap();
    let [segment] = &overview.segments[..] else {
        panic!("{overview:?}")
    };
    let length = segment.bytes / 8;
    assert_eq!((segment.base, segment.end), (0, 8 * length));
    assert_eq!((segment.records, segment.items), (8, 16));
    assert_eq!(segment.newest_age_s, Some(60));
    assert_eq!((segment.damaged_places, segment.unfinished_bytes), (0, 0));
    let reader = |name: &str, low, ranges, records| Reader {
        name: name.to_owned(),
        low,
        ranges,
        lag_records: records,
        lag_items: 2 * records,
        lag_bytes: length * records,
    };
    let expected = [reader("a", 2 * length, 1, 5), reader("b", 0, 0, 8)];
    assert_eq!(overview.readers, expected);
    let verdict = verify(folder.path()).unwrap();
    assert!(!verdict.is_damaged(), "{verdict:?}");
    assert_eq!((verdict.records, verdict.items), (8, 16));
    assert_eq!(lines(folder.path(), &Chosen::default()).len(), 8);
    assert_eq!(files(folder.path()), before);
    drop(bench);
}

#[test]
fn a_record_on_its_way_into_the_file_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let bench = eight(folder.path());
    let path = only_segment(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let whole = bytes.len() as u64;
    record(8, 1, 100).encode(&mut bytes);
    bytes.truncate(whole as usize + 50);
    fs::write(&path, bytes).unwrap();
    // And the segment after it, of which there is nothing but the name.
    fs::write(folder.path().join(segment::name(1 << 20)), b"").unwrap();
    let verdict = verify(folder.path()).unwrap();
    assert!(!verdict.is_damaged(), "{verdict:?}");
    let [place] = &verdict.unfinished[..] else {
        panic!("{verdict:?}")
    };
    assert_eq!((place.offset, place.length), (whole, 50));
    assert_eq!(
        inspect(folder.path(), 0).unwrap().segments[0].end,
        whole - HEAD as u64
    );
    drop(bench);
}

#[test]
fn a_damaged_byte_is_found_wherever_it_is() {
    let whole = tempfile::tempdir().unwrap();
    drop(eight(whole.path()));
    let path = only_segment(whole.path());
    let name = path.file_name().unwrap().to_str().unwrap();
    let bytes = fs::read(&path).unwrap();
    let length = (bytes.len() - HEAD) / 8;
    for at in (0..bytes.len()).step_by(41) {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, &bad).unwrap();
        let verdict = verify(whole.path()).unwrap();
        let n = at.checked_sub(HEAD).map(|at| at / length);
        let place = Place {
            file: name.to_owned(),
            offset: n.map_or(0, |n| HEAD + n * length) as u64,
            length: n.map_or(HEAD, |_| length) as u64,
            position: n.map(|n| (n * length) as u64),
        };
        assert_eq!(verdict.damaged, [place], "at {at}");
        assert!(verdict.is_damaged());
        assert_eq!(verdict.records, 8 - u64::from(n.is_some()));
        let seen = &inspect(whole.path(), 0).unwrap().segments[0];
        assert_eq!(seen.damaged_places, 1);
    }
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let cut = verify(whole.path()).unwrap();
    assert_eq!(cut.damaged.len(), 1, "acknowledged, and cut off: {cut:?}");
}

#[test]
fn lost_cursors_are_said_and_all_else_is_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(eight(folder.path()));
    fs::write(folder.path().join("x.segment.damaged"), b"").unwrap();
    for name in ["cursors-a", "cursors-b"] {
        fs::write(folder.path().join(name), b"nothing").unwrap();
    }
    let verdict = verify(folder.path()).unwrap();
    assert!(verdict.cursors_lost && verdict.is_damaged());
    assert_eq!(
        (verdict.records, &verdict.aside[..]),
        (8, &["x.segment.damaged".to_owned()][..])
    );
    let overview = inspect(folder.path(), 0).unwrap();
    assert!(overview.cursors_lost && overview.readers.is_empty());
}

#[test]
fn several_segments_and_files_of_earlier_versions_are_read() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/queue-version-2");
    let verdict = verify(&recorded).unwrap();
    assert!(!verdict.is_damaged(), "{verdict:?}");
    assert_eq!((verdict.segments, verdict.records), (3, 24));
    let readers = inspect(&recorded, 0).unwrap().readers;
    let lags: Vec<_> = readers.iter().map(|r| (&*r.name, r.lag_records)).collect();
    assert_eq!(lags, [("a", 20), ("b", 24)]);
}

#[test]
fn what_is_exported_is_chosen_by_time_and_app_and_is_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(1 << 20));
    let reader = bench.reader("a");
    bench.recover();
    let taken = |app: &str, kind, received_ns, body: &'static [u8]| Record {
        header: Header {
            app: app.to_owned(),
            received_ns,
            kind,
            id: [0xab; 16],
            ..Header::default()
        },
        body: Bytes::from_static(body),
    };
    let faro = SourceKind::Faro;
    for record in [
        taken("shop", faro, 1_000_000_000, b"{\n\"n\":1.50}"),
        taken("blog", faro, 2_000_000_000, b"{\"n\":2}"),
        taken("shop", SourceKind::OtlpLogs, 3_000_000_000, b"\x0a\xff"),
    ] {
        assert!(bench.append([record])[0].is_ok());
    }
    bench.shared.keep();
    let mut out = Vec::new();
    export(folder.path(), &Chosen::default(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains(r#""payload":{ "n":1.50}"#),
        "as stored: {text}"
    );
    let shop = Chosen {
        from_ns: 1_000_000_001,
        app: Some("shop".to_owned()),
    };
    let [line] = &lines(folder.path(), &shop)[..] else {
        panic!("one is of shop and that late")
    };
    assert_eq!(line["received"], "1970-01-01T00:00:03Z");
    assert_eq!(line["kind"], "otlp_logs");
    assert_eq!(line["payload_base64"], "Cv8=");
    assert_eq!(line["id"], "ab".repeat(16));
    drop(reader);
}

#[test]
fn a_record_of_several_apps_is_exported_as_each_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(1 << 20));
    let reader = bench.reader("a");
    bench.recover();
    let resource = |app: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{app}"}}}}]}},"scopeLogs":[{{"logRecords":[{{}}]}}]}}"#
        )
    };
    let both = [resource("shop"), resource("blog")].join(",");
    let record = Record {
        header: Header {
            kind: SourceKind::OtlpLogs,
            ..Header::default()
        },
        body: format!(r#"{{"farol.otlp":{{"resourceLogs":[{both}]}}}}"#).into(),
    };
    assert!(bench.append([record])[0].is_ok());
    bench.shared.keep();
    for (app, count) in [("shop", 1), ("blog", 1), ("bank", 0)] {
        let chosen = Chosen {
            app: Some(app.to_owned()),
            ..Chosen::default()
        };
        assert_eq!(lines(folder.path(), &chosen).len(), count, "{app}");
    }
    drop(reader);
}

#[test]
fn where_there_is_no_queue_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let error = verify(&path).unwrap_err().to_string();
    assert!(error.contains("there is no queue at"), "{error}");
    assert!(!path.exists());
}

/// Whatever moment of a queue at work is met: it is whole.
#[test]
fn a_queue_at_work_is_never_taken_for_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(64 << 10));
    let reader = bench.reader("a");
    bench.recover();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut looks = 0;
            loop {
                let last = over.load(std::sync::atomic::Ordering::SeqCst);
                let verdict = verify(folder.path()).unwrap();
                assert!(!verdict.is_damaged(), "{verdict:?}");
                inspect(folder.path(), 0).unwrap();
                export(folder.path(), &Chosen::default(), &mut std::io::sink()).unwrap();
                looks += 1;
                if last {
                    return looks;
                }
            }
        });
        // Segments come, fill, and go.
        for id in 0..600 {
            let group = (0..4).map(|n| record(id * 4 + n, 1, 300));
            assert!(bench.append(group).iter().all(Result::is_ok));
            let got = super::super::tests::read(&bench, &reader);
            reader.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
            bench.shared.keep();
        }
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(looking.join().unwrap() > 0);
    });
}
