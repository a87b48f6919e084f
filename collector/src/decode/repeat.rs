//! What a payload says once about many items (its meta, a resource, a scope) is written out with each of them when it is converted. A few
//! hundred packed bytes could become gigabytes that way, so what that would come to is bounded before anything is acknowledged.

use std::io::{self, Write};

use serde::Serialize;

use farol_protocol::payload::Payload;
use farol_protocol::span::{Resource, Scope};

/// The most bytes that may be repeated in all. A page's meta is 1 to 2 KiB, so the 2,000 items of the largest payload stay within it; of as many as one
/// request to a destination holds (1 MiB as stored, 512 items) it makes at most some 45 MiB.
pub(crate) const MOST_REPEATED: usize = 4 << 20;

/// Whether a payload that came as `length` bytes would repeat more than may be.
pub(crate) fn too_much(payload: &Payload, length: usize) -> bool {
    let items = payload.len() + payload.otlp.records() + payload.otlp.metrics();
    // Nearly always; nothing in it is longer than the whole.
    if length.saturating_mul(items) <= MOST_REPEATED {
        return false;
    }
    let mut sum = size(&payload.meta).saturating_mul(items);
    let mut add = |resource: &Resource, scope: &Scope, items: usize| {
        sum += (size(resource) + size(scope)) * items;
    };
    for it in &payload.traces.resource_spans {
        let scopes = it.scope_spans.iter();
        scopes.for_each(|s| add(&it.resource, &s.scope, s.spans.len()));
    }
    for it in &payload.otlp.resource_logs {
        let scopes = it.scope_logs.iter();
        scopes.for_each(|s| add(&it.resource, &s.scope, s.log_records.len()));
    }
    for it in &payload.otlp.resource_metrics {
        let scopes = it.scope_metrics.iter();
        scopes.for_each(|s| add(&it.resource, &s.scope, s.metrics.len()));
    }
    sum > MOST_REPEATED
}

/// How long something is as JSON.
fn size(value: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    // Counting does not fail, and all keys are strings.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
