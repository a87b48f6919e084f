//! What test runners say about themselves, so that one closing line can speak for all of them.

use std::sync::Mutex;

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

/// Why tests failed, in their runner's words. A long run ends with all of them: whoever reads its last page reads why.
#[derive(Debug, Default)]
pub struct Failures {
    told: Vec<String>,
    telling: bool,
}

/// A run that fails throughout is told by its beginning.
const TOLD: usize = 120;

static FAILURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Failures {
    /// Reads a line of output of cargo's or node's test runner: what stands between the headline of failures and the end of the run.
    pub fn read(&mut self, line: &str) {
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

    /// Puts what was read to what the closing lines tell.
    pub fn keep(self) {
        let text = self.told.join("\n");
        if !text.trim().is_empty() {
            failed(text.trim().to_owned());
        }
    }
}

/// Puts a reason to what the closing lines tell.
pub fn failed(why: String) {
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
    fn what_a_test_prints_counts_for_nothing() {
        assert_eq!(
            counted(&["test it_passes ... ok", "5 passed", "# Subtest: pass 4"]),
            Counts::default()
        );
    }
}
