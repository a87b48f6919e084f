//! Largest Contentful Paint: the last entry painted before the page was first hidden, until an input or hiding ends it.

use alloc::string::String;

use super::metric::{LCP, Metric, Origin, Report, max, min};
use super::page::Page;
use crate::message::Message;

#[derive(Debug)]
pub(super) struct Lcp {
    metric: Metric,
    entry: Option<Entry>,
    done: bool,
}

#[derive(Debug)]
struct Entry {
    at: f64,
    target: String,
    url: String,
    resource: Resource,
}

/// What was loaded to paint it.
#[derive(Debug)]
struct Resource {
    /// Start of the request; `NaN`: not known.
    start: f64,
    end: f64,
    initiator: String,
    delivery: String,
}

impl Resource {
    fn read(m: &mut Message<'_>) -> Option<Self> {
        Some(Self {
            start: m.f64()?,
            end: m.f64()?,
            initiator: m.str()?.into(),
            delivery: m.str()?.into(),
        })
    }
}

impl Lcp {
    pub(super) fn new(origin: &mut Origin, page: &Page) -> Self {
        Self {
            metric: origin.metric(&LCP, -1.0, page),
            entry: None,
            done: false,
        }
    }

    /// The last entry of a batch came.
    pub(super) fn entry(
        &mut self,
        m: &mut Message<'_>,
        first_hidden: f64,
        page: &Page,
    ) -> Option<()> {
        let at = m.f64()?;
        let entry = Entry {
            at,
            target: m.str()?.into(),
            url: m.str()?.into(),
            resource: Resource::read(m)?,
        };
        if !self.done && at < first_hidden {
            self.metric.value = max(at - page.activation_start, 0.0);
            self.entry = Some(entry);
        }
        Some(())
    }

    /// No entry counts from now on. The resource is read again: some have no entry yet when their paint has.
    pub(super) fn finish(&mut self, m: &mut Message<'_>, page: &Page) -> Option<Option<Report>> {
        let at = m.f64()?;
        let resource = Resource::read(m)?;
        if self.done {
            return Some(None);
        }
        self.done = true;
        if let Some(entry) = self.entry.as_mut().filter(|entry| entry.at == at) {
            entry.resource = resource;
        }
        Some(self.report(page))
    }

    /// The page was painted again after its restoration.
    pub(super) fn repaint(&mut self, value: f64, page: &Page) -> Option<Report> {
        self.metric.value = value;
        self.done = true;
        self.report(page)
    }

    fn report(&mut self, page: &Page) -> Option<Report> {
        let mut report = self.metric.report()?;
        let mut marks = [0.0; 3];
        if let Some(entry) = &self.entry {
            let resource = &entry.resource;
            let loaded = !resource.start.is_nan();
            if page.navigated() {
                let first_byte = page.first_byte();
                let since = |time: f64| {
                    if loaded {
                        time - page.activation_start
                    } else {
                        0.0
                    }
                };
                let start = max(first_byte, since(resource.start));
                // Media goes on loading after it was painted.
                let end = min(report.value, max(start, since(resource.end)));
                marks = [first_byte, start, end];
            }
            report.text("element", &entry.target);
            report.text("resource_url", &entry.url);
            report.text("resource_initiator_type", &resource.initiator);
            report.text("resource_delivery_type", &resource.delivery);
        }
        let [first_byte, start, end] = marks;
        report.number("time_to_first_byte", first_byte);
        report.number("resource_load_delay", start - first_byte);
        report.number("resource_load_duration", end - start);
        report.number("element_render_delay", report.value - end);
        Some(report)
    }
}
