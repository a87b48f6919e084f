//! The fate of every request and item: exported, filtered, refused, dropped; each with a reason.
//!
//! Three ledgers, kept under one lock so that a snapshot is taken at one moment and its sums hold even under load.
//! The guards count themselves as bugs when they are dropped without a verdict.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod reasons;

pub(crate) use reasons::reasons;
pub use reasons::{Abort, Drop as DropReason, Filter, Refusal};

/// Requests received, and how they ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// All that reached a collect route with POST.
    pub received: u64,
    /// Answered 202 and taken.
    pub accepted: u64,
    /// Answered 202 as taken before.
    pub duplicate: u64,
    /// Answered with an error.
    pub refused: BTreeMap<Refusal, u64>,
    /// Ended without an answer.
    pub aborted: BTreeMap<Abort, u64>,
    /// Guards dropped without a verdict.
    pub bugs: u64,
}

/// Items seen in bodies that could be read, and what became of them up to the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// All items of all decoded payloads.
    pub seen: u64,
    /// Left out on purpose.
    pub filtered: BTreeMap<Filter, u64>,
    /// Admitted, then lost.
    pub dropped: BTreeMap<DropReason, u64>,
    /// In requests that were refused after decoding.
    pub refused: BTreeMap<Refusal, u64>,
    /// Put into the queue.
    pub enqueued: u64,
    /// Guards dropped without a verdict, in items.
    pub bugs: u64,
}

/// Items of one destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Found in the data folder at start.
    pub recovered: u64,
    /// Put into the queue while this destination was there.
    pub enqueued: u64,
    /// Asked for again by an operator.
    pub replayed: u64,
    /// Taken by the destination.
    pub exported: u64,
    /// Not meant for this destination.
    pub filtered: BTreeMap<Filter, u64>,
    /// Lost on the way, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Verdicts beyond what came: an item that had two.
    pub bugs: u64,
}

impl Deliveries {
    /// What has no verdict yet.
    pub fn pending(&self) -> u64 {
        self.came().saturating_sub(self.went())
    }

    fn came(&self) -> u64 {
        self.recovered + self.enqueued + self.replayed
    }

    fn went(&self) -> u64 {
        self.exported + sum(&self.filtered) + sum(&self.dropped)
    }

    /// All drops together.
    pub fn dropped_total(&self) -> u64 {
        sum(&self.dropped)
    }
}

/// All three ledgers at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Of requests.
    pub requests: Requests,
    /// Of items up to the queue.
    pub items: Items,
    /// Of items from the queue on, by destination.
    pub destinations: BTreeMap<String, Deliveries>,
}

impl Snapshot {
    /// Requests that are being worked on; 0 when quiescent.
    pub fn requests_open(&self) -> i128 {
        let r = &self.requests;
        i128::from(r.received)
            - i128::from(r.accepted + r.duplicate + sum(&r.refused) + sum(&r.aborted))
    }

    /// Items between decoding and the queue; 0 when quiescent.
    pub fn items_open(&self) -> i128 {
        let i = &self.items;
        i128::from(i.seen)
            - i128::from(i.enqueued + sum(&i.filtered) + sum(&i.dropped) + sum(&i.refused))
    }
}

/// The total of a map of reasons.
pub fn sum<K>(by_reason: &BTreeMap<K, u64>) -> u64 {
    by_reason.values().sum()
}

/// The ledgers. Cloning gives another handle on the same books.
#[derive(Debug, Clone, Default)]
pub struct Ledgers(Arc<Mutex<Snapshot>>);

impl Ledgers {
    /// Empty books.
    pub fn new() -> Self {
        Self::default()
    }

    /// All three at one moment.
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    /// Counts a request as received; the guard wants its verdict.
    pub fn request(&self) -> RequestGuard {
        self.lock().requests.received += 1;
        RequestGuard {
            ledgers: self.clone(),
            open: true,
        }
    }

    /// Counts items as seen; the guard wants a verdict for each of them.
    pub fn items(&self, seen: u64) -> ItemsGuard {
        self.lock().items.seen += seen;
        ItemsGuard {
            ledgers: self.clone(),
            open: seen,
        }
    }

