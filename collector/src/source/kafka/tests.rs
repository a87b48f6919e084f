//! Against a broker in this process that speaks the protocol, and does what it is told.

use std::sync::Arc;

use krafka::error::ErrorCode;
use krafka::producer::{Producer, ProducerRecord};
use krafka::protocol::ApiKey;
use krafka::testing::{Control, FakeBroker};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::intake::tests::{intake, message, newer};
use super::*;
use crate::config::{Brokers, Remote};

const TOPIC: &str = "farol";
const GROUP: &str = "farol-collector";

fn source(broker: &FakeBroker) -> Source {
    let address = broker.bootstrap_servers();
    let mut remote = Remote::new(format!("tcp://{address}").parse().unwrap());
    remote.timeout = Duration::from_secs(2);
    Source {
        name: "kafka".into(),
        brokers: Brokers {
            remote,
            addresses: vec![address],
            login: None,
        },
        topic: TOPIC.into(),
        group: GROUP.into(),
    }
}

async fn broker(messages: std::ops::Range<u8>) -> FakeBroker {
    let broker = FakeBroker::start().await.unwrap();
    broker.create_topic(TOPIC, 2);
    send(&broker, messages).await;
    broker
}

/// Each goes to one of two partitions, by turns.
async fn send(broker: &FakeBroker, messages: std::ops::Range<u8>) {
    let producer = Producer::builder();
    let producer = producer.bootstrap_servers(broker.bootstrap_servers());
    let producer = producer.build().await.unwrap();
    for id in messages {
        let record = ProducerRecord::new(TOPIC, message(id));
        let record = record.with_partition(i32::from(id % 2));
        let told = producer.send_record(record).await.unwrap();
        assert!(told.is_persisted());
    }
}

/// One message into the first partition.
async fn send_one(broker: &FakeBroker, message: Vec<u8>) {
    let producer = Producer::builder();
    let producer = producer.bootstrap_servers(broker.bootstrap_servers());
    let producer = producer.build().await.unwrap();
    let record = ProducerRecord::new(TOPIC, message).with_partition(0);
    let told = producer.send_record(record).await.unwrap();
    assert!(told.is_persisted());
}

struct Reading {
    intake: Intake,
    stop: watch::Sender<bool>,
    settings: watch::Sender<Source>,
    task: JoinHandle<()>,
}

impl Reading {
    fn start(broker: &FakeBroker) -> Self {
        Self::into(broker, 1 << 20)
    }

    fn into(broker: &FakeBroker, bytes: usize) -> Self {
        let (intake, stop) = intake(bytes);
        let (settings, told) = watch::channel(source(broker));
        let task = tokio::spawn(run(told, intake.clone()));
        Self {
            intake,
            stop,
            settings,
            task,
        }
    }

    fn taken(&self) -> u64 {
        self.intake.stats.taken.load(Ordering::Relaxed)
    }

    async fn stop(self) -> u64 {
        self.stop.send_replace(true);
        self.task.await.unwrap();
        self.intake.stats.taken.load(Ordering::Relaxed)
    }
}

/// Waits for what has to come; how long it takes says nothing.
async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
    waited.expect("what was waited for");
}

fn committed(broker: &FakeBroker) -> i64 {
    let of = |partition| broker.committed_offset(GROUP, TOPIC, partition);
    of(0).unwrap_or_default() + of(1).unwrap_or_default()
}

#[tokio::test]
async fn what_is_in_the_queue_is_committed_and_does_not_come_again() {
    let broker = broker(0..20).await;
    let one = Reading::start(&broker);
    until(|| committed(&broker) == 20).await;
    assert_eq!(one.stop().await, 20);
    send(&broker, 20..25).await;
    let next = Reading::start(&broker);
    until(|| committed(&broker) == 25).await;
    assert_eq!(next.stop().await, 5);
}

