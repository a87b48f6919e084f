//! One thing that was looked at: what, how it is, and what to do where it is not well.

use std::fmt;
use std::io::Write;
use std::time::SystemTime;

use http::HeaderMap;
use http::header::DATE;
use serde_json::json;

use crate::export::safe;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// What was looked at.
    pub(crate) what: String,
    pub(crate) found: String,
    /// What to do; empty where all is well.
    pub(crate) remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<4}  {}: {}", self.level.word(), self.what, self.found)?;
        match self.remedy.is_empty() {
            true => Ok(()),
            false => write!(f, "; {}", self.remedy),
        }
    }
}

/// The time by another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Who said it.
    pub(crate) what: String,
    /// Seconds that this machine is ahead of it.
    pub(crate) ahead: i64,
}

/// What was found so far, said as it comes.
pub(crate) struct Report<'a> {
    out: &'a mut dyn Write,
    json: bool,
    pub(crate) all: Vec<Finding>,
    pub(crate) clocks: Vec<Clock>,
}

impl<'a> Report<'a> {
    /// For people, a line each; for machines, all at the end.
    pub(crate) fn new(out: &'a mut dyn Write, json: bool) -> Self {
        Self {
            out,
            json,
            all: Vec::new(),
            clocks: Vec::new(),
        }
    }

    pub(crate) fn ok(&mut self, what: impl AsRef<str>, found: impl AsRef<str>) {
        self.add(Level::Ok, what.as_ref(), found.as_ref(), "");
    }

    pub(crate) fn warn(
        &mut self,
        what: impl AsRef<str>,
        found: impl AsRef<str>,
        remedy: impl AsRef<str>,
    ) {
        self.add(Level::Warn, what.as_ref(), found.as_ref(), remedy.as_ref());
    }

    pub(crate) fn fail(
        &mut self,
        what: impl AsRef<str>,
        found: impl AsRef<str>,
        remedy: impl AsRef<str>,
    ) {
        self.add(Level::Fail, what.as_ref(), found.as_ref(), remedy.as_ref());
    }

    fn add(&mut self, level: Level, what: &str, found: &str, remedy: &str) {
        // Words of servers, and names out of files: one line, and nothing that a terminal obeys.
        let finding = Finding {
            level,
            what: safe(what),
            found: safe(found.trim()),
            remedy: safe(remedy),
        };
        if !self.json {
            // A closed pipe is the reader's decision.
            let _ = writeln!(self.out, "{finding}");
            let _ = self.out.flush();
        }
        self.all.push(finding);
    }

    /// Keeps what an answer says of the time.
    pub(crate) fn time(&mut self, what: &str, headers: &HeaderMap, now: SystemTime) {
        let said = headers.get(DATE).and_then(|it| it.to_str().ok());
        let Some(theirs) = said.and_then(|it| httpdate::parse_http_date(it).ok()) else {
            return;
        };
        let seconds = |at: SystemTime| match at.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(_) => 0,
        };
        self.clocks.push(Clock {
            what: what.to_owned(),
            ahead: seconds(now) - seconds(theirs),
        });
    }

    /// The end: whether nothing failed.
    pub(crate) fn end(self, next: &str) -> bool {
        let count = |level| self.all.iter().filter(|it| it.level == level).count();
        let (failed, warned) = (count(Level::Fail), count(Level::Warn));
        let said = match self.json {
            true => {
                let each = self.all.iter().map(|it| {
                    json!({ "level": it.level.word(), "what": it.what, "found": it.found, "remedy": it.remedy })
                });
                let each: Vec<_> = each.collect();
                writeln!(
                    self.out,
                    "{}",
                    json!({ "ok": failed == 0, "findings": each })
                )
            }
            false => match (failed, warned) {
                (0, 0) => writeln!(self.out, "all is well; next: {next}"),
                (0, n) => writeln!(self.out, "it works, with {n} to look at; next: {next}"),
                (n, _) => writeln!(
                    self.out,
                    "{n} failed; next: do what stands behind each `fail`, and ask again"
                ),
            },
        };
        // A closed pipe is the reader's decision.
        let _ = said;
        failed == 0
    }
}
