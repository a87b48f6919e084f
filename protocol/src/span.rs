//! Spans, as OTLP/JSON writes them.

use crate::item::Own;
use crate::key_values::KeyValues;
use crate::read::Read;
use crate::time::Nanos;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

object! {
    /// A payload's traces.
    pub struct Traces {
        /// Spans by what made them.
        pub resource_spans: Vec<ResourceSpans> = "resourceSpans" | "resource_spans",
    }
}

object! {
    /// Spans of one resource.
    pub struct ResourceSpans {
        /// The resource.
        pub resource: Resource = "resource",
        /// Spans by instrumentation.
        pub scope_spans: Vec<ScopeSpans> = "scopeSpans" | "scope_spans",
        /// The schema of the resource's names.
        pub schema_url: String = "schemaUrl" | "schema_url",
    }
}

object! {
    /// What made the spans.
    pub struct Resource {
        /// Attributes.
        pub attributes: KeyValues = "attributes",
        /// Attributes that its sender left out.
        pub dropped_attributes_count: u64 = "droppedAttributesCount" | "dropped_attributes_count",
    }
}

object! {
    /// Spans of one instrumentation.
    pub struct ScopeSpans {
        /// The instrumentation.
        pub scope: Scope = "scope",
        /// Its spans.
        pub spans: Vec<Span> = "spans",
        /// The schema of the spans' names.
        pub schema_url: String = "schemaUrl" | "schema_url",
    }
}

object! {
    /// An instrumentation.
    pub struct Scope {
        /// Name.
        pub name: String = "name",
        /// Version.
        pub version: String = "version",
        /// Attributes.
        pub attributes: KeyValues = "attributes",
        /// Attributes that its sender left out.
        pub dropped_attributes_count: u64 = "droppedAttributesCount" | "dropped_attributes_count",
    }
}

object! {
    /// A span.
    pub struct Span {
        /// Trace id, hexadecimal.
        pub trace_id: String = "traceId" | "trace_id",
        /// Span id, hexadecimal.
        pub span_id: String = "spanId" | "span_id",
        /// The parent's id, hexadecimal; empty for a root.
        pub parent_span_id: String = "parentSpanId" | "parent_span_id",
        /// W3C trace state.
        pub trace_state: String = "traceState" | "trace_state",
        /// W3C trace flags and OTLP's own bits.
        pub flags: u64 = "flags",
        /// Name.
        pub name: String = "name",
        /// Kind.
        pub kind: SpanKind = "kind",
        /// Start.
        pub start: Nanos = "startTimeUnixNano" | "start_time_unix_nano",
        /// End.
        pub end: Nanos = "endTimeUnixNano" | "end_time_unix_nano",
        /// Attributes.
        pub attributes: KeyValues = "attributes",
        /// Attributes that its sender left out.
        pub dropped_attributes_count: u64 = "droppedAttributesCount" | "dropped_attributes_count",
        /// Events.
        pub events: Vec<SpanEvent> = "events",
        /// Events that its sender left out.
        pub dropped_events_count: u64 = "droppedEventsCount" | "dropped_events_count",
        /// Links.
        pub links: Vec<Link> = "links",
        /// Links that its sender left out.
        pub dropped_links_count: u64 = "droppedLinksCount" | "dropped_links_count",
        /// How it ended.
        pub status: Status = "status",
        /// Its own page, view, user, session.
        pub farol: Own = "farol",
    }
}

object! {
    /// An event of a span.
    pub struct SpanEvent {
        /// When.
        pub time: Nanos = "timeUnixNano" | "time_unix_nano",
        /// Name.
        pub name: String = "name",
        /// Attributes.
        pub attributes: KeyValues = "attributes",
        /// Attributes that its sender left out.
        pub dropped_attributes_count: u64 = "droppedAttributesCount" | "dropped_attributes_count",
    }
}

object! {
    /// A link to another span.
    pub struct Link {
        /// Trace id, hexadecimal.
        pub trace_id: String = "traceId" | "trace_id",
        /// Span id, hexadecimal.
        pub span_id: String = "spanId" | "span_id",
        /// W3C trace state.
        pub trace_state: String = "traceState" | "trace_state",
        /// Attributes.
        pub attributes: KeyValues = "attributes",
        /// Attributes that its sender left out.
        pub dropped_attributes_count: u64 = "droppedAttributesCount" | "dropped_attributes_count",
        /// W3C trace flags and OTLP's own bits.
        pub flags: u64 = "flags",
    }
}

object! {
    /// How a span ended.
    pub struct Status {
        /// Code.
        pub code: StatusCode = "code",
        /// Message.
        pub message: String = "message",
    }
}

/// A span's kind by OTLP's numbers: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpanKind(pub i32);

/// A status by OTLP's numbers: 0 unset, 1 ok, 2 error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCode(pub i32);

impl SpanKind {
    /// A call to another service.
    pub const CLIENT: SpanKind = SpanKind(3);
}

impl StatusCode {
    /// It failed.
    pub const ERROR: StatusCode = StatusCode(2);
}

/// An enum of OTLP: its number, or its name with or without the prefix.
pub(crate) struct EnumVisitor {
    pub(crate) prefix: &'static str,
    pub(crate) names: &'static [&'static str],
}

impl Visitor<'_> for EnumVisitor {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number or a name ({}…)", self.prefix)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i32, E> {
        i32::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i32, E> {
        if value.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(&value) {
            Ok(value as i32)
        } else {
            Err(E::invalid_value(Unexpected::Float(value), &self))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i32, E> {
        let upper = text.trim().to_ascii_uppercase();
        let bare = upper.strip_prefix(self.prefix).unwrap_or(&upper);
        match self.names.iter().position(|name| *name == bare) {
            Some(number) => Ok(number as i32),
            None if bare.is_empty() => Ok(0),
            None => match bare.parse::<u16>() {
                Ok(number) => Ok(i32::from(number)),
                Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
            },
        }
    }

    fn visit_unit<E>(self) -> Result<i32, E> {
        Ok(0)
    }
}

impl Read for SpanKind {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = &[
            "UNSPECIFIED",
            "INTERNAL",
            "SERVER",
            "CLIENT",
            "PRODUCER",
            "CONSUMER",
        ];
        let visitor = EnumVisitor {
            prefix: "SPAN_KIND_",
            names,
        };
        deserializer.deserialize_any(visitor).map(SpanKind)
    }
}

impl Read for StatusCode {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = &["UNSET", "OK", "ERROR"];
        let visitor = EnumVisitor {
            prefix: "STATUS_CODE_",
            names,
        };
        deserializer.deserialize_any(visitor).map(StatusCode)
    }
}

impl Serialize for SpanKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.0)
    }
}

impl Serialize for StatusCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.0)
    }
}
