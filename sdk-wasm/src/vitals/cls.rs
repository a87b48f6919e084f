//! Cumulative Layout Shift: the largest burst of shifts without a recent input, where FCP was reported.
//!
//! A burst ends where 1 s passes without a shift, or 5 s after its first. The value is looked at after each batch of
//! entries, not after each entry, as web-vitals does.

use alloc::vec::Vec;

use super::metric::{Metric, Origin, Report, Soft, Vital};
use super::page::Page;
use crate::message::Message;

const RECENT_INPUT: u8 = 1;
const HAS_SOURCE: u8 = 2;
const SOFT: u8 = 4;
const GAP: f64 = 1000.0;
const SPAN: f64 = 5000.0;

#[derive(Debug, Clone)]
struct Shift {
    at: f64,
    value: f64,
    /// It can be explained.
    has_source: bool,
    target: Vec<u8>,
}

impl Shift {
    const NONE: Self = Self {
        at: f64::NAN,
        value: 0.0,
        has_source: false,
        target: Vec::new(),
    };
}

#[derive(Debug)]
pub(super) struct Cls {
    metric: Metric,
    /// FCP was reported: shifts count.
    started: bool,
    /// The largest shift of the burst that the metric's value comes from.
    culprit: Shift,
    /// That burst is the one which goes on.
    current: bool,
    burst: f64,
    first: f64,
    last: f64,
    /// Of the burst which goes on.
    largest: Shift,
}

impl Cls {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("cls", 0.1, 0.25)),
        started: false,
        culprit: Shift::NONE,
        current: false,
        burst: 0.0,
        first: 0.0,
        last: 0.0,
        largest: Shift::NONE,
    };

    /// Shifts are gathered before this; from now on they count.
    pub(super) fn start(&mut self, origin: &mut Origin, page: &Page) {
        if !self.started {
            self.started = true;
            self.metric.begin(0.0, origin, page);
            self.update();
        }
    }

    /// A batch of entries came.
    pub(super) fn entries(
        &mut self,
        m: &mut Message<'_>,
        origin: &mut Origin,
        page: &Page,
        out: &mut Vec<Report>,
    ) {
        for _ in 0..m.count() {
            let flags = m.byte();
            let shift = Shift {
                at: m.number(),
                value: m.number(),
                has_source: flags & HAS_SOURCE != 0,
                target: m.text().to_vec(),
            };
            if flags & SOFT != 0 {
                let soft = &Soft {
                    start: shift.at,
                    duration: shift.value,
                };
                self.soft(soft, origin, page, out);
            } else if flags & RECENT_INPUT == 0 {
                self.shift(shift);
            }
        }
        self.update();
    }

    fn shift(&mut self, shift: Shift) {
        let goes_on =
            self.burst != 0.0 && shift.at - self.last < GAP && shift.at - self.first < SPAN;
        self.last = shift.at;
        if goes_on {
            self.burst += shift.value;
        } else {
            self.burst = shift.value;
            self.first = shift.at;
            self.current = false;
        }
        // Of equals the later.
        if !goes_on || shift.value >= self.largest.value {
            self.largest = shift;
            if self.current {
                self.blame();
            }
        }
    }

    fn update(&mut self) {
        if self.started && self.burst > self.metric.value {
            self.metric.value = self.burst;
            self.current = true;
            self.blame();
        }
    }

    #[inline(never)]
    fn blame(&mut self) {
        self.culprit = self.largest.clone();
    }

    /// The page came back from the back/forward cache.
    pub(super) fn restored(&mut self, origin: &mut Origin, page: &Page) {
        if self.started {
            self.metric.begin(0.0, origin, page);
            self.forget();
        }
    }

    /// A navigation within the document: the value until now is final.
    fn soft(&mut self, soft: &Soft, origin: &mut Origin, page: &Page, out: &mut Vec<Report>) {
        if self.started {
            self.update();
            self.report(page, out);
            self.metric.begin_soft(0.0, soft, origin, page);
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.burst = 0.0;
        self.culprit = Shift::NONE;
        self.current = false;
    }

    /// The page is hidden.
    pub(super) fn report(&mut self, page: &Page, out: &mut Vec<Report>) {
        let Some(report) = self.metric.report(out) else {
            return;
        };
        let shift = &self.culprit;
        if !shift.at.is_nan() {
            report.at = shift.at;
        }
        if shift.has_source {
            report.number("largest_shift_value", shift.value);
            report.number("largest_shift_time", shift.at);
            report.text("largest_shift_target", &shift.target);
            report.load_state(page, shift.at);
        }
    }
}
