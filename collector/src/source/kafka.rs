//! A topic of Kafka, read by a group of collectors: each partition by one of them at a time. An offset is committed when all before it is in
//! the queue, so what was on its way when a collector died comes to another.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use krafka::KrafkaError;
use krafka::consumer::{
    AutoOffsetReset, Consumer, ConsumerRecord, OffsetAndMetadata, TopicPartition,
};
use krafka::error::ErrorCode;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::intake::{Intake, Untaken};
use crate::config::Source;
use crate::kafka::{CLIENT, auth, bootstrap, code, is_there};

/// How long brokers are asked for something new: the time that a stop takes at most.
const POLL: Duration = Duration::from_millis(500);
/// Messages that are taken side by side: the queue makes them durable together.
const TOGETHER: i32 = 500;
/// What is fetched at once; larger messages come all the same, alone.
const FETCH: i32 = 8 << 20;
/// Partitions that are added are read after this.
const METADATA: Duration = Duration::from_secs(30);
/// After a failure, doubled up to the second.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Why reading ended before it was told to.
enum Failure {
    Client(KrafkaError),
    /// A record that a newer version wrote, in this format.
    Newer(u16),
}

impl From<KrafkaError> for Failure {
    fn from(error: KrafkaError) -> Self {
        Self::Client(error)
    }
}

/// How the source is.
struct State {
    /// Until the next try.
    wait: Duration,
    /// It stood at a record of a newer version, and nothing was taken since.
    stuck: bool,
}

/// Reads until it is told to stop; begins anew after each failure, and with other settings.
pub(super) async fn run(mut settings: watch::Receiver<Source>, intake: Intake) {
    let mut state = State {
        wait: WAITS.0,
        stuck: false,
    };
    loop {
        let source = settings.borrow_and_update().clone();
        let told = read(&source, &intake, &mut state, &settings).await;
        let failure = match told {
            Ok(()) if *intake.stopped.borrow() => return,
            Ok(()) => continue,
            Err(failure) => failure,
        };
        let known = intake.stats.failing.swap(true, Ordering::Relaxed);
        match failure {
            Failure::Client(error) if !known => tracing::warn!(
                source = source.name,
                reason = code(&error),
                "the source cannot be read; trying on"
            ),
            Failure::Client(_) => {}
            Failure::Newer(format) => {
                if !state.stuck {
                    tracing::error!(
                        source = source.name,
                        format,
                        "the source stands at a record that a newer version wrote: bring this collector to that version; the record waits"
                    );
                }
                state = State {
                    wait: WAITS.1,
                    stuck: true,
                };
            }
        }
        let mut stopped = intake.stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(state.wait) => state.wait = (state.wait * 2).min(WAITS.1),
            _ = stopped.wait_for(|it| *it) => return,
        }
    }
}

async fn read(
    source: &Source,
    intake: &Intake,
    state: &mut State,
    settings: &watch::Receiver<Source>,
) -> Result<(), Failure> {
    let mut stopped = intake.stopped.clone();
    let consumer = tokio::select! {
        consumer = connect(source) => consumer?,
        _ = stopped.wait_for(|it| *it) => return Ok(()),
    };
    let go_on = || !*intake.stopped.borrow() && !settings.has_changed().unwrap_or(false);
    let done = follow(source, intake, state, &consumer, go_on).await;
    // Leaves the group, so that its partitions move at once.
    let closed = consumer.close().await;
    done.and(closed.map_err(Failure::from))
}

async fn follow(
    source: &Source,
    intake: &Intake,
    state: &mut State,
    consumer: &Consumer,
    go_on: impl Fn() -> bool,
) -> Result<(), Failure> {
    there(source, consumer).await?;
    consumer.subscribe(&[source.topic.as_str()]).await?;
    while go_on() {
        let messages = consumer.poll(POLL).await?;
        let some = !messages.is_empty();
        let (taken, untaken) = take(intake, messages).await;
        let newer = matches!(untaken, Some(Untaken::Newer(_)));
        // That nothing came says nothing of the record that it stood at.
        if !newer && (some || !state.stuck) {
            *state = State {
                wait: WAITS.0,
                stuck: false,
            };
            if intake.stats.failing.swap(false, Ordering::Relaxed) {
                tracing::info!(source = source.name, "the source is read again");
            }
        }
        if taken.is_empty() {
            continue;
        }
        let offset = |((topic, partition), next)| {
            let place = TopicPartition::new(topic, partition);
            (place, OffsetAndMetadata::new(next))
        };
        let offsets = taken.into_iter().map(offset);
        consumer.commit_with_metadata(offsets.collect()).await?;
        match untaken {
            Some(Untaken::Newer(format)) => return Err(Failure::Newer(format)),
            Some(Untaken::Stopped) => return Ok(()),
            None => {}
        }
    }
    Ok(())
}

/// A topic that is not there yet is waited for here: who subscribes to nothing hears of it by chance.
async fn there(source: &Source, consumer: &Consumer) -> krafka::Result<()> {
    match is_there(consumer, &source.topic).await? {
        true => Ok(()),
        false => Err(KrafkaError::broker(
            ErrorCode::UnknownTopicOrPartition,
            "no such topic",
        )),
    }
}

/// Where a partition is read on, by topic and partition.
type Offsets = BTreeMap<(String, i32), i64>;

/// Takes messages side by side. Says where each partition is through, and why not all were taken.
async fn take(intake: &Intake, messages: Vec<ConsumerRecord>) -> (Offsets, Option<Untaken>) {
    let mut tasks = JoinSet::new();
    for message in messages {
        let intake = intake.clone();
        tasks.spawn(async move {
            let value = message.value.as_deref().unwrap_or_default();
            let taken = intake.take(value).await;
            ((message.topic, message.partition), message.offset, taken)
        });
    }
    let (mut next, mut missed) = (Offsets::new(), Offsets::new());
    let mut why = None;
    while let Some(ended) = tasks.join_next().await {
        let (place, offset, taken) = match ended {
            Ok(ended) => ended,
            // Never acknowledged; the task that reads says so, and the process ends.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        match taken {
            Ok(()) => {
                let at = next.entry(place).or_insert(offset + 1);
                *at = (*at).max(offset + 1);
            }
            Err(untaken) => {
                why = Some(untaken);
                let at = missed.entry(place).or_insert(offset);
                *at = (*at).min(offset);
            }
        }
    }
    for (place, first) in missed {
        // Before the first that was not taken; whatever was behind it is known when it comes again.
        next.insert(place, first);
    }
    (next, why)
}

async fn connect(source: &Source) -> krafka::Result<Consumer> {
    let timeout = source.brokers.remote.timeout;
    Consumer::builder()
        .bootstrap_servers(bootstrap(&source.brokers))
        .client_id(CLIENT)
        .auth(auth(&source.brokers)?)
        .group_id(source.group.as_str())
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .enable_auto_commit(false)
        .max_poll_records(TOGETHER)
        .max_buffered_records(TOGETHER)
        .fetch_max_bytes(FETCH)
        .max_partition_fetch_bytes(FETCH)
        .metadata_max_age(METADATA)
        .connect_timeout(timeout)
        .request_timeout(timeout.max(POLL * 4))
        .build()
        .await
}

#[cfg(test)]
mod tests;