#[tokio::test]
async fn with_other_settings_it_begins_anew() {
    let (old, new) = (broker(0..4).await, broker(4..10).await);
    let reading = Reading::start(&old);
    until(|| reading.taken() == 4).await;
    reading.settings.send_replace(source(&new));
    until(|| reading.taken() == 10).await;
    assert_eq!(reading.stop().await, 10);
    assert_eq!((committed(&old), committed(&new)), (4, 6));
}

#[tokio::test]
async fn what_does_not_fit_into_the_queue_is_not_committed_and_comes_again() {
    let broker = broker(0..4).await;
    // One record, and nobody who takes it out.
    let one = Reading::into(&broker, message(1).len() + 300);
    let _reader = {
        use crate::queue::{ReaderOptions, Start};
        let queue = &one.intake.with.queue;
        queue.reader(ReaderOptions::new("r", Start::Oldest))
    };
    until(|| one.taken() == 1).await;
    assert_eq!(one.stop().await, 1);
    assert!(committed(&broker) <= 1, "{}", committed(&broker));
    let next = Reading::start(&broker);
    until(|| committed(&broker) == 4).await;
    assert!(next.stop().await >= 3);
}

#[tokio::test]
async fn an_offset_that_could_not_be_committed_makes_no_copies() {
    let broker = broker(0..6).await;
    broker.on_times(ApiKey::OffsetCommit, 1, |_| {
        Control::Error(ErrorCode::UnknownMemberId)
    });
    let one = Reading::start(&broker);
    until(|| committed(&broker) == 6).await;
    let duplicates = Arc::clone(&one.intake.stats);
    assert_eq!(one.stop().await, 6);
    assert!(duplicates.duplicate.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn a_group_shares_the_topic_and_who_stays_goes_on_where_another_left() {
    let broker = broker(0..2).await;
    let one = Reading::start(&broker);
    until(|| committed(&broker) == 2).await;
    let other = Reading::start(&broker);
    until(|| broker.request_count(ApiKey::JoinGroup) >= 3).await;
    send(&broker, 2..40).await;
    until(|| committed(&broker) == 40).await;
    let first = one.stop().await;
    send(&broker, 40..60).await;
    until(|| committed(&broker) == 60).await;
    let second = other.stop().await;
    // What was on its way when partitions moved may have come to both; nothing is missing.
    assert!(first + second >= 60, "{first} + {second}");
}

#[tokio::test]
async fn a_topic_that_is_made_later_is_waited_for() {
    let broker = FakeBroker::start().await.unwrap();
    let one = Reading::start(&broker);
    until(|| one.intake.stats.failing.load(Ordering::Relaxed)).await;
    broker.create_topic(TOPIC, 2);
    send(&broker, 0..3).await;
    until(|| committed(&broker) == 3).await;
    assert!(!one.intake.stats.failing.load(Ordering::Relaxed));
    assert_eq!(one.stop().await, 3);
}

#[tokio::test]
async fn a_broker_that_is_away_is_waited_for() {
    let broker = broker(0..3).await;
    broker.on_times(ApiKey::Metadata, 2, |_| Control::Disconnect);
    let one = Reading::start(&broker);
    until(|| committed(&broker) == 3).await;
    assert_eq!(one.stop().await, 3);
    assert_eq!(committed(&broker), 3);
}

#[tokio::test]
async fn a_record_of_a_newer_version_is_stood_at_and_what_is_before_it_is_committed() {
    let broker = broker(0..0).await;
    for message in [message(1), message(2), newer(3), message(4)] {
        send_one(&broker, message).await;
    }
    let one = Reading::start(&broker);
    let stats = Arc::clone(&one.intake.stats);
    until(|| stats.failing.load(Ordering::Relaxed)).await;
    assert_eq!(broker.committed_offset(GROUP, TOPIC, 0), Some(2));
    assert!(one.stop().await >= 2);
    assert_eq!(stats.unreadable.load(Ordering::Relaxed), 0);
    assert!(stats.failing.load(Ordering::Relaxed));
}
