//! What the five have in common: thresholds, ids, the rule by which a value is reported, the report.

use alloc::string::String;
use alloc::vec::Vec;

use super::page::Page;
use crate::json;

/// A vital that is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// `cls`, `fcp`, `inp`, `lcp` or `ttfb`.
    pub name: &'static str,
    /// ms, but CLS, which has no unit.
    pub value: f64,
    /// The difference to the value reported last under this id.
    pub delta: f64,
    /// `good`, `needs-improvement` or `poor`.
    pub rating: &'static str,
    /// One for each vital of each navigation.
    pub id: String,
    /// `navigate`, `reload`, `back-forward`, `back-forward-cache`, `prerender` or `restore`.
    pub navigation_type: &'static str,
    /// What explains it, numbers: Faro's names, without the value and its delta.
    pub values: Vec<(&'static str, f64)>,
    /// What explains it, texts: Faro's names. Those that end in `_url`, and `longest_script_invoker`, can hold URLs.
    pub context: Vec<(&'static str, String)>,
    /// The time whose page and view it belongs to.
    pub at: f64,
}

impl Report {
    pub(super) fn number(&mut self, name: &'static str, value: f64) {
        self.values.push((name, value));
    }

    /// A text that is not known is left out.
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.context.push((name, String::from(value)));
        }
    }
}

/// Name, and the values above which it needs improvement and is poor.
#[derive(Debug)]
pub(super) struct Vital(&'static str, f64, f64);

pub(super) static CLS: Vital = Vital("cls", 0.1, 0.25);
pub(super) static FCP: Vital = Vital("fcp", 1800.0, 3000.0);
pub(super) static INP: Vital = Vital("inp", 200.0, 500.0);
pub(super) static LCP: Vital = Vital("lcp", 2500.0, 4000.0);
pub(super) static TTFB: Vital = Vital("ttfb", 800.0, 1800.0);

/// One vital of one navigation.
#[derive(Debug)]
pub(super) struct Metric {
    vital: &'static Vital,
    /// Negative: there is none yet.
    pub(super) value: f64,
    /// What was reported last; `NaN`: nothing was.
    reported: f64,
    id: String,
    pub(super) navigation_type: &'static str,
    /// Start of its navigation: 0, or the time of the restoration from the back/forward cache.
    pub(super) start: f64,
}

impl Metric {
    /// The report of the value as it is, unless there is none or it was reported already. The first is sent even if 0.
    pub(super) fn report(&mut self) -> Option<Report> {
        let first = self.reported.is_nan();
        let delta = if first {
            self.value
        } else {
            self.value - self.reported
        };
        if self.value < 0.0 || delta == 0.0 && !first {
            return None;
        }
        self.reported = self.value;
        let Vital(name, fair, poor) = *self.vital;
        Some(Report {
            name,
            value: self.value,
            delta,
            rating: if self.value > poor {
                "poor"
            } else if self.value > fair {
                "needs-improvement"
            } else {
                "good"
            },
            id: self.id.clone(),
            navigation_type: self.navigation_type,
            values: Vec::new(),
            context: Vec::new(),
            at: self.start,
        })
    }
}

/// Where metrics come from.
#[derive(Debug)]
pub(super) struct Origin {
    random: u64,
    epoch: f64,
    /// Time of the last restoration from the back/forward cache; negative: there was none.
    pub(super) restored: f64,
}

impl Origin {
    pub(super) fn new(seed: u64, epoch: f64) -> Self {
        Self {
            random: seed,
            epoch,
            restored: -1.0,
        }
    }

    pub(super) fn metric(&mut self, vital: &'static Vital, value: f64, page: &Page) -> Metric {
        let restored = self.restored >= 0.0;
        Metric {
            vital,
            value,
            reported: f64::NAN,
            id: self.id(page.now),
            navigation_type: if restored {
                "back-forward-cache"
            } else {
                page.navigation_type()
            },
            start: max(self.restored, 0.0),
        }
    }

    /// The form of web-vitals' own, under which dashboards tell reports of one metric apart: version, epoch ms, 13 digits.
    fn id(&mut self, now: f64) -> String {
        // SplitMix64: one word of state, and any seed will do.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let mut id = Vec::from(b"v6-");
        json::int(&mut id, (self.epoch + now) as u64);
        id.push(b'-');
        json::int(&mut id, 1_000_000_000_000 + z % 9_000_000_000_000);
        String::from_utf8(id).unwrap_or_default()
    }
}

/// `Math.max` for what is no `NaN`: std's costs more bytes.
pub(super) fn max(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// `Math.min`, likewise.
pub(super) fn min(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}
