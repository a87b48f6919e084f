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

/// What may be asked of a lane that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct May {
    /// To leave its batch to others, for the room that it takes.
    pub(super) leave: bool,
    /// To give it back while the destination is away. Not where the batch may be the cause: how often it was tried would be forgotten.
    pub(super) give_back: bool,
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
    /// The same of those that are to give it back because the destination is away.
    could_give_back: AtomicUsize,
    give_back: Notify,
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
            could_give_back: AtomicUsize::new(0),
            give_back: Notify::new(),
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

    /// Waits for something with a batch in hands, and counts as waiting at once. `None` where it is to be left to the queue meanwhile.
    pub(super) fn wait<T>(
        &self,
        may: May,
        until: impl Future<Output = T>,
    ) -> impl Future<Output = Option<T>> {
        let waits = Here::new(&self.waiting);
        let could_leave = may.leave.then(|| Here::new(&self.could_leave));
        let could_give_back = may.give_back.then(|| Here::new(&self.could_give_back));
        async move {
            let _here = (waits, could_leave, could_give_back);
            tokio::select! {
                biased;
                done = until => Some(done),
                () = self.leave.notified(), if may.leave => None,
                () = self.give_back.notified(), if may.give_back => None,
            }
        }
    }

    /// How many lanes wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// How many of those could give their batch back.
    pub(super) fn could_give_back(&self) -> usize {
        self.could_give_back.load(Relaxed)
    }

    /// Asks the last of them that began to wait for it.
    pub(super) fn ask_to_give_back(&self) {
        self.give_back.notify_last();
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
