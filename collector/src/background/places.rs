//! Places for work that takes a processor: as many at once as there are processors. More would be no faster, and each thread keeps memory of its own.
//!
//! Mostly they go to who is furthest behind in the queue. So destinations that are short of processors stay close together, where they share what is
//! converted. One that has an hour to make up for is not what the others wait for: like all, it gets a place in eight as the furthest behind, and has
//! its turn among those who have waited longest.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::sync::oneshot;

/// Of so many places one goes to who has waited longest, and one to who is furthest behind, however far. With half as many turns
/// ten destinations at 3,000 payloads a second drifted apart within a minute, with these they do not.
const TURNS: u8 = 8;

/// Who is no further behind the first than this many bytes of the queue is to stay with the others: some ten seconds of such traffic.
const NEAR: u64 = 64 << 20;

/// Of what stands nowhere in the queue, or has time: behind it nobody is.
pub(crate) const NOWHERE: u64 = u64::MAX;

static PLACES: LazyLock<Places> =
    LazyLock::new(|| Places::new(available_parallelism().map_or(1, usize::from)));

tokio::task_local! {
    /// Where in the queue stands what a task works on.
    static POSITION: u64;
}

/// Runs a task whose work stands at this position of the queue.
pub(crate) fn at<F: Future>(position: u64, task: F) -> impl Future<Output = F::Output> {
    POSITION.scope(position, task)
}

/// Waits for a place, for what stands at the task's position; without one it is behind nobody.
pub(crate) async fn place() -> Place {
    let position = POSITION.try_with(|it| *it).unwrap_or(NOWHERE);
    PLACES.place(position).await
}

/// Whether all places are taken: what takes longer now is for want of processors, not of a server's answer.
pub(crate) fn is_busy() -> bool {
    PLACES.lock().free == 0
}

#[derive(Clone, Debug)]
struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// Those who wait, longest first, with their positions.
    waiting: VecDeque<(u64, oneshot::Sender<Place>)>,
    turn: u8,
}

/// A place, given to the next when it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Option<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.0.take() {
            places.give();
        }
    }
}

impl Places {
    fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: count,
            waiting: VecDeque::new(),
            turn: 0,
        })))
    }

    async fn place(&self, position: u64) -> Place {
        let told = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Place(Some(self.clone()));
            }
            let (tell, told) = oneshot::channel();
            state.waiting.push_back((position, tell));
            told
        };
        // Whoever is told is given one; nobody is forgotten.
        told.await.unwrap_or(Place(None))
    }

    /// Hands a place on.
    fn give(self) {
        let mut place = Place(Some(self.clone()));
        loop {
            let next = {
                let mut state = self.lock();
                let Some(next) = state.next() else {
                    state.free += 1;
                    place.0 = None;
                    return;
                };
                next
            };
            // One who does not wait any more gives it back.
            match next.send(place) {
                Ok(()) => return,
                Err(back) => place = back,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        self.turn = (self.turn + 1) % TURNS;
        let at = match self.turn {
            0 => 0,
            1 => self.furthest_from(0),
            _ => self.furthest_from(self.near()),
        };
        self.waiting.remove(at).map(|(_, tell)| tell)
    }

    /// From where on one is near the first of those who wait.
    fn near(&self) -> u64 {
        let positions = self.waiting.iter().map(|(position, _)| *position);
        let first = positions.filter(|position| *position != NOWHERE).max();
        first.unwrap_or_default().saturating_sub(NEAR)
    }

    /// Which of those who wait at this position or ahead of it is furthest behind.
    fn furthest_from(&self, least: u64) -> usize {
        let all = self.waiting.iter().enumerate();
        let from = all.filter(|(_, (position, _))| *position >= least);
        from.min_by_key(|(_, (position, _))| *position)
            .map_or(0, |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn wait(places: &Places, position: u64) -> tokio::task::JoinHandle<Place> {
        let before = places.lock().waiting.len();
        let of = places.clone();
        let waits = tokio::spawn(async move { of.place(position).await });
        while places.lock().waiting.len() == before {
            tokio::task::yield_now().await;
        }
        waits
    }

    /// Who is given a place, one after the other.
    async fn order_of(positions: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let places = Places::new(1);
        let mut place = places.place(0).await;
        let mut waiting = Vec::new();
        for position in positions {
            waiting.push((position, wait(&places, position).await));
        }
        let mut order = Vec::new();
        while !waiting.is_empty() {
            drop(place);
            while !waiting.iter().any(|(_, it)| it.is_finished()) {
                tokio::task::yield_now().await;
            }
            let at = waiting.iter().position(|(_, it)| it.is_finished());
            let (position, it) = waiting.remove(at.unwrap());
            order.push(position);
            place = it.await.unwrap();
        }
        drop(place);
        assert_eq!(places.lock().free, 1);
        order
    }

    #[tokio::test]
    async fn places_go_to_who_is_furthest_behind_and_at_times_to_who_has_waited_longest() {
        let order = order_of((1..=10).rev()).await;
        assert_eq!(order, [1, 2, 3, 4, 5, 6, 7, 10, 8, 9]);
    }

    #[tokio::test]
    async fn one_that_is_far_behind_has_its_turn_and_no_more() {
        let now = 10 * NEAR;
        let order = order_of([NOWHERE, now, 1, 2, 3, now - NEAR, now + 1 - NEAR]).await;
        assert_eq!(order, [1, now - NEAR, now + 1 - NEAR, now, 2, 3, NOWHERE]);
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_keeps_no_place() {
        let places = Places::new(1);
        let place = places.place(0).await;
        let gone = wait(&places, 1).await;
        let next = wait(&places, 2).await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        drop(place);
        let place = next.await.unwrap();
        assert_eq!(places.lock().free, 0);
        drop(place);
        assert_eq!(places.lock().free, 1);
    }
}
