//! Exceptions: OpenTelemetry's three attributes, and under our own names what they cannot say.

use super::record::Draft;
use crate::convert::attrs::{Any, Attrs, to_any};
use crate::convert::fingerprint;
use farol_protocol::exception::{Cause, Crumb, Exception, Frame, Stacktrace};
use farol_protocol::map::Attributes;
use farol_protocol::names::{attr, otel_event};
use farol_protocol::time::{Time, to_iso};
use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use std::borrow::Cow;
use std::fmt::Write;

pub(super) fn fill<'a>(draft: &mut Draft<'a>, exception: &'a Exception) {
    draft.event_name = otel_event::EXCEPTION.into();
    (draft.severity, draft.severity_text) = match (exception.fatal, exception.handled) {
        (Some(true), _) => (SeverityNumber::Fatal, "FATAL".into()),
        (_, Some(true)) => (SeverityNumber::Warn, "WARN".into()),
        // Faro does not say who caught it; its own pages count each as an error.
        _ => (SeverityNumber::Error, "ERROR".into()),
    };
    let head = head(&exception.kind, &exception.value);
    let out = &mut draft.attributes;
    out.text(attr::EXCEPTION_TYPE, &exception.kind);
    out.text(attr::EXCEPTION_MESSAGE, &exception.value);
    if !exception.stacktrace.frames.is_empty() || !exception.causes.is_empty() {
        out.text(attr::EXCEPTION_STACKTRACE, stack(&head, exception));
    }
    list(
        draft,
        attr::EXCEPTION_FRAMES,
        exception.stacktrace.frames.iter().map(frame),
    );
    let out = &mut draft.attributes;
    out.under(
        || [attr::EXTRA, "stacktrace."].concat(),
        exception.stacktrace.extra.iter(),
    );
    out.text(attr::EXCEPTION_FINGERPRINT, fingerprint::of(exception));
    if let Some(count) = exception.count {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        out.put(attr::EXCEPTION_COUNT, Any::Int(count));
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

fn list<'a>(draft: &mut Draft<'a>, name: &'a str, values: impl Iterator<Item = Any<'a>>) {
    let values: Vec<Any<'a>> = values.collect();
    if !values.is_empty() {
        draft.attributes.put(name, Any::List(values));
    }
}

fn head<'a>(kind: &'a str, value: &'a str) -> Cow<'a, str> {
    match (kind, value) {
        ("", value) => value.into(),
        (kind, "") => kind.into(),
        (kind, value) => [kind, ": ", value].concat().into(),
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
        out.push_str("\n    at ");
        let named = !matches!(frame.function.as_str(), "" | "?");
        if named {
            out.push_str(&frame.function);
            out.push_str(" (");
        }
        out.push_str(&frame.filename);
        for number in [frame.lineno, frame.colno].into_iter().flatten() {
            // Writing to a string cannot fail.
            let _ = write!(out, ":{number}");
        }
        if named {
            out.push(')');
        }
    }
}

/// An object of an attribute, without what is absent. What has one of our names and is not ours steps aside, as among attributes.
#[derive(Default)]
struct Object<'a>(Attrs<'a>);

impl<'a> Object<'a> {
    fn put(mut self, key: &'a str, value: Option<Any<'a>>) -> Self {
        if let Some(value) = value {
            self.0.put(key, value);
        }
        self
    }

    fn text(self, key: &'a str, text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        let value = (!text.is_empty()).then_some(Any::Text(text));
        self.put(key, value)
    }

    fn number(self, key: &'a str, number: Option<u64>) -> Self {
        let number = number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        self.put(key, number.map(Any::Int))
    }

    fn list(self, key: &'a str, values: impl Iterator<Item = Any<'a>>) -> Self {
        let values: Vec<Any<'a>> = values.collect();
        let value = (!values.is_empty()).then_some(Any::List(values));
        self.put(key, value)
    }

    fn pairs(self, key: &'a str, pairs: &'a Attributes) -> Self {
        let pairs = crate::convert::attrs::pairs(pairs.iter());
        let value = (!pairs.is_empty()).then_some(Any::Pairs(pairs));
        self.put(key, value)
    }

    fn extra(mut self, extra: &'a Attributes) -> Any<'a> {
        for (name, value) in extra.iter() {
            self.0.free(name, to_any(value));
        }
        Any::Pairs(self.0.into_list())
    }
}

fn frame(frame: &Frame) -> Any<'_> {
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

fn cause(cause: &Cause) -> Any<'_> {
    Object::default()
        .text("type", &cause.kind)
        .text("message", &cause.value)
        .list("frames", cause.stacktrace.frames.iter().map(frame))
        .pairs("stacktrace", &cause.stacktrace.extra)
        .extra(&cause.extra)
}

fn crumb(crumb: &Crumb) -> Any<'_> {
    let time = match &crumb.time {
        Time::Missing => Cow::default(),
        Time::At(nanos) => to_iso(*nanos).into(),
        Time::Unreadable(text) => text.as_str().into(),
    };
    Object::default()
        .text("time", time)
        .text("kind", &crumb.kind)
        .text("message", &crumb.message)
        .extra(&crumb.extra)
}
