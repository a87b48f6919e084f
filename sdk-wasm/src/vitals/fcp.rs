//! First Contentful Paint: one entry, unless the page was hidden before it; again after the back/forward cache.

use super::metric::{FCP, Metric, Origin, Report, max};
use super::page::Page;

#[derive(Debug)]
pub(super) struct Fcp {
    metric: Metric,
}

impl Fcp {
    pub(super) fn new(origin: &mut Origin, page: &Page) -> Self {
        Self {
            metric: origin.metric(&FCP, -1.0, page),
        }
    }

    /// The entry came.
    pub(super) fn paint(&mut self, at: f64, page: &Page) -> Option<Report> {
        self.metric.value = max(at - page.activation_start, 0.0);
        if page.navigated() {
            self.report(page.first_byte(), at, page)
        } else {
            self.report(0.0, -1.0, page)
        }
    }

    /// The page was painted again after its restoration.
    pub(super) fn repaint(&mut self, value: f64, page: &Page) -> Option<Report> {
        self.metric.value = value;
        self.report(0.0, self.metric.start, page)
    }

    fn report(&mut self, first_byte: f64, at: f64, page: &Page) -> Option<Report> {
        let mut report = self.metric.report()?;
        report.number("first_byte_to_fcp", report.value - first_byte);
        report.number("time_to_first_byte", first_byte);
        report.text("load_state", page.load_state(at));
        Some(report)
    }
}
