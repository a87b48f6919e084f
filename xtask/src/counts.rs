//! What test runners say about themselves, so that one closing line can speak for all of them.

use std::collections::{BTreeMap, VecDeque};
use std::process::{Command, ExitStatus};
use std::sync::Mutex;

use anyhow::Result;

use crate::process::{self, Line};
use crate::steps;

/// Runs a test runner to its end, counts its tests and puts why some failed to what the closing lines tell.
pub fn watch(command: &mut Command, what: &str) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut failures = Failures::default();
    let mut skipped = Skipped::default();
    let status = process::watch(command, what, |line| {
        failures.hear(&line);
        if let Line::Out(line) = line {
            counts.read(line);
            failures.read(line);
            skipped.read(line);
        }
    })?;
    skipped.told().into_iter().for_each(steps::not_run);
    // The runner can fail without a failed test: a program of tests that is aborted, a file that is not there.
    if !status.success() && counts.failed == 0 {
        counts.failed = 1;
    }
    if let Some(why) = failures.reason(what, status) {
        failed(why);
    }
    Ok(counts)
}

/// Tests that passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    /// Reads a line of output of cargo's or node's test runner; any other line changes nothing.
    pub fn read(&mut self, line: &str) {
        let line = plain(line);
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test result: ") {
            self.passed += before(rest, " passed");
            self.failed += before(rest, " failed");
        } else if let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
            match rest.split_once(' ') {
                Some(("pass", number)) => self.passed += number.parse().unwrap_or(0),
                Some(("fail" | "cancelled", number)) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    pub fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Tests that passed over themselves, by what they say of it: a tool that is not at hand, a thing that an engine has not.
#[derive(Debug, Default)]
struct Skipped(BTreeMap<String, u64>);

impl Skipped {
    /// Reads a line of output of node's test runner: `﹣ name (0.1ms) # why`.
    fn read(&mut self, line: &str) {
        let line = plain(line);
        let Some(test) = line.trim_start().strip_prefix("﹣ ") else {
            return;
        };
        let (name, why) = test.split_once("ms) # ").unwrap_or((test, "SKIP"));
        let name = name.rsplit_once(" (").map_or(name, |(name, _)| name);
        // Where no reason is given, the test's own name has to do.
        let why = if why == "SKIP" { name } else { why };
        *self.0.entry(why.to_owned()).or_default() += 1;
    }

    fn told(&self) -> Vec<String> {
        let tests = |n: &u64| if *n == 1 { "test" } else { "tests" };
        (self.0.iter())
            .map(|(why, n)| format!("{n} {}: {why}", tests(n)))
            .collect()
    }
}

/// Why tests failed, in their runner's words. A long run ends with all of them: whoever reads its last page reads why.
#[derive(Debug, Default)]
struct Failures {
    told: Vec<String>,
    telling: bool,
    /// The last lines of its output and of its error output: which came first, two pipes do not tell.
    last: [VecDeque<String>; 2],
}

/// A run that fails throughout is told by its beginning.
const TOLD: usize = 120;

/// Lines of each output that are told of a run that failed and named no test: a panic, and what the runner says of it.
const LAST: usize = 20;

static FAILURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Failures {
    /// Reads a line of output of cargo's or node's test runner: what stands between the headline of failures and the end of the run.
    fn read(&mut self, line: &str) {
        let text = plain(line);
        if text.starts_with("test result: ") {
            self.telling = false;
        } else if self.telling {
            if self.told.len() < TOLD {
                self.told.push(text);
            }
        } else {
            self.telling = text == "failures:" || text == "✖ failing tests:";
        }
    }

    /// Keeps a line, for a run that ends without a word on a test.
    fn hear(&mut self, line: &Line<'_>) {
        let (last, line) = match line {
            Line::Out(line) => (&mut self.last[0], line),
            Line::Error(line) => (&mut self.last[1], line),
        };
        if last.len() == LAST {
            last.pop_front();
        }
        last.push_back(plain(line));
    }

    /// What was said of failed tests; of a run that failed and named none, how it ended and its last lines.
    fn reason(self, what: &str, status: ExitStatus) -> Option<String> {
        let named = self.told.join("\n");
        if !named.trim().is_empty() {
            return Some(named.trim().to_owned());
        }
        let last: Vec<String> = self.last.into_iter().flatten().collect();
        (!status.success()).then(|| {
            let last = last.join("\n");
            let last = last.trim();
            format!("{what} failed ({status}) and named no test; its last lines:\n{last}")
        })
    }
}

/// What counts as one failed test though no test said so: told at once, and once more by the closing lines.
pub fn broken(name: &str, error: &anyhow::Error) -> Counts {
    println!("✗ {name}: {error:#}");
    failed(format!("{name}: {error:#}"));
    Counts {
        passed: 0,
        failed: 1,
    }
}

/// Puts a reason to what the closing lines tell.
fn failed(why: String) {
    if let Ok(mut all) = FAILURES.lock() {
        all.push(why);
    }
}

/// Every reason so far.
pub fn all_failures() -> Vec<String> {
    FAILURES.lock().map(|all| all.clone()).unwrap_or_default()
}

/// The number that stands before a word.
fn before(text: &str, word: &str) -> u64 {
    let Some((head, _)) = text.split_once(word) else {
        return 0;
    };
    head.rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// A line without its colours.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((head, tail)) = rest.split_once('\u{1b}') {
        out.push_str(head);
        rest = tail.split_once('m').map_or("", |(_, after)| after);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(lines: &[&str]) -> Counts {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn cargos_lines_are_summed_over_crates() {
        let counts = counted(&[
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: \u{1b}[31mFAILED\u{1b}[m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ]);
        assert_eq!(
            counts,
            Counts {
                passed: 15,
                failed: 2
            }
        );
    }

    #[test]
    fn nodes_lines_are_read_in_both_of_its_forms() {
        assert_eq!(
            counted(&["ℹ tests 9", "ℹ pass 7", "ℹ fail 1", "ℹ cancelled 1"]),
            Counts {
                passed: 7,
                failed: 2
            }
        );
        assert_eq!(
            counted(&["# pass 4", "# fail 0"]),
            Counts {
                passed: 4,
                failed: 0
            }
        );
    }

    #[test]
    fn failures_are_what_stands_below_their_headline() {
        let told = |lines: &[&str]| {
            let mut failures = Failures::default();
            lines.iter().for_each(|line| failures.read(line));
            failures.told.join("|")
        };
        let cargo = [
            "running 2 tests",
            "failures:",
            "---- a stdout ----",
            "failures:",
            "    a",
            "test result: FAILED. 1 passed; 1 failed",
            "running 1 test",
        ];
        assert_eq!(told(&cargo), "---- a stdout ----|failures:|    a");
        let node = [
            "✔ b (1ms)",
            "ℹ fail 1",
            "\u{1b}[31m✖ failing tests:\u{1b}[39m",
            "✖ a (2ms)",
            "  Error: why",
        ];
        assert_eq!(told(&node), "✖ a (2ms)|  Error: why");
        assert_eq!(told(&["✔ b (1ms)", "ℹ fail 0"]), "");
    }

    #[test]
    fn a_run_that_fails_and_names_no_test_is_told_by_its_last_lines() {
        let run = |script: &str| watch(Command::new("sh").args(["-c", script]), "the tests");
        let counts = run("seq 100; echo 'memory is out' >&2; kill -KILL $$").unwrap();
        assert_eq!((counts.passed, counts.failed), (0, 1));
        let all = all_failures();
        let why = all.iter().find(|it| it.contains("memory is out")).unwrap();
        assert!(why.starts_with("the tests failed (signal: 9"), "{why}");
        assert!(why.contains("\n100\n") && !why.contains("\n50\n"), "{why}");

        // Not by `watch`, which shows what it reads: the run of tests that this one is in would count it.
        let mut named = Failures::default();
        for line in ["✖ failing tests:", "a named one"] {
            named.hear(&Line::Out(line));
            named.read(line);
        }
        let status = Command::new("false").status().unwrap();
        assert_eq!(
            named.reason("the tests", status).as_deref(),
            Some("a named one")
        );

        assert_eq!(run("echo 'none to tell'").unwrap(), Counts::default());
        assert!(!all_failures().iter().any(|it| it.contains("none to tell")));
    }

    #[test]
    fn tests_that_were_skipped_are_told_by_their_reasons() {
        let mut skipped = Skipped::default();
        for line in [
            "  ﹣ rules are valid (0.847087ms) # promtool is not at hand",
            "\u{1b}[90m﹣ rules are tested (1ms) # promtool is not at hand\u{1b}[39m",
            "﹣ built by Next.js (0.1ms) # only with --full (it is large)",
            "﹣ one without a word (0.1ms) # SKIP",
            "✔ passes (1ms)",
            "ℹ skipped 4",
        ] {
            skipped.read(line);
        }
        assert_eq!(
            skipped.told(),
            [
                "1 test: one without a word",
                "1 test: only with --full (it is large)",
                "2 tests: promtool is not at hand"
            ]
        );
    }

    #[test]
    fn what_a_test_prints_counts_for_nothing() {
        assert_eq!(
            counted(&["test it_passes ... ok", "5 passed", "# Subtest: pass 4"]),
            Counts::default()
        );
    }
}
