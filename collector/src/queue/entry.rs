//! One entry of the queue, shared by all readers: decoded once, converted once a dialect, whoever asks first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use farol_protocol::payload::Payload;

use super::Position;
use crate::convert::{Dialect, Otlp, Written, to_otlp, to_written, weight};
use crate::record::Record;
use crate::symbolicate::symbolicate;

/// The most bytes of decoded and converted forms that are kept, as estimated below: the tail that healthy destinations read,
/// some thousand payloads. A destination that is behind decodes again.
const WARM_BYTES: usize = 16 << 20;

/// Size of an entry, its slot and its reference counts, rounded up.
const OVERHEAD: usize = 256;

/// A record and its position.
#[derive(Debug)]
pub struct Entry {
    /// Where it stands in the queue.
    pub position: Position,
    /// Where the next one may stand.
    pub next: Position,
    /// What was stored.
    pub record: Record,
    /// What it takes decoded, about.
    weight: usize,
    /// How many readers will want what was decoded; 0 where that is not known.
    readers: AtomicUsize,
    forms: Arc<Mutex<Forms>>,
    warm: Warm,
}

#[derive(Debug, Default)]
struct Forms {
    payload: Option<Arc<Payload>>,
    otlp: [Option<Arc<Otlp>>; Dialect::COUNT],
    written: [Option<Arc<Written>>; Dialect::COUNT],
}

/// How often something was converted, by dialect.
#[derive(Debug, Default)]
pub struct Conversions {
    /// A record, for all destinations together.
    pub shared: [AtomicU64; Dialect::COUNT],
    /// The same straight to OTLP's bytes, for those that send them as they stand.
    pub written: [AtomicU64; Dialect::COUNT],
    /// What one destination alone wants of a record, or a part of a large one.
    pub own: [AtomicU64; Dialect::COUNT],
}

impl Entry {
    /// Nothing is read before somebody asks.
    pub fn new(position: Position, record: Record) -> Self {
        Self::with(position, position + 1, record, None, Warm::default())
    }

    pub(super) fn with(
        position: Position,
        next: Position,
        record: Record,
        payload: Option<Box<Payload>>,
        warm: Warm,
    ) -> Self {
        let known = payload.is_some();
        let payload = payload.map(|mut payload| {
            symbolicate(&mut payload);
            Arc::from(payload)
        });
        let forms = Forms {
            payload,
            ..Forms::default()
        };
        let entry = Self {
            position,
            next,
            weight: weight::decoded(record.header.counts.items(), &record.body),
            record,
            readers: AtomicUsize::new(0),
            forms: Arc::new(Mutex::new(forms)),
            warm,
        };
        if known {
            entry.keep_warm(entry.weight);
        }
        entry
    }

    /// With so many readers. What was decoded goes as soon as all of them are [done](Entry::done) with it: while they keep up, that is in
    /// the same moment, and the next payload finds its memory still in the processor's cache.
    pub(super) fn for_readers(self, readers: usize) -> Self {
        self.readers.store(readers, Relaxed);
        self
    }

    /// A reader has made all that it will of what was decoded. Said too often, somebody decodes again.
    pub(crate) fn done(&self) {
        let left = |readers: usize| readers.checked_sub(1);
        if self.readers.fetch_update(Relaxed, Relaxed, left) == Ok(1) {
            let payload = self.forms().payload.take();
            drop(payload);
        }
    }

    /// The items that it holds.
    pub fn items(&self) -> u64 {
        self.record.header.counts.items()
    }

    /// What it costs of the queue's bound.
    pub fn cost(&self) -> usize {
        cost(&self.record)
    }

    /// What the body says, its stacks put right. Empty where this version cannot read it; the items then count as unconvertible.
    pub fn payload(&self) -> Arc<Payload> {
        let mut forms = self.forms();
        if let Some(payload) = &forms.payload {
            return payload.clone();
        }
        let payload = self.read();
        forms.payload = Some(payload.clone());
        drop(forms);
        self.keep_warm(self.weight);
        payload
    }

