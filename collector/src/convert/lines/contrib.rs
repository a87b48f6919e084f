//! What the OpenTelemetry Collector's Faro translation makes of a payload.

use super::{Line, alike, beside, go, logfmt, meta, text};
use crate::convert::attrs::{owned, pairs};
use crate::convert::ids::filled;
use crate::convert::{Otlp, semconv, spans};
use crate::record::Header;
use farol_protocol::exception::{Exception, stack_text};
use farol_protocol::item::{Action, Item, TraceContext};
use farol_protocol::meta::App;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::value::Value as Own;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use xxhash_rust::xxh3::xxh3_64;

/// What it leaves out of a line, by the start of its name in the other dialect.
const DROPPED: &[&str] = &[attr::LOG_RECORD_UID, "farol.time."];

/// The translation's name for the environment, older than OpenTelemetry's present one.
const ENVIRONMENT: &str = attr::DEPLOYMENT_ENVIRONMENT_OLD;

pub(in crate::convert) fn convert(header: &Header, payload: &Payload) -> Otlp {
    let shared = meta::contrib(payload, None);
    let rich = semconv::convert(header, payload).owned().logs;
    let rich = rich.into_iter().flat_map(|logs| {
        let resource = logs.resource.unwrap_or_default().attributes;
        let records = logs.scope_logs.into_iter();
        let records = records.flat_map(|scope| scope.log_records);
        records.map(move |record| (resource.clone(), record.attributes))
    });
    let (mut records, mut said) = (Vec::new(), Vec::new());
    for ((_, item), (mut in_line, rich)) in payload.items().zip(rich) {
        let Some((mut line, trace)) = line(item) else {
            continue;
        };
        match item.overrides() {
            None => line.merge(&shared),
            own => line.merge(&meta::contrib(payload, own)),
        }
        let (beside, own) = beside(payload, item, hash, rich, DROPPED);
        // Its resource says less than ours does.
        in_line.extend(own);
        said.push(in_line);
        records.push(LogRecord {
            observed_time_unix_nano: header.received_ns,
            body: Some(text(logfmt::write(&line))),
            attributes: beside,
            trace_id: filled::<16>(&trace.trace_id),
            span_id: filled::<8>(&trace.span_id),
            ..LogRecord::default()
        });
    }
    let app = &payload.meta.app;
    let mut otlp = Otlp {
        traces: spans::unchanged(&payload.traces),
        said,
        ..Otlp::default()
    };
    for resource in otlp
        .traces
        .iter_mut()
        .filter_map(|group| group.resource.as_mut())
    {
        overwrite(&mut resource.attributes, app);
    }
    if !records.is_empty() {
        let mut attributes = Vec::new();
        overwrite(&mut attributes, app);
        if !app.bundle_id.is_empty() {
            let bundle = Own::from(app.bundle_id.as_str());
            attributes.extend(owned(&pairs([("app_bundle_id", &bundle)].into_iter())));
        }
        otlp.logs.push(ResourceLogs {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            scope_logs: vec![ScopeLogs {
                scope: Some(InstrumentationScope::default()),
                log_records: records,
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        });
    }
    otlp
}

/// Sets the service's attributes; the first three always, even to nothing.
fn overwrite(attributes: &mut Vec<KeyValue>, app: &App) {
    let mut set = |name: &str, value: &str| {
        let value = Some(text(value.to_owned()));
        match attributes
            .iter_mut()
            .find(|attribute| attribute.key == name)
        {
            Some(attribute) => attribute.value = value,
            None => attributes.push(KeyValue {
                key: name.to_owned(),
                value,
                ..KeyValue::default()
            }),
        }
    };
    set(attr::SERVICE_NAME, &app.name);
    set(attr::SERVICE_VERSION, &app.version);
    set(ENVIRONMENT, &app.environment);
    if !app.namespace.is_empty() {
        set(attr::SERVICE_NAMESPACE, &app.namespace);
    }
}

/// The item's own part of its line.
fn line(item: Item<'_>) -> Option<(Line, &TraceContext)> {
    let mut line = Line::default();
    line.set("timestamp", go::time_millis(item.time()));
    line.set("kind", item.kind().name().to_owned());
    let trace = match item {
        Item::Log(log) => {
            line.add(
                "level",
                if log.level.is_empty() {
                    "info"
                } else {
                    &log.level
                },
            );
            line.add("message", &log.message);
            line.under("context_", &log.context);
            line.trace(&log.trace);
            action(&mut line, &log.action);
            &log.trace
        }
        Item::Exception(exception) => {
            line.add("level", "error");
            line.add("type", &exception.kind);
            line.add("value", &exception.value);
            if exception.fatal == Some(true) {
                line.add("fatal", "true");
            }
            line.add(
                "stacktrace",
                &stack_text(&exception.kind, &exception.value, &exception.stacktrace),
            );
            line.trace(&exception.trace);
            line.under("context_", &exception.context);
            action(&mut line, &exception.action);
            &exception.trace
        }
        Item::Measurement(measurement) => {
            line.add("level", "info");
            line.add("type", &measurement.kind);
            line.under("context_", &measurement.context);
            let values = measurement.values.sorted();
            for (name, value) in &values {
                line.set(name, go::fixed(**value));
            }
            line.trace(&measurement.trace);
            for (name, value) in &values {
                line.set(&format!("value_{name}"), go::shortest(**value));
            }
            action(&mut line, &measurement.action);
            &measurement.trace
        }
        Item::Event(event) => {
            line.add("level", "info");
            line.add("event_name", &event.name);
            line.add("event_domain", &event.domain);
            line.under("event_data_", &event.attributes);
            action(&mut line, &event.action);
            line.trace(&event.trace);
            &event.trace
        }
        Item::Span(..) => return None,
    };
    Some((line, trace))
}

fn action(line: &mut Line, action: &Action) {
    line.add("action_id", &action.id);
    line.add("action_name", &action.name);
    line.add("action_parent_id", &action.parent_id);
}

/// The number by which the Collector groups exceptions: of the message without what differs each time.
fn hash(exception: &Exception) -> String {
    xxh3_64(alike(&exception.value).as_bytes()).to_string()
}
