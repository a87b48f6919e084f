//! `queue drain` beside a collector: what it waits for, and what it ends with.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use farol_collector::config::{Destination, Signals, Temporality};

use crate::harness::{Backend, Collector, eventually};

const EXCEPTION: &str = r#"{"meta":{"app":{"name":"shop"}},"exceptions":[{"type":"TypeError"}]}"#;

/// What the command says, until it ends by itself.
struct Draining {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Draining {
    fn of(collector: &Collector) -> Self {
        let folder = collector.folder.path();
        let admin = collector.admin.unwrap();
        let settings = format!("version = 1\nadmin_listen = \"{admin}\"\ndata_dir = \".\"\n");
        fs::write(folder.join("drain.toml"), settings).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_farol-collector"));
        let words = ["queue", "drain", "--until-empty", "--config", "drain.toml"];
        let command = command.args(words).current_dir(folder).env_clear();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    /// All up to a line, or to the end.
    fn up_to(&mut self, line: &str) -> String {
        let mut said = String::new();
        while self.said.read_line(&mut said).unwrap() > 0 {
            if said.lines().last() == Some(line) {
                break;
            }
        }
        said
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        // After a test that failed; one that has ended is left alone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_that_a_destination_has_not_taken_are_waited_for() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let backend = Backend::start().await;
        backend.answers(503);
        let collector = Collector::with(|config| {
            config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
            config.metrics_interval = Duration::from_millis(10);
            config.destinations = vec![Destination {
                signals: Signals::METRICS,
                temporality,
                ..backend.destination("a")
            }];
        })
        .await;
        let taken = collector.post("/collect?id=a", &[], EXCEPTION).await;
        assert_eq!(taken.status, 202);
        let mut draining = Draining::of(&collector);
        let waits = "0 items pending (a 0), metrics for a";
        let said = draining.up_to(waits);
        assert_eq!(said.lines().last(), Some(waits), "{temporality:?}: {said}");
        backend.answers(200);
        let delivered = r#"farol_destination_snapshots_total{destination="a",outcome="delivered"}"#;
        eventually(delivered, || async {
            collector.metric(delivered).await > 0
        })
        .await;
        // What is new was told as 0; what more comes has the rest told before the next heartbeat.
        let taken = collector.post("/collect?id=b", &[], EXCEPTION).await;
        assert_eq!(taken.status, 202);
        let (code, said) = draining.end();
        assert_eq!(code, Some(0), "{temporality:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_destination_refused_is_named_and_no_success() {
    let collector =
        Collector::with(|config| config.admin_listen = Some("127.0.0.1:0".parse().unwrap())).await;
    let folder = collector.folder.path().join("dead-letters");
    fs::create_dir_all(&folder).unwrap();
    let letter = r#"{"time":"2026-01-02T03:04:05Z","destination":"a","signal":"logs","code":"http 400","items":2}"#;
    fs::write(folder.join("a.jsonl"), format!("{letter}\n")).unwrap();
    let (code, said) = Draining::of(&collector).end();
    assert_eq!(code, Some(1), "{said}");
    for part in ["0 items pending", "dead-letters", "http 400"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    fs::remove_file(folder.join("a.jsonl")).unwrap();
    let (code, said) = Draining::of(&collector).end();
    assert_eq!(code, Some(0), "{said}");
}
