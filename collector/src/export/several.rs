//! One destination that is several servers of one kind: a list of which the next is asked only while those before it are down, or a
//! group over which sessions are spread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use farol_protocol::names::attr;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::time::Instant;
use xxhash_rust::xxh3::Xxh3;

use super::destination::{Attempt, Destination, Outcome, Reason, Share};
use super::{Batch, Signal, plain};
use crate::hex::hex;

/// How long a server that did not take a batch is left alone before one batch tries it again: the first try of a restarted server
/// comes within this, and a dead one costs one time-out in so long.
const REST: Duration = Duration::from_secs(10);

/// The first that is up takes everything.
pub(crate) struct Failover {
    members: Vec<Arc<dyn Destination>>,
    /// Until when each is left alone.
    resting: Mutex<Vec<Option<Instant>>>,
}

impl Failover {
    pub(crate) fn new(members: Vec<Arc<dyn Destination>>) -> Self {
        let resting = Mutex::new(vec![None; members.len()]);
        Self { members, resting }
    }

    /// Those to ask in order: first those that are not at rest. All are asked where all are: somebody may be back.
    fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<_> = (0..self.members.len()).collect();
        order.sort_by_key(|at| resting[*at].is_some_and(|until| until > now));
        // One batch finds out whether a server is back; the others do not wait for it meanwhile.
        if let Some(first) = resting.get_mut(order[0])
            && first.is_some()
        {
            *first = Some(now + REST);
        }
        order
    }

    fn rest(&self, at: usize, until: Option<Instant>) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting[at] = until;
    }

    async fn ask(&self, batch: &Batch) -> Outcome {
        let mut last = Outcome::retry(Reason::code("no server"));
        for at in self.order() {
            last = self.members[at].send(batch).await;
            match &last {
                Outcome::Retry { reason, .. } if is_down(reason) => {
                    self.rest(at, Some(Instant::now() + REST));
                }
                _ => {
                    self.rest(at, None);
                    return last;
                }
            }
        }
        last
    }
}

/// Whether a server is down, rather than busy or set up wrongly: then it is waited for, or mended.
fn is_down(reason: &Reason) -> bool {
    let busy = [
        "http 4",
        "http 3",
        "grpc resource_exhausted",
        "grpc unauthenticated",
    ];
    let busy = busy
        .into_iter()
        .chain(["grpc permission_denied", "grpc unimplemented"]);
    !busy.into_iter().any(|it| reason.code.starts_with(it))
}

impl Destination for Failover {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.ask(batch))
    }

    fn sends_protobuf(&self) -> bool {
        self.members.iter().all(|it| it.sends_protobuf())
    }

    fn sends_apart(&self) -> bool {
        sends_apart(&self.members)
    }

    fn apart(&self, batch: &Batch) -> Vec<Share> {
        apart(&self.members, batch)
    }
}

/// Whether members send shares apart: they are of one kind and have the same settings.
fn sends_apart(members: &[Arc<dyn Destination>]) -> bool {
    members.first().is_some_and(|it| it.sends_apart())
}

/// A batch as any of the members divides it.
fn apart(members: &[Arc<dyn Destination>], batch: &Batch) -> Vec<Share> {
    members.first().map_or_else(Vec::new, |it| it.apart(batch))
}

/// Each session has its server, the same on every collector that has the same list.
pub(crate) struct Spread {
    members: Vec<Arc<dyn Destination>>,
    /// Hashed with a session's id: a server's name, so that the order of the list says nothing.
    names: Vec<String>,
    /// Of each whether the last that it was sent was answered as by one that works.
    well: Vec<AtomicBool>,
}

impl Spread {
    /// Servers with their names.
    pub(crate) fn new(members: Vec<(String, Arc<dyn Destination>)>) -> Self {
        let (names, members): (Vec<String>, Vec<_>) = members.into_iter().unzip();
        let well = names.iter().map(|_| AtomicBool::new(true)).collect();
        Self {
            members,
            names,
            well,
        }
    }

    /// Sends to one. That it is away is said so that what others take is no evidence against its sessions.
    async fn send_to(&self, server: usize, batch: &Batch) -> Outcome {
        let mut outcome = self.members[server].send(batch).await;
        let again = match &mut outcome {
            Outcome::Retry { reason, .. } => Some(reason),
            _ => None,
        };
        let was_well = self.well[server].swap(again.is_none(), Relaxed);
        if let Some(reason) = again.filter(|_| !was_well) {
            reason.code.push_str(Reason::OF_ONE_SERVER);
        }
        outcome
    }

