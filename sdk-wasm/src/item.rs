//! The kinds of item whose messages a template writes, and vitals.

use crate::abi::{op, trail};
use crate::batch::place;
use crate::host::Host;
use crate::message::Message;
use crate::pen::Pen;
use crate::scrub;
use crate::vitals::Report;

/// Kinds of item, as `HOOK` and the caps number them.
pub(crate) mod kind {
    pub(crate) const EXCEPTION: u8 = 1;
    pub(crate) const MEASUREMENT: u8 = 2;
    pub(crate) const EVENT: u8 = 3;
    pub(crate) const SPAN: u8 = 4;
}

/// How a message becomes an item.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) op: u32,
    pub(crate) place: u8,
    /// The field that the trail tells, by its place among the texts at the beginning; none where it is not told.
    pub(crate) told: (u8, u32),
    pub(crate) template: &'static str,
}

/// The trail does not tell of it.
pub(crate) const UNTOLD: u8 = u8::MAX;

/// Each kind that is written as it is read.
pub(crate) const PLANS: [Plan; 3] = [
    Plan {
        op: op::EVENT,
        place: place::EVENTS,
        told: (trail::EVENT, 0),
        template: "\x06{\x01name\x0fdomain\x07attributes\x0etrace\x0atimestamp\x06}",
    },
    Plan {
        op: op::LOG,
        place: place::LOGS,
        told: (trail::LOG, 1),
        template: "\x06{\x02level\x01message\x07context\x0etrace\x0atimestamp\x06}",
    },
    Plan {
        op: op::MEASUREMENT,
        place: place::MEASUREMENTS,
        told: (UNTOLD, 0),
        template: "\x06{\x01type\x0cvalues\x07context\x0etrace\x0atimestamp\x06}",
    },
];

impl<H: Host> Pen<H> {
    /// Writes a vital as a measurement with Faro's names. `load` is the message that told of the load's span, for vitals of a load.
    pub(crate) fn vital(&mut self, report: &Report, load: &[u8], now: f64) {
        self.raw(b"{\"type\":\"web-vitals\",\"values\":{");
        self.value(report.name, report.value, true);
        self.value("delta", report.delta, false);
        for (name, value) in &report.values {
            self.value(name, *value, false);
        }
        self.byte(b'}');
        self.iso_field(b"timestamp", now);
        if report.load {
            self.fill(&mut Message::new(load), now, "\x0etrace");
        }
        let at = self.open(b"context");
        self.field(b"id", &report.id);
        self.field(b"rating", report.rating.as_bytes());
        self.field(b"navigation_type", report.navigation_type.as_bytes());
        for (name, text) in &report.context {
            // Scripts' and resources' addresses are the page's business, their secrets nobody's; what names an element (`element`, `…_target`)
            // stays as it is.
            let scrubbed = scrub::scrubbed(text, &self.rules);
            let element = name.as_bytes().last() == Some(&b't');
            self.field(name.as_bytes(), if element { text } else { &scrubbed });
        }
        self.global(at, false);
        self.raw(b"}}");
    }

    /// A vital's number. Faro leaves a zero out, but for the vital itself.
    fn value(&mut self, name: &str, value: f64, own: bool) {
        if value.is_finite() && (own || !self.faro || value != 0.0) {
            self.key(name.as_bytes());
            self.number(value);
        }
    }
}
