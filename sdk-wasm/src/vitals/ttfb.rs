//! Time to First Byte: from the navigation entry once the page has loaded; 0 after the back/forward cache.

use super::fields::Fields;
use super::metric::{Metric, Origin, Report, Vital};
use super::page::Page;

#[derive(Debug)]
pub(super) struct Ttfb {
    pub(super) metric: Metric,
    /// A navigation entry was there at load: only then do restorations count.
    known: bool,
}

impl Ttfb {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("ttfb", 800.0, 1800.0)),
        known: false,
    };

    /// The page has loaded.
    pub(super) fn loaded(&mut self, f: &mut Fields<'_, '_>, page: &Page) -> Option<Report> {
        if !page.navigated() {
            return None;
        }
        self.known = true;
        let value = page.first_byte();
        self.metric.value = value;
        let [worker, fetch, domain, connect, connected] = core::array::from_fn(|_| f.f64());
        let waited = page.active_since(if worker == 0.0 { fetch } else { worker });
        let domain = page.active_since(domain);
        let connect = page.active_since(connect);
        let connected = page.active_since(connected);
        // What lies between a name's look-up and the connection counts as look-up, and what follows the connection as request.
        self.report([
            waited,
            domain - waited,
            connect - domain,
            connected - connect,
            value - connected,
        ])
    }

    /// The page came back from the back/forward cache.
    pub(super) fn restored(&mut self, origin: &mut Origin, page: &Page) -> Option<Report> {
        if !self.known {
            return None;
        }
        self.metric.begin(0.0, origin, page);
        self.report([0.0; 5])
    }

    #[inline(never)]
    fn report(&mut self, parts: [f64; 5]) -> Option<Report> {
        let mut report = self.metric.report()?;
        report.numbers(
            [
                "waiting_duration",
                "cache_duration",
                "dns_duration",
                "connection_duration",
                "request_duration",
            ],
            parts,
        );
        Some(report)
    }
}
