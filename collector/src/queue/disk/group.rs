//! Group commit: writers put their records down here, one thread takes all that lies there and makes it durable at once.

use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What was put down since the last time.
#[derive(Debug)]
pub(super) struct Group<T> {
    /// The records' bytes, one after the other.
    pub(super) bytes: Vec<u8>,
    /// For each record its length in `bytes`, and what its writer left with it.
    pub(super) members: Vec<(usize, T)>,
}

impl<T> Default for Group<T> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            members: Vec::new(),
        }
    }
}

/// Where groups gather.
#[derive(Debug)]
pub(super) struct Groups<T> {
    state: Mutex<State<T>>,
    /// Told when there is something, or nothing will come any more.
    stir: Condvar,
}

#[derive(Debug)]
struct State<T> {
    group: Group<T>,
    nudged: bool,
    closed: bool,
}

/// Why a record was not put down. The writer gets back what it left.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotTaken<T> {
    /// More waits already than may.
    TooMuch(T),
    /// Nothing is taken any more.
    Closed(T),
}

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                group: Group::default(),
                nudged: false,
                closed: false,
            }),
            stir: Condvar::new(),
        }
    }
}

impl<T> Groups<T> {
    /// Puts a record down, unless `most` bytes wait already; `encode` appends it.
    pub(super) fn put(
        &self,
        most: usize,
        member: T,
        encode: impl FnOnce(&T, &mut Vec<u8>),
    ) -> Result<(), NotTaken<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(NotTaken::Closed(member));
        }
        if state.group.bytes.len() >= most {
            return Err(NotTaken::TooMuch(member));
        }
        let group = &mut state.group;
        let before = group.bytes.len();
        encode(&member, &mut group.bytes);
        group.members.push((group.bytes.len() - before, member));
        if group.members.len() == 1 {
            self.stir.notify_one();
        }
        Ok(())
    }

    /// Has who waits look, though nothing lies there.
    pub(super) fn nudge(&self) {
        self.lock().nudged = true;
        self.stir.notify_one();
    }

    /// Waits until something lies there, or it was nudged. False when nothing does and nothing will.
    pub(super) fn wait(&self) -> bool {
        let mut state = self.lock();
        while state.group.members.is_empty() && !std::mem::take(&mut state.nudged) {
            if state.closed {
                return false;
            }
            state = self
                .stir
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Takes all that lies there, and leaves `spare` to be filled.
    pub(super) fn take(&self, spare: Group<T>) -> Group<T> {
        std::mem::replace(&mut self.lock().group, spare)
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().group.bytes.len()
    }

    /// Takes nothing more; what lies there is still to be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.stir.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
