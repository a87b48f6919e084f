//! How much may come: by app, by client address, and in all; in requests and in bytes.
//!
//! An address pays for every request, refused ones too; an app and the whole pay for what is admitted. What one limit refuses costs nothing at
//! the others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::addresses::{Addresses, Pair};
use super::bucket::{Bucket, Flow};
use crate::client_address::ClientAddress;
use crate::config::{Limits, Rate};
use crate::error::ApiError;
use crate::outcome::Refusal;

/// The limits as configured.
#[derive(Debug)]
pub(super) struct Rates {
    all: Flows,
    address: Flows,
    books: Arc<Books>,
}

/// A limit, ready to be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flows {
    requests: Option<Flow>,
    bytes: Option<Flow>,
    observe: bool,
}

/// What outlives a reload: the buckets and the counts.
#[derive(Debug)]
struct Books {
    since: Instant,
    all: Pair,
    addresses: Addresses,
    /// As many as are configured.
    apps: Mutex<BTreeMap<String, Arc<Pair>>>,
    over: [[[AtomicU64; 2]; 2]; 3],
}

/// Which limit it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Address,
    App,
}

/// What was over a limit, for `/metrics`: limit, unit, what was done, how often.
pub type Over = (&'static str, &'static str, &'static str, u64);

const LIMITS: [&str; 3] = ["all", "address", "app"];
const UNITS: [&str; 2] = ["requests", "bytes"];
const DONE: [&str; 2] = ["refused", "observed"];

/// What packing makes of telemetry is a twentieth at best, in earnest: batches of many items that are alike.
const FAIR: usize = 20;

/// What a request that was admitted pays for its body.
#[derive(Debug)]
pub struct Toll {
    books: Arc<Books>,
    all: Flows,
    address: Option<(usize, Flows)>,
    app: Option<(Arc<Pair>, Flows)>,
}

impl Flows {
    pub(super) fn new(rate: &Rate, limits: &Limits) -> Self {
        let flow = |n: Option<u64>, largest| n.map(|n| Flow::new(n, rate.burst, largest));
        Self {
            requests: flow(rate.requests, 1),
            bytes: flow(rate.bytes, limits.body as u64),
            observe: rate.observe,
        }
    }
}

impl Rates {
    pub(super) fn new(limits: &Limits, before: Option<&Self>) -> Self {
        let books = before.map(|b| b.books.clone());
        Self {
            all: Flows::new(&limits.rate, limits),
            address: Flows::new(&limits.address_rate, limits),
            books: books.unwrap_or_else(|| {
                Arc::new(Books {
                    since: Instant::now(),
                    all: Pair::default(),
                    addresses: Addresses::default(),
                    apps: Mutex::default(),
                    over: Default::default(),
                })
            }),
        }
    }

    /// The buckets of an app.
    pub(super) fn app(&self, name: &str) -> Arc<Pair> {
        let mut apps = self
            .books
            .apps
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        apps.entry(name.to_owned()).or_default().clone()
    }

    /// A request came from this address; nothing else is known of it yet. Who is on this machine is not held back: it may be a proxy that
    /// speaks for everybody.
    pub(super) fn knock(&self, client: Option<ClientAddress>) -> Result<Toll, ApiError> {
        let limited = |client: &ClientAddress| !client.ip().is_loopback();
        let place = client
            .filter(limited)
            .map(|client| self.books.addresses.place(client.network()));
        let toll = Toll {
            books: self.books.clone(),
            all: self.all,
            address: place.map(|place| (place, self.address)),
            app: None,
        };
        if let Some((place, flows)) = toll.address {
            let bucket = &self.books.addresses.pair(place).requests;
            let taken = self.books.take(Which::Address, 0, bucket, flows, 1);
            taken.map_err(|wait| limited_by(Which::Address, wait))?;
        }
        Ok(toll)
    }

    /// What was over a limit.
    pub(super) fn figures(&self) -> Vec<Over> {
        let mut out = Vec::new();
        for (limit, units) in LIMITS.iter().zip(&self.books.over) {
            for (unit, done) in UNITS.iter().zip(units) {
                for (done, n) in DONE.iter().zip(done) {
                    out.push((*limit, *unit, *done, n.load(Relaxed)));
                }
            }
        }
        out
    }
}

impl Toll {
    /// The request is admitted, and pays as a request of its app and of all.
    pub(super) fn admitted(&mut self, app: Option<(Arc<Pair>, Flows)>) -> Result<(), ApiError> {
        self.app = app;
        let books = &*self.books;
        if let Some((pair, flows)) = &self.app {
            let taken = books.take(Which::App, 0, &pair.requests, *flows, 1);
            taken.map_err(|wait| limited_by(Which::App, wait))?;
        }
        let taken = books.take(Which::All, 0, &books.all.requests, self.all, 1);
        taken.map_err(|wait| {
            if let Some((pair, flows)) = &self.app {
                give_back(&pair.requests, flows.requests, flows.observe, 1);
            }
            limited_by(Which::All, wait)
        })
    }

    /// Pays for bytes of its body.
    ///
    /// # Errors
    /// When a limit has not so many left; nothing was paid then.
    pub fn bytes(&self, n: u64) -> Result<(), ApiError> {
        let books = &*self.books;
        let address = self.address.map(|(place, flows)| {
            let bucket = &books.addresses.pair(place).bytes;
            (Which::Address, bucket, flows)
        });
        let app = self.app.as_ref();
        let app = app.map(|(pair, flows)| (Which::App, &pair.bytes, *flows));
        let all = Some((Which::All, &books.all.bytes, self.all));
        let asked = [address, app, all];
        for (i, limit) in asked.iter().enumerate() {
            let Some((which, bucket, flows)) = *limit else {
                continue;
            };
            if let Err(wait) = books.take(which, 1, bucket, flows, n) {
                for (_, bucket, flows) in asked[..i].iter().flatten() {
                    give_back(bucket, flows.bytes, flows.observe, n);
                }
                return Err(limited_by(which, wait));
            }
        }
        Ok(())
    }

    /// Pays for a body that came to more than what was sent lets one expect: what is kept of it, and goes on to destinations, is as large as that.
    ///
    /// At most `most`, the largest body that may be sent, which each bucket holds.
    ///
    /// # Errors
    /// As for the bytes that were sent, which stay paid.
    pub fn inflated(&self, sent: usize, plain: usize, most: usize) -> Result<(), ApiError> {
        let more = plain.saturating_sub(sent.saturating_mul(FAIR)).min(most);
        if more == 0 {
            return Ok(());
        }
        let paid = self.bytes(more as u64);
        if let (Err(error), Some((place, flows))) = (&paid, self.address)
            && error.why == Refusal::RateAddress
            && let Some(flow) = flows.bytes
        {
            // What it has left goes, so that its next ones wait where nothing is inflated yet.
            let books = &self.books;
            books.addresses.pair(place).bytes.empty(flow, books.now());
        }
        paid
    }
}

impl Books {
    /// By the clock of all buckets.
    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn take(
        &self,
        which: Which,
        unit: usize,
        bucket: &Bucket,
        flows: Flows,
        n: u64,
    ) -> Result<(), Duration> {
        let Some(flow) = [flows.requests, flows.bytes][unit] else {
            return Ok(());
        };
        let taken = bucket.take(n, flow, self.now());
        if taken.is_err() {
            let counts = &self.over[which as usize][unit];
            counts[usize::from(flows.observe)].fetch_add(1, Relaxed);
        }
        match flows.observe {
            true => Ok(()),
            false => taken,
        }
    }
}

/// Where a limit only observes, what is over it was not taken.
fn give_back(bucket: &Bucket, flow: Option<Flow>, observe: bool, n: u64) {
    if let Some(flow) = flow.filter(|_| !observe) {
        bucket.give_back(n, flow);
    }
}

fn limited_by(which: Which, wait: Duration) -> ApiError {
    let (why, whose) = match which {
        Which::All => (Refusal::RateAll, "this collector"),
        Which::Address => (Refusal::RateAddress, "this address"),
        Which::App => (Refusal::RateApp, "this app"),
    };
    let message =
        format!("more comes than {whose} may send; send the batch again after retry-after");
    ApiError::later(why, message, wait)
}
