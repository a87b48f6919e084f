//! Largest Contentful Paint: the last entry painted before the page was first hidden, until an input or hiding ends it.

use alloc::vec::Vec;

use super::fields::Fields;
use super::metric::{Metric, Origin, Report, Vital, max, min};
use super::page::Page;

#[derive(Debug)]
pub(super) struct Lcp {
    metric: Metric,
    entry: Option<Entry>,
    done: bool,
}

#[derive(Debug)]
struct Entry {
    at: f64,
    target: Vec<u8>,
    url: Vec<u8>,
    resource: Resource,
}

/// What was loaded to paint it.
#[derive(Debug)]
struct Resource {
    /// Start of the request; `NaN`: not known.
    start: f64,
    end: f64,
    initiator: Vec<u8>,
    delivery: Vec<u8>,
}

impl Resource {
    #[inline(never)]
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self {
            start: f.f64(),
            end: f.f64(),
            initiator: f.own(),
            delivery: f.own(),
        }
    }
}

impl Lcp {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("lcp", 2500.0, 4000.0)),
        entry: None,
        done: false,
    };

    /// A navigation begins.
    pub(super) fn begin(&mut self, origin: &mut Origin, page: &Page) {
        self.metric.begin(-1.0, origin, page);
        self.entry = None;
        self.done = false;
    }

    /// The last entry of a batch came.
    pub(super) fn entry(&mut self, f: &mut Fields<'_, '_>, first_hidden: f64, page: &Page) {
        let at = f.f64();
        if !self.done && at < first_hidden {
            self.metric.value = page.active_since(at);
            self.entry = Some(Entry {
                at,
                target: f.own(),
                url: f.own(),
                resource: Resource::read(f),
            });
        }
    }

    /// No entry counts from now on. The resource is read again: some have no entry yet when their paint has.
    pub(super) fn finish(&mut self, f: &mut Fields<'_, '_>, page: &Page) -> Option<Report> {
        if self.done {
            return None;
        }
        self.done = true;
        let at = f.f64();
        if let Some(entry) = &mut self.entry
            && entry.at == at
        {
            entry.resource = Resource::read(f);
        }
        self.report(page)
    }

    /// The page was painted again after its restoration.
    pub(super) fn repaint(&mut self, value: f64, page: &Page) -> Option<Report> {
        self.metric.value = value;
        self.done = true;
        self.report(page)
    }

    #[inline(never)]
    fn report(&mut self, page: &Page) -> Option<Report> {
        let mut report = self.metric.report()?;
        let (mut first_byte, mut start, mut end) = (0.0, 0.0, 0.0);
        if let Some(entry) = &self.entry {
            let resource = &entry.resource;
            if page.navigated() {
                first_byte = page.first_byte();
                start = first_byte;
                if !resource.start.is_nan() {
                    start = max(first_byte, resource.start - page.activation_start);
                    end = resource.end - page.activation_start;
                }
                // Media goes on loading after it was painted.
                end = min(report.value, max(start, end));
            }
            report.text("element", &entry.target);
            report.text("resource_url", &entry.url);
            report.text("resource_initiator_type", &resource.initiator);
            report.text("resource_delivery_type", &resource.delivery);
        }
        report.numbers(
            [
                "time_to_first_byte",
                "resource_load_delay",
                "resource_load_duration",
                "element_render_delay",
            ],
            [
                first_byte,
                start - first_byte,
                end - start,
                report.value - end,
            ],
        );
        Some(report)
    }
}
