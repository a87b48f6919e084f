//! Vitals that may be reported again. CLS and INP grow as long as a visit lasts, and are reported each time the page is hidden; a
//! cumulative histogram takes nothing back. So the latest report of a visit is held until no other came for a while, and that one counts.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::met::Met;
use super::names::{Id, RATINGS, VITALS};
use super::series::{App, Exemplar, MAX_VALUE, Store};

/// How long a report waits for a later one. People who come back to a tab mostly do so within minutes, and a session ends after
/// fifteen without a sign of life; what is gained beyond ten is little, and charts would be later still.
pub const HOLD: std::time::Duration = std::time::Duration::from_secs(600);
/// Reports held at once: those of sixteen visits a second with the default wait. One takes about 300 bytes, so that is 6 MB, and 55 MB where all
/// texts are as long as they may be. Beyond it those that have waited longest count early: nothing is lost but the growth that they might still
/// have reported.
const MAX_HELD: usize = 20_000;

/// The report of one vital of one visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Which visit's: a hash of app, session, client, and of the vital's name and id.
    #[serde(with = "hexadecimal")]
    pub(crate) key: u128,
    pub(crate) app: App,
    /// Its place in [`VITALS`].
    pub(crate) vital: u8,
    pub(crate) value: f64,
    /// When the page made it: of two reports the later made stands, whichever came first.
    pub(crate) made_ns: u64,
    /// When it, or another of its visit, came.
    pub(crate) touched_ns: u64,
    /// The page's trace, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exemplar: Option<Exemplar>,
    pub(crate) labels: Labels,
}

/// What the series of a vital differ in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Labels {
    pub(crate) route: Label,
    pub(crate) device: Label,
    pub(crate) country: Label,
    pub(crate) release: Label,
    pub(crate) delivery: Label,
    pub(crate) rating: Label,
}

/// A text that is held. It is cut whatever it is made of: a client's may have 128 KiB, which for each of all reports would be gigabytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Box<str>")]
pub(crate) struct Label(Box<str>);

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self(cut(text).into())
    }
}

impl From<Box<str>> for Label {
    fn from(text: Box<str>) -> Self {
        match cut(&text).len() < text.len() {
            true => Self::from(&*text),
            false => Self(text),
        }
    }
}

/// What is held of a text: as much as a series keeps of it.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_VALUE);
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// What became of reports, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    /// Counted after their wait.
    pub(crate) settled: u64,
    /// Counted before its end, for want of room or of time.
    pub(crate) early: u64,
    /// Overtaken by a later report of their visit.
    pub(crate) replaced: u64,
    /// Came when their visit had been counted already.
    pub(crate) late: u64,
}

/// All that is held.
#[derive(Debug, Default)]
pub(crate) struct Held {
    reports: HashMap<u128, Report>,
    /// Oldest first. An entry whose time is no longer its report's is void.
    order: VecDeque<(u64, u128)>,
    /// Visits that counted with 0, of which the next report looks like a first one: all that it says was added since.
    pub(crate) zeros: Met,
    pub(crate) outcomes: Outcomes,
}

impl Held {
    /// Takes a report. `first` says that it is its visit's first: another whose visit is not held was counted already.
    pub(crate) fn take(&mut self, report: Report, first: bool, store: &mut Store) {
        let (key, touched) = (report.key, report.touched_ns);
        match self.reports.get_mut(&key) {
            Some(held) => {
                self.outcomes.replaced += 1;
                let before = held.touched_ns;
                if report.made_ns >= held.made_ns {
                    *held = report;
                }
                // So that one entry of a visit stands at most: many come at one moment, and clocks are set back.
                if touched <= before {
                    held.touched_ns = before;
                    return;
                }
                held.touched_ns = touched;
            }
            None if first && !self.zeros.knows(key as u64) => {
                while self.reports.len() >= MAX_HELD && !self.order.is_empty() {
                    self.outcomes.early += u64::from(self.settle_next(store, touched));
                }
                self.reports.insert(key, report);
            }
            None => {
                self.outcomes.late += 1;
                return;
            }
        }
        self.order.push_back((touched, key));
        // A visit that reports without end makes void entries only; once they are the most part they are swept out.
        if self.order.len() > 2 * MAX_HELD {
            let reports = &self.reports;
            let stands = |(at, key): &(u64, u128)| {
                let report = reports.get(key);
                report.is_some_and(|it| it.touched_ns == *at)
            };
            self.order.retain(stands);
        }
    }