    /// The books of a destination, opened when first asked for.
    pub fn destination(&self, name: &str) -> DestinationLedger {
        self.lock().destinations.entry(name.to_owned()).or_default();
        DestinationLedger {
            ledgers: self.clone(),
            name: name.into(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        // Additions of integers cannot leave the books half-written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that has no verdict yet.
#[derive(Debug)]
#[must_use = "a request wants a verdict"]
pub struct RequestGuard {
    ledgers: Ledgers,
    open: bool,
}

impl RequestGuard {
    /// Taken.
    pub fn accepted(mut self) {
        self.close(|r| r.accepted += 1);
    }

    /// Taken before.
    pub fn duplicate(mut self) {
        self.close(|r| r.duplicate += 1);
    }

    /// Answered with an error.
    pub fn refused(mut self, why: Refusal) {
        self.close(|r| *r.refused.entry(why).or_default() += 1);
    }

    /// The client went away, or its body never came whole.
    pub fn aborted(mut self, why: Abort) {
        self.close(|r| *r.aborted.entry(why).or_default() += 1);
    }

    fn close(&mut self, entry: impl FnOnce(&mut Requests)) {
        self.open = false;
        entry(&mut self.ledgers.lock().requests);
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // A client that hangs up makes hyper drop the handler: that is an end like another. A panic is not.
        match std::thread::panicking() {
            false => self.close(|r| add(&mut r.aborted, Abort::Disconnected, 1)),
            true => self.close(|r| {
                add(&mut r.refused, Refusal::Internal, 1);
                r.bugs += 1;
            }),
        }
    }
}

/// Items that have no verdict yet.
#[derive(Debug)]
#[must_use = "items want a verdict"]
pub struct ItemsGuard {
    ledgers: Ledgers,
    open: u64,
}

impl ItemsGuard {
    /// How many still want a verdict.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// `n` were left out on purpose.
    pub fn filtered(&mut self, why: Filter, n: u64) {
        self.settle(n, |i, n| *i.filtered.entry(why).or_default() += n);
    }

    /// `n` were lost.
    pub fn dropped(&mut self, why: DropReason, n: u64) {
        self.settle(n, |i, n| *i.dropped.entry(why).or_default() += n);
    }

    /// The rest goes back to the client with an error.
    pub fn refused(mut self, why: Refusal) {
        let rest = self.open;
        self.settle(rest, |i, n| *i.refused.entry(why).or_default() += n);
    }

    /// The rest is in the queue.
    pub fn enqueued(mut self) {
        let rest = self.open;
        self.settle(rest, |i, n| i.enqueued += n);
    }

    fn settle(&mut self, n: u64, entry: impl FnOnce(&mut Items, u64)) {
        let n = n.min(self.open);
        if n > 0 {
            self.open -= n;
            entry(&mut self.ledgers.lock().items, n);
        }
    }
}

impl Drop for ItemsGuard {
    fn drop(&mut self) {
        let rest = self.open;
        if rest == 0 {
            return;
        }
        self.settle(rest, |i, n| {
            *i.dropped.entry(DropReason::Bug).or_default() += n;
            i.bugs += n;
        });
        tracing::error!(
            items = rest,
            "items were dropped without a verdict; this is a bug"
        );
    }
}

/// The books of one destination.
#[derive(Debug, Clone)]
pub struct DestinationLedger {
    ledgers: Ledgers,
    name: Arc<str>,
}

impl DestinationLedger {
    /// The destination's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `n` items came into the queue.
    pub fn enqueued(&self, n: u64) {
        self.entry(|d| d.enqueued += n);
    }

    /// `n` items were found in the data folder.
    pub fn recovered(&self, n: u64) {
        self.entry(|d| d.recovered += n);
    }

    /// `n` items that it was through with are asked for again.
    pub fn replayed(&self, n: u64) {
        self.entry(|d| d.replayed += n);
    }

    /// `n` items were taken by the destination.
    pub fn exported(&self, n: u64) {
        self.entry(|d| d.exported += n);
    }

    /// `n` items are not meant for this destination.
    pub fn filtered(&self, why: Filter, n: u64) {
        self.entry(|d| add(&mut d.filtered, why, n));
    }

    /// `n` items were lost.
    pub fn dropped(&self, why: DropReason, n: u64) {
        self.entry(|d| add(&mut d.dropped, why, n));
    }

    /// The books at this moment.
    pub fn snapshot(&self) -> Deliveries {
        self.ledgers
            .lock()
            .destinations
            .get(&*self.name)
            .cloned()
            .unwrap_or_default()
    }

    fn entry(&self, entry: impl FnOnce(&mut Deliveries)) {
        if let Some(d) = self.ledgers.lock().destinations.get_mut(&*self.name) {
            entry(d);
            let over = d.went().saturating_sub(d.came());
            if over > d.bugs {
                d.bugs = over;
                tracing::error!(
                    destination = &*self.name,
                    items = over,
                    "items had more than one verdict; this is a bug"
                );
            }
        }
    }
}

fn add<K: Ord>(map: &mut BTreeMap<K, u64>, why: K, n: u64) {
    if n > 0 {
        *map.entry(why).or_default() += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_a_destination_that_has_two_verdicts_is_a_bug() {
        let ledger = Ledgers::new().destination("a");
        ledger.enqueued(3);
        ledger.exported(2);
        ledger.dropped(DropReason::Rejected, 1);
        assert_eq!(
            (ledger.snapshot().bugs, ledger.snapshot().pending()),
            (0, 0)
        );
        ledger.exported(2);
        // What comes later covers no bug.
        ledger.enqueued(5);
        assert_eq!(
            (ledger.snapshot().bugs, ledger.snapshot().pending()),
            (2, 3)
        );
    }

    #[test]
    fn a_request_without_a_verdict_was_left_by_its_client_or_by_a_panic() {
        let ledgers = Ledgers::new();
        drop(ledgers.request());
        let panicking = ledgers.clone();
        let panicked = std::thread::spawn(move || {
            let _request = panicking.request();
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        let books = ledgers.snapshot();
        assert_eq!(books.requests.aborted[&Abort::Disconnected], 1);
        assert_eq!(books.requests.refused[&Refusal::Internal], 1);
        assert_eq!((books.requests.bugs, books.requests_open()), (1, 0));
    }

    #[test]
    fn items_without_a_verdict_are_a_counted_bug() {
        let ledgers = Ledgers::new();
        let mut items = ledgers.items(5);
        items.filtered(Filter::SampledOut, 2);
        drop(items);
        let books = ledgers.snapshot();
        assert_eq!(books.items.dropped[&DropReason::Bug], 3);
        assert_eq!((books.items.bugs, books.items_open()), (3, 0));
    }
}
