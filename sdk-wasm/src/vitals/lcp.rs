//! Largest Contentful Paint: the last entry painted before the page was first hidden, until an input or hiding ends it.

use alloc::vec::Vec;

use super::metric::{Metric, Origin, Report, Soft, Vital, max, min};
use super::page::Page;
use crate::message::Message;
use crate::text::keep;

#[derive(Debug)]
pub(super) struct Lcp {
    metric: Metric,
    /// Time of the entry that the value comes from; `NaN`: there is none.
    at: f64,
    /// What else is known of the entry, as the message has it.
    rest: Vec<u8>,
    done: bool,
    /// It is measured for a navigation within the document.
    soft: bool,
}

impl Lcp {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("lcp", 2500.0, 4000.0)),
        at: f64::NAN,
        rest: Vec::new(),
        done: false,
        soft: false,
    };

    /// A navigation begins.
    pub(super) fn begin(&mut self, origin: &mut Origin, page: &Page) {
        self.metric.begin(-1.0, origin, page);
        self.at = f64::NAN;
        self.done = false;
        self.soft = false;
    }

    /// A navigation within the document begins; the one before was final (`FINAL`).
    pub(super) fn soft(&mut self, soft: &Soft, origin: &mut Origin, page: &Page) {
        self.begin(origin, page);
        self.metric.begin_soft(-1.0, soft, origin, page);
        self.soft = true;
    }

    /// An entry came.
    pub(super) fn entry(&mut self, m: &mut Message<'_>, first_hidden: f64, page: &Page) {
        let at = m.number();
        let interaction = m.number();
        // What comes when it is done is in no report but the one of a restoration, as web-vitals has it.
        if at < first_hidden {
            self.metric.value = if interaction.is_nan() {
                page.active_since(at)
            } else {
                max(at - interaction, 0.0)
            };
            self.at = at;
            keep(&mut self.rest, m.rest());
        }
    }

    /// No entry counts from now on. The last comes again: some resources have no entry yet when their paint has.
    pub(super) fn finish(&mut self, m: &mut Message<'_>, page: &Page, out: &mut Vec<Report>) {
        if self.done {
            return;
        }
        self.done = true;
        if m.number() == self.at {
            m.number();
            keep(&mut self.rest, m.rest());
        }
        self.report(page, out);
    }

    /// The page was painted again after its restoration.
    pub(super) fn repaint(&mut self, value: f64, page: &Page, out: &mut Vec<Report>) {
        self.metric.value = value;
        self.done = true;
        self.report(page, out);
    }

    #[inline(never)]
    fn report(&mut self, page: &Page, out: &mut Vec<Report>) {
        let Some(report) = self.metric.report(out) else {
            return;
        };
        let (mut first_byte, mut start, mut end) = (0.0, 0.0, 0.0);
        if !self.at.is_nan() {
            let m = &mut Message::new(&self.rest);
            let (requested, responded) = (m.number(), m.number());
            for name in &TEXTS {
                report.text(name, m.text());
            }
            if self.soft || page.navigated() {
                let mut begun = self.metric.start;
                if !self.soft {
                    begun = page.activation_start();
                    first_byte = page.first_byte();
                }
                start = first_byte;
                if !requested.is_nan() {
                    start = max(first_byte, requested - begun);
                    end = responded - begun;
                }
                // Media goes on loading after it was painted.
                end = min(report.value, max(start, end));
            }
        }
        report.number("time_to_first_byte", first_byte);
        report.number("resource_load_delay", start - first_byte);
        report.number("resource_load_duration", end - start);
        report.number("element_render_delay", report.value - end);
    }
}

/// An entry's texts, in the message's order.
static TEXTS: [&str; 4] = [
    "element",
    "resource_url",
    "resource_initiator_type",
    "resource_delivery_type",
];
