//! Exceptions: OpenTelemetry's three attributes, and under our own names what they cannot say.

use super::record::Draft;
use crate::convert::attrs::any;
use farol_protocol::exception::{Cause, Crumb, Exception, Frame, Stacktrace};
use farol_protocol::map::Attributes;
use farol_protocol::names::{attr, otel_event};
use farol_protocol::time::{Time, to_iso};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use std::fmt::Write;

pub(super) fn fill(draft: &mut Draft, exception: &Exception) {
    draft.event_name = otel_event::EXCEPTION.to_owned();
    (draft.severity, draft.severity_text) = match (exception.fatal, exception.handled) {
        (Some(true), _) => (SeverityNumber::Fatal, "FATAL".to_owned()),
        (_, Some(true)) => (SeverityNumber::Warn, "WARN".to_owned()),
        // Faro does not say who caught it; its own pages count each as an error.
        _ => (SeverityNumber::Error, "ERROR".to_owned()),
    };
    let head = head(&exception.kind, &exception.value);
    let out = &mut draft.attributes;
    out.text(attr::EXCEPTION_TYPE, &exception.kind);
    out.text(attr::EXCEPTION_MESSAGE, &exception.value);
    if !exception.stacktrace.frames.is_empty() || !exception.causes.is_empty() {
        out.text(attr::EXCEPTION_STACKTRACE, &stack(&head, exception));
    }
    list(
        draft,
        attr::EXCEPTION_FRAMES,
        exception.stacktrace.frames.iter().map(frame),
    );
    let out = &mut draft.attributes;
    out.under(
        &format!("{}stacktrace.", attr::EXTRA),
        exception.stacktrace.extra.iter(),
    );
    out.text(attr::EXCEPTION_FINGERPRINT, &exception.fingerprint);
    if let Some(count) = exception.count {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        out.put(attr::EXCEPTION_COUNT, Value::IntValue(count));
    }
    out.flag(attr::EXCEPTION_HANDLED, exception.handled);
    out.flag(attr::EXCEPTION_FATAL, exception.fatal);
    out.text(attr::EXCEPTION_MECHANISM, &exception.mechanism);
    list(
        draft,
        attr::EXCEPTION_CAUSES,
        exception.causes.iter().map(cause),
    );
    list(
        draft,
        attr::EXCEPTION_TRAIL,
        exception.trail.iter().map(crumb),
    );
    draft.body = Some(head);
}

fn list(draft: &mut Draft, name: &str, values: impl Iterator<Item = AnyValue>) {
    let values: Vec<AnyValue> = values.collect();
    if !values.is_empty() {
        draft
            .attributes
            .put(name, Value::ArrayValue(ArrayValue { values }));
    }
}

fn head(kind: &str, value: &str) -> String {
    match (kind, value) {
        ("", value) => value.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, value) => format!("{kind}: {value}"),
    }
}

/// The stack as V8 prints it, causes included, so that tools that read JavaScript stacks read this one.
fn stack(head: &str, exception: &Exception) -> String {
    let mut out = head.to_owned();
    frames(&mut out, &exception.stacktrace);
    for cause in &exception.causes {
        out.push_str("\nCaused by: ");
        out.push_str(&self::head(&cause.kind, &cause.value));
        frames(&mut out, &cause.stacktrace);
    }
    out
}

fn frames(out: &mut String, stack: &Stacktrace) {
    for frame in stack.frames.iter() {
        let mut place = frame.filename.clone();
        for number in [frame.lineno, frame.colno].into_iter().flatten() {
            // Writing to a string cannot fail.
            let _ = write!(place, ":{number}");
        }
        let _ = match frame.function.as_str() {
            "" | "?" => write!(out, "\n    at {place}"),
            function => write!(out, "\n    at {function} ({place})"),
        };
    }
}

/// An object of an attribute, without what is absent.
#[derive(Default)]
struct Object(Vec<KeyValue>);

impl Object {
    fn put(mut self, key: &str, value: Option<AnyValue>) -> Self {
        if let Some(value) = value {
            self.0.push(KeyValue {
                key: key.to_owned(),
                value: Some(value),
                ..KeyValue::default()
            });
        }
        self
    }

    fn text(self, key: &str, text: &str) -> Self {
        let value = (!text.is_empty()).then(|| any(Value::StringValue(text.to_owned())));
        self.put(key, value)
    }

    fn number(self, key: &str, number: Option<u64>) -> Self {
        let number = number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        self.put(key, number.map(|number| any(Value::IntValue(number))))
    }

    fn list(self, key: &str, values: impl Iterator<Item = AnyValue>) -> Self {
        let values: Vec<AnyValue> = values.collect();
        let value = (!values.is_empty()).then(|| any(Value::ArrayValue(ArrayValue { values })));
        self.put(key, value)
    }

    fn extra(mut self, extra: &Attributes) -> AnyValue {
        self.0.extend(crate::convert::attrs::pairs(extra.iter()));
        any(Value::KvlistValue(KeyValueList { values: self.0 }))
    }
}

fn frame(frame: &Frame) -> AnyValue {
    Object::default()
        .text("function", &frame.function)
        .text("filename", &frame.filename)
        .number("lineno", frame.lineno)
        .number("colno", frame.colno)
        .text("module", &frame.module)
        .text("bundle_id", &frame.bundle_id)
        .text("release", &frame.release)
        .text("debug_id", &frame.debug_id)
        .extra(&frame.extra)
}

fn cause(cause: &Cause) -> AnyValue {
    Object::default()
        .text("type", &cause.kind)
        .text("message", &cause.value)
        .list("frames", cause.stacktrace.frames.iter().map(frame))
        .extra(&cause.extra)
}

fn crumb(crumb: &Crumb) -> AnyValue {
    let time = match &crumb.time {
        Time::Missing => String::new(),
        Time::At(nanos) => to_iso(*nanos),
        Time::Unreadable(text) => text.clone(),
    };
    Object::default()
        .text("time", &time)
        .text("kind", &crumb.kind)
        .text("message", &crumb.message)
        .extra(&crumb.extra)
}
