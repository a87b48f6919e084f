//! `farol-collector dead-letters list` and `replay` as an operator runs them: beside a collector that runs, and where none does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What a busy machine may take for something that is to happen; none decides by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// An OTLP receiver that refuses for good until it is mended, and keeps what it took.
struct Backend {
    address: String,
    mended: Arc<AtomicBool>,
    /// Says nothing any more, for ever.
    silent: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<String>>>,
    /// A request that was not taken.
    refused: Receiver<()>,
}

fn receiver() -> Backend {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mended = Arc::new(AtomicBool::new(false));
    let silent = Arc::new(AtomicBool::new(false));
    let taken = Arc::new(Mutex::new(Vec::new()));
    let (tell, refused) = channel();
    let (ok, kept) = (Arc::clone(&mended), Arc::clone(&taken));
    let mute = Arc::clone(&silent);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (ok, kept, tell) = (Arc::clone(&ok), Arc::clone(&kept), tell.clone());
            let mute = Arc::clone(&mute);
            thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                while let Some(body) = request(&mut stream) {
                    if mute.load(Ordering::SeqCst) {
                        let _ = tell.send(());
                        continue;
                    }
                    let status = if ok.load(Ordering::SeqCst) {
                        kept.lock().unwrap().push(body);
                        "200 OK"
                    } else {
                        let _ = tell.send(());
                        "400 Bad Request"
                    };
                    let answer = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
                    );
                    if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Backend {
        address,
        mended,
        silent,
        taken,
        refused,
    }
}

/// The body of the next request; none at the end.
fn request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut length = 0;
    let mut first = true;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" && !first {
            break;
        }
        first = false;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(String::from_utf8_lossy(&body).into_owned())
}

fn free() -> String {
    let bound = TcpListener::bind("127.0.0.1:0").unwrap();
    bound.local_addr().unwrap().to_string()
}

fn settings(folder: &Path, listen: &str, admin: &str, receiver: &str) {
    let text = format!(
        r#"
version = 1
listen = "{listen}"
admin_listen = "{admin}"
data_dir = "data"

[[apps]]
name = "shop"
keys = ["k-0123456789abcdef0123"]
origins = ["*"]

[[destinations]]
name = "backend"
type = "otlp_http"
endpoint = "http://{receiver}"
compression = "none"
timeout = "1h"
batch = {{ max_items = 10, max_wait = "10ms" }}
"#
    );
    std::fs::write(folder.join("farol.toml"), text).unwrap();
}

/// Ended however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farol-collector"));
    command.args(words).args(["--config", "farol.toml"]);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

fn start(folder: &Path) -> Running {
    let mut start = program(folder, &[]);
    let child = start.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut running = Running(child.unwrap());
    let mut ready = String::new();
    let mut lines = BufReader::new(running.0.stdout.take().unwrap());
    lines.read_line(&mut ready).unwrap();
    assert!(ready.contains(" ready on "), "{ready}");
    running
}

fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = program(folder, words).output().unwrap();
    let said = [stdout, stderr].map(|it| String::from_utf8(it).unwrap());
    (status.code(), said.concat())
}

