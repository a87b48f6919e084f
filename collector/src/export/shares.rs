//! A batch that goes out in several requests: what came of each, put together to what came of the batch.

use std::time::Duration;

use super::destination::{Outcome, Reason};

/// What came of the shares so far.
#[derive(Default)]
pub(crate) struct Shares {
    again: Vec<usize>,
    taken: bool,
    /// The first that was not taken.
    failed: Option<Outcome>,
    stopped: bool,
}

impl Shares {
    /// Whether another request makes sense: after one that the server did not answer none does.
    pub(crate) fn go_on(&self) -> bool {
        !self.stopped
    }

    /// Notes what came of the items at these places.
    pub(crate) fn add(&mut self, places: Vec<usize>, outcome: Outcome) {
        match outcome {
            Outcome::Accepted { .. } | Outcome::Each { .. } => self.taken = true,
            Outcome::Retry { ref reason, .. } => {
                // It may answer otherwise for another share, whose tenant is another; where it did not answer, each would cost a time-out.
                self.stopped |= !reason.is_answer();
                self.fail(places, outcome);
            }
            // When it comes again, it comes alone, and can be divided.
            Outcome::Refused(_) => self.fail(places, outcome),
        }
    }

    /// Notes that the items at these places were not sent.
    pub(crate) fn skip(&mut self, places: Vec<usize>) {
        self.again.extend(places);
    }

    /// What came of the batch.
    pub(crate) fn end(mut self) -> Outcome {
        let Some(failed) = self.failed else {
            return Outcome::accepted();
        };
        if !self.taken {
            return failed;
        }
        self.again.sort_unstable();
        let suspect = matches!(failed, Outcome::Retry { suspect: true, .. });
        let (after, reason) = told(failed);
        Outcome::Each {
            refused: Vec::new(),
            again: self.again,
            suspect,
            rejected: None,
            after,
            reason,
        }
    }

    fn fail(&mut self, places: Vec<usize>, outcome: Outcome) {
        self.again.extend(places);
        // A wait is what the whole batch has to heed, and the longest of them; a refusal may be of one share.
        let longer = match (&self.failed, &outcome) {
            (None, _) | (Some(Outcome::Refused(_)), Outcome::Retry { .. }) => true,
            (Some(Outcome::Retry { after: old, .. }), Outcome::Retry { after, .. }) => after > old,
            _ => false,
        };
        if longer {
            self.failed = Some(outcome);
        }
    }
}

fn told(failed: Outcome) -> (Option<Duration>, Reason) {
    match failed {
        Outcome::Retry { after, reason, .. } => (after, reason),
        Outcome::Refused(reason) => (None, reason),
        Outcome::Accepted { .. } | Outcome::Each { .. } => (None, Reason::code("taken")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Outcome {
        Outcome::Refused(Reason::code("http 400"))
    }

    fn busy() -> Outcome {
        Outcome::Retry {
            after: Some(Duration::from_secs(7)),
            suspect: false,
            reason: Reason::code("http 429"),
        }
    }

    fn of(outcomes: Vec<Outcome>) -> Outcome {
        let mut shares = Shares::default();
        for (at, outcome) in outcomes.into_iter().enumerate() {
            match shares.go_on() {
                true => shares.add(vec![at], outcome),
                false => shares.skip(vec![at]),
            }
        }
        shares.end()
    }

    #[test]
    fn what_was_taken_is_not_sent_again() {
        let taken = Outcome::accepted;
        assert_eq!(of(vec![taken(), taken()]), taken());
        // The driver divides what is refused as a whole, and waits for what is busy as a whole.
        assert_eq!(of(vec![refused(), refused()]), refused());
        let gone = || Outcome::retry(Reason::code("timeout"));
        assert_eq!(of(vec![gone(), taken()]), gone());
        let want = |again, outcome| {
            let (after, reason) = told(outcome);
            Outcome::Each {
                refused: Vec::new(),
                again,
                suspect: false,
                rejected: None,
                after,
                reason,
            }
        };
        let found = of(vec![taken(), refused(), busy(), taken()]);
        assert_eq!(found, want(vec![1, 2], busy()));
        // Another tenant is not told to wait.
        assert_eq!(of(vec![busy(), taken(), taken()]), want(vec![0], busy()));
        let found = of(vec![taken(), gone(), taken()]);
        assert_eq!(found, want(vec![1, 2], gone()));
        assert_eq!(of(vec![refused(), taken()]), want(vec![0], refused()));
    }
}
