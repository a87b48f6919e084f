//! What the five have in common: thresholds, ids, the rule by which a value is reported, the report.

use alloc::vec::Vec;

use super::page::Page;
use crate::json;
use crate::message::Message;

/// The rating of a value that is worse than `poor`.
pub(crate) const POOR: &str = "poor";

/// The type of a navigation within the document.
const SOFT: &str = "soft-navigation";

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
    pub id: Vec<u8>,
    /// `navigate`, `reload`, `back-forward`, `back-forward-cache`, `prerender`, `restore` or `soft-navigation`.
    pub navigation_type: &'static str,
    /// What explains it, numbers: Faro's names, without the value and its delta.
    pub values: Vec<(&'static str, f64)>,
    /// What explains it, texts in UTF-8: Faro's names. Those that end in `_url`, and `longest_script_invoker`, can hold URLs.
    pub context: Vec<(&'static str, Vec<u8>)>,
    /// The time whose page and view it belongs to.
    pub at: f64,
    /// Of the page's load, not of a navigation since.
    pub load: bool,
}

impl Report {
    #[inline(never)]
    pub(super) fn number(&mut self, name: &'static str, value: f64) {
        self.values.push((name, value));
    }

    /// A text that is not known is left out.
    #[inline(never)]
    pub(super) fn text(&mut self, name: &'static str, text: &[u8]) {
        if !text.is_empty() {
            self.context.push((name, text.to_vec()));
        }
    }

    #[inline(never)]
    pub(super) fn load_state(&mut self, page: &Page, at: f64) {
        self.text("load_state", page.load_state(at).as_bytes());
    }
}

/// Name, and the values above which it needs improvement and is poor.
#[derive(Debug)]
pub(super) struct Vital(pub(super) &'static str, pub(super) f64, pub(super) f64);

/// One vital of one navigation.
#[derive(Debug)]
pub(super) struct Metric {
    vital: Vital,
    /// Negative: there is none yet.
    pub(super) value: f64,
    /// What was reported last; `NaN`: nothing was.
    reported: f64,
    id: Vec<u8>,
    pub(super) navigation_type: &'static str,
    /// Start of its navigation: 0, the time of the restoration from the back/forward cache, or of the interaction that navigated softly.
    pub(super) start: f64,
    /// A time at which the page was that navigation's: an interaction begins on the page before.
    there: f64,
}

impl Metric {
    pub(super) const fn new(vital: Vital) -> Self {
        Self {
            vital,
            value: -1.0,
            reported: f64::NAN,
            id: Vec::new(),
            navigation_type: "",
            start: 0.0,
            there: 0.0,
        }
    }

    /// A navigation begins.
    #[inline(never)]
    pub(super) fn begin(&mut self, value: f64, origin: &mut Origin, page: &Page) {
        self.value = value;
        self.reported = f64::NAN;
        origin.id(page.now, &mut self.id);
        self.start = max(origin.restored, 0.0);
        self.there = self.start;
        self.navigation_type = if origin.restored < 0.0 {
            page.navigation_type()
        } else {
            "back-forward-cache"
        };
    }

    /// A navigation within the document begins.
    pub(super) fn begin_soft(&mut self, value: f64, soft: &Soft, origin: &mut Origin, page: &Page) {
        self.begin(value, origin, page);
        self.start = soft.start;
        self.there = soft.start + soft.duration;
        self.navigation_type = SOFT;
    }

    /// The report of the value as it is, unless there is none or it was reported already. The first is sent even if 0.
    #[inline(never)]
    pub(super) fn report<'o>(&mut self, out: &'o mut Vec<Report>) -> Option<&'o mut Report> {
        let value = self.value;
        let first = self.reported.is_nan();
        let delta = if first { value } else { value - self.reported };
        if value < 0.0 || delta == 0.0 && !first {
            return None;
        }
        self.reported = value;
        let Vital(name, fair, poor) = self.vital;
        out.push(Report {
            name,
            value,
            delta,
            rating: if value > poor {
                POOR
            } else if value > fair {
                "needs-improvement"
            } else {
                "good"
            },
            id: self.id.clone(),
            navigation_type: self.navigation_type,
            values: Vec::new(),
            context: Vec::new(),
            at: self.there,
            load: self.start == 0.0,
        });
        out.last_mut()
    }
}

/// A navigation within the document, as the browser tells it: from the interaction to the paint of what came of it.
#[derive(Debug)]
pub(super) struct Soft {
    pub(super) start: f64,
    pub(super) duration: f64,
}

impl Soft {
    pub(super) fn read(m: &mut Message<'_>) -> Self {
        Self {
            start: m.number(),
            duration: m.number(),
        }
    }
}

/// What metrics are made with.
#[derive(Debug)]
pub(super) struct Origin {
    random: u64,
    epoch: f64,
    /// Time of the last restoration from the back/forward cache; negative: there was none.
    pub(super) restored: f64,
}

impl Origin {
    pub(super) const fn new(seed: u64, epoch: f64) -> Self {
        Self {
            random: seed,
            epoch,
            restored: -1.0,
        }
    }

    /// The form of web-vitals' own, under which dashboards tell reports of one metric apart: version, epoch ms, 13 digits.
    fn id(&mut self, now: f64, id: &mut Vec<u8>) {
        // Marsaglia's xorshift of 64 bits: ids have to differ, not to keep a secret.
        let mut random = self.random;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        self.random = random;
        id.clear();
        id.extend_from_slice(b"v6-");
        json::int(id, (self.epoch + now) as u64);
        id.push(b'-');
        json::int(id, 1_000_000_000_000 + random % 9_000_000_000_000);
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
