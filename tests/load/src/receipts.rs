//! How long items were on their way: from their arrival at the collector, which their records say, to their receipt here.

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::protobuf::{Field, fields};

/// One request in so many is looked into: the sink is to cost less than what it measures.
const SAMPLE: u64 = 4;

/// The times so far.
#[derive(Debug, Default)]
pub struct Receipts(Mutex<(u64, Vec<f64>)>);

impl Receipts {
    /// Notes a request for log records, packed with gzip or not.
    pub fn note(&self, body: &[u8]) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut book = self.0.lock().unwrap_or_else(|e| e.into_inner());
        book.0 += 1;
        if !book.0.is_multiple_of(SAMPLE) {
            return;
        }
        observed(&unpacked(body), &mut |at| {
            book.1.push((now.as_nanos() as f64 - at as f64) / 1e6);
        });
    }

    /// What was noted, as JSON; from then on it starts anew.
    pub fn take(&self) -> String {
        let mut book = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let mut times = std::mem::take(&mut book.1);
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times.get(((times.len().max(1) - 1) as f64 * share) as usize);
        json!({ "records": times.len(), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99) })
            .to_string()
    }
}

/// A body as it was before gzip; nothing where it cannot be read.
pub(crate) fn unpacked(body: &[u8]) -> Cow<'_, [u8]> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Cow::Borrowed(body);
    }
    let mut plain = Vec::new();
    match flate2::read::GzDecoder::new(body).read_to_end(&mut plain) {
        Ok(_) => Cow::Owned(plain),
        Err(_) => Cow::Borrowed(&[]),
    }
}

/// Calls with each log record's observed time: observed_time_unix_nano 11.
fn observed(request: &[u8], found: &mut impl FnMut(u64)) {
    log_records(request, &mut |record| {
        fields(record, |number, value| {
            if let (11, Field::Fixed(at)) = (number, value) {
                found(at);
            }
        });
    });
}

/// Calls with each log record of a request: resource_logs 1, scope_logs 2, log_records 2.
pub(crate) fn log_records(request: &[u8], found: &mut impl FnMut(&[u8])) {
    fields(request, |number, value| {
        if let (1, Field::Bytes(resource)) = (number, value) {
            fields(resource, |number, value| {
                if let (2, Field::Bytes(scope)) = (number, value) {
                    fields(scope, |number, value| {
                        if let (2, Field::Bytes(record)) = (number, value) {
                            found(record);
                        }
                    });
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_each_record_is_found() {
        let record = |at: u64| [&[0x0a, 1, b'x', 0x59][..], &at.to_le_bytes()].concat();
        let wrap = |tag: u8, inner: &[u8]| [&[tag, inner.len() as u8], inner].concat();
        let scope = [wrap(0x12, &record(7)), wrap(0x12, &record(9))].concat();
        let request = wrap(0x0a, &wrap(0x12, &scope));
        let mut found = Vec::new();
        observed(&request, &mut |at| found.push(at));
        assert_eq!(found, [7, 9]);
    }
}
