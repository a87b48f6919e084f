//! First Contentful Paint: one entry, unless the page was hidden before it; again after the back/forward cache.

use alloc::vec::Vec;

use super::metric::{Metric, Report, Vital};
use super::page::Page;

#[derive(Debug)]
pub(super) struct Fcp {
    pub(super) metric: Metric,
}

impl Fcp {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("fcp", 1800.0, 3000.0)),
    };

    /// The entry came, or the page was painted again after its restoration. True: it is reported.
    pub(super) fn paint(
        &mut self,
        value: f64,
        first_byte: f64,
        at: f64,
        page: &Page,
        out: &mut Vec<Report>,
    ) -> bool {
        self.metric.value = value;
        let Some(report) = self.metric.report(out) else {
            return false;
        };
        report.number("first_byte_to_fcp", value - first_byte);
        report.number("time_to_first_byte", first_byte);
        report.load_state(page, at);
        true
    }
}
