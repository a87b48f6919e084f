//! Kafka: messages keyed by session, by an idempotent producer that waits for all replicas. What a broker did not acknowledge is sent
//! again; within `timeout` times three the client does that by itself and the broker knows a copy from its original.

mod doubt;
mod message;

pub(super) use message::named;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use krafka::KrafkaError;
use krafka::error::ErrorCode;
use krafka::producer::{Acks, Producer, RecordMetadata};
use krafka::protocol::Compression;
use tokio::sync::Mutex;

use self::doubt::Doubt;
use self::message::Message;
use super::Batch;
use super::destination::{Attempt, Destination, Outcome, Reason, Share};
use super::pack::aside;
use super::reach;
use super::template::{Template, divide, numbered};
use crate::config::{Kafka as Settings, KafkaCompression, KafkaEncoding};
use crate::kafka::{CLIENT, auth, bootstrap, code};

/// How many times `timeout` the client tries a message by itself, as the same message: a broker that restarts is back by then.
const DELIVERIES: u32 = 3;
/// Messages that wait for those before them in one request to a partition; a batch is there as a whole.
const LINGER: Duration = Duration::from_millis(2);
/// A request to a partition, before it is packed. Brokers take 1 MiB (`message.max.bytes`) unless they are told otherwise.
const REQUEST: usize = 256 << 10;
/// The largest message.
const LARGEST: usize = 16 << 20;
/// What each lane may have with the client at once, and more than it ever has: a message that waits for room and gets none ends as one that was sent does, and would put others in doubt.
const LANE: usize = 16 << 20;

/// A cluster that messages go to.
pub(crate) struct Kafka {
    settings: Arc<Settings>,
    /// Made with the first batch: it asks the brokers who they are.
    line: Mutex<Option<Arc<Line>>>,
}

/// A producer, and what is known of it that it does not say itself.
struct Line {
    producer: Producer,
    doubt: Arc<Doubt>,
}

impl Kafka {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        // What is wrong with a password shows here.
        auth(&settings.brokers)?;
        Ok(Self {
            settings: Arc::new(settings.clone()),
            line: Mutex::default(),
        })
    }

    async fn line(&self) -> Result<Arc<Line>, Reason> {
        let mut line = self.line.lock().await;
        if let Some(line) = &*line {
            return Ok(Arc::clone(line));
        }
        let timeout = self.settings.brokers.remote.timeout;
        let made = match tokio::time::timeout(timeout, connect(&self.settings)).await {
            Ok(made) => made.map_err(|error| reason(&error))?,
            Err(_) => return Err(Reason::code(reach::TIMED_OUT)),
        };
        Ok(Arc::clone(line.insert(Arc::new(made))))
    }

    /// A producer that lost count of its messages cannot go on; the next one begins anew.
    async fn forget(&self, broken: &Arc<Line>) {
        let mut line = self.line.lock().await;
        if line.as_ref().is_some_and(|it| Arc::ptr_eq(it, broken)) {
            *line = None;
        }
    }

    async fn deliver(&self, batch: &Batch) -> Outcome {
        let messages = {
            let (batch, settings) = (batch.clone(), Arc::clone(&self.settings));
            aside(move || message::messages(&batch, &settings)).await
        };
        let messages = match messages {
            Ok(messages) => messages,
            Err(outcome) => return outcome,
        };
        if messages.iter().map(|it| it.places.len()).sum::<usize>() != batch.len() {
            // What is in no message must not count as taken.
            return Outcome::Refused(Reason::code("not of this encoding"));
        }
        let line = match self.line().await {
            Ok(line) => line,
            Err(reason) => return Outcome::retry(reason),
        };
        let verdicts = line.carry(messages).await;
        if verdicts.broken || line.doubt.any() {
            self.forget(&line).await;
        }
        verdicts.end(batch)
    }
}

impl Line {
    async fn carry(&self, messages: Vec<Message>) -> Verdicts {
        let mut verdicts = Verdicts::default();
        let (mut sent, mut alone) = (Vec::new(), Vec::new());
        // Each message to a topic that is not there would wait for it as long as the first.
        let mut away: BTreeMap<String, Reason> = BTreeMap::new();
        for message in messages {
            let topic = &message.record.topic;
            if let Some(reason) = away.get(topic) {
                verdicts.later(message.places, reason.clone());
                continue;
            }
            match self.producer.enqueue(message.record.clone()).await {
                Ok(handle) => sent.push((handle, message)),
                Err(error) => {
                    if !is_final(&error) {
                        away.insert(topic.clone(), reason(&error));
                    }
                    verdicts.add(message.places, Err(error));
                }
            }
        }
        for (handle, message) in sent {
            match handle.await {
                Err(error) if is_of_the_request(&error) => alone.push(message),
                told => verdicts.told(message.places, told, &self.doubt),
            }
        }
        // The broker said it of the request that several of them may have been in.
        for message in alone {
            let told = self.producer.send_record(message.record).await;
            verdicts.told(message.places, told, &self.doubt);
        }
        verdicts
    }
}

impl Destination for Kafka {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.deliver(batch))
    }

    fn sends_apart(&self) -> bool {
        let settings = &self.settings;
        let topic = settings.topic.as_ref();
        topic.is_some_and(|it| !it.is_plain()) && settings.encoding != KafkaEncoding::Farol
    }

    fn apart(&self, batch: &Batch) -> Vec<Share> {
        let templates: Vec<&Template> = self.settings.topic.iter().collect();
        numbered(divide(&templates, &self.settings.tenants, batch))
    }
}

