//! Time to First Byte: from the navigation entry once the page has loaded; 0 after the back/forward cache.

use super::metric::{Metric, Origin, Report, TTFB, max};
use super::page::Page;
use crate::message::Message;

const PARTS: [&str; 5] = [
    "waiting_duration",
    "cache_duration",
    "dns_duration",
    "connection_duration",
    "request_duration",
];

#[derive(Debug)]
pub(super) struct Ttfb {
    metric: Metric,
    /// A navigation entry was there at load: only then do restorations count.
    known: bool,
}

impl Ttfb {
    pub(super) fn new(origin: &mut Origin, page: &Page) -> Self {
        Self {
            metric: origin.metric(&TTFB, -1.0, page),
            known: false,
        }
    }

    /// The page has loaded.
    pub(super) fn loaded(&mut self, m: &mut Message<'_>, page: &Page) -> Option<Option<Report>> {
        let [worker, fetch, domain, connect, connected] =
            [m.f64()?, m.f64()?, m.f64()?, m.f64()?, m.f64()?];
        if !page.navigated() {
            return Some(None);
        }
        self.known = true;
        self.metric.value = page.first_byte();
        let since = |time: f64| max(time - page.activation_start, 0.0);
        let waited = since(if worker == 0.0 { fetch } else { worker });
        let [domain, connect, connected] = [since(domain), since(connect), since(connected)];
        // What lies between a name's look-up and the connection counts as look-up, and what follows the connection as request.
        let value = self.metric.value;
        Some(self.report([
            waited,
            domain - waited,
            connect - domain,
            connected - connect,
            value - connected,
        ]))
    }

    /// The page came back from the back/forward cache.
    pub(super) fn restored(&mut self, origin: &mut Origin, page: &Page) -> Option<Report> {
        if !self.known {
            return None;
        }
        self.metric = origin.metric(&TTFB, 0.0, page);
        self.report([0.0; 5])
    }

    fn report(&mut self, parts: [f64; 5]) -> Option<Report> {
        let mut report = self.metric.report()?;
        for (name, part) in PARTS.into_iter().zip(parts) {
            report.number(name, part);
        }
        Some(report)
    }
}
