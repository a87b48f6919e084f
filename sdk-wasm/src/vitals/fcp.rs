//! First Contentful Paint: one entry, unless the page was hidden before it; again after the back/forward cache.

use alloc::vec::Vec;

use super::metric::{Metric, Origin, Report, Soft, Vital, max};
use super::page::Page;

#[derive(Debug)]
pub(super) struct Fcp {
    metric: Metric,
    /// The entry's time; `NaN`: none came in this navigation.
    at: f64,
}

impl Fcp {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("fcp", 1800.0, 3000.0)),
        at: f64::NAN,
    };

    /// A navigation begins.
    pub(super) fn begin(&mut self, origin: &mut Origin, page: &Page) {
        self.metric.begin(-1.0, origin, page);
        self.at = f64::NAN;
    }

    /// The entry came.
    pub(super) fn entry(&mut self, at: f64, page: &Page, out: &mut Vec<Report>) -> bool {
        self.at = at;
        self.paint(page.active_since(at), page, out)
    }

    /// A navigation within the document was painted at `painted`.
    pub(super) fn soft(
        &mut self,
        painted: f64,
        soft: &Soft,
        origin: &mut Origin,
        page: &Page,
        out: &mut Vec<Report>,
    ) {
        let value = max(painted - soft.start, 0.0);
        self.metric.begin_soft(value, soft, origin, page);
        if let Some(report) = self.metric.report(out) {
            report.number("first_byte_to_fcp", value);
            report.number("time_to_first_byte", 0.0);
            // Whatever still loads is of the page before.
            report.text("load_state", b"complete");
        }
    }

    /// Also when the page was painted again after its restoration. True: it is reported.
    #[inline(never)]
    pub(super) fn paint(&mut self, value: f64, page: &Page, out: &mut Vec<Report>) -> bool {
        self.metric.value = value;
        let Some(report) = self.metric.report(out) else {
            return false;
        };
        let (first_byte, at) = if page.navigated() && !self.at.is_nan() {
            (page.first_byte(), self.at)
        } else {
            (0.0, report.at)
        };
        report.number("first_byte_to_fcp", value - first_byte);
        report.number("time_to_first_byte", first_byte);
        report.load_state(page, at);
        true
    }
}