fn post(address: &str, body: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /collect/k-0123456789abcdef0123 HTTP/1.1\r\nhost: x\r\norigin: https://shop.example\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

/// Asks until it is so.
fn until(folder: &Path, words: &[&str], so: impl Fn(&str) -> bool) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let (code, said) = run(folder, words);
        if code == Some(0) && so(&said) {
            return said;
        }
        assert!(Instant::now() < end, "{words:?}: {code:?} {said}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_was_refused_is_listed_and_sent_again_while_the_collector_runs_and_while_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let receiver = receiver();
    let (listen, admin) = (free(), free());
    settings(folder, &listen, &admin, &receiver.address);
    // Where nothing is kept nothing can be told: a collector may have its data elsewhere.
    let (code, said) = run(folder, &["dead-letters", "list"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("there is no data folder at data"), "{said}");

    let running = start(folder);
    let (code, said) = run(folder, &["dead-letters", "list"]);
    assert_eq!((code, said.trim()), (Some(0), "no dead letters"));
    post(&listen, r#"{"logs":[{"message":"first"}]}"#);
    receiver.refused.recv_timeout(PATIENCE).unwrap();
    let list = ["dead-letters", "list"];
    let said = until(folder, &list, |it| it.contains("backend"));
    for part in ["destination", "reason", "logs", "400"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // It is one line of JSON a letter for machines, and another destination has none.
    let (code, said) = run(folder, &["dead-letters", "list", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let letter: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!(
        (&letter["destination"], &letter["items"]),
        (&"backend".into(), &1.into())
    );
    assert!(letter["request"].to_string().contains("first"));
    let other = ["dead-letters", "list", "--destination", "other"];
    assert_eq!(run(folder, &other).1.trim(), "no dead letters");

    // Still refused: it stays, and the exit code says so.
    let replay = ["dead-letters", "replay", "--destination", "backend"];
    let (code, said) = run(folder, &replay);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("took 0 items of 1 dead letters")
            && said.contains("were refused again and stay"),
        "{said}"
    );

    // The collector that runs does it itself.
    receiver.mended.store(true, Ordering::SeqCst);
    let (code, said) = run(folder, &replay);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("backend took 1 items of 1 dead letters of backend"),
        "{said}"
    );
    assert_eq!(run(folder, &list).1.trim(), "no dead letters");
    let (code, said) = run(folder, &replay);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.trim(), "there are no dead letters of backend");
    let taken = receiver.taken.lock().unwrap().concat();
    assert_eq!(taken.matches("first").count(), 1, "{taken}");

    // And where none runs the command does.
    receiver.mended.store(false, Ordering::SeqCst);
    post(&listen, r#"{"logs":[{"message":"second"}]}"#);
    until(folder, &list, |it| it.contains("backend"));
    drop(running);
    receiver.mended.store(true, Ordering::SeqCst);
    let json = [&replay[..], &["--json"]].concat();
    let (code, said) = run(folder, &json);
    assert_eq!(code, Some(0), "{said}");
    let replayed: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!(
        (
            &replayed["items"],
            &replayed["letters"],
            &replayed["refused"]
        ),
        (&1.into(), &1.into(), &0.into())
    );
    let taken = receiver.taken.lock().unwrap().concat();
    assert_eq!(taken.matches("second").count(), 1, "{taken}");
}

#[test]
fn a_collector_that_is_told_to_end_waits_for_no_letter_and_says_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let receiver = receiver();
    let (listen, admin) = (free(), free());
    settings(folder, &listen, &admin, &receiver.address);
    let mut running = start(folder);
    post(&listen, r#"{"logs":[{"message":"first"}]}"#);
    receiver.refused.recv_timeout(PATIENCE).unwrap();
    let list = ["dead-letters", "list"];
    until(folder, &list, |it| it.contains("backend"));

    receiver.silent.store(true, Ordering::SeqCst);
    let at = folder.to_owned();
    let replay = ["dead-letters", "replay", "--destination", "backend"];
    let operator = thread::spawn(move || run(&at, &replay));
    receiver.refused.recv_timeout(PATIENCE).unwrap();
    let id = running.0.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.unwrap().success());
    let end = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = running.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < end, "it does not end");
        thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{status}");
    let (code, said) = operator.join().unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the collector is stopping"), "{said}");
    assert!(run(folder, &list).1.contains("backend"));
}

#[test]
fn a_mistyped_command_says_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    settings(folder, &free(), &free(), &free());
    for (words, said) in [
        (&["dead-letters"][..], "say list or replay"),
        (&["dead-letters", "burn"], "say list or replay"),
        (&["dead-letters", "replay"], "say --destination NAME"),
        (
            &["dead-letters", "replay", "--destination", "nobody"],
            "there is no destination \"nobody\"",
        ),
        (
            &[
                "dead-letters",
                "replay",
                "--destination",
                "backend",
                "--to",
                "nobody",
            ],
            "there is no destination \"nobody\"",
        ),
    ] {
        let (code, answer) = run(folder, words);
        assert!(code.is_some_and(|it| it != 0), "{words:?}: {answer}");
        assert!(answer.contains(said), "{words:?}: {answer}");
    }
}
