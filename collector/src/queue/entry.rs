//! One entry of the queue, shared by all readers: decoded once, converted once a dialect, whoever asks first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use farol_protocol::payload::Payload;

use super::Position;
use crate::convert::{Dialect, Otlp, Written, to_otlp, to_written, weight};
use crate::record::Record;
use crate::symbolicate::symbolicate;

/// The most bytes of decoded and converted forms that are kept, as estimated below: what lies between the destination that has read furthest and the
/// last of those that keep up, some thousand payloads. Who is further behind decodes again.
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
    /// How many will want anything of it.
    takers: AtomicUsize,
    /// Somebody has converted it.
    converted: AtomicBool,
    forms: Arc<Mutex<Forms>>,
    warm: Warm,
}

#[derive(Debug)]
struct Forms {
    payload: Option<Arc<Payload>>,
    otlp: [Form<Otlp>; Dialect::COUNT],
    written: [Form<Written>; Dialect::COUNT],
    /// What is kept of all of this, about.
    weight: usize,
    /// What of that is the payload's, where it came or was asked for alone.
    payload_weight: usize,
    /// The same of all entries.
    all: Arc<AtomicUsize>,
}

/// A conversion. One that is not kept any more is still shared while somebody has it in hands: that costs nothing.
#[derive(Debug)]
struct Form<T> {
    kept: Option<Arc<T>>,
    made: Weak<T>,
}

impl<T> Default for Form<T> {
    fn default() -> Self {
        Self {
            kept: None,
            made: Weak::new(),
        }
    }
}

impl<T> Form<T> {
    fn get(&self) -> Option<Arc<T>> {
        self.made.upgrade()
    }

    fn set(&mut self, made: &Arc<T>) {
        self.made = Arc::downgrade(made);
        self.kept = Some(Arc::clone(made));
    }
}

impl Forms {
    fn new(all: &Arc<AtomicUsize>) -> Self {
        Self {
            payload: None,
            otlp: Default::default(),
            written: Default::default(),
            weight: 0,
            payload_weight: 0,
            all: Arc::clone(all),
        }
    }

    fn weighs(&mut self, more: usize) {
        self.weight += more;
        self.all.fetch_add(more, Relaxed);
    }

    fn keep_payload(&mut self, payload: Arc<Payload>, weight: usize) {
        self.payload = Some(payload);
        self.payload_weight = weight;
        self.weighs(weight);
    }

    /// Keeps the payload no more.
    fn forget_payload(&mut self) -> Option<Arc<Payload>> {
        let less = std::mem::take(&mut self.payload_weight);
        self.weight -= less;
        self.all.fetch_sub(less, Relaxed);
        self.payload.take()
    }

    /// Keeps nothing. What was kept is the caller's, to be dropped where nobody waits for a lock.
    fn cool(&mut self) -> Kept {
        self.payload_weight = 0;
        self.all
            .fetch_sub(std::mem::take(&mut self.weight), Relaxed);
        Kept {
            _payload: self.payload.take(),
            _otlp: self.otlp.each_mut().map(|it| it.kept.take()),
            _written: self.written.each_mut().map(|it| it.kept.take()),
        }
    }
}

/// What an entry kept.
#[derive(Debug)]
struct Kept {
    _payload: Option<Arc<Payload>>,
    _otlp: [Option<Arc<Otlp>>; Dialect::COUNT],
    _written: [Option<Arc<Written>>; Dialect::COUNT],
}

