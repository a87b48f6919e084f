//! Events, logs and measurements as JSON: what comes in a message is written as it is read.

use crate::host::Host;
use crate::message::Message;
use crate::pen::Pen;
use crate::scrub;
use crate::text::find;
use crate::vitals::Report;

/// Kinds of item, as `HOOK` and the caps number them.
pub(crate) mod kind {
    pub(crate) const EXCEPTION: u8 = 1;
    pub(crate) const MEASUREMENT: u8 = 2;
    pub(crate) const EVENT: u8 = 3;
    pub(crate) const SPAN: u8 = 4;
}

/// The levels that the wire knows, each between two spaces.
const LEVELS: &[u8] = b" trace debug info log warn error ";

impl<H: Host> Pen<H> {
    /// Writes an `EVENT`.
    pub(crate) fn event(&mut self, m: &mut Message<'_>, now: f64) {
        self.fill(m, "\x06{\x01name");
        let domain = m.text();
        self.field(
            "domain",
            if domain.is_empty() {
                b"browser"
            } else {
                domain
            },
        );
        self.rest(m, "attributes", now);
    }

    /// Writes a `LOG`.
    pub(crate) fn log(&mut self, m: &mut Message<'_>, now: f64) {
        self.byte(b'{');
        self.field("level", level(m.text()));
        self.fill(m, "\x01message");
        self.rest(m, "context", now);
    }

    /// Writes a `MEASUREMENT`; numbers that are none are left out.
    pub(crate) fn measurement(&mut self, m: &mut Message<'_>, now: f64) {
        self.fill(m, "\x06{\x01type\x06,\"values\":{");
        let empty = self.out.len();
        for _ in 0..m.count() {
            let (name, value) = (m.text(), m.number());
            if value.is_finite() && !self.full() {
                self.text(name);
                self.byte(b':');
                self.number(value);
            }
        }
        if self.out.len() == empty {
            m.spoil();
        }
        self.byte(b'}');
        self.rest(m, "context", now);
    }

    /// Writes a vital as a measurement with Faro's names.
    pub(crate) fn vital(&mut self, report: &Report, now: f64) {
        self.raw(b"{\"type\":\"web-vitals\",\"values\":{");
        self.value(report.name, report.value, true);
        self.value("delta", report.delta, false);
        for (name, value) in &report.values {
            self.value(name, *value, false);
        }
        self.byte(b'}');
        self.iso_field("timestamp", now);
        let at = self.open("context");
        self.field("id", report.id.as_ref());
        self.field("rating", report.rating.as_bytes());
        self.field("navigation_type", report.navigation_type.as_bytes());
        for (name, text) in &report.context {
            // Scripts' and resources' addresses are the page's business, their secrets nobody's.
            if name.ends_with("_url") || name.ends_with("_invoker") {
                self.field(name, &scrub::scrubbed(text.as_ref()));
            } else {
                self.field(name, text.as_ref());
            }
        }
        self.attributes(at, Message::new(&[]).attrs(), false);
        self.raw(b"}}");
    }

    /// A vital's number. Faro leaves a zero out, but for the vital itself.
    fn value(&mut self, name: &str, value: f64, own: bool) {
        if value.is_finite() && (own || !self.faro || value != 0.0) {
            self.key(name.as_bytes());
            self.number(value);
        }
    }

    /// What most kinds of message end with: attributes, span, time.
    fn rest(&mut self, m: &mut Message<'_>, key: &str, now: f64) {
        let at = self.open(key);
        self.attributes(at, m.attrs(), false);
        self.close(at);
        self.trace(m);
        self.iso_field("timestamp", m.time(now));
        self.byte(b'}');
    }

    /// The span that an item belongs to.
    #[inline(never)]
    pub(crate) fn trace(&mut self, m: &mut Message<'_>) {
        let at = self.open("trace");
        self.fill(m, "\x02trace_id\x02span_id");
        self.close(at);
    }
}

/// The level, if the wire knows it.
pub(crate) fn level(level: &[u8]) -> &[u8] {
    if find(LEVELS, &[b" ", level, b" "].concat()).is_some() && !level.contains(&b' ') {
        level
    } else {
        b"log"
    }
}