    /// The record in OTLP, spelled as `dialect` has it.
    pub fn otlp(&self, dialect: Dialect) -> Arc<Otlp> {
        let mut forms = self.forms();
        if let Some(otlp) = &forms.otlp[dialect as usize] {
            return otlp.clone();
        }
        let payload = forms.payload.clone().unwrap_or_else(|| self.read());
        let otlp = Arc::new(to_otlp(&self.record.header, &payload, dialect));
        self.warm.1.shared[dialect as usize].fetch_add(1, Relaxed);
        forms.payload = Some(payload.clone());
        forms.otlp[dialect as usize] = Some(otlp.clone());
        drop(forms);
        self.keep_warm(weight::converted(self.weight, self.items(), || payload));
        otlp
    }

    /// Counts a conversion that is made for one destination alone.
    pub(crate) fn converted_apart(&self, dialect: Dialect) {
        self.warm.1.own[dialect as usize].fetch_add(1, Relaxed);
    }

    /// The same as bytes, for those who send them as they stand.
    pub(crate) fn written(&self, dialect: Dialect) -> Arc<Written> {
        let mut forms = self.forms();
        if let Some(written) = &forms.written[dialect as usize] {
            return written.clone();
        }
        let payload = forms.payload.clone().unwrap_or_else(|| self.read());
        let written = Arc::new(to_written(&self.record.header, &payload, dialect));
        self.warm.1.written[dialect as usize].fetch_add(1, Relaxed);
        forms.payload = Some(payload);
        forms.written[dialect as usize] = Some(written.clone());
        drop(forms);
        self.keep_warm(written.weight());
        written
    }

    /// What it takes decoded, about.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// What it takes converted, about.
    pub(crate) fn converted_weight(&self) -> usize {
        weight::converted(self.weight, self.items(), || self.payload())
    }

    fn read(&self) -> Arc<Payload> {
        // Whatever a client spoke: the stored form is one.
        let mut payload = Payload::decode(&self.record.body).unwrap_or_default();
        symbolicate(&mut payload);
        Arc::new(payload)
    }

    fn keep_warm(&self, weight: usize) {
        self.warm.push(&self.forms, OVERHEAD + weight);
    }

    fn forms(&self) -> MutexGuard<'_, Forms> {
        // A conversion that panicked left the form unset.
        self.forms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a record costs of the queue's bound: its bytes, and about what the bookkeeping of an entry takes.
pub(super) fn cost(record: &Record) -> usize {
    record.encoded_len() + OVERHEAD
}

/// The decoded forms that are kept, oldest first; and how often there was something to convert.
#[derive(Debug, Clone, Default)]
pub(super) struct Warm(Arc<Mutex<WarmList>>, pub(super) Arc<Conversions>);

#[derive(Debug, Default)]
struct WarmList {
    forms: VecDeque<(Weak<Mutex<Forms>>, usize)>,
    bytes: usize,
}

impl Warm {
    /// Counts one more form; where that is too much the oldest entries lose theirs.
    fn push(&self, forms: &Arc<Mutex<Forms>>, cost: usize) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.forms.push_back((Arc::downgrade(forms), cost));
        list.bytes += cost;
        let mut cold = Vec::new();
        while list.bytes > WARM_BYTES
            && let Some((forms, cost)) = list.forms.pop_front()
        {
            list.bytes -= cost;
            cold.extend(forms.upgrade());
        }
        drop(list);
        for forms in cold {
            // One that is being converted right now is not waited for: it comes into the list again when that is done.
            if let Ok(mut forms) = forms.try_lock() {
                *forms = Forms::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn what_was_decoded_goes_with_the_last_reader_and_comes_again_where_it_is_wanted() {
        let body = Bytes::from_static(br#"{"logs":[{"message":"m"}]}"#);
        let record = Record {
            header: crate::record::Header::default(),
            body,
        };
        let entry = Entry::new(0, record).for_readers(2);
        let held = Arc::downgrade(&entry.payload());
        entry.done();
        assert!(held.upgrade().is_some());
        entry.done();
        assert!(held.upgrade().is_none());
        assert_eq!(entry.payload().logs.len(), 1);
        // One that nobody counted with changes nothing.
        let held = Arc::downgrade(&entry.payload());
        entry.done();
        assert!(held.upgrade().is_some());
    }
}
