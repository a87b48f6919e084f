//! One entry of the queue, shared by all readers.

use std::sync::{Arc, OnceLock};

use farol_protocol::payload::Payload;

use crate::convert::{Dialect, Otlp, to_otlp};
use crate::record::{Record, SourceKind};

use super::Position;

/// A record and its position. Its body is read once and converted once for each dialect, however many destinations there are.
#[derive(Debug)]
pub struct Entry {
    /// Where it stands in the queue.
    pub position: Position,
    /// What was stored.
    pub record: Record,
    payload: OnceLock<Arc<Payload>>,
    otlp: [OnceLock<Arc<Otlp>>; Dialect::COUNT],
}

impl Entry {
    /// Nothing is read before somebody asks.
    pub fn new(position: Position, record: Record) -> Self {
        Self {
            position,
            record,
            payload: OnceLock::new(),
            otlp: Default::default(),
        }
    }

    /// What the body says. Empty where this version cannot read it; the items then count as unconvertible.
    pub fn payload(&self) -> Arc<Payload> {
        let read = || match self.record.header.kind {
            SourceKind::Faro => Payload::decode(&self.record.body).unwrap_or_default(),
            SourceKind::OtlpLogs | SourceKind::OtlpTraces | SourceKind::OtlpMetrics => {
                Payload::default()
            }
        };
        Arc::clone(self.payload.get_or_init(|| Arc::new(read())))
    }

    /// The record in OTLP, spelled as `dialect` has it.
    pub fn otlp(&self, dialect: Dialect) -> Arc<Otlp> {
        let convert = || to_otlp(&self.record.header, &self.payload(), dialect);
        Arc::clone(self.otlp[dialect as usize].get_or_init(|| Arc::new(convert())))
    }

    /// The items that it holds.
    pub fn items(&self) -> u64 {
        self.record.header.counts.items()
    }

    /// What it costs of the queue's bound.
    pub fn cost(&self) -> usize {
        cost(&self.record)
    }
}

/// What a record costs of the queue's bound: its bytes, and about what the bookkeeping of an entry takes.
pub(super) fn cost(record: &Record) -> usize {
    record.encoded_len() + OVERHEAD
}

/// Size of an entry, its slot and its reference counts, rounded up.
const OVERHEAD: usize = 256;
