//! What a producer's word is worth after a message of which nobody knows whether the broker has it.
//!
//! An idempotent producer numbers its batches for each partition, and the broker takes a number that it knows for a copy: it acknowledges it and keeps
//! nothing. When the client gives a batch up without an answer, it gives the batch's number to the next one. If the broker had the first, and both are of as
//! many messages, the second one is acknowledged and lost. So after such an end nothing that the producer says of that partition counts any more: what it
//! says was taken is sent again, by a producer with a name of its own.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use krafka::KrafkaError;
use krafka::interceptor::{InterceptorResult, ProducerInterceptor, RecordContext};
use krafka::producer::{RecordHeaders, RecordMetadata, UNKNOWN_PARTITION};

use super::{Reason, is_final, is_of_the_clock};

/// The partitions of one producer whose numbers may be out of step with the broker's.
///
/// The client tells it of an end before the partition's next batch is numbered, so that whoever hears of that batch finds the doubt here.
#[derive(Debug, Default)]
pub(super) struct Doubt(Mutex<BTreeSet<(String, i32)>>);

impl Doubt {
    /// Whether this was acknowledged by a number that the broker may have known from another batch.
    pub(super) fn is_of(&self, taken: &RecordMetadata) -> bool {
        let partitions = self.partitions();
        !partitions.is_empty() && partitions.contains(&(taken.topic.clone(), taken.partition))
    }

    pub(super) fn any(&self) -> bool {
        !self.partitions().is_empty()
    }

    fn partitions(&self) -> MutexGuard<'_, BTreeSet<(String, i32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProducerInterceptor for Doubt {
    fn on_acknowledgement(
        &self,
        message: &RecordMetadata,
        error: Option<&KrafkaError>,
        _: &RecordHeaders,
        _: &mut RecordContext,
    ) -> InterceptorResult {
        // What was refused for what it is, the broker does not have; what found no partition was never sent.
        let in_doubt = |it| !is_final(it) && !is_of_the_clock(it);
        if error.is_some_and(in_doubt) && message.partition != UNKNOWN_PARTITION {
            let partition = (message.topic.clone(), message.partition);
            self.partitions().insert(partition);
        }
        Ok(())
    }
}

/// Why a message that was acknowledged is sent again.
pub(super) fn reason() -> Reason {
    Reason::new(
        "kafka in_doubt",
        "acknowledged after a message before it in its partition had no answer",
    )
}