async fn connect(settings: &Settings) -> krafka::Result<Line> {
    let doubt = Arc::<Doubt>::default();
    let timeout = settings.brokers.remote.timeout;
    // Levels as of all that the collector packs: speed before the last bytes.
    let (compression, level) = match settings.compression {
        KafkaCompression::None => (Compression::None, None),
        KafkaCompression::Gzip => (Compression::Gzip, Some(1)),
        KafkaCompression::Snappy => (Compression::Snappy, None),
        KafkaCompression::Lz4 => (Compression::Lz4, None),
        KafkaCompression::Zstd => (Compression::Zstd, Some(1)),
    };
    let producer = Producer::builder()
        .bootstrap_servers(bootstrap(&settings.brokers))
        .client_id(CLIENT)
        .auth(auth(&settings.brokers)?)
        .idempotent(true)
        .acks(Acks::All)
        .compression(compression)
        .compression_level(level)
        .batch_size(REQUEST)
        .linger(LINGER)
        .buffer_memory(LANE.saturating_mul(settings.brokers.remote.concurrency.max(1)))
        .max_request_size(LARGEST)
        .connect_timeout(timeout)
        .request_timeout(timeout)
        .delivery_timeout(timeout * DELIVERIES)
        .max_block(timeout)
        // The broker decides, by its own setting.
        .allow_auto_create_topics(true)
        .interceptor(Arc::clone(&doubt) as _)
        .build()
        .await?;
    Ok(Line { producer, doubt })
}

/// What came of the messages of a batch.
#[derive(Default)]
struct Verdicts {
    taken: bool,
    /// Of messages with one item: for good.
    refused: Vec<(usize, Reason)>,
    /// Of messages with several, of which one may be the culprit.
    divide: Vec<usize>,
    again: Vec<usize>,
    reason: Option<Reason>,
    broken: bool,
}

impl Verdicts {
    /// What the client says of a message that a partition was found for.
    fn told(&mut self, places: Vec<usize>, told: krafka::Result<RecordMetadata>, doubt: &Doubt) {
        match told {
            Ok(taken) if doubt.is_of(&taken) => self.later(places, doubt::reason()),
            told => self.add(places, told.map(drop)),
        }
    }

    fn add(&mut self, places: Vec<usize>, outcome: krafka::Result<()>) {
        let Err(error) = outcome else {
            self.taken = true;
            return;
        };
        let reason = reason(&error);
        self.broken |= matches!(error, KrafkaError::InvalidState { .. });
        match (is_final(&error), places.as_slice()) {
            (true, [place]) => self.refused.push((*place, reason.clone())),
            (true, _) => self.divide.extend(places),
            (false, _) => self.again.extend(places),
        }
        self.reason = Some(reason);
    }

    fn later(&mut self, places: Vec<usize>, reason: Reason) {
        self.again.extend(places);
        self.reason = Some(reason);
    }

    fn end(mut self, batch: &Batch) -> Outcome {
        let Some(reason) = self.reason else {
            return Outcome::accepted();
        };
        if batch.is_stored() {
            // A record is one message, whatever it holds.
            let theirs = std::mem::take(&mut self.divide).into_iter();
            self.refused.extend(theirs.map(|at| (at, reason.clone())));
        }
        let settled = self.taken || !self.refused.is_empty();
        match (settled, self.divide.is_empty(), self.again.is_empty()) {
            (false, true, false) => return Outcome::retry(reason),
            (false, false, true) => return Outcome::Refused(reason),
            _ => {}
        }
        self.again.extend(self.divide);
        self.again.sort_unstable();
        Outcome::Each {
            refused: self.refused,
            again: self.again,
            suspect: false,
            rejected: None,
            after: None,
            reason,
        }
    }
}

fn reason(error: &KrafkaError) -> Reason {
    Reason::new(code(error), error.to_string())
}

/// Whether the message will never be taken as it is. What an operator can mend (a topic that is not there, a right that is missing, the
/// clock that the client stamps messages with) is waited for.
fn is_final(error: &KrafkaError) -> bool {
    match error {
        KrafkaError::Broker { code, .. } => matches!(
            code,
            ErrorCode::MessageTooLarge
                | ErrorCode::RecordListTooLarge
                | ErrorCode::InvalidRecord
                | ErrorCode::InvalidTopic
        ),
        // A message that is larger than the client takes.
        KrafkaError::Config { .. } | KrafkaError::Serialization { .. } => true,
        // The client's own bound; all other kinds are of what came in, which says nothing of the message.
        KrafkaError::Protocol { kind, .. } => *kind == krafka::ProtocolErrorKind::FrameTooLarge,
        _ => false,
    }
}

/// Whether a broker finds the time of a message too far from its own. It has not taken it, and will when one of the two clocks is right.
fn is_of_the_clock(error: &KrafkaError) -> bool {
    let code = ErrorCode::InvalidTimestamp;
    matches!(error, KrafkaError::Broker { code: it, .. } if *it == code)
}

/// Whether a broker says it of all messages of a request where it is true of one.
fn is_of_the_request(error: &KrafkaError) -> bool {
    use ErrorCode::{InvalidRecord, MessageTooLarge, RecordListTooLarge};
    matches!(
        error,
        KrafkaError::Broker {
            code: InvalidRecord | MessageTooLarge | RecordListTooLarge,
            ..
        }
    )
}

#[cfg(test)]
mod tests;
