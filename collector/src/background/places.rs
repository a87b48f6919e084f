//! Places for work that takes a processor: as many at once as there are processors. More would be no faster, and each thread keeps memory of its own.
//!
//! By turns they go to who has waited longest and to who is furthest behind in the queue. So destinations that are short of processors stay close
//! together, where they share what is converted, and one that has an hour to make up for takes no more than half of what there is.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::sync::oneshot;

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
    let position = POSITION.try_with(|it| *it).unwrap_or(u64::MAX);
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
    /// The next one goes to who is furthest behind.
    by_position: bool,
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
            by_position: false,
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
        self.by_position = !self.by_position;
        let furthest = || {
            let all = self.waiting.iter().enumerate();
            all.min_by_key(|(_, (position, _))| *position)
        };
        let at = match self.by_position {
            true => furthest().map_or(0, |(at, _)| at),
            false => 0,
        };
        self.waiting.remove(at).map(|(_, tell)| tell)
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

    #[tokio::test]
    async fn places_go_by_turns_to_who_is_furthest_behind_and_to_who_has_waited_longest() {
        let places = Places::new(1);
        let mut place = places.place(0).await;
        let mut waiting = Vec::new();
        for position in [50, 40, 10, 30, 20] {
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
        assert_eq!(order, [10, 50, 20, 40, 30]);
        drop(place);
        assert_eq!(places.lock().free, 1);
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
