//! What Grafana Alloy's faro.receiver makes of a payload: a line for each item, traces unchanged. What it drops goes into
//! attributes, which log stores keep as structured metadata.

use super::{Line, beside, go, logfmt, meta, text};
use crate::convert::{Otlp, semconv, spans};
use crate::record::Header;
use farol_protocol::exception::{Exception, stack_text};
use farol_protocol::item::Item;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use xxhash_rust::xxh3::xxh3_64;

/// What Alloy knows nothing of, by the start of its name in the other dialect.
const DROPPED: &[&str] = &[
    attr::LOG_RECORD_UID,
    attr::BROWSER_BRANDS,
    "os.",
    "device.",
    "farol.device.",
    "geo.",
    "farol.geo.",
    "farol.k6.",
    "farol.action.",
    attr::EXCEPTION_FATAL,
    attr::APP_INSTALLATION_ID,
    "farol.time.",
];

pub(in crate::convert) fn convert(header: &Header, payload: &Payload) -> Otlp {
    let shared = meta::alloy(payload, None);
    let mut otlp = semconv::convert(header, payload).owned();
    otlp.traces = spans::unchanged(&payload.traces);
    let mut said = Vec::new();
    let records = otlp
        .logs
        .iter_mut()
        .flat_map(|logs| &mut logs.scope_logs)
        .flat_map(|scope| &mut scope.log_records);
    for ((index, item), record) in payload.items().zip(records) {
        let Some(mut line) = line(item) else { continue };
        match item.overrides() {
            None => line.merge(&shared),
            own => line.merge(&meta::alloy(payload, own)),
        }
        // Arrival, as Alloy's, and the place, so that a line that is sent again is the same line.
        record.time_unix_nano = header.received_ns.saturating_add(u64::from(index));
        record.body = Some(text(logfmt::write(&line)));
        let rich = std::mem::take(&mut record.attributes);
        let (beside, in_line) = beside(payload, item, hash, rich, DROPPED);
        record.attributes = beside;
        said.push(in_line);
    }
    otlp.said = said;
    otlp
}

/// The item's own part of its line.
fn line(item: Item<'_>) -> Option<Line> {
    let mut line = Line::default();
    line.set("timestamp", go::time_string(item.time()));
    line.set("kind", item.kind().name().to_owned());
    match item {
        Item::Log(log) => {
            line.add("message", &log.message);
            line.add("level", &log.level);
            line.under("context_", &log.context);
            line.trace(&log.trace);
        }
        Item::Exception(exception) => {
            line.add("type", &exception.kind);
            line.add("value", &exception.value);
            line.add(
                "stacktrace",
                &stack_text(&exception.kind, &exception.value, &exception.stacktrace),
            );
            line.add("hash", &hash(exception));
            line.under("context_", &exception.context);
            line.trace(&exception.trace);
        }
        Item::Measurement(measurement) => {
            line.add("type", &measurement.kind);
            let values = measurement.values.sorted();
            for (name, value) in &values {
                line.set(name, go::fixed(**value));
            }
            line.trace(&measurement.trace);
            line.under("context_", &measurement.context);
            for (name, value) in &values {
                line.set(&format!("value_{name}"), go::shortest(**value));
            }
        }
        Item::Event(event) => {
            line.add("event_name", &event.name);
            line.add("event_domain", &event.domain);
            line.under("event_data_", &event.attributes);
            line.trace(&event.trace);
        }
        Item::Span(..) => return None,
    }
    Some(line)
}

/// The number by which Alloy groups exceptions: of the message alone.
fn hash(exception: &Exception) -> String {
    xxh3_64(exception.value.as_bytes()).to_string()
}
