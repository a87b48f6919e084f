//! What an item has to say in a line, read from its OTLP form.

use farol_protocol::names::{attr, event, otel_event};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::captured;
use super::line::{Cell, Colour, Line, cell};
use super::text::{pad, pad_left};
use crate::hex::hex;

/// Attributes that say where an item comes from, not what it says.
const CIRCUMSTANCES: [&str; 15] = [
    "session.",
    "user.",
    "user_agent.",
    "browser.",
    "url.",
    "farol.",
    "geo.",
    "os.",
    "device.",
    "app.",
    "log.",
    "service.",
    "network.",
    "exception.",
    "vcs.",
];

pub(super) fn log(record: &LogRecord) -> Line {
    let it = Attributes(&record.attributes);
    let line = match record.event_name.as_str() {
        otel_event::WEB_VITAL => vital(it),
        otel_event::EXCEPTION => exception(it),
        otel_event::NAVIGATION | event::FARO_NAVIGATION => navigation(it),
        otel_event::SESSION_START | event::SESSION_START => session("start", it),
        event::SESSION_RESUME => session("resume", it),
        event::SESSION_EXTEND => session("extend", it),
        otel_event::SESSION_END | event::SESSION_END => session("end", it),
        event::VIEW_CHANGED => view(it),
        otel_event::MEASUREMENT => measurement(it),
        otel_event::NAVIGATION_TIMING => timing("load", it),
        otel_event::RESOURCE_TIMING => timing("file", it),
        "" => message(record),
        name => captured::line(name, it).unwrap_or_else(|| Line {
            kind: "event",
            colour: Colour::Blue,
            head: vec![cell(name, Colour::Bold)],
            main: cell(&it.own(), Colour::Dim),
            ..Line::default()
        }),
    };
    Line {
        session: it.text(attr::SESSION_ID),
        ..line
    }
}

fn vital(it: Attributes<'_>) -> Line {
    let name = it.text(attr::VITAL_NAME);
    let value = it.number(attr::VITAL_VALUE).unwrap_or(f64::NAN);
    let rating = it.text(attr::VITAL_RATING);
    let colour = match rating.as_str() {
        "good" => Colour::Green,
        "needs-improvement" => Colour::Yellow,
        "poor" => Colour::Red,
        _ => Colour::Plain,
    };
    let value = match name.as_str() {
        // The one vital without a unit.
        "cls" => format!("{value:.3}"),
        _ => duration(value),
    };
    let culprit = ["element", "interaction_target", "largest_shift_target"]
        .iter()
        .map(|key| it.text(&format!("{}{key}", attr::VITAL_ATTRIBUTION)))
        .find(|text| !text.is_empty());
    Line {
        kind: "vital",
        colour: Colour::Magenta,
        head: vec![
            cell(&pad(&name.to_uppercase(), 4), Colour::Bold),
            cell(&pad_left(&value, 8), colour),
            cell(&pad(&rating, 17), colour),
        ],
        main: cell(&culprit.unwrap_or_default(), Colour::Plain),
        tail: page(it),
        ..Line::default()
    }
}

fn exception(it: Attributes<'_>) -> Line {
    let kind = it.text(attr::EXCEPTION_TYPE);
    let message = it.text(attr::EXCEPTION_MESSAGE);
    let what = match (kind.is_empty(), message.is_empty()) {
        (false, false) => format!("{kind}: {message}"),
        _ => kind + &message,
    };
    let mut tail = Vec::new();
    if let Some(frame) = top_frame(&it.text(attr::EXCEPTION_STACKTRACE)) {
        tail.push(cell(frame, Colour::Dim));
    }
    if let Some(count) = it.number(attr::EXCEPTION_COUNT).filter(|n| *n > 1.0) {
        tail.push(cell(&format!("×{count}"), Colour::Yellow));
    }
    Line {
        kind: "error",
        colour: Colour::Red,
        main: cell(&what, Colour::Red),
        tail,
        ..Line::default()
    }
}

