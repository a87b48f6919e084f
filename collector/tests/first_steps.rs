//! The way of somebody who has never seen it: `init`, `check-config`, a start, and a look whether it is well, in an empty folder.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Bound ports that others may take before the collector does: then with others.
const TRIES: usize = 5;

fn program(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farol-collector"));
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = program(folder, words).output().unwrap();
    let said = [stdout, stderr]
        .map(|it| String::from_utf8(it).unwrap())
        .concat();
    (status.code(), said)
}

/// Ended however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two addresses that nobody listens at.
fn free() -> [String; 2] {
    let bound = [0; 2].map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    bound.map(|it| it.local_addr().unwrap().to_string())
}

/// Started with the settings of that folder, and what it said first.
fn started(folder: &Path, stderr: Stdio) -> (Running, String) {
    let mut start = program(folder, &["--config", "farol.toml"]);
    let child = start.stdout(Stdio::piped()).stderr(stderr);
    let mut running = Running(child.spawn().unwrap());
    let mut ready = String::new();
    let mut lines = BufReader::new(running.0.stdout.take().unwrap());
    lines.read_line(&mut ready).unwrap();
    (running, ready)
}

/// Writes settings by `init` and starts with them.
fn begun(folder: &Path, more: &[&str]) -> (Running, String) {
    for _ in 0..TRIES {
        let [listen, admin] = free();
        let mut words = vec![
            "init",
            "--yes",
            "--force",
            "--listen",
            &listen,
            "--admin-listen",
            &admin,
        ];
        words.extend(more);
        let (code, said) = run(folder, &words);
        assert_eq!(code, Some(0), "{said}");
        let (code, summary) = run(folder, &["check-config", "--config", "farol.toml"]);
        assert_eq!(code, Some(0), "{summary}");
        let (running, ready) = started(folder, Stdio::null());
        if ready.contains(" ready on ") {
            return (running, said);
        }
    }
    panic!("it never started");
}

#[test]
fn four_commands_from_an_empty_folder_to_a_collector_that_lives() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (running, said) = begun(folder, &[]);
    for next in [
        "check-config --config farol.toml",
        "--config farol.toml",
        "doctor --config farol.toml",
        "<script src=",
        "npm install",
    ] {
        assert!(said.contains(next), "{next}: {said}");
    }
    let (code, said) = run(folder, &["healthy", "--config", "farol.toml"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(folder, &["status", "--config", "farol.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(": ready, ") && said.contains("otlp-file"),
        "{said}"
    );
    let (code, said) = run(folder, &["status", "--json", "--config", "farol.toml"]);
    let status: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &status["ready"]), (Some(0), &true.into()));
    let doctor = ["doctor", "--config", "farol.toml"];
    let (code, said) = run(folder, &doctor);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("; next: open a page"), "{said}");
    for looked_at in ["settings", "disk", "queue", "collector", "cors", "clock"] {
        assert!(
            said.contains(&format!("ok    {looked_at}: ")),
            "{looked_at}: {said}"
        );
    }
    // A disk that is busy is slow, and said to be.
    assert!(
        said.contains("  data folder: ") && said.contains("  destination otlp-file: "),
        "{said}"
    );
    let origin = |origin: &'static str| [&doctor[..], &["--origin", origin, "--json"]].concat();
    let (code, said) = run(folder, &origin("http://localhost:8080"));
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(folder, &origin("https://other.example"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("add it to the app's origins"), "{said}");
    // One that runs has a folder: what is looked at there is not its own.
    let (code, said) = run(folder, &[&doctor[..], &["--data-dir", "other"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("warn  data folder: other is not there, and the collector runs"),
        "{said}"
    );
    // Keys that were rotated: the first is over, and pages have the second.
    let file = folder.join("farol.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    let rotated = written.replacen(
        "keys = [",
        "keys = [{ key = \"over\", not_after = 2020-01-01 }, ",
        1,
    );
    assert_ne!(rotated, written);
    std::fs::write(folder.join("rotated.toml"), rotated).unwrap();
    let (code, said) = run(folder, &["doctor", "--config", "rotated.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("ok    cors: "), "{said}");
    drop(running);
    let (code, said) = run(folder, &["healthy", "--config", "farol.toml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does the collector run?"), "{said}");
    let (code, said) = run(folder, &["status", "--config", "farol.toml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does the collector run?"), "{said}");
}

/// One address for all, and one that others reach: probes are answered, and what nobody is shown there says what to do.
#[test]
fn commands_reach_a_collector_that_has_no_address_for_operators() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for _ in 0..TRIES {
        let port = free()[0].rsplit_once(':').unwrap().1.to_owned();
        let settings = format!(
            "version = 1\nlisten = \"0.0.0.0:{port}\"\ndata_dir = \"data\"\n[[apps]]\nname = \"shop\"\nkeys = [\"k1\"]\norigins = [\"https://shop.example\"]\n"
        );
        std::fs::write(folder.join("farol.toml"), settings).unwrap();
        let (mut running, ready) = started(folder, Stdio::piped());
        if !ready.contains(" ready on ") {
            continue;
        }
        for (words, end, expected) in [
            (&["healthy"][..], 0, "healthy: "),
            (&["status"], 1, "set admin_listen"),
            (&["queue", "drain", "--until-empty"], 1, "set admin_listen"),
            (&["doctor"], 0, "warn  operators: there is no admin_listen"),
        ] {
            let words = [words, &["--config", "farol.toml"]].concat();
            let (code, said) = run(folder, &words);
            assert_eq!(code, Some(end), "{words:?}: {said}");
            assert!(said.contains(expected), "{words:?}: {said}");
        }
        let _ = running.0.kill();
        let mut log = String::new();
        let mut err = running.0.stderr.take().unwrap();
        err.read_to_string(&mut log).unwrap();
        let told = log.lines().filter(|line| line.contains("set admin_listen"));
        assert_eq!(told.count(), 1, "{log}");
        return;
    }
    panic!("it never started");
}

#[test]
fn a_health_check_knows_no_misuse() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    std::fs::write(&file, "version = 1\nlisten = \"nowhere\"\n").unwrap();
    let (code, said) = run(folder.path(), &["check-config", "--config", "farol.toml"]);
    assert_eq!(code, Some(2), "{said}");
    for file in ["farol.toml", "none.toml"] {
        let (code, said) = run(folder.path(), &["healthy", "--config", file]);
        assert_eq!(code, Some(1), "{file}: {said}");
        assert!(said.contains(file), "{said}");
    }
}

#[test]
fn without_a_terminal_and_without_flags_it_says_which_flags() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(folder.path(), &["init"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("--app NAME") && said.contains("--yes"),
        "{said}"
    );
}
