//! Which stream an entry belongs to. Labels come from few attributes, and their combinations are bounded: each makes chunks and index
//! of its own in Loki, and browsers say what some of them hold.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use farol_protocol::time::to_iso;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::entry::{Known, Labels};
use crate::config::{self, Dialect};
use crate::export::Batch;

/// Combinations of labels that one collector makes in a run: far more than declared apps with their environments and kinds come to, far
/// fewer than the 5,000 streams that Loki allows a tenant unless told otherwise.
const MAX_STREAMS: usize = 500;
/// Bytes of a label's value; Loki takes 2,048.
const MAX_VALUE: usize = 200;
/// Beyond them streams in which some labels are folded: declared apps with their kinds, of which a browser says one label.
const MAX_FOLDED: usize = 100;
/// A combination that did not come for so long makes room for another.
const UNUSED_NS: u64 = 24 * 3_600 * 1_000_000_000;
/// The label of the hour. A Loki takes nothing in a stream that is older than its newest entry by more than an hour (half of `max_chunk_age`), and in a
/// stream of one hour nothing is.
const HOUR: &str = "farol_replay";
/// What a label holds beyond these bounds. The entry keeps the value as structured metadata.
const OTHER: &str = "other";

/// Entries under one set of labels.
pub(super) struct Stream<'a> {
    pub(super) labels: Vec<Pair>,
    pub(super) entries: Vec<Known<'a>>,
}

/// A label and what it holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

pub(super) struct Streams {
    /// Labels with the attributes that they come from.
    labels: Vec<(String, String)>,
    fixed: Vec<Pair>,
    dialect: Dialect,
    by_hour: bool,
    known: Mutex<Combinations>,
}

impl Streams {
    pub(super) fn new(settings: &config::Loki, dialect: Dialect) -> Self {
        let fixed = settings.static_labels.iter();
        Self {
            labels: settings.labels.clone(),
            fixed: fixed.map(|(name, value)| Pair::new(name, value)).collect(),
            dialect,
            by_hour: settings.by_hour
                && settings.labels.len() + settings.static_labels.len() < config::Loki::MOST_LABELS,
            known: Mutex::default(),
        }
    }