    /// The server with the greatest hash: where one leaves the list, only its own sessions move.
    fn server(&self, key: &str) -> usize {
        let weight = |name: &String| {
            let mut hash = Xxh3::new();
            hash.update(name.as_bytes());
            hash.update(&[0xff]);
            hash.update(key.as_bytes());
            hash.digest()
        };
        let weights = self.names.iter().map(weight).enumerate();
        weights.max_by_key(|(_, it)| *it).map_or(0, |(at, _)| at)
    }

    async fn ask(&self, batch: &Batch) -> Outcome {
        let mut shares: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, key) in keys(batch).into_iter().enumerate() {
            shares.entry(self.server(&key)).or_default().push(place);
        }
        if shares.len() == 1
            && let Some(server) = shares.keys().next()
        {
            return self.send_to(*server, batch).await;
        }
        let mut sum = Sum::default();
        for (server, places) in shares {
            let mut parts = vec![places];
            while let Some(places) = parts.pop() {
                let part = batch.only(&places);
                let outcome = self.send_to(server, &part).await;
                match outcome {
                    // Somebody in it is the culprit.
                    Outcome::Refused(_) if places.len() > 1 => {
                        let (left, right) = places.split_at(places.len().div_ceil(2));
                        parts.extend([right.to_vec(), left.to_vec()]);
                    }
                    outcome => sum.add(&places, outcome),
                }
            }
        }
        sum.end()
    }
}

impl Destination for Spread {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.ask(batch))
    }

    fn sends_apart(&self) -> bool {
        sends_apart(&self.members)
    }

    fn apart(&self, batch: &Batch) -> Vec<Share> {
        apart(&self.members, batch)
    }
}

/// What became of all shares.
#[derive(Default)]
struct Sum {
    rejected: u64,
    /// Why those.
    partial: Option<Reason>,
    refused: Vec<(usize, Reason)>,
    again: Vec<usize>,
    /// Whether some of those may be what a server fails at.
    suspect: bool,
    after: Option<Duration>,
    reason: Option<Reason>,
}

impl Sum {
    fn add(&mut self, places: &[usize], outcome: Outcome) {
        match outcome {
            Outcome::Accepted { rejected, reason } => {
                self.reject(rejected, reason);
            }
            Outcome::Refused(reason) => {
                let each = places.iter().map(|at| (*at, reason.clone()));
                self.refused.extend(each);
            }
            Outcome::Each {
                refused,
                again,
                suspect,
                rejected,
                after,
                reason,
            } => {
                self.suspect |= suspect;
                if let Some((rejected, reason)) = rejected {
                    self.reject(rejected, Some(reason));
                }
                let own = refused.into_iter().map(|(at, it)| (places[at], it));
                self.refused.extend(own);
                self.again.extend(again.into_iter().map(|at| places[at]));
                self.after = self.after.max(after);
                self.reason = Some(reason);
            }
            Outcome::Retry {
                after,
                suspect,
                reason,
            } => {
                self.suspect |= suspect;
                self.again.extend(places);
                self.after = self.after.max(after);
                self.reason = Some(reason);
            }
        }
    }

    fn reject(&mut self, rejected: u64, reason: Option<Reason>) {
        self.rejected = self.rejected.saturating_add(rejected);
        self.partial = reason.or(self.partial.take());
    }

    fn end(self) -> Outcome {
        if self.refused.is_empty() && self.again.is_empty() {
            return Outcome::Accepted {
                rejected: self.rejected,
                reason: self.partial,
            };
        }
        let partial = || Reason::code("partial success");
        let rejected =
            (self.rejected > 0).then(|| (self.rejected, self.partial.unwrap_or_else(partial)));
        Outcome::Each {
            refused: self.refused,
            again: self.again,
            suspect: self.suspect,
            rejected,
            after: self.after,
            reason: self.reason.unwrap_or_else(|| Reason::code("refused")),
        }
    }
}

/// What each item is kept together by: its session, else its trace. Metrics have neither, and stay together.
pub(super) fn keys(batch: &Batch) -> Vec<String> {
    let key = |attributes: &[KeyValue], trace: &[u8]| {
        let session = attributes.iter().find(|it| it.key == attr::SESSION_ID);
        match session {
            Some(session) => plain::text(session.value.as_ref()).into_owned(),
            None => hex(trace),
        }
    };
    match batch.signal() {
        Signal::Logs => {
            let logs = batch.placed::<LogRecord>();
            logs.map(|(_, it)| key(&it.attributes, &it.trace_id))
                .collect()
        }
        Signal::Traces => {
            let spans = batch.placed::<Span>();
            spans
                .map(|(_, it)| key(&it.attributes, &it.trace_id))
                .collect()
        }
        Signal::Metrics => vec![String::new(); batch.len()],
    }
}

#[cfg(test)]
mod tests;
