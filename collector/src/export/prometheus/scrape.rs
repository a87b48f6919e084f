//! What a scrape of the metrics made out of items gets: text with classic buckets, OpenMetrics with exemplars too, or protobuf with both
//! kinds of buckets, by what it asks for.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use http::header::{ACCEPT, USER_AGENT};
use prost::Message as _;

use super::Families;
use super::text::text;
use crate::aggregate::{Snapshot, Snapshots};
use crate::client_address::ClientAddress;
use crate::export::points::{self, Form};
use crate::telemetry::proto::MetricFamily;
use crate::telemetry::{Format, negotiate};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Who scrapes, and what each has seen: a series is shown as 0 at the first look since it began, and as what it holds at the next.
#[derive(Debug)]
pub struct Scrapers {
    snapshots: Snapshots,
    /// At this run's first snapshot.
    begun: Look,
    /// At the snapshot that each saw last, by who it is.
    seen: Mutex<HashMap<u64, Look>>,
}

/// A look at all that there was.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    at_ns: u64,
    /// By when all of it began.
    heard_ns: u64,
}

impl Look {
    fn at(snapshot: &Snapshot) -> Self {
        Self {
            at_ns: snapshot.time_ns,
            heard_ns: snapshot.heard_ns(),
        }
    }
}

/// Scrapers that are known one by one: more than look at one collector. Whoever comes beyond them sees all as it is.
const MAX_SCRAPERS: usize = 64;
/// Where there are as many, those go that did not look for this long: a Prometheus that moved has another address, a new one another version, and none is
/// set to look once an hour.
const KEPT_NS: u64 = 3600 * 1_000_000_000;
/// Who comes first within this time of the start is taken to have been there before: the longest between two scrapes by which Prometheus does
/// not lose sight of a series. Who comes later is new, and a 0 would make all that there is an increase of now.
const THERE_BEFORE_NS: u64 = 5 * 60 * 1_000_000_000;

impl Scrapers {
    pub(crate) fn new(snapshots: Snapshots) -> Self {
        let begun = snapshots.borrow().as_deref().map(Look::at);
        Self {
            snapshots,
            begun: begun.unwrap_or_default(),
            seen: Mutex::default(),
        }
    }

    /// The body of an answer, and its content type.
    pub(crate) fn answer(
        &self,
        from: Option<ClientAddress>,
        headers: &HeaderMap,
    ) -> (&'static str, Vec<u8>) {
        let accept = headers.get(ACCEPT).and_then(|it| it.to_str().ok());
        let Some(snapshot) = self.snapshots.borrow().clone() else {
            return answer(None, accept);
        };
        let mut who = DefaultHasher::new();
        (from, headers.get(USER_AGENT), headers.get(ACCEPT)).hash(&mut who);
        let heard_ns = self.look(who.finish(), Look::at(&snapshot));
        let with_zeros = snapshot.with_zeros(heard_ns);
        answer(Some(with_zeros.as_ref().unwrap_or(&snapshot)), accept)
    }

    /// Until when this one has heard of all series, before it looks now.
    fn look(&self, who: u64, now: Look) -> u64 {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = seen.get_mut(&who) {
            return std::mem::replace(before, now).heard_ns;
        }
        if seen.len() >= MAX_SCRAPERS {
            // Those of before the clock was set back too.
            seen.retain(|_, before| now.at_ns.abs_diff(before.at_ns) < KEPT_NS);
        }
        if seen.len() >= MAX_SCRAPERS {
            return now.heard_ns;
        }
        seen.insert(who, now);
        let since_begun = now.at_ns.checked_sub(self.begun.at_ns);
        match since_begun.is_some_and(|it| it <= THERE_BEFORE_NS) {
            true => self.begun.heard_ns,
            false => now.heard_ns,
        }
    }
}

/// The body of an answer, and its content type.
pub(super) fn answer(snapshot: Option<&Snapshot>, accept: Option<&str>) -> (&'static str, Vec<u8>) {
    let families = snapshot.map(families).unwrap_or_default();
    if negotiate(accept) == Format::Protobuf {
        let each = families
            .iter()
            .map(MetricFamily::encode_length_delimited_to_vec);
        let body = each.collect::<Vec<_>>().concat();
        return (Format::Protobuf.content_type(), body);
    }
    let open = accept.is_some_and(|it| it.contains("application/openmetrics-text"));
    let kind = match open {
        true => OPEN_METRICS,
        false => Format::Text.content_type(),
    };
    (kind, text(&families, open).into_bytes())
}

