//! What an answer concerns: a signal, and of it what the destination sends apart (a tenant). Each has its own pause, its own breaker and its own
//! evidence, so that an answer to one keeps no other waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::breaker::{Breaker, Circuit, Permit};
use super::{Signal, Stats};

/// What an answer concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) signal: Signal,
    /// Of the shares that the destination sends apart.
    pub(super) share: u64,
}

impl Key {
    /// All of a signal.
    pub(super) fn of(signal: Signal) -> Self {
        Self { signal, share: 0 }
    }
}

/// How the destination takes what is of one key.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) breaker: Breaker,
    /// Nothing is sent before: the destination asked for it.
    pause: watch::Sender<Option<Instant>>,
    /// Batches taken so far: the evidence that the destination is alive. One that takes spans may have no place for logs.
    taken: AtomicU64,
    in_doubt: AtomicUsize,
    maybe_alone: AtomicUsize,
    /// Lanes that wait, and those of them whose batch could be left to the queue; and how one of them is asked to.
    waiting: AtomicUsize,
    could_leave: AtomicUsize,
    leave: Notify,
    /// Its breaker counts among the open ones.
    open: AtomicBool,
    stats: Arc<Stats>,
}

impl Health {
    pub(super) fn new(stats: &Arc<Stats>) -> Arc<Self> {
        Arc::new(Self {
            breaker: Breaker::default(),
            pause: watch::Sender::new(None),
            taken: AtomicU64::new(0),
            in_doubt: AtomicUsize::new(0),
            maybe_alone: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            could_leave: AtomicUsize::new(0),
            leave: Notify::new(),
            open: AtomicBool::new(false),
            stats: Arc::clone(stats),
        })
    }

    /// Whether what is sent now would wait.
    pub(super) fn rests(&self) -> bool {
        self.breaker.circuit() != Circuit::Closed || self.paused_until() > Some(Instant::now())
    }

    /// When it may be tried again; nothing where that is now.
    pub(super) fn until(&self) -> Option<Instant> {
        let open = match self.breaker.circuit() {
            Circuit::Open(until) => Some(until),
            Circuit::Closed | Circuit::HalfOpen => None,
        };
        let until = open.max(self.paused_until());
        until.filter(|until| *until > Instant::now())
    }

    fn paused_until(&self) -> Option<Instant> {
        *self.pause.borrow()
    }

    /// The destination wants nothing of it before.
    pub(super) fn pause(&self, until: Instant) {
        self.pause
            .send_modify(|pause| *pause = Some(pause.map_or(until, |it| it.max(until))));
    }

    /// Waits for the right to try.
    pub(super) async fn permit(&self) -> Permit<'_> {
        if let Some(until) = self.paused_until() {
            sleep_until(until).await;
        }
        self.breaker.permit().await
    }

    /// The breaker may have opened or closed.
    pub(super) fn note(&self) {
        let open = self.breaker.circuit() != Circuit::Closed;
        match (self.open.swap(open, Relaxed), open) {
            (false, true) => {
                self.stats.open.fetch_add(1, Relaxed);
                self.stats.opened.fetch_add(1, Relaxed);
            }
            (true, false) => drop(self.stats.open.fetch_sub(1, Relaxed)),
            _ => {}
        }
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    pub(super) fn took(&self) {
        self.taken.fetch_add(1, Relaxed);
    }

    /// Whether batches of it may be what the destination fails at, and how many.
    pub(super) fn in_doubt(&self) -> &AtomicUsize {
        &self.in_doubt
    }

    /// Whether batches of it may be those that alone do not pass, and how many.
    pub(super) fn maybe_alone(&self) -> &AtomicUsize {
        &self.maybe_alone
    }

    /// Waits for something with a batch in hands. `None` where it is to be left to others meanwhile, which is asked of those only that can.
    pub(super) async fn wait<T>(
        &self,
        can_leave: bool,
        until: impl Future<Output = T>,
    ) -> Option<T> {
        let _waits = Here::new(&self.waiting);
        if !can_leave {
            return Some(until.await);
        }
        let _here = Here::new(&self.could_leave);
        tokio::select! {
            biased;
            done = until => Some(done),
            () = self.leave.notified() => None,
        }
    }

    /// How many lanes wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Has all leave their batches that can.
    pub(super) fn all_leave(&self) {
        self.leave.notify_waiters();
    }

    /// Asks the last that began to wait to leave its batch to others. False where there is none.
    pub(super) fn ask_to_leave(&self) -> bool {
        let some = self.could_leave.load(Relaxed) > 0;
        if some {
            self.leave.notify_last();
        }
        some
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        if *self.open.get_mut() {
            self.stats.open.fetch_sub(1, Relaxed);
        }
    }
}

/// Counted as long as it is there.
pub(super) struct Here<'a>(&'a AtomicUsize);

impl<'a> Here<'a> {
    pub(super) fn new(of: &'a AtomicUsize) -> Self {
        of.fetch_add(1, Relaxed);
        Self(of)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
