//! A token bucket in one word: instead of tokens it holds the moment at which it will be full again. Taking pushes that moment on; what would
//! push it further than the bucket is deep is refused. No lock, no clock of its own, nothing to refill.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How fast a bucket fills, and how much it holds. Not in the bucket, so that a reload changes it for all that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow {
    per_second: u64,
    depth: u64,
}

/// A bucket; full at first.
#[derive(Debug, Default)]
pub(super) struct Bucket(AtomicU64);

const SECOND: u64 = 1_000_000_000;

impl Flow {
    /// `per_second` tokens, of which `burst` may gather. A bucket holds `largest` in any case: what may be asked for at once must be possible.
    pub(super) fn new(per_second: u64, burst: Duration, largest: u64) -> Self {
        let mut flow = Self {
            per_second: per_second.max(1),
            depth: 0,
        };
        let burst = u64::try_from(burst.as_nanos()).unwrap_or(u64::MAX);
        flow.depth = burst.max(flow.time_for(largest));
        flow
    }

    /// The time in which so many tokens come, in nanoseconds, rounded up.
    fn time_for(&self, tokens: u64) -> u64 {
        let nanos = (u128::from(tokens) * u128::from(SECOND)).div_ceil(self.per_second.into());
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

impl Bucket {
    /// Takes tokens at `now` (nanoseconds from any beginning). Where they are not there, nothing is taken, and the answer is when they will
    /// be, if nobody else takes any.
    pub(super) fn take(&self, tokens: u64, flow: Flow, now: u64) -> Result<(), Duration> {
        let time = flow.time_for(tokens);
        let taken = |full: u64| full.max(now).saturating_add(time);
        let fits = |full: u64| Some(taken(full)).filter(|next| next - now <= flow.depth);
        match self.0.fetch_update(Relaxed, Relaxed, fits) {
            Ok(_) => Ok(()),
            Err(full) => Err(Duration::from_nanos(taken(full) - now - flow.depth)),
        }
    }

    /// Takes all that there is.
    pub(super) fn empty(&self, flow: Flow, now: u64) {
        self.0.fetch_max(now.saturating_add(flow.depth), Relaxed);
    }

    /// Puts back what was taken and not used.
    pub(super) fn give_back(&self, tokens: u64, flow: Flow) {
        let time = flow.time_for(tokens);
        let back = |full: u64| Some(full.saturating_sub(time));
        // The closure never declines.
        let _ = self.0.fetch_update(Relaxed, Relaxed, back);
    }

    /// When it is full, if nobody takes any more.
    pub(super) fn full_at(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What everybody means by a token bucket: a count that grows with time, in billionths of a token.
    struct Model {
        tokens: u128,
        most: u128,
        per_second: u64,
        last: u64,
    }

    impl Model {
        fn new(per_second: u64, burst: Duration, largest: u64) -> Self {
            let most = (burst.as_nanos() * u128::from(per_second))
                .max(u128::from(largest) * u128::from(SECOND));
            Self {
                tokens: most,
                most,
                per_second,
                last: 0,
            }
        }

        fn fill(&mut self, now: u64) {
            let came = u128::from(now - self.last) * u128::from(self.per_second);
            self.tokens = (self.tokens + came).min(self.most);
            self.last = now;
        }

        fn take(&mut self, tokens: u64) -> bool {
            let wanted = u128::from(tokens) * u128::from(SECOND);
            let there = wanted <= self.tokens;
            if there {
                self.tokens -= wanted;
            }
            there
        }
    }

    /// Rates that divide a second, so that both count exactly.
    fn rate() -> impl Strategy<Value = u64> {
        prop::sample::select(vec![1, 2, 5, 10, 100, 1_000, 4_000, 1_000_000, SECOND])
    }

    proptest! {
        #[test]
        fn it_gives_what_the_model_gives_and_says_when_there_will_be_enough(
            per_second in rate(),
            burst_ms in 0u64..20_000,
            largest in 1u64..50,
            steps in prop::collection::vec((0u64..3_000_000_000, 0u64..60, any::<bool>()), 1..200),
        ) {
            let burst = Duration::from_millis(burst_ms);
            let flow = Flow::new(per_second, burst, largest);
            let (bucket, mut model) = (Bucket::default(), Model::new(per_second, burst, largest));
            let mut now = 0;
            for (later, tokens, back) in steps {
                now += later;
                model.fill(now);
                let took = bucket.take(tokens, flow, now);
                prop_assert_eq!(took.is_ok(), model.take(tokens));
                if let Err(wait) = took
                    && tokens <= largest
                {
                    let wait = wait.as_nanos() as u64;
                    prop_assert!(wait > 0);
                    prop_assert!(bucket.take(tokens, flow, now + wait - 1).is_err());
                    now += wait;
                    model.fill(now);
                    prop_assert!(bucket.take(tokens, flow, now).is_ok(), "it says the truth");
                    prop_assert!(model.take(tokens));
                } else if took.is_ok() && back {
                    bucket.give_back(tokens, flow);
                    model.tokens += u128::from(tokens) * u128::from(SECOND);
                }
            }
        }

        #[test]
        fn over_any_time_it_gives_no_more_than_its_depth_and_its_rate(
            per_second in 1u64..10_000_000,
            burst_ms in 1u64..5_000,
            largest in 1u64..2_000,
            steps in prop::collection::vec((0u64..200_000_000, 1u64..2_000), 1..300),
        ) {
            let flow = Flow::new(per_second, Duration::from_millis(burst_ms), largest);
            let bucket = Bucket::default();
            let (mut now, mut given) = (0u64, 0u128);
            for (later, tokens) in steps {
                now += later;
                if bucket.take(tokens, flow, now).is_ok() {
                    given += u128::from(tokens);
                }
                let most = (u128::from(flow.depth) + u128::from(now)) * u128::from(per_second);
                prop_assert!(given * u128::from(SECOND) <= most + u128::from(SECOND));
            }
        }

        #[test]
        fn no_number_makes_it_panic(
            per_second: u64, nanos: u64, largest: u64, tokens: u64, start: u64, now: u64,
        ) {
            let flow = Flow::new(per_second, Duration::from_nanos(nanos), largest);
            let bucket = Bucket(AtomicU64::new(start));
            let _ = bucket.take(tokens, flow, now);
            bucket.empty(flow, now);
            bucket.give_back(tokens, flow);
        }
    }

    #[test]
    fn many_threads_together_get_what_there_is() {
        let flow = Flow::new(1, Duration::from_secs(1_000), 1);
        let bucket = Bucket::default();
        let took: usize = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| (0..500).filter(|_| bucket.take(1, flow, 7).is_ok()).count())
                })
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).sum()
        });
        assert_eq!(took, 1_000);
    }
}
