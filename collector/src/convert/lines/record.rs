//! A line for a log record that came as OTLP. Neither receiver knows such records; these lines have the keys that theirs would have
//! for a log, an event or an exception of the same content, so that the dashboards that read them find it.

use farol_protocol::names::{attr, otel_event};
use farol_protocol::signals::{LogRecord as Given, ResourceLogs};
use farol_protocol::time::Time;
use farol_protocol::value::Value as Own;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use xxhash_rust::xxh3::xxh3_64;

use super::alike::alike;
use super::{Line, go, logfmt, named, text};
use crate::record::Header;

/// The end of a line, by the attribute that says it: of the resource, or of the record.
const META: &[(&str, &[&str])] = &[
    ("sdk_name", &[attr::TELEMETRY_SDK_NAME]),
    ("sdk_version", &[attr::TELEMETRY_SDK_VERSION]),
    ("app_name", &[attr::SERVICE_NAME]),
    ("app_namespace", &[attr::SERVICE_NAMESPACE]),
    ("app_version", &[attr::SERVICE_VERSION]),
    (
        "app_environment",
        &[
            attr::DEPLOYMENT_ENVIRONMENT,
            attr::DEPLOYMENT_ENVIRONMENT_OLD,
        ],
    ),
    ("user_email", &[attr::USER_EMAIL]),
    ("user_id", &[attr::USER_ID]),
    ("user_username", &[attr::USER_NAME]),
    ("session_id", &[attr::SESSION_ID]),
    ("page_url", &[attr::DOCUMENT_URL, attr::URL_FULL]),
    ("browser_name", &[attr::USER_AGENT_NAME]),
    ("browser_version", &[attr::USER_AGENT_VERSION]),
    ("browser_os", &[attr::BROWSER_PLATFORM]),
    ("browser_mobile", &[attr::BROWSER_MOBILE]),
    ("browser_userAgent", &[attr::USER_AGENT_ORIGINAL]),
    ("browser_language", &[attr::BROWSER_LANGUAGE]),
];

/// Alloy's: the time of arrival on the record, as on its other lines.
pub(in crate::convert) fn alloy(
    header: &Header,
    index: u32,
    resource: &ResourceLogs,
    given: &Given,
    record: &mut LogRecord,
) {
    record.time_unix_nano = header.received_ns.saturating_add(u64::from(index));
    let line = line(go::time_string(time(given)), false, resource, given);
    let hash = line.0.iter().find(|(name, _)| name == "hash");
    let hash = hash.map(|(_, hash)| hash.clone());
    put(record, &line, hash);
}

/// The OpenTelemetry Collector's.
pub(in crate::convert) fn contrib(resource: &ResourceLogs, given: &Given, record: &mut LogRecord) {
    let line = line(go::time_millis(time(given)), true, resource, given);
    let message = said(resource, given, attr::EXCEPTION_MESSAGE);
    let hash = is_exception(given).then(|| xxh3_64(alike(&message).as_bytes()).to_string());
    put(record, &line, hash);
}

/// When it happened, else when it was seen.
fn time(given: &Given) -> &Time {
    match &given.time.0 {
        Time::Missing => &given.observed.0,
        time => time,
    }
}

fn put(record: &mut LogRecord, line: &Line, hash: Option<String>) {
    let kind = line.0.iter().find(|(name, _)| name == "kind");
    let kind = kind.map(|(_, kind)| named("kind", kind.clone()));
    let hash = hash.map(|hash| named("hash", hash));
    let mut beside: Vec<_> = kind.into_iter().chain(hash).collect();
    let uid = record
        .attributes
        .iter()
        .find(|it| it.key == attr::LOG_RECORD_UID);
    if let Some(uid) = uid {
        beside.push(uid.clone());
    }
    record.attributes = beside;
    record.body = Some(text(logfmt::write(line)));
}

fn is_exception(given: &Given) -> bool {
    given.event_name == otel_event::EXCEPTION
        || given.attributes.get(attr::EXCEPTION_TYPE).is_some()
}

/// An attribute of the record, else of its resource.
fn said(resource: &ResourceLogs, given: &Given, name: &str) -> String {
    let own = given.attributes.get(name);
    let found = own.or_else(|| resource.resource.attributes.get(name));
    found.map(Own::to_text).unwrap_or_default()
}

fn line(timestamp: String, levels: bool, resource: &ResourceLogs, given: &Given) -> Line {
    let text = |name: &str| said(resource, given, name);
    let mut line = Line::default();
    line.set("timestamp", timestamp);
    let exception = is_exception(given);
    let level = match given.severity_text.is_empty() {
        true => level(given.severity_number.0).to_owned(),
        false => given.severity_text.to_ascii_lowercase(),
    };
    let level = match (levels, exception) {
        (true, true) => "error",
        _ => level.as_str(),
    };
    if exception {
        line.set("kind", "exception".to_owned());
        if levels {
            line.add("level", level);
        }
        let message = text(attr::EXCEPTION_MESSAGE);
        line.add("type", &text(attr::EXCEPTION_TYPE));
        line.add("value", &message);
        line.add("stacktrace", &text(attr::EXCEPTION_STACKTRACE));
        if !levels {
            line.set("hash", xxh3_64(message.as_bytes()).to_string());
        }
        rest(&mut line, "context_", given, &["exception."]);
    } else if given.event_name.is_empty() {
        line.set("kind", "log".to_owned());
        line.add("message", &given.body.0.to_text());
        line.add("level", level);
        rest(&mut line, "context_", given, &[]);
    } else {
        line.set("kind", "event".to_owned());
        if levels {
            line.add("level", level);
        }
        line.add("event_name", &given.event_name);
        line.add("event_data_body", &given.body.0.to_text());
        rest(&mut line, "event_data_", given, &[]);
    }
    line.add("traceID", &given.trace_id);
    line.add("spanID", &given.span_id);
    for (key, names) in META {
        let mut found = names.iter().map(|name| text(name));
        line.add(key, &found.find(|it| !it.is_empty()).unwrap_or_default());
    }
    line
}

/// The record's own attributes, sorted, without those that stand under a name of their own.
fn rest(line: &mut Line, prefix: &str, given: &Given, without: &[&str]) {
    for (name, value) in given.attributes.sorted() {
        let known = META.iter().any(|(_, names)| names.contains(&name));
        if !known && !without.iter().any(|start| name.starts_with(start)) {
            line.add(&format!("{prefix}{name}"), &value.to_text());
        }
    }
}

fn level(number: i32) -> &'static str {
    match number {
        1..=4 => "trace",
        5..=8 => "debug",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => "info",
    }
}
