//! Events, logs and measurements as JSON, and what all kinds of item share.

use crate::attributes::{self, Form, Own};
use crate::host::Host;
use crate::json::Json;
use crate::message::{Attrs, Message, Value};
use crate::time;
use crate::vitals::Report;

/// Kinds of item, as `HOOK` and the caps number them.
pub(crate) mod kind {
    pub(crate) const LOG: u8 = 0;
    pub(crate) const EXCEPTION: u8 = 1;
    pub(crate) const MEASUREMENT: u8 = 2;
    pub(crate) const EVENT: u8 = 3;
    pub(crate) const SPAN: u8 = 4;
}

/// What writing an item needs besides the item.
#[derive(Debug)]
pub(crate) struct Pen<'a, H> {
    pub(crate) host: &'a H,
    pub(crate) faro: bool,
    /// The attributes of every item.
    pub(crate) global: Attrs<'a>,
    /// Epoch ms at `performance.now()` = 0.
    pub(crate) offset: f64,
}

impl<H: Host> Pen<'_, H> {
    /// The form of attributes that are members of an object.
    pub(crate) fn form(&self) -> Form {
        if self.faro {
            Form::Strings
        } else {
            Form::Typed
        }
    }

    /// The attributes as the object `key`; nothing where there are none.
    pub(crate) fn attributes(&self, json: &mut Json, key: &str, own: Own<'_>, local: Attrs<'_>) {
        let before = json.out.len();
        json.open_key(key, b'{');
        let empty = json.out.len();
        attributes::write(json, self.host, self.form(), own, local, self.global);
        if json.out.len() == empty {
            json.out.truncate(before);
        } else {
            json.byte(b'}');
        }
    }

    pub(crate) fn timestamp(&self, json: &mut Json, at: f64) {
        time::iso_field(json, "timestamp", at + self.offset);
    }
}

/// The span that an item belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace<'a> {
    trace: &'a [u8],
    span: &'a [u8],
}

impl<'a> Trace<'a> {
    /// No span.
    pub(crate) const NONE: Self = Self {
        trace: b"",
        span: b"",
    };

    pub(crate) fn read(m: &mut Message<'a>) -> Option<Self> {
        Some(Self {
            trace: m.text()?,
            span: m.text()?,
        })
    }

    pub(crate) fn write(self, json: &mut Json) {
        if !self.trace.is_empty() {
            json.open_key("trace", b'{');
            json.field("trace_id", self.trace);
            json.field("span_id", self.span);
            json.byte(b'}');
        }
    }
}

/// An event, custom or the SDK's own.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) domain: &'a [u8],
    pub(crate) own: Own<'a>,
    pub(crate) attrs: Attrs<'a>,
    pub(crate) trace: Trace<'a>,
    pub(crate) at: f64,
}

impl<'a> Event<'a> {
    pub(crate) fn read(m: &mut Message<'a>, now: f64) -> Option<Self> {
        Some(Self {
            name: m.text()?,
            domain: m.text()?,
            own: &[],
            attrs: m.attrs()?,
            trace: Trace::read(m)?,
            at: m.time(now)?,
        })
    }

    pub(crate) fn write<H: Host>(&self, json: &mut Json, pen: &Pen<'_, H>) {
        json.byte(b'{');
        json.key("name");
        json.text(self.name);
        json.field(
            "domain",
            if self.domain.is_empty() {
                b"browser"
            } else {
                self.domain
            },
        );
        pen.timestamp(json, self.at);
        self.trace.write(json);
        pen.attributes(json, "attributes", self.own, self.attrs);
        json.byte(b'}');
    }
}

/// A log.
#[derive(Debug)]
pub(crate) struct Log<'a> {
    pub(crate) level: &'static str,
    pub(crate) message: &'a [u8],
    attrs: Attrs<'a>,
    trace: Trace<'a>,
    pub(crate) at: f64,
}

const LEVELS: [&str; 6] = ["trace", "debug", "info", "log", "warn", "error"];

impl<'a> Log<'a> {
    pub(crate) fn read(m: &mut Message<'a>, now: f64) -> Option<Self> {
        let level = m.text()?;
        let level = LEVELS
            .into_iter()
            .find(|known| known.as_bytes() == level)
            .unwrap_or("log");
        Some(Self {
            level,
            message: m.text()?,
            attrs: m.attrs()?,
            trace: Trace::read(m)?,
            at: m.time(now)?,
        })
    }

    pub(crate) fn write<H: Host>(&self, json: &mut Json, pen: &Pen<'_, H>) {
        json.byte(b'{');
        json.field("level", self.level.as_bytes());
        pen.timestamp(json, self.at);
        self.trace.write(json);
        json.key("message");
        json.text(self.message);
        pen.attributes(json, "context", &[], self.attrs);
        json.byte(b'}');
    }
}

/// A measurement whose fields are read as it is written; `None` where they cannot be, or none of its numbers is finite.
pub(crate) fn measurement<H: Host>(
    json: &mut Json,
    pen: &Pen<'_, H>,
    m: &mut Message<'_>,
    now: f64,
) -> Option<()> {
    json.raw(b"{\"type\":");
    json.text(m.text()?);
    json.open_key("values", b'{');
    let empty = json.out.len();
    for _ in 0..m.u32()? {
        let (name, value) = (m.text()?, m.f64()?);
        if value.is_finite() && !json.full() {
            json.text(name);
            json.byte(b':');
            json.number(pen.host, value);
        }
    }
    if json.out.len() == empty {
        return None;
    }
    json.byte(b'}');
    let attrs = m.attrs()?;
    let trace = Trace::read(m)?;
    pen.timestamp(json, m.time(now)?);
    trace.write(json);
    pen.attributes(json, "context", &[], attrs);
    json.byte(b'}');
    Some(())
}

/// A vital as a measurement with Faro's names.
pub(crate) fn vital<H: Host>(json: &mut Json, pen: &Pen<'_, H>, report: &Report, now: f64) {
    json.raw(b"{\"type\":\"web-vitals\",\"values\":{");
    let values = [(report.name, report.value), ("delta", report.delta)];
    for (place, (name, value)) in values.iter().chain(&report.values).enumerate() {
        // Faro leaves a zero out, but for the vital itself.
        if value.is_finite() && (place == 0 || !pen.faro || *value != 0.0) {
            json.key(name);
            json.number(pen.host, *value);
        }
    }
    json.byte(b'}');
    pen.timestamp(json, now);
    let mut own = alloc::vec![
        ("id", Value::Text(report.id.as_bytes())),
        ("rating", Value::Text(report.rating.as_bytes())),
        (
            "navigation_type",
            Value::Text(report.navigation_type.as_bytes())
        ),
    ];
    for (name, text) in &report.context {
        own.push((name, Value::Text(text.as_bytes())));
    }
    pen.attributes(json, "context", &own, Attrs::NONE);
    json.byte(b'}');
}
