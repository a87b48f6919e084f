//! That each trouble is named with what to do, and that what is well is said to be.

use std::time::{Duration, SystemTime};

use http::header::DATE;
use http::{HeaderMap, HeaderValue};

use super::finding::Level;
use super::*;

/// What is said of these settings, written to a file of a folder of its own.
async fn said(settings: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(&file, settings.replace("DATA", &data.display().to_string())).unwrap();
    let given = Given {
        file: Some(file),
        ..Given::default()
    };
    let mut out = Vec::new();
    let well = run(&Wanted::default(), &given, Vec::new(), &mut out).await;
    assert_eq!(
        std::fs::read_dir(data).unwrap().count(),
        0,
        "nothing is left behind"
    );
    (well, String::from_utf8(out).unwrap())
}

/// A port that nobody listens at for now.
fn nobody() -> u16 {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    bound.local_addr().unwrap().port()
}

#[tokio::test]
async fn settings_that_are_wrong_are_the_one_finding() {
    let (well, said) = said("version = 1\nlisen = 1\n").await;
    assert!(!well);
    assert!(
        said.starts_with("fail  settings: ") && said.contains("farol.toml:2"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 2, "{said}");
}

#[tokio::test]
async fn a_collector_that_does_not_run_and_a_destination_that_is_away_each_say_what_to_do() {
    let (a, b) = (nobody(), nobody());
    let settings = format!(
        "version = 1\nlisten = \"127.0.0.1:{a}\"\ndata_dir = \"DATA\"\n[[destinations]]\nname = \"away\"\ntype = \"loki\"\nendpoint = \"http://127.0.0.1:{b}\"\n"
    );
    let (well, said) = said(&settings).await;
    assert!(!well);
    for wanted in [
        // A disk that is busy is slow, and said to be.
        "  data folder: ",
        "fail  collector: nobody answers at listen",
        "start it: farol-collector --config",
        "fail  destination away: nobody answers at http://127.0.0.1",
        "ok    clock: ",
        "2 failed; next:",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("fail  data folder: "), "{said}");
}

#[test]
fn a_destination_that_the_collector_cannot_deliver_to_fails_with_its_reason() {
    let status = serde_json::json!({ "destinations": [
        { "name": "ok", "circuit": "closed", "failing_since": null, "last_reason": "http 503", "pending": 3 },
        { "name": "shut", "circuit": "open", "failing_since": "2026-01-01T00:00:00Z", "last_reason": "http 401", "pending": 57 },
        { "name": "fails", "circuit": "closed", "failing_since": "2026-01-01T00:00:00Z", "last_reason": "http 500", "pending": 1 },
    ] });
    let mut out = Vec::new();
    let mut report = Report::new(&mut out, false);
    running::deliveries(&status, &mut report);
    assert!(!report.end("x"));
    let said = String::from_utf8(out).unwrap();
    assert_eq!(said.lines().count(), 3, "{said}");
    for wanted in [
        "fail  destination shut: the collector that runs fails to deliver there since 2026-01-01T00:00:00Z (http 401); circuit open, 57 items wait; correct its auth",
        "fail  destination fails: the collector that runs fails to deliver there since 2026-01-01T00:00:00Z (http 500); circuit closed, 1 items wait; see that",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
}

#[test]
fn trouble_always_comes_with_what_to_do_and_in_one_line() {
    let mut out = Vec::new();
    let mut report = Report::new(&mut out, false);
    report.fail("a\nb", "it\u{1b}[2J said\nmuch ", "do this");
    report.warn("c", "d", "e");
    report.ok("f", "g");
    assert_eq!(
        report.all.iter().map(|it| it.level).max(),
        Some(Level::Fail)
    );
    assert!(!report.end("x"));
    let said = String::from_utf8(out).unwrap();
    assert_eq!(said.lines().count(), 4, "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
    assert!(
        said.lines().take(2).all(|line| line.contains("; ")),
        "{said}"
    );
}

#[test]
fn what_the_queue_holds_already_wants_no_room_any_more() {
    for (free, held, level) in [
        (1000, 1024, Level::Ok),
        (1000, 200, Level::Warn),
        (1000, 300, Level::Ok),
        // Its last segment may be beyond the bound.
        (257, 1030, Level::Ok),
        (256, 1024, Level::Fail),
    ] {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, false);
        let space = disk::Space {
            free: free << 20,
            least: 256 << 20,
            most: 1024 << 20,
            held: held << 20,
        };
        disk::enough(&space, &mut report);
        assert_eq!(report.all[0].level, level, "{free} {held}");
    }
}

#[test]
fn a_data_folder_that_is_made_by_the_start_is_on_a_disk_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: folder.path().join("not/yet"),
        ..Config::default()
    };
    let mut out = Vec::new();
    let mut report = Report::new(&mut out, false);
    disk::look(&config, &mut report);
    let looked: Vec<_> = report.all.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(looked, ["data folder", "disk"]);
}

#[test]
fn for_machines_it_is_one_object() {
    let mut out = Vec::new();
    let mut report = Report::new(&mut out, true);
    report.warn("c", "d", "e");
    assert!(report.end("x"));
    let said: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(said["ok"], true);
    assert_eq!(said["findings"][0]["level"], "warn");
    assert_eq!(said["findings"][0]["remedy"], "e");
}

#[test]
fn the_clock_is_judged_by_the_server_that_differs_least() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for (offsets, level, words) in [
        (vec![], Level::Ok, "nobody"),
        (vec![1, 900], Level::Ok, "as that of 0"),
        (vec![900, 30], Level::Warn, "30 s ahead of 1"),
        (vec![-30], Level::Warn, "30 s behind 0"),
        (vec![600], Level::Fail, "600 s ahead"),
    ] {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, false);
        for (n, ahead) in offsets.iter().enumerate() {
            let theirs = now - Duration::from_secs(3_600)
                + Duration::from_secs(3_600u64.saturating_add_signed(-i64::from(*ahead)));
            let mut headers = HeaderMap::new();
            let date = HeaderValue::from_str(&httpdate::fmt_http_date(theirs)).unwrap();
            headers.insert(DATE, date);
            report.time(&n.to_string(), &headers, now);
        }
        clock::judge(&mut report);
        assert_eq!(report.all[0].level, level);
        assert!(report.all[0].found.contains(words), "{:?}", report.all[0]);
    }
}
