//! What of an entry a destination gets: what its condition holds for, of the sessions in its sample. Decided behind the queue, so that
//! metrics see all that was taken, and each destination's choice is its own.

use std::sync::Arc;

use farol_protocol::payload::Payload;

use super::batch::Source;
use super::cut::LOT;
use crate::condition::{Condition, Ground};
use crate::convert::{Dialect, Written, to_otlp, to_written};
use crate::filter::sample;
use crate::queue::Entry;
use crate::record::Header;

/// What may come to more than this waits until it goes out: it may have to go in parts. Nearly all that pages send is less.
const WARM: usize = 256 << 10;

/// What a destination gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    /// Of which items; all where there is none.
    pub(crate) when: Option<Condition>,
    /// Of which share of sessions.
    pub(crate) sampling: f64,
    /// Whether as the bytes of OTLP's protobuf.
    pub(crate) written: bool,
    /// Whether they wait there long for others. Those bytes are then made into types in the end, and nothing is kept elsewhere meanwhile.
    pub(crate) patient: bool,
}

impl Default for Route {
    fn default() -> Self {
        Self {
            when: None,
            sampling: 1.0,
            written: false,
            patient: false,
        }
    }
}

/// An entry as a destination gets it.
#[derive(Debug)]
pub(crate) struct Routed {
    /// What is left of it.
    pub(crate) source: Source,
    /// Items that go elsewhere.
    pub(crate) elsewhere: u64,
    /// Items of sessions that are not in the sample.
    pub(crate) sampled_out: u64,
}

impl Route {
    /// The entry as it goes there. Where all of it does, the form is the one that all destinations share.
    pub(crate) fn take(&self, entry: &Entry, dialect: Dialect) -> Routed {
        let routed = self.taken(entry, dialect);
        if !self.warms(entry) {
            self.is_through(entry);
        }
        routed
    }

    pub(super) fn is_through(&self, entry: &Entry) {
        if self.patient {
            return entry.let_be();
        }
        entry.done();
        entry.through();
    }

    fn taken(&self, entry: &Entry, dialect: Dialect) -> Routed {
        let whole = |entry: &Entry| Routed {
            source: match self.written {
                true => Source::Written(entry.written(dialect)),
                false => Source::Record(entry.otlp(dialect)),
            },
            elsewhere: 0,
            sampled_out: 0,
        };
        if self.when.is_none() && self.sampling >= 1.0 {
            return whole(entry);
        }
        let header = &entry.record.header;
        let payload = entry.payload();
        let lost = self.lost(header, &payload);
        if lost.is_empty() && self.sampling >= 1.0 {
            return whole(entry);
        }
        if lost.len() as u64 == entry.items() {
            return Routed {
                source: Source::Record(Arc::default()),
                elsewhere: lost.len() as u64,
                sampled_out: 0,
            };
        }
        entry.converted_apart(dialect);
        self.rest(header, (*payload).clone(), &lost, dialect)
    }

    /// Has an entry that will be taken ready, while what was decoded of it still lies in the processor's cache. It is ready for as long as the caller
    /// keeps what it gets, and nobody else has to keep it for that.
    pub(crate) fn warm(&self, entry: &Entry, dialect: Dialect) -> Option<Arc<Written>> {
        self.warms(entry).then(|| {
            let written = entry.written(dialect);
            self.is_through(entry);
            written
        })
    }

    /// What a record comes to; without reading it where it is too much as it is, or ready.
    pub(super) fn weight(&self, entry: &Entry, dialect: Dialect) -> usize {
        if self.patient && self.warms(entry) {
            return entry.converted_weight();
        }
        if self.warms(entry) {
            return entry.written(dialect).weight();
        }
        let decoded = entry.weight();
        match decoded > LOT {
            true => decoded,
            false => entry.converted_weight(),
        }
    }

    fn warms(&self, entry: &Entry) -> bool {
        let whole = self.when.is_none() && self.sampling >= 1.0;
        let items = usize::try_from(entry.items()).unwrap_or(usize::MAX);
        // Nothing that is repeated with each item is more than the whole.
        whole && self.written && entry.weight().saturating_mul(items.max(1)) <= WARM
    }

    /// A part of an entry as it goes there.
    pub(crate) fn take_part(&self, header: &Header, part: Payload, dialect: Dialect) -> Routed {
        let lost = self.lost(header, &part);
        self.rest(header, part, &lost, dialect)
    }

    /// Places of items that go elsewhere.
    fn lost(&self, header: &Header, payload: &Payload) -> Vec<u32> {
        let Some(when) = &self.when else {
            return Vec::new();
        };
        let ground = Ground::of(header, payload);
        let out = ground.subjects().filter(|(_, it)| !when.holds(it));
        out.map(|(place, _)| place).collect()
    }

