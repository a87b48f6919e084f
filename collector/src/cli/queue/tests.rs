//! What the commands print, on the folder that a version before left.

use std::fs;
use std::path::Path;

use super::super::arguments::{Action, Arguments};
use super::*;

fn parse(words: &str) -> Result<Arguments, String> {
    Arguments::parse(words.split_whitespace().map(Into::into).collect())
}

fn recorded() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/queue-version-2");
    let folder = tempfile::tempdir().unwrap();
    let to = DataFolder::queue_of(folder.path());
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn of(folder: &Path) -> Config {
    Config {
        data_dir: folder.to_owned(),
        ..Config::default()
    }
}

fn said(task: Task, folder: &Path, json: bool) -> (bool, String) {
    let options = Options {
        json,
        ..Options::default()
    };
    let mut out = Vec::new();
    let whole = run(task, &of(folder), &options, &mut out).unwrap();
    (whole, String::from_utf8(out).unwrap())
}

#[test]
fn each_task_takes_its_own_options_and_no_other() {
    let asked = parse("--data-dir d queue export --from 2026-11-21T18:00:00+01:00 --app shop");
    let asked = asked.unwrap();
    assert_eq!(asked.action, Action::Queue(Task::Export));
    assert_eq!(asked.queue.chosen.from_ns, 1_795_280_400_000_000_000);
    assert_eq!(asked.queue.chosen.app.as_deref(), Some("shop"));
    assert!(parse("queue inspect --json").unwrap().queue.json);
    assert!(parse("queue verify --json").unwrap().queue.json);
    for wrong in [
        "queue",
        "queue --json",
        "queue inspekt",
        "queue inspect --from 2026-11-21",
        "queue export --json",
        "queue export --from yesterday",
        "tail --json",
        "queue inspect verify",
        "queue drain",
        "queue replay --from 2026-11-21",
        "queue replay --destination a",
        "queue export --destination a",
        "queue verify --until-empty",
        "queue erase",
        "queue erase --session",
        "queue erase --session a --user b",
        "queue erase --user=",
        "queue export --session a",
    ] {
        let error = parse(wrong).unwrap_err();
        assert!(error.contains("--help lists"), "{wrong}: {error}");
    }
    let both = parse("queue erase --session a --user b").unwrap_err();
    assert!(both.contains("once: one person at a time;"), "{both}");
}

#[test]
fn a_time_without_an_offset_is_this_machines() {
    let by_date = time("2026-11-21").unwrap();
    assert_eq!(
        time("2026-11-21T18:00").unwrap() - by_date,
        64_800 * 1_000_000_000
    );
    assert_eq!(time("1960-01-01T00:00:00Z"), Ok(0));
}

#[test]
fn the_table_shows_segments_and_readers() {
    let folder = recorded();
    let (whole, text) = said(Task::Inspect, folder.path(), false);
    assert!(whole);
    assert!(text.contains("3 segments, 24 records, 24 items"), "{text}");
    let row = |begin: &str| {
        let line = text.lines().find(|line| line.starts_with(begin));
        let words = line.unwrap_or_else(|| panic!("{begin}: {text}"));
        words
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(row("segment").len(), 7);
    assert_eq!(row("1890")[1..5], ["3780", "1890", "10", "10"]);
    assert_eq!(row("a ")[3..5], ["20", "20"]);
    assert_eq!(row("b ")[3..5], ["24", "24"]);
    let (_, json) = said(Task::Inspect, folder.path(), true);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["readers"][0]["lag_records"], 20);
}

#[test]
fn damage_is_named_by_file_and_place_and_fails() {
    let folder = recorded();
    assert!(said(Task::Verify, folder.path(), false).0);
    let name = "00000000000000001890.segment";
    let path = DataFolder::queue_of(folder.path()).join(name);
    let mut bytes = fs::read(&path).unwrap();
    bytes[64 + 189 + 30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (whole, text) = said(Task::Verify, folder.path(), false);
    assert!(!whole);
    assert!(text.contains("whole: 23 records"), "{text}");
    let place = format!("damaged: {name} from byte 253, 189 bytes\n");
    assert!(text.contains(&place), "{text}");
    let (whole, json) = said(Task::Verify, folder.path(), true);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(!whole && json["damaged"][0]["offset"] == 253);
    assert_eq!(
        said(Task::Export, folder.path(), false).1.lines().count(),
        23
    );
}

/// A pipe whose reader has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let folder = recorded();
    for task in [Task::Inspect, Task::Verify, Task::Export] {
        let done = run(task, &of(folder.path()), &Options::default(), &mut Gone);
        assert!(done.unwrap());
    }
}