    /// A batch's entries by stream, in order within each.
    pub(super) fn of<'a>(&'a self, batch: &'a Batch) -> Vec<Stream<'a>> {
        let mut streams: Vec<Stream<'a>> = Vec::new();
        let mut places: HashMap<(Vec<String>, Option<Pair>), usize> = HashMap::new();
        // What combinations that came before came to: nearly all entries have the labels of another.
        let mut seen: HashMap<String, (usize, &'a Labels)> = HashMap::new();
        let mut key = String::new();
        let records = batch.placed::<LogRecord>();
        let records = records.zip(batch.arrivals().zip(batch.said()));
        for ((place, record), (arrival, said)) in records {
            let mut known = Known {
                place,
                record,
                said,
                arrival,
                dialect: self.dialect,
                labels: &[],
            };
            let told = self.labels.iter();
            let values: Vec<_> = told.map(|(_, name)| known.attribute(name)).collect();
            key.clear();
            for value in &values {
                // With its length, so that no two combinations come to one text.
                let _ = write!(key, "{}:{value}", value.len());
            }
            let hour = self.by_hour.then(|| hour(known.time()));
            key.push_str(hour.as_ref().map_or("", |it| &it.value));
            let (at, labels) = match seen.get(&key) {
                Some(found) => *found,
                None => {
                    let values: Vec<_> = values.into_iter().map(Cow::into_owned).collect();
                    let (shown, taken) = self.place(values, arrival);
                    let place = places.entry((shown, hour));
                    let at = *place.or_insert_with_key(|(shown, hour)| {
                        let labels = self.pairs(shown).into_iter().chain(hour.clone());
                        streams.push(Stream {
                            labels: labels.collect(),
                            entries: Vec::new(),
                        });
                        streams.len() - 1
                    });
                    let labels: &Labels = if taken { &self.labels } else { &[] };
                    seen.insert(key.clone(), (at, labels));
                    (at, labels)
                }
            };
            known.labels = labels;
            streams[at].entries.push(known);
        }
        streams
    }

    /// What an entry's labels hold, and whether that is what it says. A combination that was admitted stays so as long as it comes, and one that was
    /// not stays out: what comes again comes to the same stream.
    fn place(&self, values: Vec<String>, arrival: u64) -> (Vec<String>, bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let long = |value: &String| value.len() > MAX_VALUE;
        if !values.iter().any(long) && known.admits(&values, arrival) {
            return (values, true);
        }
        let cut = |value: String| if long(&value) { other(&value) } else { value };
        let mut shown: Vec<String> = values.into_iter().map(cut).collect();
        // Those that hold the most values first: by one of them a browser has filled the room, and the others tell apps and kinds apart all the same.
        for at in known.by_variety(shown.len()) {
            if known.admits_folded(&shown) {
                break;
            }
            shown[at] = other(&shown[at]);
        }
        (shown, false)
    }

    fn pairs(&self, values: &[String]) -> Vec<Pair> {
        let own = self.labels.iter().zip(values);
        let own = own.filter(|(_, value)| !value.is_empty());
        let own = own.map(|((label, _), value)| Pair::new(label, value));
        let mut pairs: Vec<_> = self.fixed.iter().cloned().chain(own).collect();
        if pairs.is_empty() {
            // None of the attributes is there, and Loki takes no stream without a label.
            pairs.push(Pair::new("service_name", "unknown_service"));
        }
        pairs
    }
}

/// The combinations that have streams.
#[derive(Default)]
struct Combinations {
    /// When each came last.
    whole: HashMap<Vec<String>, u64>,
    folded: HashSet<Vec<String>>,
    /// The labels' places, those with the most values first; none when that may have changed.
    order: Option<Vec<usize>>,
}

impl Combinations {
    fn admits(&mut self, values: &[String], arrival: u64) -> bool {
        if let Some(last) = self.whole.get_mut(values) {
            *last = arrival.max(*last);
            return true;
        }
        if self.whole.len() >= MAX_STREAMS {
            let used = |last: u64| arrival.saturating_sub(last) < UNUSED_NS;
            self.whole.retain(|_, last| used(*last));
            if self.whole.len() < MAX_STREAMS {
                self.folded.clear();
            }
        }
        let room = self.whole.len() < MAX_STREAMS;
        if room {
            self.whole.insert(values.to_vec(), arrival);
            self.order = None;
        }
        room
    }

    /// Whether this may be a stream of its own: nothing of it holds what there is no room for.
    fn admits_folded(&mut self, values: &[String]) -> bool {
        if self.folded.contains(values) {
            return true;
        }
        let room = self.folded.len() < MAX_FOLDED && values.iter().any(|it| it == OTHER);
        if room {
            self.folded.insert(values.to_vec());
        }
        room
    }

    fn by_variety(&mut self, labels: usize) -> Vec<usize> {
        let whole = &self.whole;
        let order = self.order.get_or_insert_with(|| {
            let count = |at: usize| {
                let values: HashSet<&String> = whole.keys().map(|it| &it[at]).collect();
                values.len()
            };
            let mut order: Vec<usize> = (0..labels).collect();
            order.sort_by_cached_key(|at| std::cmp::Reverse(count(*at)));
            order
        });
        order.clone()
    }
}

/// The hour of a time, such as `2026-11-23T20`.
fn hour(nanos: u64) -> Pair {
    let mut text = to_iso(nanos);
    text.truncate("2026-11-23T20".len());
    Pair::new(HOUR, text)
}

fn other(value: &str) -> String {
    match value {
        "" => String::new(),
        _ => OTHER.to_owned(),
    }
}

impl Pair {
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}
