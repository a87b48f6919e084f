//! Cumulative Layout Shift: the largest burst of shifts without a recent input, where FCP was reported.
//!
//! A burst ends where 1 s passes without a shift, or 5 s after its first. The value is looked at after each batch of
//! entries, not after each entry, as web-vitals does.

use alloc::vec::Vec;

use super::fields::Fields;
use super::metric::{Metric, Origin, Report, Vital};
use super::page::Page;

const RECENT_INPUT: u8 = 1;
const HAS_SOURCE: u8 = 2;
const GAP: f64 = 1000.0;
const SPAN: f64 = 5000.0;

#[derive(Debug, Clone)]
struct Shift {
    at: f64,
    value: f64,
    has_source: bool,
    target: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Cls {
    metric: Metric,
    /// FCP was reported: shifts count.
    started: bool,
    /// The largest shift of the burst that the metric's value comes from.
    culprit: Option<Shift>,
    /// That burst is the one which goes on.
    current: bool,
    burst: f64,
    first: f64,
    last: f64,
    /// Of the burst which goes on.
    largest: Option<Shift>,
}

impl Cls {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("cls", 0.1, 0.25)),
        started: false,
        culprit: None,
        current: false,
        burst: 0.0,
        first: 0.0,
        last: 0.0,
        largest: None,
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
    pub(super) fn entries(&mut self, f: &mut Fields<'_, '_>) {
        let mut left = f.count();
        while f.more(&mut left) {
            let flags = f.u8();
            let shift = Shift {
                at: f.f64(),
                value: f.f64(),
                has_source: flags & HAS_SOURCE != 0,
                target: f.own(),
            };
            if flags & RECENT_INPUT == 0 {
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
            self.largest = None;
            self.current = false;
        }
        // Of equals the later.
        if self
            .largest
            .as_ref()
            .is_none_or(|largest| shift.value >= largest.value)
        {
            if self.current {
                self.culprit = Some(shift.clone());
            }
            self.largest = Some(shift);
        }
    }

    fn update(&mut self) {
        if self.started && self.burst > self.metric.value {
            self.metric.value = self.burst;
            self.culprit = self.largest.clone();
            self.current = true;
        }
    }

    /// The page came back from the back/forward cache.
    pub(super) fn restored(&mut self, origin: &mut Origin, page: &Page) {
        if self.started {
            self.metric.begin(0.0, origin, page);
            self.burst = 0.0;
            self.culprit = None;
            self.current = false;
        }
    }

    /// The page is hidden.
    pub(super) fn report(&mut self, page: &Page) -> Option<Report> {
        let mut report = self.metric.report()?;
        if let Some(shift) = &self.culprit {
            report.at = shift.at;
            if shift.has_source {
                report.numbers(
                    ["largest_shift_value", "largest_shift_time"],
                    [shift.value, shift.at],
                );
                report.text("largest_shift_target", &shift.target);
                report.load_state(page, shift.at);
            }
        }
        Some(report)
    }
}
