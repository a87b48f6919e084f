//! Time to First Byte: from the navigation entry once the page has loaded; 0 after the back/forward cache and within the document.

use alloc::vec::Vec;

use super::metric::{Metric, Origin, Report, Soft, Vital};
use super::page::Page;
use crate::message::Message;

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
    pub(super) fn loaded(&mut self, m: &mut Message<'_>, page: &Page, out: &mut Vec<Report>) {
        if page.navigated() {
            self.known = true;
            let value = page.first_byte();
            self.metric.value = value;
            let (worker, fetch) = (m.number(), m.number());
            let waited = page.active_since(if worker == 0.0 { fetch } else { worker });
            let domain = page.active_since(m.number());
            let connect = page.active_since(m.number());
            let connected = page.active_since(m.number());
            // What lies between a name's look-up and the connection counts as look-up, and what follows it as request.
            self.report(
                [
                    waited,
                    domain - waited,
                    connect - domain,
                    connected - connect,
                    value - connected,
                ],
                out,
            );
        }
    }

    /// The page came back from the back/forward cache.
    pub(super) fn restored(&mut self, origin: &mut Origin, page: &Page, out: &mut Vec<Report>) {
        if self.known {
            self.metric.begin(0.0, origin, page);
            self.report([0.0; 5], out);
        }
    }

    /// A navigation within the document: no server was asked for it.
    pub(super) fn soft(
        &mut self,
        soft: &Soft,
        origin: &mut Origin,
        page: &Page,
        out: &mut Vec<Report>,
    ) {
        if self.known {
            self.metric.begin_soft(0.0, soft, origin, page);
            self.report([0.0; 5], out);
        }
    }

    #[inline(never)]
    fn report(&mut self, parts: [f64; 5], out: &mut Vec<Report>) {
        let Some(report) = self.metric.report(out) else {
            return;
        };
        for (name, part) in PARTS.iter().zip(&parts) {
            report.number(name, *part);
        }
    }
}

static PARTS: [&str; 5] = [
    "waiting_duration",
    "cache_duration",
    "dns_duration",
    "connection_duration",
    "request_duration",
];