impl Drop for Forms {
    fn drop(&mut self) {
        self.all.fetch_sub(self.weight, Relaxed);
    }
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
        let weight = weight::decoded(record.header.counts.items(), &record.body);
        // Nobody has read it yet, and what others are about to share is worth more.
        let payload = payload.filter(|_| warm.has_room(weight));
        let known = payload.is_some();
        let mut forms = Forms::new(&warm.0.bytes);
        if let Some(mut payload) = payload {
            symbolicate(&mut payload);
            forms.keep_payload(Arc::from(payload), weight);
        }
        let entry = Self {
            position,
            next,
            weight,
            record,
            readers: AtomicUsize::new(0),
            takers: AtomicUsize::new(0),
            converted: AtomicBool::new(false),
            forms: Arc::new(Mutex::new(forms)),
            warm,
        };
        if known {
            entry.keep_warm(entry.forms(), 0);
        }
        entry
    }

    /// With so many readers. What was decoded goes as soon as all of them are [done](Entry::done) with it: while they keep up, that is in
    /// the same moment, and the next payload finds its memory still in the processor's cache.
    pub(super) fn for_readers(self, readers: usize) -> Self {
        self.is_for(readers);
        self
    }

    /// The same of one that nobody else has yet.
    pub(super) fn is_for(&self, readers: usize) {
        self.readers.store(readers, Relaxed);
        self.takers.store(readers, Relaxed);
    }

    /// A reader has made all that it will of what was decoded. Said too often, somebody decodes again.
    pub(crate) fn done(&self) {
        if is_last(&self.readers) {
            let payload = self.forms().forget_payload();
            drop(payload);
        }
    }

    /// A reader will ask for nothing of it again. What the last of them leaves is kept by those alone who have it in hands.
    pub(crate) fn through(&self) {
        if is_last(&self.takers) {
            let kept = self.forms().cool();
            drop(kept);
        }
    }

    /// A reader that was not counted has made all that it will of it: nothing is kept that nobody else wants.
    pub(crate) fn let_be(&self) {
        if self.takers.load(Relaxed) == 0 {
            let kept = self.forms().cool();
            drop(kept);
        } else if self.readers.load(Relaxed) == 0 {
            let payload = self.forms().forget_payload();
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
        let payload = self.read_into(&mut forms);
        self.keep_warm(forms, 0);
        payload
    }

    /// The record in OTLP, spelled as `dialect` has it.
    pub fn otlp(&self, dialect: Dialect) -> Arc<Otlp> {
        let mut forms = self.forms();
        if let Some(otlp) = forms.otlp[dialect as usize].get() {
            return otlp;
        }
        let payload = self.read_into(&mut forms);
        let otlp = Arc::new(to_otlp(&self.record.header, &payload, dialect));
        self.converted.store(true, Relaxed);
        self.warm.1.shared[dialect as usize].fetch_add(1, Relaxed);
        forms.otlp[dialect as usize].set(&otlp);
        let weight = weight::converted(self.weight, self.items(), || payload);
        self.keep_warm(forms, weight);
        otlp
    }

    /// Counts a conversion that is made for one destination alone.
    pub(crate) fn converted_apart(&self, dialect: Dialect) {
        self.warm.1.own[dialect as usize].fetch_add(1, Relaxed);
    }

    /// The same as bytes, for those who send them as they stand.
    pub(crate) fn written(&self, dialect: Dialect) -> Arc<Written> {
        let mut forms = self.forms();
        if let Some(written) = forms.written[dialect as usize].get() {
            return written;
        }
        let payload = self.read_into(&mut forms);
        let written = Arc::new(to_written(&self.record.header, &payload, dialect));
        self.converted.store(true, Relaxed);
        self.warm.1.written[dialect as usize].fetch_add(1, Relaxed);
        forms.written[dialect as usize].set(&written);
        self.keep_warm(forms, written.weight());
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

    /// What it says decoded, which is kept from now on.
    fn read_into(&self, forms: &mut Forms) -> Arc<Payload> {
        if let Some(payload) = &forms.payload {
            return payload.clone();
        }
        let payload = self.read();
        forms.keep_payload(payload.clone(), self.weight);
        payload
    }

    fn read(&self) -> Arc<Payload> {
        // Whatever a client spoke: the stored form is one.
        let mut payload = Payload::decode(&self.record.body).unwrap_or_default();
        symbolicate(&mut payload);
        Arc::new(payload)
    }

    /// Whether nobody has converted it so far.
    pub(super) fn is_fresh(&self) -> bool {
        !self.converted.load(Relaxed)
    }

    fn keep_warm(&self, mut forms: MutexGuard<'_, Forms>, weight: usize) {
        forms.weighs(OVERHEAD + weight);
        drop(forms);
        self.warm.push(&self.forms);
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

/// Counts one off; whether it was the last.
fn is_last(left: &AtomicUsize) -> bool {
    left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) == Ok(1)
}

/// The forms that are kept, oldest first; and how often there was something to convert.
#[derive(Debug, Clone, Default)]
pub(super) struct Warm(Arc<WarmList>, pub(super) Arc<Conversions>);

#[derive(Debug, Default)]
struct WarmList {
    forms: Mutex<Oldest>,
    /// What all forms that are kept weigh.
    bytes: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Oldest {
    first: VecDeque<Weak<Mutex<Forms>>>,
    /// How many of them there were when those were left out whose entry is gone.
    living: usize,
}

/// So many entries that are gone may stand in the list beside as many as live: some hundred bytes each, that of their empty forms.
const GONE: usize = 1024;

impl Warm {
    /// Whether so much more may be kept without anything going for it.
    fn has_room(&self, weight: usize) -> bool {
        self.0.bytes.load(Relaxed) + weight <= WARM_BYTES
    }

    /// Whether so much is kept for those who have not read it that the next conversions cost the oldest of them.
    pub(super) fn is_crowded(&self) -> bool {
        self.0.bytes.load(Relaxed) > WARM_BYTES / 4 * 3
    }

    /// Whether most of what was kept is gone: who was waited for has come on.
    pub(super) fn is_roomy(&self) -> bool {
        self.0.bytes.load(Relaxed) < WARM_BYTES / 2
    }

    /// Notes one more form; where they are too much the oldest entries lose theirs.
    fn push(&self, forms: &Arc<Mutex<Forms>>) {
        let mut list = self.0.forms.lock().unwrap_or_else(PoisonError::into_inner);
        list.first.push_back(Arc::downgrade(forms));
        if list.first.len() > 2 * list.living + GONE {
            list.first.retain(|it| it.strong_count() > 0);
            list.living = list.first.len();
        }
        let mut cold = Vec::new();
        while self.0.bytes.load(Relaxed) > WARM_BYTES
            && let Some(oldest) = list.first.pop_front()
        {
            // One that is being converted right now is not waited for: it comes into the list again when that is done.
            if let Some(oldest) = oldest.upgrade()
                && let Ok(mut forms) = oldest.try_lock()
            {
                cold.push(forms.cool());
            }
        }
        drop(list);
        drop(cold);
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

    fn logs(warm: &Warm, bytes: usize) -> Entry {
        let body = format!(r#"{{"logs":[{{"message":"{}"}}]}}"#, "m".repeat(bytes));
        let mut header = crate::record::Header::default();
        header.counts.logs = 1;
        let record = Record {
            header,
            body: body.into(),
        };
        Entry::with(0, 1, record, None, warm.clone())
    }

    #[test]
    fn what_is_forgotten_weighs_nothing() {
        let warm = Warm::default();
        let entry = logs(&warm, 10).for_readers(1);
        let empty = warm.0.bytes.load(Relaxed);
        entry.payload();
        assert!(warm.0.bytes.load(Relaxed) >= empty + entry.weight);
        entry.done();
        assert_eq!(warm.0.bytes.load(Relaxed), empty + OVERHEAD);
        drop(entry);
        assert_eq!(warm.0.bytes.load(Relaxed), 0);
    }

    #[test]
    fn for_who_has_time_nothing_is_kept_but_what_others_want() {
        let warm = Warm::default();
        let bytes = || warm.0.bytes.load(Relaxed);
        let entry = logs(&warm, 10).for_readers(1);
        let written = entry.written(Dialect::Semconv);
        entry.let_be();
        assert_eq!(bytes(), OVERHEAD + entry.weight + written.weight());
        entry.done();
        entry.let_be();
        assert_eq!(bytes(), OVERHEAD + written.weight());
        entry.through();
        assert_eq!(bytes(), 0);
        drop(written);
        // It comes late, and makes it again for itself.
        entry.written(Dialect::Semconv);
        entry.let_be();
        assert_eq!(bytes(), 0);
    }

    #[test]
    fn what_is_read_to_be_converted_weighs_until_all_have_converted_it() {
        let warm = Warm::default();
        let bytes = || warm.0.bytes.load(Relaxed);
        let entry = logs(&warm, 10).for_readers(2);
        let written = entry.written(Dialect::Semconv);
        assert_eq!(bytes(), OVERHEAD + entry.weight + written.weight());
        entry.done();
        entry.done();
        assert_eq!(bytes(), OVERHEAD + written.weight());
        let entry = logs(&warm, 10).for_readers(1);
        let before = bytes();
        entry.otlp(Dialect::Semconv);
        let with_payload = bytes() - before;
        entry.done();
        assert_eq!(bytes() - before, with_payload - entry.weight);
    }

    #[test]
    fn what_nobody_will_ask_for_again_is_kept_by_those_alone_who_have_it_in_hands() {
        let warm = Warm::default();
        let entry = logs(&warm, 10).for_readers(2);
        let held = entry.otlp(Dialect::Semconv);
        entry.through();
        assert!(warm.0.bytes.load(Relaxed) > 0);
        entry.through();
        assert_eq!(warm.0.bytes.load(Relaxed), 0);
        assert!(Arc::ptr_eq(&held, &entry.otlp(Dialect::Semconv)));
        drop(held);
        entry.otlp(Dialect::Semconv);
        assert_eq!(warm.1.shared[Dialect::Semconv as usize].load(Relaxed), 2);
    }

    #[test]
    fn of_forms_that_are_too_much_the_oldest_go_and_entries_that_are_gone_count_for_nothing() {
        let warm = Warm::default();
        let bytes = || warm.0.bytes.load(Relaxed);
        let size = WARM_BYTES / 8;
        for _ in 0..2 * GONE {
            logs(&warm, 10).otlp(Dialect::Alloy);
        }
        assert_eq!(bytes(), 0);
        assert!(warm.0.forms.lock().unwrap().first.len() <= GONE + 1);
        let entries: Vec<Entry> = (0..12).map(|_| logs(&warm, size)).collect();
        for entry in &entries {
            entry.otlp(Dialect::Alloy);
            assert!(bytes() <= WARM_BYTES, "{}", bytes());
        }
        let kept = |entry: &Entry| entry.forms().otlp[Dialect::Alloy as usize].kept.is_some();
        assert!(!kept(&entries[0]) && kept(&entries[11]));
        drop(entries);
        assert_eq!(bytes(), 0);
    }
}
