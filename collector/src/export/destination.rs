//! What a destination is to the code that drives it: one attempt with one batch, and what came of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinError;

use super::Batch;

/// A boxed future, so that all destinations are driven by the same compiled code.
pub type Attempt<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Somewhere that batches go. It makes one attempt; waiting, repeating and dividing are the driver's.
pub trait Destination: Send + Sync + 'static {
    /// Tries to hand over a batch.
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a>;

    /// Whether all that it ever asks of a batch is its protobuf. Its items are then never made into OTLP's types.
    fn sends_protobuf(&self) -> bool {
        false
    }

    /// Whether items wait long for others there. They then wait as protobuf, which takes a quarter of what OTLP's types do, and
    /// [`Batch::typed`] makes types of it again.
    fn gathers_long(&self) -> bool {
        false
    }

    /// Whether it sends items of one signal apart from each other, each lot of them to somebody else there: tenants.
    fn sends_apart(&self) -> bool {
        false
    }

    /// A batch by what goes apart. An answer to one says nothing of the others.
    fn apart(&self, batch: &Batch) -> Vec<Share> {
        vec![(0, (0..batch.len()).collect())]
    }
}

/// A number for what goes apart from other items, and the places of the items that do.
pub(crate) type Share = (u64, Vec<usize>);

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, except for `rejected` items that the destination will not take, whoever asks.
    Accepted {
        /// How many it refused; it does not say which.
        rejected: u64,
        /// Its words.
        reason: Option<Reason>,
    },
    /// Judged item by item, by their places in the batch, each in one list at most. What stands in neither was taken.
    Each {
        /// Will never be taken.
        refused: Vec<(usize, Reason)>,
        /// Not taken now.
        again: Vec<usize>,
        /// Whether some of those may be what it fails at.
        suspect: bool,
        /// How many of those it took it dropped all the same (it does not say which), and its words.
        rejected: Option<(u64, Reason)>,
        /// When it wants to be asked again.
        after: Option<Duration>,
        /// Why not all was taken now.
        reason: Reason,
    },
    /// Not taken now.
    Retry {
        /// When it wants to be asked again.
        after: Option<Duration>,
        /// Whether the batch itself may be what it fails at (a server error rather than a busy or absent server).
        suspect: bool,
        /// Why.
        reason: Reason,
    },
    /// This batch will never be taken as it is.
    Refused(Reason),
}

impl Outcome {
    /// All taken.
    pub(crate) fn accepted() -> Self {
        Self::Accepted {
            rejected: 0,
            reason: None,
        }
    }

    /// The same said shortly, of a batch of so many items: where none was judged for good, it was not taken now.
    pub(crate) fn of(self, items: usize) -> Self {
        match self {
            Self::Each {
                refused,
                again,
                suspect,
                rejected: _,
                after,
                reason,
            } if refused.is_empty() && again.len() >= items => Self::Retry {
                after,
                suspect,
                reason,
            },
            other => other,
        }
    }

    /// A batch that could not be written as the destination wants it. A panic would come again with every try, so the batch is refused: it is divided
    /// until the item that it fails at is alone, which goes to the dead letters.
    pub(crate) fn unwritten(error: &JoinError) -> Self {
        match error.is_panic() {
            true => Self::Refused(Reason::code("encoding failed")),
            // The collector is about to end.
            false => Self::retry(Reason::code("encoding stopped")),
        }
    }

    /// A try again whose cause is not the batch.
    pub(crate) fn retry(reason: Reason) -> Self {
        Self::Retry {
            after: None,
            suspect: false,
            reason,
        }
    }
}

/// Why something was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Of a small set: `http 503`, `grpc unavailable`, `timeout`. Fit for a log line.
    pub code: String,
    /// The destination's own words. They may quote data, so they go to the dead-letter file, never to a log line.
    pub detail: String,
}

/// Enough for a sentence; a page of HTML is no reason.
const MAX_DETAIL: usize = 512;

impl Reason {
    /// A reason with the destination's words, cut.
    pub fn new(code: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self {
            code: code.into(),
            detail: detail.as_ref().chars().take(MAX_DETAIL).collect(),
        }
    }

    /// Ends the code where one of several servers is away: what the others take says nothing of what that one does not.
    pub(crate) const OF_ONE_SERVER: &str = ", one of several";

    /// A reason that needs no words.
    pub fn code(code: impl Into<String>) -> Self {
        Self::new(code, "")
    }
}

const OF_ONE: [&str; 9] = [
    "http 4",
    "grpc already_exists",
    "grpc data_loss",
    "grpc failed_precondition",
    "grpc not_found",
    "grpc out_of_range",
    "grpc permission_denied",
    "connection lost",
    "timeout",
];
const BUSY: [&str; 3] = ["http 408", "http 425", "http 429"];

/// How the codes of answers begin. Of Kafka's those of topics alone: what else its client says is of brokers that it does not reach.
const ANSWERS: [&str; 11] = [
    "http ",
    "grpc ",
    "clickhouse ",
    "bulk ",
    "s3 ",
    "kafka invalid_timestamp",
    "kafka not_enough_replicas",
    "kafka policy_violation",
    "kafka throttling_quota_exceeded",
    "kafka topic_authorization_failed",
    "kafka unknown_topic_or_partition",
];

impl Reason {
    /// Whether the server said it, and of what it was sent. What did not answer, or not in time, does not for anybody.
    pub(crate) fn is_answer(&self) -> bool {
        ANSWERS.iter().any(|it| self.code.starts_with(it))
    }

    /// Whether something that an operator can mend may concern one batch alone: a guard that forbids what stands in it, a reader that hangs up on it,
    /// a server that takes too long for it. Not that a server is busy, or away.
    pub(crate) fn may_be_of_one_batch(&self) -> bool {
        let begins = |all: &[&str]| all.iter().any(|it| self.code.starts_with(it));
        let is_away = self.code.ends_with(Self::OF_ONE_SERVER);
        begins(&OF_ONE) && !begins(&BUSY) && !is_away
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_that_cannot_be_written_is_refused_so_that_it_is_divided() {
        let failed = tokio::task::spawn_blocking(|| panic!("an item of this kind"));
        let failed: Result<(), _> = failed.await;
        let outcome = Outcome::unwritten(&failed.unwrap_err());
        let reason = Reason::code("encoding failed");
        assert_eq!(outcome, Outcome::Refused(reason));
        let stopped = tokio::spawn(std::future::pending::<()>());
        stopped.abort();
        let outcome = Outcome::unwritten(&stopped.await.unwrap_err());
        assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    }
}
