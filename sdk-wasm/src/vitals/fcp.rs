//! First Contentful Paint: one entry, unless the page was hidden before it; again after the back/forward cache.

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

    /// The entry came.
    pub(super) fn paint(&mut self, at: f64, page: &Page) -> Option<Report> {
        self.report(page.active_since(at), page.first_byte(), at, page)
    }

    /// The page was painted again after its restoration.
    pub(super) fn repaint(&mut self, value: f64, page: &Page) -> Option<Report> {
        self.report(value, 0.0, self.metric.start, page)
    }

    fn report(&mut self, value: f64, first_byte: f64, at: f64, page: &Page) -> Option<Report> {
        self.metric.value = value;
        let mut report = self.metric.report()?;
        report.numbers(
            ["first_byte_to_fcp", "time_to_first_byte"],
            [value - first_byte, first_byte],
        );
        report.load_state(page, at);
        Some(report)
    }
}
