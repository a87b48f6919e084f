//! The program, started as an operator does, with a terminal to write to and one app.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use farol_load::attack::{Outcome, Target, run};
use tempfile::TempDir;

/// The most that the program may hold, whatever is done to it.
const MEMORY: u64 = 96 << 20;

/// A running collector.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) folder: TempDir,
    child: Child,
    /// All that it wrote, to either side.
    written: Arc<Mutex<Vec<u8>>>,
}

impl Program {
    /// With one app, short time-outs, and `more` settings.
    pub(crate) fn start(more: &str) -> Self {
        Self::listening(&format!("admin_listen = \"127.0.0.1:0\"\n{more}"))
    }

    /// Like [`Program::start`], without an address for operators.
    pub(crate) fn at_one_address(more: &str) -> Self {
        Self::listening(more)
    }

    fn listening(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            r#"version = 1
listen = "127.0.0.1:0"
data_dir = "data"
{more}
[[apps]]
name = "shop"
keys = ["k1"]
origins = ["http://shop.example"]
[[destinations]]
name = "terminal"
type = "terminal"
color = false
[limits]
header_timeout = "1s"
body_timeout = "3s"
body_grace = "1s"
idle_timeout = "3s"
"#
        );
        std::fs::write(folder.path().join("farol.toml"), settings).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_farol-collector"))
            .args(["--config", "farol.toml"])
            .current_dir(folder.path())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        while !ready.contains(" ready on ") {
            ready.clear();
            assert!(out.read_line(&mut ready).unwrap() > 0, "it ended");
        }
        let err = BufReader::new(child.stderr.take().unwrap());
        collect(out, written.clone());
        collect(err, written.clone());
        let addresses: Vec<SocketAddr> = ready
            .split("http://")
            .skip(1)
            .map(|rest| {
                let end = rest.find([' ', ',', ')']).unwrap();
                rest[..end].parse().unwrap()
            })
            .collect();
        Self {
            address: addresses[0],
            admin: addresses[addresses.len() - 1],
            folder,
            child,
            written,
        }
    }

    pub(crate) fn target(&self) -> Target {
        Target {
            address: self.address,
            key: "k1".into(),
            origin: "http://shop.example".into(),
        }
    }

    /// Runs an attack, and holds that the program lives and never held more than it may.
    pub(crate) async fn attacked(&self, name: &str, count: usize) -> Outcome {
        let outcome = run(name, &self.target(), Some(count)).await.unwrap();
        println!("{}, most memory {} MiB", outcome.json(), self.most() >> 20);
        self.lives().await;
        outcome
    }

    /// It takes what is good, knows of no bug, and never held more than it may.
    pub(crate) async fn lives(&self) {
        let body =
            br#"{"meta":{"app":{"name":"shop"}},"logs":[{"message":"good","level":"info"}]}"#;
        let head = format!(
            "POST /collect/k1 HTTP/1.1\r\nhost: a\r\norigin: http://shop.example\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        let answers = farol_load::attack::raw::answers(self.address, &request).await;
        assert_eq!(answers.first().map(|a| a.status), Some(202), "{answers:?}");
        let metrics = self.metrics().await;
        assert!(metrics.contains("\nfarol_bugs_total 0\n"), "{metrics}");
        assert!(self.most() <= MEMORY, "{} MiB", self.most() >> 20);
    }

    /// Waits until so many items have reached a destination, and holds again that memory never was too much.
    pub(crate) async fn delivered(&self, destination: &str, items: u64) {
        let sample = format!(
            r#"farol_destination_items_total{{destination="{destination}",outcome="exported",reason=""}} "#
        );
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            let metrics = self.metrics().await;
            let line = metrics.lines().find_map(|it| it.strip_prefix(&sample));
            if line.is_some_and(|it| it.parse::<u64>().unwrap() >= items) {
                break;
            }
            assert!(Instant::now() < until, "{sample}{line:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("most memory {} MiB", self.most() >> 20);
        assert!(self.most() <= MEMORY, "{} MiB", self.most() >> 20);
    }

    pub(crate) async fn metrics(&self) -> String {
        let request = b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
        let answers = farol_load::attack::raw::answers(self.admin, request).await;
        String::from_utf8(answers[0].body.clone()).unwrap()
    }

    /// The most that was ever resident.
    pub(crate) fn most(&self) -> u64 {
        let status = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib: u64 = line
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        kib << 10
    }

    /// What it wrote, once that holds all of these words.
    pub(crate) fn written_with(&self, words: &[&str]) -> Vec<u8> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let written = self.written.lock().unwrap().clone();
            let text = String::from_utf8_lossy(&written);
            if words.iter().all(|word| text.contains(word)) {
                return written;
            }
            assert!(Instant::now() < until, "{words:?} never came: {text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut from: impl std::io::Read + Send + 'static, into: Arc<Mutex<Vec<u8>>>) {
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(n) = from.read(&mut chunk) {
            if n == 0 {
                return;
            }
            into.lock().unwrap().extend_from_slice(&chunk[..n]);
        }
    });
}
