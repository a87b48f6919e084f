//! A line for a log record that came as OTLP. Neither receiver knows such records; these lines have the keys that theirs would have
//! for a log, an event or an exception of the same content, so that the dashboards that read them find it.

use farol_protocol::names::attr;
use farol_protocol::signals::LogRecord as Given;
use farol_protocol::time::Time;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use xxhash_rust::xxh3::xxh3_64;

use super::{Line, alike, cut, go, logfmt, named, text};
use crate::record::Header;

/// What the line of an exception says under names of its own.
const SAID: [&str; 3] = [
    attr::EXCEPTION_TYPE,
    attr::EXCEPTION_MESSAGE,
    attr::EXCEPTION_STACKTRACE,
];

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

/// Alloy's: the time of arrival on the record, as on its other lines. Returned is what the record says no more.
pub(in crate::convert) fn alloy(
    header: &Header,
    index: u32,
    source: &Source<'_>,
    record: &mut LogRecord,
) -> Vec<KeyValue> {
    record.time_unix_nano = header.received_ns.saturating_add(u64::from(index));
    let line = source.line(go::time_string(source.time()), false);
    let hash = line.0.iter().find(|(name, _)| name == "hash");
    let hash = hash.map(|(_, hash)| hash.clone());
    source.put(record, &line, hash)
}

/// The OpenTelemetry Collector's.
pub(in crate::convert) fn contrib(source: &Source<'_>, record: &mut LogRecord) -> Vec<KeyValue> {
    let line = source.line(go::time_millis(source.time()), true);
    let message = source.said(attr::EXCEPTION_MESSAGE);
    let exception = source.given.is_exception();
    let hash = exception.then(|| xxh3_64(alike(&message).as_bytes()).to_string());
    source.put(record, &line, hash)
}

/// What a line is made of.
pub(in crate::convert) struct Source<'a> {
    given: &'a Given,
    /// What its resource says.
    resource: &'a [KeyValue],
    /// What stands on the record that it did not bring: the visitor, the app's labels, its address' template.
    added: Vec<KeyValue>,
}

impl<'a> Source<'a> {
    /// Of a record that came, and the one that was made of it.
    pub(in crate::convert) fn new(
        given: &'a Given,
        resource: &'a [KeyValue],
        made: &LogRecord,
    ) -> Self {
        let own = |name: &str| given.attributes.get(name).is_some();
        let added = made.attributes.iter();
        let added = added.filter(|it| it.key == attr::LOG_RECORD_UID || !own(&it.key));
        Self {
            given,
            resource,
            added: added.cloned().collect(),
        }
    }

    /// When it happened, else when it was seen.
    fn time(&self) -> &Time {
        match &self.given.time.0 {
            Time::Missing => &self.given.observed.0,
            time => time,
        }
    }

    /// Puts the line in the place of the body. Beside it stays what it does not say, which log stores keep as structured metadata: what was added, and the
    /// resource, of which they see nothing else. What the record had and has no more is returned.
    fn put(&self, record: &mut LogRecord, line: &Line, hash: Option<String>) -> Vec<KeyValue> {
        let kind = line.0.iter().find(|(name, _)| name == "kind");
        let kind = kind.map(|(_, kind)| named("kind", kind.clone()));
        let hash = hash.map(|hash| named("hash", hash));
        let mut beside: Vec<_> = kind.into_iter().chain(hash).collect();
        for attribute in self.added.iter().chain(self.resource) {
            let stands = beside.iter().any(|it| it.key == attribute.key);
            if !stands && !self.is_at_the_end(&attribute.key) {
                beside.push(attribute.clone());
            }
        }
        let mut said = std::mem::replace(&mut record.attributes, beside);
        said.retain(|it| !record.attributes.iter().any(|own| own.key == it.key));
        let said = said.into_iter().map(cut).collect();
        record.body = Some(text(logfmt::write(line)));
        said
    }

    /// An attribute of the record, else of its resource, else what was added.
    fn said(&self, name: &str) -> String {
        if let Some(own) = self.given.attributes.get(name) {
            return own.to_text();
        }
        let mut others = self.resource.iter().chain(&self.added);
        let found = others.find(|it| it.key == name);
        match found.and_then(|it| it.value.as_ref()?.value.as_ref()) {
            Some(Value::StringValue(text)) => text.clone(),
            Some(Value::BoolValue(flag)) => flag.to_string(),
            Some(Value::IntValue(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    /// Whether the end of the line says this attribute. Of two names for the same it says the first that there is.
    fn is_at_the_end(&self, name: &str) -> bool {
        let known = META.iter().find(|(_, names)| names.contains(&name));
        known.is_some_and(|(_, names)| {
            let first = names.iter().find(|it| !self.said(it).is_empty());
            first.is_none_or(|first| *first == name)
        })
    }

    fn line(&self, timestamp: String, levels: bool) -> Line {
        let given = self.given;
        let mut line = Line::default();
        line.set("timestamp", timestamp);
        let exception = given.is_exception();
        let level = match given.severity_text.is_empty() {
            true => given.severity_number.word().unwrap_or("info").to_owned(),
            false => given.severity_text.to_ascii_lowercase(),
        };
        let level = match (levels, exception) {
            (true, true) => "error",
            _ => level.as_str(),
        };
        let body = given.body.0.to_text();
        if exception {
            line.set("kind", "exception".to_owned());
            if levels {
                line.add("level", level);
            }
            let message = self.said(attr::EXCEPTION_MESSAGE);
            line.add("type", &self.said(attr::EXCEPTION_TYPE));
            line.add("value", &message);
            line.add("stacktrace", &self.said(attr::EXCEPTION_STACKTRACE));
            if !levels {
                line.set("hash", xxh3_64(message.as_bytes()).to_string());
            }
            line.add("context_body", &body);
            self.rest(&mut line, "context_", &SAID);
        } else if given.event_name.is_empty() {
            line.set("kind", "log".to_owned());
            line.add("message", &body);
            line.add("level", level);
            self.rest(&mut line, "context_", &[]);
        } else {
            line.set("kind", "event".to_owned());
            if levels {
                line.add("level", level);
            }
            line.add("event_name", &given.event_name);
            line.add("event_data_body", &body);
            self.rest(&mut line, "event_data_", &[]);
        }
        line.add("traceID", &given.trace_id);
        line.add("spanID", &given.span_id);
        for (key, names) in META {
            let mut found = names.iter().map(|name| self.said(name));
            line.add(key, &found.find(|it| !it.is_empty()).unwrap_or_default());
        }
        line
    }

    /// The record's own attributes, sorted, without those that stand under a name of their own.
    fn rest(&self, line: &mut Line, prefix: &str, without: &[&str]) {
        for (name, value) in self.given.attributes.sorted() {
            if !without.contains(&name) && !self.is_at_the_end(name) {
                line.add(&format!("{prefix}{name}"), &value.to_text());
            }
        }
    }
}