    /// Counts a report without holding it, unless one of its visit was counted.
    pub(crate) fn at_once(&mut self, report: &Report, first: bool, store: &mut Store) {
        if first && !self.zeros.knows(report.key as u64) {
            self.count(report, store, report.touched_ns);
        }
    }

    /// Counts what has waited long enough. True where something was.
    pub(crate) fn settle(&mut self, store: &mut Store, now: u64, hold_ns: u64) -> bool {
        let before = self.outcomes.settled;
        while self.due(now, hold_ns).is_some_and(|due| due <= now) {
            self.outcomes.settled += u64::from(self.settle_next(store, now));
        }
        self.outcomes.settled > before
    }

    /// Counts all, whatever it has waited. True where something was.
    pub(crate) fn settle_all(&mut self, store: &mut Store, now: u64) -> bool {
        let before = self.outcomes.early;
        while !self.order.is_empty() {
            self.outcomes.early += u64::from(self.settle_next(store, now));
        }
        self.outcomes.early > before
    }

    /// When the next has waited long enough, as far as is known: void entries make this early. What says that it comes only once another would have
    /// waited came before the clock was set back, and keeps nobody behind it waiting.
    pub(crate) fn due(&self, now: u64, hold_ns: u64) -> Option<u64> {
        let (touched, _) = self.order.front()?;
        match *touched > now.saturating_add(hold_ns) {
            true => Some(now),
            false => Some(touched.saturating_add(hold_ns)),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.reports.len()
    }

    /// All of it, oldest first, to be stored.
    pub(crate) fn rows(&self) -> Vec<&Report> {
        let mut rows: Vec<&Report> = self.reports.values().collect();
        rows.sort_by_key(|it| (it.touched_ns, it.key));
        rows
    }

    /// Puts back what was stored.
    pub(crate) fn restore(rows: Vec<Report>) -> Self {
        let mut held = Self::default();
        for report in rows.into_iter().take(MAX_HELD) {
            if usize::from(report.vital) < VITALS.len() {
                held.order.push_back((report.touched_ns, report.key));
                held.reports.insert(report.key, report);
            }
        }
        held
    }

    /// Takes the first entry off the order, and counts its report unless the entry is void. True where it counted.
    fn settle_next(&mut self, store: &mut Store, now: u64) -> bool {
        let Some((touched, key)) = self.order.pop_front() else {
            return false;
        };
        if self.reports.get(&key).map(|it| it.touched_ns) != Some(touched) {
            return false;
        }
        let report = self.reports.remove(&key);
        report.is_some_and(|report| {
            self.count(&report, store, now);
            true
        })
    }

    fn count(&mut self, report: &Report, store: &mut Store, now: u64) {
        report.count(store, now);
        if report.value == 0.0 {
            self.zeros.first(report.key as u64, now);
        }
    }
}

impl Report {
    /// Adds it to the vital's families.
    pub(crate) fn count(&self, store: &mut Store, now: u64) {
        let Labels {
            route,
            device,
            country,
            release,
            delivery,
            rating,
        } = &self.labels;
        let [route, device, country, release, delivery, rating] =
            [route, device, country, release, delivery, rating].map(|it| &*it.0);
        let first = self.vital * 3;
        let mut add = |family, values: &[&str], amount| {
            let exemplar = self.exemplar.map(|it| Exemplar {
                value: amount,
                ..it
            });
            store.add_traced(family, &self.app, values, amount, now, exemplar);
        };
        add(Id(first), &[route, device, delivery], self.value);
        add(Id(first + 1), &[country, delivery], self.value);
        add(Id(first + 2), &[release, delivery], self.value);
        let name = VITALS[usize::from(self.vital)];
        add(RATINGS, &[name, rating, delivery], 1.0);
    }
}

/// JSON has no whole numbers of 128 bits.
mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(key: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{key:x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let text = String::deserialize(from)?;
        u128::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