/// The first line of a stack that is a frame; the ones above repeat type and message.
fn top_frame(stack: &str) -> Option<&str> {
    stack
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("at "))
}

fn measurement(it: Attributes<'_>) -> Line {
    let values: Vec<String> =
        it.0.iter()
            .filter_map(|pair| {
                let name = pair.key.strip_prefix(attr::MEASUREMENT_VALUE)?;
                Some(format!("{name}={}", pair.value.as_ref().map(show)?))
            })
            .collect();
    Line {
        kind: "measure",
        colour: Colour::Magenta,
        head: vec![
            cell(&it.text(attr::MEASUREMENT_TYPE), Colour::Bold),
            cell(&values.join(" "), Colour::Plain),
        ],
        main: cell(&it.own(), Colour::Dim),
        ..Line::default()
    }
}

/// Timings of a page load or of a file, as other SDKs send them.
fn timing(kind: &'static str, it: Attributes<'_>) -> Line {
    let took = it.number(&format!("{}duration", attr::RESOURCE_TIMING));
    let took = took.map(duration).unwrap_or_default();
    Line {
        kind,
        colour: Colour::Blue,
        head: vec![cell(&pad_left(&took, 8), Colour::Plain)],
        main: cell(path(&it.text(attr::URL_FULL)), Colour::Plain),
        ..Line::default()
    }
}

fn navigation(it: Attributes<'_>) -> Line {
    let to = first(it, &[attr::URL_FULL, "url", "toUrl"]);
    let from = first(it, &[attr::NAVIGATION_FROM, "fromUrl"]);
    let main = match from.is_empty() {
        true => path(&to).to_owned(),
        false => format!("{} → {}", path(&from), path(&to)),
    };
    Line {
        kind: "nav",
        colour: Colour::Cyan,
        head: vec![cell(
            &pad(
                &first(it, &[attr::NAVIGATION_KIND, attr::NAVIGATION_TYPE]),
                8,
            ),
            Colour::Bold,
        )],
        main: cell(&main, Colour::Plain),
        ..Line::default()
    }
}

fn session(what: &str, it: Attributes<'_>) -> Line {
    let before = first(it, &[attr::SESSION_PREVIOUS_ID, "previousSession"]);
    let main = match before.is_empty() {
        true => String::new(),
        false => format!("after {before}"),
    };
    Line {
        kind: "session",
        colour: Colour::Cyan,
        head: vec![cell(&pad(what, 8), Colour::Bold)],
        main: cell(&main, Colour::Dim),
        tail: page(it),
        ..Line::default()
    }
}

fn view(it: Attributes<'_>) -> Line {
    let to = first(it, &["toView", attr::VIEW_NAME]);
    let from = first(it, &["fromView"]);
    let main = match from.is_empty() {
        true => String::new(),
        false => format!("from {from}"),
    };
    Line {
        kind: "view",
        colour: Colour::Cyan,
        head: vec![cell(&to, Colour::Bold)],
        main: cell(&main, Colour::Dim),
        ..Line::default()
    }
}

fn message(record: &LogRecord) -> Line {
    let (level, colour) = match record.severity_number {
        17.. => ("error", Colour::Red),
        13..=16 => ("warn", Colour::Yellow),
        9..=12 => ("info", Colour::Plain),
        5..=8 => ("debug", Colour::Dim),
        1..=4 => ("trace", Colour::Dim),
        _ => ("", Colour::Plain),
    };
    let body = record.body.as_ref().map(show).unwrap_or_default();
    let own = Attributes(&record.attributes).own();
    Line {
        kind: "log",
        colour: Colour::Blue,
        head: vec![cell(&pad(level, 5), colour)],
        main: cell(format!("{body}  {own}").trim_end(), colour),
        ..Line::default()
    }
}

