//! A conversion whose texts are still those of the payload that it was made from: what `semconv` makes, and what then becomes OTLP's own
//! types or its bytes.

use std::borrow::Cow;

use farol_protocol::map::Attributes;
use farol_protocol::names::attr;
use farol_protocol::span as wire;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Owned;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use super::attrs::{Attrs, Pair, owned};

/// All of a payload.
pub(super) struct Tree<'a> {
    /// None where there is no record.
    pub(super) logs: Option<Branch<'a, Record<'a>>>,
    pub(super) traces: Vec<Branch<'a, Spanned<'a>>>,
}

/// What hangs under one resource.
pub(super) struct Branch<'a, T> {
    pub(super) resource: Resource<'a>,
    pub(super) schema_url: &'a str,
    pub(super) scopes: Vec<Twig<'a, T>>,
}

/// What hangs under one scope.
pub(super) struct Twig<'a, T> {
    pub(super) scope: Scope<'a>,
    pub(super) schema_url: &'a str,
    pub(super) items: Vec<T>,
}

#[derive(Clone)]
pub(super) struct Resource<'a> {
    pub(super) attributes: Attrs<'a>,
    pub(super) dropped: u32,
}

pub(super) struct Scope<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) attributes: Vec<Pair<'a>>,
    pub(super) dropped: u32,
}

/// A log record.
pub(super) struct Record<'a> {
    pub(super) time_ns: u64,
    pub(super) observed_ns: u64,
    pub(super) severity: i32,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) body: Option<Cow<'a, str>>,
    pub(super) attributes: Vec<Pair<'a>>,
    pub(super) flags: u32,
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span_id: Option<[u8; 8]>,
    pub(super) event_name: Cow<'a, str>,
}

/// A span, its attributes apart from it.
pub(super) struct Spanned<'a> {
    pub(super) span: Span,
    pub(super) attributes: Vec<Pair<'a>>,
}

impl<'a> Scope<'a> {
    /// As it came, with what is not known of it and of the group under it.
    pub(super) fn given(scope: &'a wire::Scope, group: &'a Attributes) -> Self {
        let mut attributes = Attrs::of(super::attrs::pairs(scope.attributes.iter()));
        let prefix = || [attr::EXTRA, "scope."].concat();
        attributes.under(prefix, scope.extra.iter());
        attributes.under(prefix, group.iter());
        Scope {
            name: &scope.name,
            version: &scope.version,
            attributes: attributes.into_list(),
            dropped: super::spans::count(scope.dropped_attributes_count),
        }
    }

    /// In OTLP's own types.
    pub(super) fn owned(&self) -> InstrumentationScope {
        InstrumentationScope {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            attributes: owned(&self.attributes),
            dropped_attributes_count: self.dropped,
        }
    }
}

impl Resource<'_> {
    fn owned(&self) -> v1::Resource {
        v1::Resource {
            attributes: self.attributes.owned(),
            dropped_attributes_count: self.dropped,
            ..v1::Resource::default()
        }
    }
}

impl Record<'_> {
    fn owned(self) -> LogRecord {
        let body = |text: Cow<'_, str>| AnyValue {
            value: Some(Owned::StringValue(text.into_owned())),
        };
        LogRecord {
            time_unix_nano: self.time_ns,
            observed_time_unix_nano: self.observed_ns,
            severity_number: self.severity,
            severity_text: self.severity_text.into_owned(),
            body: self.body.map(body),
            attributes: owned(&self.attributes),
            flags: self.flags,
            trace_id: self.trace_id.map(Vec::from).unwrap_or_default(),
            span_id: self.span_id.map(Vec::from).unwrap_or_default(),
            event_name: self.event_name.into_owned(),
            dropped_attributes_count: 0,
        }
    }
}

impl Spanned<'_> {
    fn owned(mut self) -> Span {
        self.span.attributes = owned(&self.attributes);
        self.span
    }
}

impl Tree<'_> {
    /// In OTLP's own types.
    pub(super) fn owned(self) -> super::Otlp {
        let logs = self.logs.map(|it| ResourceLogs {
            resource: Some(it.resource.owned()),
            schema_url: it.schema_url.to_owned(),
            scope_logs: (it.scopes.into_iter())
                .map(|it| ScopeLogs {
                    scope: Some(it.scope.owned()),
                    schema_url: it.schema_url.to_owned(),
                    log_records: it.items.into_iter().map(Record::owned).collect(),
                })
                .collect(),
        });
        let traces = self.traces.into_iter().map(|it| ResourceSpans {
            resource: Some(it.resource.owned()),
            schema_url: it.schema_url.to_owned(),
            scope_spans: (it.scopes.into_iter())
                .map(|it| ScopeSpans {
                    scope: Some(it.scope.owned()),
                    schema_url: it.schema_url.to_owned(),
                    spans: it.items.into_iter().map(Spanned::owned).collect(),
                })
                .collect(),
        });
        super::Otlp {
            logs: logs.into_iter().collect(),
            traces: traces.collect(),
            ..super::Otlp::default()
        }
    }
}
