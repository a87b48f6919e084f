//! The program in an operator's hands: signals, files that change, secrets that stand elsewhere, and the settings that hold.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::harness::ready_address;

const PATIENCE: Duration = Duration::from_secs(60);

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farol-collector"));
    command.current_dir(folder).env_clear();
    command
}

/// The program, running with `farol.toml` of a folder. Ends with this.
struct Program {
    child: Child,
    address: String,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Program {
    fn start(folder: &Path) -> Self {
        Self::run(command(folder).args(["--config", "farol.toml"]))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let address = ready_address(&mut child);
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::<Mutex<String>>::default();
        let into = said.clone();
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).unwrap_or(0) > 0 {
                into.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        Self {
            child,
            address,
            said,
            reader: Some(reader),
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    fn request(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: https://a.example\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn status(&self, key: &str) -> u16 {
        let answer = self.request(&format!("POST /collect/{key}"), r#"{"meta":{}}"#);
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn metric(&self, name: &str) -> u64 {
        let answer = self.request("GET /metrics", "");
        let line = answer
            .lines()
            .find_map(|l| l.strip_prefix(&format!("{name} ")));
        line.map_or(0, |n| n.trim().parse::<f64>().unwrap() as u64)
    }

    /// A file that was read half-written is read again, so a figure may be beyond the one that is waited for.
    fn until(&self, name: &str, value: u64) {
        let start = Instant::now();
        while self.metric(name) < value {
            assert!(
                start.elapsed() < PATIENCE,
                "{name} never was {value}: {}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn end(mut self) -> String {
        self.signal("-TERM");
        assert!(self.child.wait().unwrap().success());
        self.reader.take().unwrap().join().unwrap();
        self.said()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After a test that failed; one that has ended is left alone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn app(name: &str, key: &str) -> String {
    format!("[[apps]]\nname = \"{name}\"\nkeys = [\"{key}\"]\norigins = [\"*\"]\n")
}

const HEAD: &str = "version = 1\nlisten = 0\n";
const GENERATION: &str = "farol_config_generation";
const REFUSED: &str = "farol_config_reload_failures_total";

#[test]
fn a_changed_file_is_taken_and_a_wrong_one_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    fs::write(&file, format!("{HEAD}{}", app("shop", "old"))).unwrap();
    let program = Program::start(folder.path());
    assert_eq!(program.status("old"), 202);

    fs::write(&file, format!("{HEAD}{}", app("shop", "new"))).unwrap();
    program.until(GENERATION, 2);
    assert_eq!((program.status("old"), program.status("new")), (403, 202));

    fs::write(&file, "version = 1\nlisten = 0\nlimts = 1\n").unwrap();
    program.until(REFUSED, 1);
    assert_eq!(
        (program.metric(GENERATION), program.status("new")),
        (2, 202)
    );

    fs::write(
        &file,
        format!("version = 1\nlisten = 1\n{}", app("shop", "newer")),
    )
    .unwrap();
    program.until(REFUSED, 2);
    let said = program.end();
    let lines: Vec<_> = said
        .lines()
        .filter(|l| l.contains("was not taken"))
        .collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(
        lines[0].contains("farol.toml:3: limts: no such setting here; did you mean limits?"),
        "{said}"
    );
    assert!(
        lines[1].contains("listen: it cannot change from 127.0.0.1:0 to 127.0.0.1:1"),
        "{said}"
    );
}

#[test]
fn a_hangup_reads_the_settings_again_changed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("farol.toml"), HEAD).unwrap();
    let program = Program::start(folder.path());
    program.signal("-HUP");
    program.until(GENERATION, 2);
    program.signal("-HUP");
    program.until(GENERATION, 3);
    let said = program.end();
    assert!(said.contains("the configuration was taken"), "{said}");
}

#[test]
fn what_is_logged_changes_with_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    fs::write(&file, HEAD).unwrap();
    let program = Program::start(folder.path());
    fs::write(&file, format!("{HEAD}[telemetry]\nlog = \"error\"\n")).unwrap();
    program.until(GENERATION, 2);
    let said = program.end();
    assert!(!said.contains("INFO stopped"), "{said}");
}

#[test]
fn apps_come_from_their_folder_and_it_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let apps = folder.path().join("apps.d");
    fs::create_dir(&apps).unwrap();
    fs::write(
        folder.path().join("farol.toml"),
        format!("{HEAD}{}", app("shop", "k1")),
    )
    .unwrap();
    fs::write(apps.join("blog.toml"), app("blog", "k2")).unwrap();
    let program = Program::start(folder.path());
    assert_eq!((program.status("k1"), program.status("k2")), (202, 202));
    fs::write(apps.join("wiki.toml"), app("wiki", "k3")).unwrap();
    program.until(GENERATION, 2);
    assert_eq!(program.status("k3"), 202);
    fs::remove_file(apps.join("blog.toml")).unwrap();
    program.until(GENERATION, 3);
    assert_eq!((program.status("k2"), program.status("k3")), (403, 202));
    fs::write(apps.join("wiki.toml"), "listen = 2\n").unwrap();
    program.until(REFUSED, 1);
    let said = program.end();
    assert!(
        said.contains("apps.d/wiki.toml:1: listen: only [[apps]] stand in files of apps.d"),
        "{said}"
    );
}

#[test]
fn a_file_that_refused_settings_name_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("farol.toml"), format!("{HEAD}{}", app("shop", "k1"))).unwrap();
    let program = Program::start(folder.path());
    let with = |keys: &str| app("shop", "k1").replace("[\"k1\"]", keys);
    let toml = format!("{HEAD}{}", with("{ file = \"keys\" }"));
    fs::write(path("new.toml"), toml).unwrap();
    fs::rename(path("new.toml"), path("farol.toml")).unwrap();
    program.until(REFUSED, 1);
    fs::write(path("keys.new"), "k2\n").unwrap();
    fs::rename(path("keys.new"), path("keys")).unwrap();
    program.until(GENERATION, 2);
    assert_eq!((program.status("k1"), program.status("k2")), (403, 202));
}

#[test]
fn secrets_come_from_files_that_are_watched() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::write(&keys, "k1\nk2\n").unwrap();
    fs::write(folder.path().join("token"), "Bearer abc\n").unwrap();
    let toml = format!(
        "{HEAD}[[apps]]\nname = \"shop\"\nkeys = {{ file = \"keys\" }}\norigins = [\"*\"]\n\
         [[destinations]]\nname = \"b\"\ntype = \"otlp_http\"\nendpoint = \"http://127.0.0.1:9\"\nsignals = [\"logs\"]\n\
         headers = {{ authorization = {{ file = \"token\" }} }}\n"
    );
    fs::write(folder.path().join("farol.toml"), toml).unwrap();
    let program = Program::start(folder.path());
    assert_eq!((program.status("k1"), program.status("k2")), (202, 202));
    fs::write(&keys, "k3\n").unwrap();
    program.until(GENERATION, 2);
    assert_eq!((program.status("k1"), program.status("k3")), (403, 202));
    fs::remove_file(&keys).unwrap();
    program.until(REFUSED, 1);
    let said = program.end();
    assert!(
        said.contains("apps.shop.keys = \"keys\": the file cannot be read"),
        "{said}"
    );
    assert!(!said.contains("k3") && !said.contains("abc"), "{said}");
}

#[test]
fn the_settings_that_hold_are_shown_without_secrets_and_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "version = 1\n[limits]\nbody = \"2 MiB\"\n[[destinations]]\nname = \"b\"\ntype = \"otlp_http\"\n\
                endpoint = \"http://127.0.0.1:9\"\nheaders = { authorization = \"Bearer abc\", \"x-other\" = \"def\" }\n";
    fs::write(
        folder.path().join("farol.toml"),
        format!("{toml}{}", app("shop", "k1")),
    )
    .unwrap();
    let print = |file: &str| {
        let mut command = command(folder.path());
        command.env("FAROL_LIMITS__IN_FLIGHT", "32 MiB");
        let output = command.args(["print-config", "--config", file, "--listen", "99"]);
        let output = output.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = print("farol.toml");
    for line in [
        "version = 1 # farol.toml:1",
        "listen = \"99\" # --listen",
        "# data_dir = ./farol-data",
        "body = \"2 MiB\" # farol.toml:3",
        "in_flight = \"32 MiB\" # FAROL_LIMITS__IN_FLIGHT",
        "# inflated = 5 MiB",
        "keys = [\"(hidden)\"] # farol.toml:11",
        "authorization = \"(hidden)\"",
        "x-other = \"(hidden)\"",
    ] {
        assert!(
            shown.lines().any(|l| l == line),
            "{line} is not in\n{shown}"
        );
    }
    assert!(
        !shown.contains("abc") && !shown.contains("def\"") && !shown.contains("k1"),
        "{shown}"
    );
    fs::write(folder.path().join("again.toml"), &shown).unwrap();
    let strip = |text: &str| -> Vec<String> {
        text.lines()
            .map(|l| l.split(" # ").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(strip(&print("again.toml")), strip(&shown));
}

#[test]
fn a_bound_on_the_size_of_files_refuses_requests_and_ends_no_collector() {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("{HEAD}{}", app("shop", "key"));
    fs::write(folder.path().join("farol.toml"), settings).unwrap();
    // 32 KiB: `ulimit` counts blocks of 512 bytes.
    let program = Program::run(
        Command::new("/bin/sh")
            .args(["-c", "ulimit -f 64; exec \"$0\" --config farol.toml"])
            .arg(env!("CARGO_BIN_EXE_farol-collector"))
            .current_dir(folder.path())
            .env_clear(),
    );
    let message = "m".repeat(8 << 10);
    let body = format!(r#"{{"meta":{{}},"logs":[{{"message":"{message}"}}]}}"#);
    let mut answers = (0..8).map(|_| program.request("POST /collect/key", &body));
    let refused = answers.find(|it| !it.starts_with("HTTP/1.1 202 "));
    let refused = refused.expect("a refused request");
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("storage"), "{refused}");
    let healthy = program.request("GET /-/healthy", "");
    assert!(healthy.starts_with("HTTP/1.1 200 "), "{healthy}");
    program.end();
}

#[test]
fn a_collector_that_only_empties_its_folder_reads_no_source_and_its_settings_still_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    let source = "[[sources]]\nname = \"kafka\"\ntype = \"kafka\"\nbrokers = [\"127.0.0.1:1\"]\n";
    fs::write(&file, format!("{HEAD}{source}")).unwrap();
    let read = |program: &Program| {
        program
            .request("GET /metrics", "")
            .contains("farol_source_")
    };
    let program = Program::start(folder.path());
    assert!(read(&program));
    program.end();
    let words = ["--config", "farol.toml", "--no-sources"];
    let program = Program::run(command(folder.path()).args(words));
    assert!(!read(&program));
    fs::write(&file, format!("{HEAD}{source}{}", app("shop", "k1"))).unwrap();
    program.until(GENERATION, 2);
    assert!(!read(&program) && program.status("k1") == 202);
    // What a start would refuse of them it refuses here too.
    fs::write(&file, format!("{HEAD}{source}topik = \"t\"\n")).unwrap();
    program.until(REFUSED, 1);
    program.end();
}