pub(super) fn span(span: &Span) -> Line {
    let it = Attributes(&span.attributes);
    let took = span
        .end_time_unix_nano
        .saturating_sub(span.start_time_unix_nano);
    let took = cell(&pad_left(&duration(took as f64 / 1e6), 8), Colour::Plain);
    let tail = vec![cell(&hex(&span.trace_id), Colour::Dim)];
    let method = it.text("http.request.method");
    let line = if method.is_empty() {
        let failed = span.status.as_ref().is_some_and(|status| status.code == 2);
        let colour = if failed { Colour::Red } else { Colour::Bold };
        Line {
            kind: "span",
            colour: Colour::Blue,
            head: vec![took],
            main: cell(&span.name, colour),
            tail,
            ..Line::default()
        }
    } else {
        let status = it.number("http.response.status_code");
        let (status, colour) = match status {
            Some(code) if code >= 500.0 => (format!("{code}"), Colour::Red),
            Some(code) if code >= 400.0 => (format!("{code}"), Colour::Yellow),
            Some(code) => (format!("{code}"), Colour::Green),
            None => ("---".into(), Colour::Red),
        };
        let url = it.text(attr::URL_FULL);
        let why = it.text("error.type");
        let main = match why.parse::<u16>() {
            Err(_) if !why.is_empty() => format!("{}  {why}", path(&url)),
            _ => path(&url).to_owned(),
        };
        Line {
            kind: "fetch",
            colour: Colour::Green,
            head: vec![
                cell(&pad(&method, 4), Colour::Bold),
                cell(&status, colour),
                took,
            ],
            main: cell(&main, Colour::Plain),
            tail,
            ..Line::default()
        }
    };
    Line {
        session: it.text(attr::SESSION_ID),
        ..line
    }
}

fn page(it: Attributes<'_>) -> Vec<Cell> {
    let url = first(it, &[attr::URL_FULL, attr::DOCUMENT_URL]);
    match url.is_empty() {
        true => Vec::new(),
        false => vec![cell(&format!("on {}", path(&url)), Colour::Dim)],
    }
}

/// The path of an address: host and query take room and say little on one's own site.
pub(super) fn path(url: &str) -> &str {
    let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest,
        None => return url,
    };
    match rest.find('/') {
        Some(at) => &rest[at..],
        None => "/",
    }
}

/// Milliseconds for people.
pub(super) fn duration(ms: f64) -> String {
    match ms {
        ms if ms.is_nan() => "?".into(),
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.2} s", ms / 1_000.0),
    }
}

fn first(it: Attributes<'_>, keys: &[&str]) -> String {
    keys.iter()
        .map(|key| it.text(key))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(&'a [KeyValue]);

impl Attributes<'_> {
    fn get(&self, key: &str) -> Option<&AnyValue> {
        self.0.iter().find(|it| it.key == key)?.value.as_ref()
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.get(key).map(show).unwrap_or_default()
    }

    pub(super) fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)?.value.as_ref()? {
            Value::DoubleValue(value) => Some(*value),
            Value::IntValue(value) => Some(*value as f64),
            Value::StringValue(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What the item says beyond its circumstances, as `key=value`.
    fn own(&self) -> String {
        let own = self.0.iter().filter(|it| {
            !CIRCUMSTANCES
                .iter()
                .any(|prefix| it.key.starts_with(prefix))
        });
        let pairs: Vec<String> = own
            .map(|it| {
                let value = it.value.as_ref().map(show).unwrap_or_default();
                format!("{}={value}", it.key)
            })
            .collect();
        pairs.join(" ")
    }
}

fn show(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::ArrayValue(list)) => {
            let all: Vec<String> = list.values.iter().map(show).collect();
            format!("[{}]", all.join(","))
        }
        Some(Value::KvlistValue(_)) => "{…}".into(),
        Some(Value::BytesValue(bytes)) => format!("{} bytes", bytes.len()),
        Some(Value::StringValueStrindex(_)) | None => String::new(),
    }
}
