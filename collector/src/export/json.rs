//! OTLP/JSON, as the OpenTelemetry Collector's otlpjsonfile receiver reads it.
//!
//! Written here rather than by opentelemetry-proto's serde: that writes `null` for what is absent and for NaN, which readers take for
//! an error, and it needs the request owned. The rules (protobuf's JSON mapping with OTLP's changes): lowerCamelCase names, defaults
//! left out, 64-bit integers as strings, enums as numbers, trace and span ids in hex, other bytes in base64.

mod metric;
mod value;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, span};

use super::group::{Group, Item};
pub(crate) use metric::metric;
pub(crate) use value::{
    MAX_DEPTH, Object, boolean as write_boolean, double as write_double, list as write_list,
    map as write_map, text as write_text,
};

/// About what an item comes to, so that the buffer rarely moves while it grows.
const USUAL_ITEM: usize = 3_072;

/// One export request as one JSON object, without a line end.
pub(crate) fn request<T: Item>(groups: &[Group<'_, T>]) -> Vec<u8> {
    let [resources, scopes, items] = T::LEVELS;
    let under = groups.iter().flat_map(|group| &group.scopes);
    let count: usize = under.map(|scoped| scoped.items.len()).sum();
    let mut out = Vec::with_capacity(USUAL_ITEM * count);
    let mut request = Object::new(&mut out);
    request.list(resources, groups, |out, group| {
        let mut it = Object::new(out);
        if let Some(resource) = group.resource {
            it.object("resource", |it| fill_resource(it, resource));
        }
        it.list(scopes, &group.scopes, |out, scoped| {
            let mut it = Object::new(out);
            if let Some(scope) = scoped.scope {
                it.object("scope", |it| fill_scope(it, scope));
            }
            it.list(items, &scoped.items, |out, item| item.write_json(out));
            it.text("schemaUrl", scoped.schema_url);
            it.end();
        });
        it.text("schemaUrl", group.schema_url);
        it.end();
    });
    request.end();
    out
}

fn fill_resource(it: &mut Object<'_>, resource: &Resource) {
    it.attributes("attributes", &resource.attributes);
    it.number(
        "droppedAttributesCount",
        resource.dropped_attributes_count.into(),
    );
    it.list("entityRefs", &resource.entity_refs, |out, entity| {
        let mut it = Object::new(out);
        it.text("schemaUrl", &entity.schema_url);
        it.text("type", &entity.r#type);
        it.list("idKeys", &entity.id_keys, |out, key| value::text(out, key));
        it.list("descriptionKeys", &entity.description_keys, |out, key| {
            value::text(out, key);
        });
        it.end();
    });
}

fn fill_scope(it: &mut Object<'_>, scope: &InstrumentationScope) {
    it.text("name", &scope.name);
    it.text("version", &scope.version);
    it.attributes("attributes", &scope.attributes);
    it.number(
        "droppedAttributesCount",
        scope.dropped_attributes_count.into(),
    );
}

pub(crate) fn resource(resource: &Resource, out: &mut Vec<u8>) {
    let mut it = Object::new(out);
    fill_resource(&mut it, resource);
    it.end();
}

pub(crate) fn scope(scope: &InstrumentationScope, out: &mut Vec<u8>) {
    let mut it = Object::new(out);
    fill_scope(&mut it, scope);
    it.end();
}

pub(crate) fn log_record(record: &LogRecord, out: &mut Vec<u8>) {
    let mut it = Object::new(out);
    it.long("timeUnixNano", record.time_unix_nano);
    it.long("observedTimeUnixNano", record.observed_time_unix_nano);
    it.number("severityNumber", record.severity_number.into());
    it.text("severityText", &record.severity_text);
    it.any("body", record.body.as_ref());
    it.attributes("attributes", &record.attributes);
    it.number(
        "droppedAttributesCount",
        record.dropped_attributes_count.into(),
    );
    it.number("flags", record.flags.into());
    it.hex("traceId", &record.trace_id);
    it.hex("spanId", &record.span_id);
    it.text("eventName", &record.event_name);
    it.end();
}

pub(crate) fn span(span: &Span, out: &mut Vec<u8>) {
    let mut it = Object::new(out);
    it.hex("traceId", &span.trace_id);
    it.hex("spanId", &span.span_id);
    it.text("traceState", &span.trace_state);
    it.hex("parentSpanId", &span.parent_span_id);
    it.number("flags", span.flags.into());
    it.text("name", &span.name);
    it.number("kind", span.kind.into());
    it.long("startTimeUnixNano", span.start_time_unix_nano);
    it.long("endTimeUnixNano", span.end_time_unix_nano);
    it.attributes("attributes", &span.attributes);
    it.number(
        "droppedAttributesCount",
        span.dropped_attributes_count.into(),
    );
    it.list("events", &span.events, span_event);
    it.number("droppedEventsCount", span.dropped_events_count.into());
    it.list("links", &span.links, span_link);
    it.number("droppedLinksCount", span.dropped_links_count.into());
    if let Some(status) = &span.status {
        it.object("status", |it| {
            it.text("message", &status.message);
            it.number("code", status.code.into());
        });
    }
    it.end();
}

fn span_event(out: &mut Vec<u8>, event: &span::Event) {
    let mut it = Object::new(out);
    it.long("timeUnixNano", event.time_unix_nano);
    it.text("name", &event.name);
    it.attributes("attributes", &event.attributes);
    it.number(
        "droppedAttributesCount",
        event.dropped_attributes_count.into(),
    );
    it.end();
}

fn span_link(out: &mut Vec<u8>, link: &span::Link) {
    let mut it = Object::new(out);
    it.hex("traceId", &link.trace_id);
    it.hex("spanId", &link.span_id);
    it.text("traceState", &link.trace_state);
    it.attributes("attributes", &link.attributes);
    it.number(
        "droppedAttributesCount",
        link.dropped_attributes_count.into(),
    );
    it.number("flags", link.flags.into());
    it.end();
}

#[cfg(test)]
mod tests;
