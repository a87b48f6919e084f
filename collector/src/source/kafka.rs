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
use tokio::task::JoinSet;

use super::intake::{Intake, Stopped};
use crate::config::Source;
use crate::kafka::{CLIENT, auth, bootstrap, code};

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

/// Reads until it is told to stop; begins anew after each failure.
pub(super) async fn run(source: Source, intake: Intake) {
    let mut wait = WAITS.0;
    loop {
        let told = read(&source, &intake, &mut wait).await;
        let Err(error) = told else { return };
        if !intake.stats.failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                source = source.name,
                reason = code(&error),
                "the source cannot be read; trying on"
            );
        }
        let mut stopped = intake.stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(WAITS.1),
            _ = stopped.wait_for(|it| *it) => return,
        }
    }
}

async fn read(source: &Source, intake: &Intake, wait: &mut Duration) -> krafka::Result<()> {
    let mut stopped = intake.stopped.clone();
    let consumer = tokio::select! {
        consumer = connect(source) => consumer?,
        _ = stopped.wait_for(|it| *it) => return Ok(()),
    };
    let done = follow(source, intake, wait, &consumer).await;
    // Leaves the group, so that its partitions move at once.
    let closed = consumer.close().await;
    done.and(closed)
}

async fn follow(
    source: &Source,
    intake: &Intake,
    wait: &mut Duration,
    consumer: &Consumer,
) -> krafka::Result<()> {
    there(source, consumer).await?;
    consumer.subscribe(&[source.topic.as_str()]).await?;
    while !*intake.stopped.borrow() {
        let messages = consumer.poll(POLL).await?;
        *wait = WAITS.0;
        if intake.stats.failing.swap(false, Ordering::Relaxed) {
            tracing::info!(source = source.name, "the source is read again");
        }
        if messages.is_empty() {
            continue;
        }
        let (taken, all) = take(intake, messages).await;
        let offset = |((topic, partition), next)| {
            let place = TopicPartition::new(topic, partition);
            (place, OffsetAndMetadata::new(next))
        };
        let offsets = taken.into_iter().map(offset);
        consumer.commit_with_metadata(offsets.collect()).await?;
        if !all {
            return Ok(());
        }
    }
    Ok(())
}

/// A topic that is not there yet is waited for here: who subscribes to nothing hears of it by chance.
async fn there(source: &Source, consumer: &Consumer) -> krafka::Result<()> {
    let known = consumer.fetch_metadata(Some(&source.topic)).await?;
    match known.topics.iter().any(|it| !it.partitions.is_empty()) {
        true => Ok(()),
        false => Err(KrafkaError::broker(
            ErrorCode::UnknownTopicOrPartition,
            "no such topic",
        )),
    }
}

/// Where a partition is read on, by topic and partition.
type Offsets = BTreeMap<(String, i32), i64>;

/// Takes messages side by side. Says where each partition is through, and whether all were taken.
async fn take(intake: &Intake, messages: Vec<ConsumerRecord>) -> (Offsets, bool) {
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
            Err(Stopped) => {
                let at = missed.entry(place).or_insert(offset);
                *at = (*at).min(offset);
            }
        }
    }
    let all = missed.is_empty();
    for (place, first) in missed {
        // Before the first that was not taken; whatever was behind it is known when it comes again.
        next.insert(place, first);
    }
    (next, all)
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
