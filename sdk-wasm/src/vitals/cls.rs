//! Cumulative Layout Shift: the largest burst of shifts without a recent input, where FCP was reported.
//!
//! A burst ends where 1 s passes without a shift, or 5 s after its first. The value is looked at after each batch of
//! entries, not after each entry, as web-vitals does.

use alloc::string::String;

use super::metric::{CLS, Metric, Origin, Report};
use super::page::Page;
use crate::message::Message;

const RECENT_INPUT: u8 = 1;
const HAS_SOURCE: u8 = 2;
const GAP: f64 = 1000.0;
const SPAN: f64 = 5000.0;

#[derive(Debug, Clone, Default)]
struct Shift {
    at: f64,
    value: f64,
    has_source: bool,
    target: String,
}

#[derive(Debug, Default)]
pub(super) struct Cls {
    metric: Option<Metric>,
    /// The largest shift of the burst that the metric's value comes from.
    culprit: Option<Shift>,
    /// That burst is the one which goes on.
    current: bool,
    burst: f64,
    first: f64,
    last: f64,
    largest: Shift,
}

impl Cls {
    /// Shifts are gathered before this; from now on they count.
    pub(super) fn start(&mut self, origin: &mut Origin, page: &Page) {
        if self.metric.is_none() {
            self.metric = Some(origin.metric(&CLS, 0.0, page));
            self.update();
        }
    }

    /// A batch of entries came.
    pub(super) fn entries(&mut self, m: &mut Message<'_>) -> Option<()> {
        for _ in 0..m.u32()? {
            let flags = m.u8()?;
            let shift = Shift {
                at: m.f64()?,
                value: m.f64()?,
                has_source: flags & HAS_SOURCE != 0,
                target: m.str()?.into(),
            };
            if flags & RECENT_INPUT == 0 {
                self.shift(shift);
            }
        }
        self.update();
        Some(())
    }

    fn shift(&mut self, shift: Shift) {
        let goes_on =
            self.burst != 0.0 && shift.at - self.last < GAP && shift.at - self.first < SPAN;
        self.last = shift.at;
        if goes_on {
            self.burst += shift.value;
            // Of equals the later.
            if shift.value >= self.largest.value {
                self.largest = shift;
                if self.current {
                    self.culprit = Some(self.largest.clone());
                }
            }
        } else {
            self.burst = shift.value;
            self.first = shift.at;
            self.largest = shift;
            self.current = false;
        }
    }

    fn update(&mut self) {
        if let Some(metric) = &mut self.metric
            && self.burst > metric.value
        {
            metric.value = self.burst;
            self.culprit = Some(self.largest.clone());
            self.current = true;
        }
    }

    /// The page came back from the back/forward cache.
    pub(super) fn restored(&mut self, origin: &mut Origin, page: &Page) {
        if let Some(metric) = &mut self.metric {
            *metric = origin.metric(&CLS, 0.0, page);
            self.burst = 0.0;
            self.culprit = None;
            self.current = false;
        }
    }

    /// The page is hidden.
    pub(super) fn report(&mut self, page: &Page) -> Option<Report> {
        let mut report = self.metric.as_mut()?.report()?;
        if let Some(shift) = &self.culprit {
            report.at = shift.at;
            if shift.has_source {
                report.number("largest_shift_value", shift.value);
                report.number("largest_shift_time", shift.at);
                report.text("largest_shift_target", &shift.target);
                report.text("load_state", page.load_state(shift.at));
            }
        }
        Some(report)
    }
}