#[test]
fn while_a_collector_runs_it_is_asked_and_where_it_cannot_be_that_is_said() {
    let folder = recorded();
    let options = Options {
        destination: Some("a".to_owned()),
        ..Options::default()
    };
    let replay = || run(Task::Replay, &of(folder.path()), &options, &mut Vec::new());
    let running = DataFolder::open(folder.path()).unwrap();
    let error = replay().unwrap_err().to_string();
    assert!(error.contains("no admin_listen to ask it at"), "{error}");
    drop(running);
    assert!(replay().unwrap());
    let said = said(Task::Inspect, folder.path(), false).1;
    let a = said.lines().find(|line| line.starts_with("a ")).unwrap();
    assert!(a.contains(" 24 "), "{said}");
    let nowhere = tempfile::tempdir().unwrap();
    let gone = nowhere.path().join("gone");
    assert!(run(Task::Replay, &of(&gone), &options, &mut Vec::new()).is_err());
    assert!(!gone.exists());
}

fn erasing() -> Options {
    Options {
        whose: Some(Whose::Session("s 1".to_owned())),
        ..Options::default()
    }
}

#[test]
fn where_the_queue_was_in_memory_the_dead_letters_are_erased_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let letters = folder.path().join("dead-letters");
    fs::create_dir(&letters).unwrap();
    let record = r#"{"attributes":[{"key":"session.id","value":{"stringValue":"s 1"}}]}"#;
    let tree = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#);
    let letter = format!(r#"{{"destination":"d","items":1,"request":{tree}}}"#);
    fs::write(letters.join("d.jsonl"), letter + "\n").unwrap();
    let mut out = Vec::new();
    assert!(run(Task::Erase, &of(folder.path()), &erasing(), &mut out).unwrap());
    let said = String::from_utf8(out).unwrap();
    assert!(
        said.starts_with("session s 1: 0 items in 0 records erased from the queue, 1 from"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(letters.join("d.jsonl")).unwrap(), "");
}

#[test]
fn in_a_folder_that_nobody_uses_it_is_erased_at_once() {
    let folder = recorded();
    let mut out = Vec::new();
    assert!(run(Task::Erase, &of(folder.path()), &erasing(), &mut out).unwrap());
    let said = String::from_utf8(out).unwrap();
    assert!(
        said.starts_with("session s 1: 0 items in 0 records erased from the queue, 0 from"),
        "{said}"
    );
    assert!(
        said.contains("a: 0 erased before they went, 0 it was through with"),
        "{said}"
    );
    assert!(
        said.contains("have each one erase session.id = s 1 too"),
        "{said}"
    );
}

/// Answers the next request so; returns its first line.
fn answering(answer: &'static str) -> (std::net::SocketAddr, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = crate::tail::follow::head(&mut io::BufReader::new(&stream)).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        request
    });
    (address, thread)
}

#[test]
fn a_collector_that_runs_is_asked_and_what_it_says_is_told() {
    let folder = recorded();
    let _running = DataFolder::open(folder.path()).unwrap();
    let (address, thread) = answering(
        "HTTP/1.0 200 OK\r\n\r\n{\"items\":4,\"records\":2,\"destinations\":[{\"name\":\"a\",\"not_gone\":3,\"had\":1}],\"dead_letters\":0,\"cleared_bytes\":7,\"removed_files\":1}",
    );
    let config = Config {
        admin_listen: Some(address),
        ..of(folder.path())
    };
    let mut out = Vec::new();
    assert!(run(Task::Erase, &config, &erasing(), &mut out).unwrap());
    assert_eq!(
        thread.join().unwrap(),
        "POST /-/queue/erase?session=s+1 HTTP/1.0"
    );
    let said = String::from_utf8(out).unwrap();
    assert!(said.contains("4 items in 2 records"), "{said}");
    assert!(
        said.contains("a: 3 erased before they went, 1 it was through with"),
        "{said}"
    );
    assert!(said.contains("7 bytes cleared and 1 files"), "{said}");

    let (address, thread) = answering(
        "HTTP/1.0 409 Conflict\r\n\r\n{\"error\":\"not_done\",\"message\":\"no destination\"}",
    );
    let config = Config {
        admin_listen: Some(address),
        ..of(folder.path())
    };
    let options = Options {
        destination: Some("b".to_owned()),
        ..Options::default()
    };
    let error = run(Task::Replay, &config, &options, &mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().ends_with("refuses: no destination"),
        "{error}"
    );
    let asked = thread.join().unwrap();
    assert!(
        asked.starts_with("POST /-/queue/replay?destination=b&from_ns=0 "),
        "{asked}"
    );
}