/// Without times: the scrape's own is that of the values.
fn families(snapshot: &Snapshot) -> Vec<MetricFamily> {
    let mut families = Families::default();
    for resource in points::metrics(snapshot, Form::Prometheus) {
        let metrics = resource.scope_metrics.iter().flat_map(|it| &it.metrics);
        metrics.for_each(|it| families.add(resource.resource.as_ref(), it));
    }
    let mut families = families.end();
    let series = families.iter_mut().flat_map(|it| &mut it.metric);
    series.for_each(|it| it.timestamp_ms = None);
    families
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::watch;

    use super::*;
    use crate::aggregate::snapshot_of;

    const SECOND: u64 = 1_000_000_000;

    /// Page views of two series: one from before this run, one that began at `born` seconds.
    fn state(born: u64, now: u64) -> Option<Arc<Snapshot>> {
        let row = |page, amount| ("shop", "farol.page_views", [page, "", ""], amount);
        let rows = [row("/a", 7.0), row("/b", 1.0)];
        let rows: Vec<_> = rows
            .iter()
            .map(|(app, family, values, amount)| (*app, *family, &values[..], *amount))
            .collect();
        let mut snapshot = snapshot_of(&rows, born * SECOND, now * SECOND);
        snapshot.series[0].start_ns = SECOND;
        Some(Arc::new(snapshot))
    }

    fn look(scrapers: &Scrapers, agent: &str) -> Vec<String> {
        let headers = HeaderMap::from_iter([(USER_AGENT, agent.parse().unwrap())]);
        let text = String::from_utf8(scrapers.answer(None, &headers).1).unwrap();
        let values = text.lines().filter(|it| !it.starts_with('#'));
        values
            .map(|it| it.rsplit(' ').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn each_scraper_sees_a_new_series_at_0_once() {
        let (publish, snapshots) = watch::channel(state(1, 100));
        let scrapers = Scrapers::new(snapshots);
        publish.send_replace(state(105, 110));
        for scraper in ["one", "two"] {
            assert_eq!(look(&scrapers, scraper), ["7", "0"], "{scraper}");
            assert_eq!(look(&scrapers, scraper), ["7", "1"], "{scraper}");
        }
        // Let go and born again.
        publish.send_replace(state(100_000, 100_010));
        assert_eq!(look(&scrapers, "one"), ["7", "0"]);
        publish.send_replace(state(100_000, 100_020));
        assert_eq!(look(&scrapers, "one"), ["7", "1"]);
    }

    #[test]
    fn a_clock_that_is_set_back_shows_each_series_at_0_once() {
        let (publish, snapshots) = watch::channel(state(1, 7_200));
        let scrapers = Scrapers::new(snapshots);
        assert_eq!(look(&scrapers, "one"), ["7", "1"]);
        // It begins after what was seen, as the aggregator has it.
        for (now, value) in [(100, "0"), (110, "1"), (120, "1")] {
            publish.send_replace(state(7_201, now));
            assert_eq!(look(&scrapers, "one"), ["7", value], "{now}");
        }
        assert_eq!(look(&scrapers, "new"), ["7", "1"]);
    }

    #[test]
    fn who_comes_later_is_not_told_that_all_of_it_came_now() {
        let (publish, snapshots) = watch::channel(state(1, 100));
        let scrapers = Scrapers::new(snapshots);
        publish.send_replace(state(105, 1_000));
        assert_eq!(look(&scrapers, "late"), ["7", "1"]);
        publish.send_replace(state(1_005, 1_010));
        assert_eq!(look(&scrapers, "late"), ["7", "0"]);
    }

    #[test]
    fn who_looks_no_more_makes_room_for_another() {
        let (publish, snapshots) = watch::channel(state(1, 100));
        let scrapers = Scrapers::new(snapshots);
        for n in 0..MAX_SCRAPERS {
            look(&scrapers, &format!("{n}"));
        }
        publish.send_replace(state(1, 1_000));
        look(&scrapers, "0");
        publish.send_replace(state(1, 3_700));
        assert_eq!(look(&scrapers, "moved"), ["7", "1"]);
        publish.send_replace(state(3_705, 3_710));
        for scraper in ["moved", "0"] {
            assert_eq!(look(&scrapers, scraper), ["7", "0"], "{scraper}");
            assert_eq!(look(&scrapers, scraper), ["7", "1"], "{scraper}");
        }
    }

    #[test]
    fn scrapers_without_end_take_no_room_without_end() {
        let (_publish, snapshots) = watch::channel(state(1, 100));
        let scrapers = Scrapers::new(snapshots);
        for n in 0..1_000 {
            assert_eq!(look(&scrapers, &format!("{n}")), ["7", "1"]);
        }
        assert_eq!(scrapers.seen.lock().unwrap().len(), MAX_SCRAPERS);
    }
}
