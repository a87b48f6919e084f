//! The log lines that Faro's two open receivers write, byte for byte, for dashboards that read them.

mod alike;
pub(super) mod alloy;
pub(super) mod contrib;
mod go;
mod logfmt;
mod meta;
pub(super) mod record;

pub(super) use alike::alike;

use farol_protocol::exception::Exception;
use farol_protocol::item::{Item, TraceContext};
use farol_protocol::map::Attributes;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// What neither receiver knows, by the start of its name in OpenTelemetry's dialect.
const UNKNOWN: &[&str] = &[
    attr::USER_FULL_NAME,
    attr::USER_HASH,
    attr::USER_ROLES,
    attr::VCS_REVISION,
    "farol.session.override.",
    attr::EXCEPTION_FINGERPRINT,
    attr::EXCEPTION_COUNT,
    attr::EXCEPTION_HANDLED,
    attr::EXCEPTION_MECHANISM,
    attr::EXCEPTION_CAUSES,
    attr::EXCEPTION_TRAIL,
    "farol.sampling.",
    "farol.batch.",
    attr::CLIENT_ID,
    attr::ITEM_SEQUENCE,
    attr::URL_TEMPLATE,
    attr::EXTRA,
];

/// Of a text that a line says no more than this is kept beside it: labels are made of such attributes, and a longer text is none.
const SAID_BYTES: usize = 256;

/// The attributes beside a line: the kind, an exception's hash, and what the line does not say, which log stores keep as
/// structured metadata. Then those that the line says.
fn beside(
    payload: &Payload,
    item: Item<'_>,
    hash: fn(&Exception) -> String,
    rich: Vec<KeyValue>,
    dropped: &[&str],
) -> (Vec<KeyValue>, Vec<KeyValue>) {
    let mut out = vec![named("kind", item.kind().name().to_owned())];
    if let Item::Exception(exception) = item {
        out.push(named("hash", hash(exception)));
    }
    let known_to_neither = |name: &str| {
        UNKNOWN
            .iter()
            .chain(dropped)
            .any(|start| name.starts_with(start))
            || payload.farol.added.get(name).is_some()
            || name == attr::EXCEPTION_FRAMES && says_more(item)
    };
    // On the resource it would not reach a log store that takes the line and what stands beside it.
    let bundle = &payload.meta.app.bundle_id;
    if !bundle.is_empty() {
        out.push(named(attr::APP_BUILD_ID, bundle.clone()));
    }
    let mut said = Vec::with_capacity(rich.len());
    for attribute in rich {
        let stands = || out.iter().any(|own| own.key == attribute.key);
        match known_to_neither(&attribute.key) {
            true if stands() => {}
            true => out.push(attribute),
            false => said.push(cut(attribute)),
        }
    }
    (out, said)
}

fn cut(mut attribute: KeyValue) -> KeyValue {
    if let Some(AnyValue {
        value: Some(Value::StringValue(text)),
    }) = &mut attribute.value
        && text.len() > SAID_BYTES
    {
        text.truncate(text.floor_char_boundary(SAID_BYTES));
        text.shrink_to_fit();
    }
    attribute
}

/// Whether the frames of an exception say what the stack in its line does not: bundle, release, debug id, and what no field is for.
fn says_more(item: Item<'_>) -> bool {
    let Item::Exception(exception) = item else {
        return false;
    };
    (exception.stacktrace.frames.iter()).any(|it| {
        let named = [&it.bundle_id, &it.release, &it.debug_id];
        named.iter().any(|it| !it.is_empty()) || !it.extra.is_empty()
    })
}

fn named(name: &str, value: String) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(text(value)),
        ..KeyValue::default()
    }
}

fn text(text: String) -> AnyValue {
    AnyValue {
        value: Some(Value::StringValue(text)),
    }
}

/// What a line is made of: names and values in order. A name that is set again keeps its place and takes the new value,
/// as the ordered map of both receivers does.
#[derive(Debug, Clone, Default)]
pub(super) struct Line(Vec<(String, String)>);

impl Line {
    /// Adds a value unless it is empty.
    fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.set(name, value.to_owned());
        }
    }

    fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Adds a map's entries, sorted by name.
    fn under(&mut self, prefix: &str, map: &Attributes) {
        for (name, value) in map.sorted() {
            self.add(&format!("{prefix}{name}"), &value.to_text());
        }
    }

    fn trace(&mut self, trace: &TraceContext) {
        self.add("traceID", &trace.trace_id);
        self.add("spanID", &trace.span_id);
    }

    fn merge(&mut self, other: &Line) {
        for (name, value) in &other.0 {
            self.set(name, value.clone());
        }
    }
}
