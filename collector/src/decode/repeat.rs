//! What a payload says once about many items (its meta, a resource, a scope) is written out with each of them when it is converted. A few
//! hundred packed bytes could become gigabytes that way, so what that would come to is bounded before anything is acknowledged.

use std::io::{self, Write};

use serde::Serialize;

use farol_protocol::map::Attributes;
use farol_protocol::payload::Payload;
use farol_protocol::span::Scope;

/// The most bytes that may be repeated in all. A page's meta is 1 to 2 KiB, so the 2,000 items of the largest payload stay within it. What it comes to
/// in memory is the exporter's to bound: see `convert::weight`.
pub(crate) const MOST_REPEATED: usize = 4 << 20;

/// How much something is as JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: usize,
    /// About as many as it has values, and no fewer; those in texts count as well.
    pub(crate) commas: usize,
}

/// The most comparisons of names that items with a page, view or user of their own may cost: for each the meta's names are made distinct
/// anew. A tenth of a second; a thousand items with a meta of a hundred values stay tenfold below it.
const MOST_COMPARED: usize = 100_000_000;

/// The shortest that a value in a meta can be: `"a":1,`.
const SHORTEST: usize = 6;

/// Whether a payload that came as `length` bytes would repeat more than may be.
pub(crate) fn too_much(payload: &Payload, length: usize) -> bool {
    let items = items(payload);
    let compared =
        |values: usize, items: usize| values.saturating_mul(values).saturating_mul(items);
    if compared(length / SHORTEST, items) > MOST_COMPARED {
        let own = payload.items().filter(|(_, it)| it.overrides().is_some());
        if compared(about_all(payload).commas, own.count()) > MOST_COMPARED {
            return true;
        }
    }
    // Nearly always; nothing in it is longer than the whole.
    length.saturating_mul(items) > MOST_REPEATED && repeated(payload).bytes > MOST_REPEATED
}

/// All that is said once, with each item that it is said about.
pub(crate) fn repeated(payload: &Payload) -> Size {
    let mut sum = Size::default();
    sum.add(about_all(payload), items(payload));
    let mut add = |above, scope: &Scope, beside: &Attributes, items| {
        sum.add(all([above, size(scope), size(beside)]), items);
    };
    // What stands beside a list of groups, a resource or a scope goes with it.
    let traces = size(&payload.traces.extra);
    for it in &payload.traces.resource_spans {
        let above = all([traces, size(&it.resource), size(&it.extra)]);
        for s in &it.scope_spans {
            add(above, &s.scope, &s.extra, s.spans.len());
        }
    }
    for it in &payload.otlp.resource_logs {
        let above = all([size(&it.resource), size(&it.extra)]);
        for s in &it.scope_logs {
            add(above, &s.scope, &s.extra, s.log_records.len());
        }
    }
    for it in &payload.otlp.resource_metrics {
        let above = all([size(&it.resource), size(&it.extra)]);
        for s in &it.scope_metrics {
            add(above, &s.scope, &s.extra, s.metrics.len());
        }
    }
    sum
}

/// How many items there are, whatever their form.
fn items(payload: &Payload) -> usize {
    payload.len() + payload.otlp.records() + payload.otlp.metrics()
}

/// What is said once about every item.
fn about_all(payload: &Payload) -> Size {
    let farol = &payload.farol;
    all([
        size(&payload.meta),
        size(&payload.extra),
        size(&farol.client),
        size(&farol.state),
        size(&farol.kept),
        size(&farol.first),
        size(&farol.added),
        size(&farol.extra),
    ])
}

fn all<const N: usize>(sizes: [Size; N]) -> Size {
    let mut sum = Size::default();
    sizes.into_iter().for_each(|size| sum.add(size, 1));
    sum
}

/// How much something is as JSON.
fn size(value: &impl Serialize) -> Size {
    let mut counter = Counter(Size::default());
    // Counting does not fail, and all keys are strings.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

impl Size {
    fn add(&mut self, more: Size, times: usize) {
        self.bytes = (self.bytes).saturating_add(more.bytes.saturating_mul(times));
        self.commas = (self.commas).saturating_add(more.commas.saturating_mul(times));
    }
}

struct Counter(Size);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.bytes += bytes.len();
        self.0.commas += memchr::memchr_iter(b',', bytes).count();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