    fn rest(
        &self,
        header: &Header,
        mut payload: Payload,
        lost: &[u32],
        dialect: Dialect,
    ) -> Routed {
        payload.remove(lost);
        let sampled_out = sample(&mut payload, self.sampling, header.state, &header.id);
        Routed {
            source: match self.written {
                true => Source::Written(Arc::new(to_written(header, &payload, dialect))),
                false => Source::Record(Arc::new(to_otlp(header, &payload, dialect))),
            },
            elsewhere: lost.len() as u64,
            sampled_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use farol_protocol::sampling::sampled;

    use super::*;
    use crate::convert::Otlp;
    use crate::record::{Counts, Record};

    fn entry(body: &str, counts: Counts) -> Entry {
        let header = Header {
            app: "shop".into(),
            counts,
            ..Header::default()
        };
        let body = Bytes::copy_from_slice(body.as_bytes());
        Entry::new(0, Record { header, body })
    }

    fn mixed(session: &str) -> Entry {
        let body = format!(
            r#"{{"meta":{{"session":{{"id":"{session}"}}}},"logs":[{{"message":"a"}}],"exceptions":[{{"type":"E"}}],"events":[{{"name":"e"}}],"farol":{{"rate":0.8}}}}"#
        );
        let counts = Counts {
            logs: 1,
            exceptions: 1,
            events: 1,
            ..Counts::default()
        };
        entry(&body, counts)
    }

    fn otlp(routed: &Routed) -> &Arc<Otlp> {
        match &routed.source {
            Source::Record(otlp) => otlp,
            other => panic!("{other:?}"),
        }
    }

    fn told(routed: &Routed) -> (usize, u64, u64) {
        let scopes = otlp(routed).logs.iter().flat_map(|it| &it.scope_logs);
        let logs = scopes.map(|it| it.log_records.len()).sum();
        (logs, routed.elsewhere, routed.sampled_out)
    }

    fn when(text: &str) -> Route {
        Route {
            when: Some(Condition::parse(text).unwrap()),
            ..Route::default()
        }
    }

    #[test]
    fn a_destination_gets_what_its_condition_holds_for() {
        let entry = mixed("s");
        let take = |route: &Route| route.take(&entry, Dialect::Semconv);
        let shared = entry.otlp(Dialect::Semconv);
        for all in [Route::default(), when(r#"app == "shop""#)] {
            let routed = take(&all);
            assert_eq!(told(&routed), (3, 0, 0));
            assert!(
                Arc::ptr_eq(otlp(&routed), &shared),
                "nothing is converted again"
            );
        }
        assert_eq!(told(&take(&when(r#"kind == "exception""#))), (1, 2, 0));
        assert_eq!(told(&take(&when(r#"app == "bank""#))), (0, 3, 0));
    }

    #[test]
    fn what_waits_is_kept_ready_by_who_waits_for_it() {
        let route = Route {
            written: true,
            patient: true,
            ..Route::default()
        };
        let entry = mixed("s");
        let ready = route.warm(&entry, Dialect::Semconv).unwrap();
        let taken = |entry: &Entry| match route.take(entry, Dialect::Semconv).source {
            Source::Written(written) => written,
            other => panic!("{other:?}"),
        };
        assert!(Arc::ptr_eq(&ready, &taken(&entry)));
        // Nothing else had it any more.
        let held = Arc::downgrade(&ready);
        drop(ready);
        assert!(held.upgrade().is_none());
        // In the end it is types, and more.
        assert!(route.weight(&entry, Dialect::Semconv) > taken(&entry).weight());
    }

    #[test]
    fn names_of_records_are_the_same_wherever_they_go() {
        let uids = |route: &Route| {
            let routed = route.take(&mixed("s"), Dialect::Semconv);
            let scopes = otlp(&routed).logs.iter().flat_map(|it| &it.scope_logs);
            let records = scopes.flat_map(|it| &it.log_records);
            let uid = |it: &opentelemetry_proto::tonic::logs::v1::LogRecord| {
                let uid = it.attributes.iter().find(|a| a.key == "log.record.uid");
                format!("{:?}", uid.and_then(|a| a.value.clone()))
            };
            records.map(uid).collect::<Vec<_>>()
        };
        let all = uids(&Route::default());
        assert_eq!(uids(&when(r#"kind == "event""#)), all[2..]);
    }

    #[test]
    fn a_destinations_sample_is_the_sessions_with_the_smallest_hashes_and_tells_its_rate() {
        let route = Route {
            sampling: 0.25,
            ..Route::default()
        };
        for n in 0..50 {
            let id = format!("session-{n}");
            let routed = route.take(&mixed(&id), Dialect::Semconv);
            let want = if sampled(&id, 0.25) {
                (3, 0, 0)
            } else {
                (0, 0, 3)
            };
            assert_eq!(told(&routed), want, "{id}");
            let text = format!("{:?}", otlp(&routed).logs);
            assert!(want.0 == 0 || text.contains("DoubleValue(0.25)"), "{text}");
        }
    }
}
