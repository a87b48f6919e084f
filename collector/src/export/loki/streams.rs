//! Which stream an entry belongs to. Labels come from few attributes, and their combinations are bounded: each makes chunks and index
//! of its own in Loki, and browsers say what some of them hold.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::entry::{Known, Labels};
use crate::config::{self, Dialect};
use crate::export::Batch;

/// Combinations of labels that one collector makes in a run: far more than declared apps with their environments and kinds come to, far
/// fewer than the 5,000 streams that Loki allows a tenant unless told otherwise.
const MAX_STREAMS: usize = 500;
/// Bytes of a label's value; Loki takes 2,048.
const MAX_VALUE: usize = 200;
/// What a label holds beyond these bounds. The entry keeps the value as structured metadata.
const OTHER: &str = "other";

/// Entries under one set of labels.
pub(super) struct Stream<'a> {
    pub(super) labels: Vec<Pair>,
    pub(super) entries: Vec<Known<'a>>,
}

/// A label and what it holds.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

pub(super) struct Streams {
    /// Labels with the attributes that they come from.
    labels: Vec<(String, String)>,
    fixed: Vec<Pair>,
    dialect: Dialect,
    known: Mutex<HashSet<Vec<String>>>,
}

impl Streams {
    pub(super) fn new(settings: &config::Loki, dialect: Dialect) -> Self {
        let fixed = settings.static_labels.iter();
        Self {
            labels: settings.labels.clone(),
            fixed: fixed.map(|(name, value)| Pair::new(name, value)).collect(),
            dialect,
            known: Mutex::default(),
        }
    }

    /// A batch's entries by stream, in order within each.
    pub(super) fn of<'a>(&'a self, batch: &'a Batch) -> Vec<Stream<'a>> {
        let mut streams: Vec<Stream<'a>> = Vec::new();
        let mut places: HashMap<Vec<String>, usize> = HashMap::new();
        // What combinations that came before came to: nearly all entries have the labels of another.
        let mut seen: HashMap<String, (usize, &'a Labels)> = HashMap::new();
        let mut key = String::new();
        let records = batch.placed::<LogRecord>().zip(batch.arrivals());
        for ((place, record), arrival) in records {
            let mut known = Known {
                place,
                record,
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
            let (at, labels) = match seen.get(&key) {
                Some(found) => *found,
                None => {
                    let values: Vec<_> = values.into_iter().map(Cow::into_owned).collect();
                    let taken = self.admits(&values);
                    let shown = match taken {
                        true => values,
                        false => values.iter().map(|it| other(it)).collect(),
                    };
                    let at = *places.entry(shown).or_insert_with_key(|shown| {
                        streams.push(Stream {
                            labels: self.pairs(shown),
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

    /// Whether a combination may be a stream of its own. One that was admitted stays so, and one that was not, stays out: what comes
    /// again comes to the same stream.
    fn admits(&self, values: &[String]) -> bool {
        if values.iter().any(|it| it.len() > MAX_VALUE) {
            return false;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(values) {
            return true;
        }
        let room = known.len() < MAX_STREAMS;
        if room {
            known.insert(values.to_vec());
        }
        room
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

fn other(value: &str) -> String {
    match value {
        "" => String::new(),
        _ => OTHER.to_owned(),
    }
}

impl Pair {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}
