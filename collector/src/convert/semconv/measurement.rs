//! Measurements: a Web Vital is OpenTelemetry's event, others are ours.

use super::record::Draft;
use crate::convert::attrs::{Any, to_any};
use farol_protocol::measurement::Measurement;
use farol_protocol::names::{attr, otel_event, vital};
use farol_protocol::value::Value;

pub(super) fn fill<'a>(draft: &mut Draft<'a>, measurement: &'a Measurement) {
    let out = &mut draft.attributes;
    let Some((name, value)) = measurement.vital() else {
        draft.event_name = otel_event::MEASUREMENT.into();
        out.text(attr::MEASUREMENT_TYPE, &measurement.kind);
        for (name, value) in measurement.values.iter() {
            out.free(
                format!("{}{name}", attr::MEASUREMENT_VALUE),
                Any::Double(*value),
            );
        }
        return;
    };
    draft.event_name = otel_event::WEB_VITAL.into();
    out.text(attr::VITAL_NAME, name);
    out.put(attr::VITAL_VALUE, Any::Double(value));
    for (key, value) in measurement.values.iter().filter(|(key, _)| *key != name) {
        match key {
            vital::DELTA => out.put(attr::VITAL_DELTA, Any::Double(*value)),
            _ => out.free(
                format!("{}{key}", attr::VITAL_ATTRIBUTION),
                Any::Double(*value),
            ),
        }
    }
    for (key, value) in measurement.context.iter() {
        match (key, value) {
            (vital::ID, Value::Text(text)) => out.text(attr::VITAL_ID, text),
            (vital::RATING, Value::Text(text)) => out.text(attr::VITAL_RATING, text),
            (vital::NAVIGATION_TYPE, Value::Text(text)) => {
                out.text(attr::VITAL_NAVIGATION_TYPE, text);
            }
            _ => out.free(format!("{}{key}", attr::VITAL_ATTRIBUTION), to_any(value)),
        }
    }
}

/// A vital's whole context is its attribution.
pub(super) fn takes(measurement: &Measurement, _name: &str) -> bool {
    measurement.vital().is_some()
}
