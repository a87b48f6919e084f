//! Against a broker in this process that speaks the protocol, and does what it is told.

use bytes::Bytes;
use krafka::consumer::ConsumerRecord;
use krafka::protocol::ApiKey;
use krafka::testing::{Control, FakeBroker};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message as _;

use super::*;
use crate::config::{Brokers, KafkaEncoding, Remote, Tenants};
use crate::export::batch::Source;
use crate::export::template::Template;
use crate::export::{Signal, samples};
use crate::queue::Entry;
use crate::record::{Counts, Header, Record};

fn settings(broker: &FakeBroker, encoding: KafkaEncoding) -> Settings {
    let address = broker.bootstrap_servers();
    let mut remote = Remote::new(format!("tcp://{address}").parse().unwrap());
    remote.timeout = Duration::from_secs(2);
    Settings {
        brokers: Brokers {
            remote,
            addresses: vec![address],
            login: None,
        },
        encoding,
        topic: None,
        tenants: Tenants::new(),
        compression: KafkaCompression::Gzip,
    }
}

async fn broker(topics: &[&str]) -> FakeBroker {
    let broker = FakeBroker::start().await.unwrap();
    for topic in topics {
        broker.create_topic(topic, 3);
    }
    broker
}

/// Logs of these sessions, each with a body of its own.
fn of_sessions(sessions: &[&str]) -> Batch {
    let log = |(at, session): (usize, &&str)| {
        let mut otlp = samples::log("shop", &format!("m{at}"));
        let attributes = &mut otlp.logs[0].scope_logs[0].log_records[0].attributes;
        attributes.retain(|it| it.key != "session.id" && it.key != "log.record.uid");
        attributes.push(samples::string("session.id", session));
        attributes.push(samples::string("log.record.uid", &format!("uid-{at}")));
        Source::Record(Arc::new(otlp))
    };
    Batch::new(Signal::Logs, sessions.iter().enumerate().map(log).collect())
}

fn key(record: &ConsumerRecord) -> &str {
    record.key_str().unwrap_or("")
}

/// The bodies of the log records in a message.
fn bodies(record: &ConsumerRecord) -> Vec<String> {
    let value = record.value.clone().unwrap();
    let request = ExportLogsServiceRequest::decode(value).unwrap();
    let scopes = request.resource_logs.iter().flat_map(|it| &it.scope_logs);
    let records = scopes.flat_map(|it| &it.log_records);
    let body = records.map(|it| crate::export::plain::text(it.body.as_ref()).into_owned());
    body.collect()
}

#[tokio::test]
async fn a_session_is_one_message_and_one_partition_however_it_is_packed() {
    for compression in [
        KafkaCompression::None,
        KafkaCompression::Gzip,
        KafkaCompression::Snappy,
        KafkaCompression::Lz4,
        KafkaCompression::Zstd,
    ] {
        let broker = broker(&["otlp_logs"]).await;
        let kafka = Kafka::new(&Settings {
            compression,
            ..settings(&broker, KafkaEncoding::OtlpProto)
        });
        let kafka = kafka.unwrap();
        for _ in 0..2 {
            let outcome = kafka.send(&of_sessions(&["a", "b", "a"])).await;
            assert_eq!(outcome, Outcome::accepted(), "{compression:?}");
        }
        let records = broker.all_records("otlp_logs").unwrap();
        let mut found: Vec<_> = records.iter().map(|it| (key(it), bodies(it))).collect();
        found.sort();
        let (a, b) = (vec!["m0".to_owned(), "m2".into()], vec!["m1".to_owned()]);
        let want = [("a", a.clone()), ("a", a), ("b", b.clone()), ("b", b)];
        assert_eq!(found, want, "{compression:?}");
        let places: std::collections::BTreeSet<_> =
            records.iter().map(|it| (key(it), it.partition)).collect();
        assert_eq!(places.len(), 2, "one partition for each session");
    }
}

#[tokio::test]
async fn an_item_is_a_document_with_its_uid_beside_it_in_the_topic_that_the_template_names() {
    let broker = broker(&["rum.shop.logs"]).await;
    let mut settings = settings(&broker, KafkaEncoding::Json);
    settings.topic = Some(Template::parse("rum.{app}.{signal}").unwrap());
    let kafka = Kafka::new(&settings).unwrap();
    let outcome = kafka.send(&of_sessions(&["a", "b"])).await;
    assert_eq!(outcome, Outcome::accepted());
    let mut records = broker.all_records("rum.shop.logs").unwrap();
    records.sort_by_key(|it| it.key.clone());
    let told: Vec<_> = records
        .iter()
        .map(|it| {
            let value = it.value.clone().unwrap_or_default();
            let document: serde_json::Value = serde_json::from_slice(&value).unwrap();
            let uid = it.header_str(b"log.record.uid").unwrap().to_owned();
            assert_eq!(document["log.record.uid"], *uid);
            (key(it).to_owned(), document["body"].to_string(), uid)
        })
        .collect();
    let want = [("a", "\"m0\"", "uid-0"), ("b", "\"m1\"", "uid-1")];
    assert_eq!(told, want.map(|(a, b, c)| (a.into(), b.into(), c.into())));
}

#[tokio::test]
async fn metrics_are_a_request_for_each_app() {
    let broker = broker(&["otlp_metrics", "m_logs"]).await;
    let metrics = Source::Metrics(Arc::new(samples::metrics()));
    let batch = Batch::new(Signal::Metrics, vec![metrics]);
    let plain = settings(&broker, KafkaEncoding::OtlpProto);
    let outcome = Kafka::new(&plain).unwrap().send(&batch).await;
    assert_eq!(outcome, Outcome::accepted());
    let records = broker.all_records("otlp_metrics").unwrap();
    assert!(!records.is_empty());
    assert!(records.iter().all(|it| !key(it).is_empty()));
}

fn entry(position: u64, session: &str, logs: u32) -> Arc<Entry> {
    let items = vec![r#"{"message":"m"}"#; logs as usize].join(",");
    let body = format!(r#"{{"meta":{{"session":{{"id":"{session}"}}}},"logs":[{items}]}}"#);
    let header = Header {
        app: "shop".into(),
        id: [position as u8; 16],
        counts: Counts {
            logs,
            ..Counts::default()
        },
        ..Header::default()
    };
    let body = Bytes::from(body);
    Arc::new(Entry::new(position, Record { header, body }))
}

#[tokio::test]
async fn a_record_of_the_queue_is_one_message_as_it_is() {
    let broker = broker(&["farol"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::Farol)).unwrap();
    let entries = vec![entry(1, "s", 3), entry(2, "", 1)];
    let batch = Batch::of_records(entries.clone());
    assert_eq!(batch.len(), 4);
    assert_eq!(kafka.send(&batch).await, Outcome::accepted());
    let mut records = broker.all_records("farol").unwrap();
    records.sort_by_key(|it| it.header_str(b"farol.record.id").map(str::to_owned));
    let keys: Vec<_> = records.iter().map(key).collect();
    assert_eq!(keys, ["s", "02020202020202020202020202020202"]);
    for (message, entry) in records.iter().zip(&entries) {
        let value = message.value.clone().unwrap();
        let (record, length) = Record::decode(&value).unwrap();
        assert_eq!((&record, length), (&entry.record, value.len()));
    }
}

#[tokio::test]
async fn a_record_that_is_refused_is_so_with_all_its_items_and_nothing_else_is() {
    let broker = broker(&["farol"]).await;
    let large = entry(1, "s", 1);
    let mut header = large.record.header.clone();
    header.counts.logs = 2;
    let body = Bytes::from(vec![b' '; LARGEST + 1]);
    let large = Arc::new(Entry::new(1, Record { header, body }));
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::Farol)).unwrap();
    let batch = Batch::of_records(vec![large, entry(2, "s", 1)]);
    let Outcome::Each { refused, again, .. } = kafka.send(&batch).await else {
        panic!("not judged item by item");
    };
    let places: Vec<_> = refused.iter().map(|(at, _)| *at).collect();
    assert_eq!((places, again), (vec![0, 1], vec![]));
    assert_eq!(broker.all_records("farol").unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_there_once() {
    let broker = broker(&["otlp_logs"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::OtlpProto)).unwrap();
    // The request is carried out when it comes, and its answer is later than anybody waits for it.
    broker.on_once(ApiKey::Produce, |_| Control::Disconnect);
    let outcome = kafka.send(&of_sessions(&["a"])).await;
    assert_eq!(outcome, Outcome::accepted());
    assert!(broker.request_count(ApiKey::Produce) > 1);
    assert_eq!(broker.all_records("otlp_logs").unwrap().len(), 1);
    assert_eq!(broker.request_count(ApiKey::InitProducerId), 1);
}

#[tokio::test]
async fn what_is_acknowledged_after_an_end_that_nobody_knows_is_sent_again_by_another_producer() {
    let broker = broker(&["otlp_logs"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::OtlpProto)).unwrap();
    // Another lane has this one while it breaks.
    let line = kafka.line().await.unwrap();
    let carried = async |session: &str| {
        let batch = of_sessions(&[session]);
        let messages = message::messages(&batch, &kafka.settings);
        line.carry(messages).await.end(&batch)
    };
    for session in ["a", "b"] {
        assert_eq!(carried(session).await, Outcome::accepted());
    }
    let records = broker.all_records("otlp_logs").unwrap();
    assert_ne!(records[0].partition, records[1].partition);
    // The client gives up at once; what the broker did with it before, it does not know.
    let given_up = |_: &_| Control::Error(ErrorCode::TopicAuthorizationFailed);
    broker.on_once(ApiKey::Produce, given_up);
    let outcome = kafka.send(&of_sessions(&["a"])).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    // The broker may have taken it for a copy of the one before.
    let outcome = carried("a").await;
    let Outcome::Retry { reason, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(reason.code, "kafka in_doubt");
    assert_eq!(carried("b").await, Outcome::accepted(), "another partition");
    assert_eq!(broker.request_count(ApiKey::InitProducerId), 1);
    assert_eq!(kafka.send(&of_sessions(&["a"])).await, Outcome::accepted());
    assert_eq!(broker.request_count(ApiKey::InitProducerId), 2);
}

#[tokio::test]
async fn a_message_that_is_refused_for_what_it_is_puts_no_other_in_doubt() {
    let broker = broker(&["otlp_logs"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::OtlpProto)).unwrap();
    let refused = |_: &_| Control::Error(ErrorCode::InvalidRecord);
    broker.on_times(ApiKey::Produce, 2, refused);
    let outcome = kafka.send(&of_sessions(&["a"])).await;
    assert!(matches!(outcome, Outcome::Each { .. }), "{outcome:?}");
    assert_eq!(kafka.send(&of_sessions(&["a"])).await, Outcome::accepted());
    assert_eq!(broker.request_count(ApiKey::InitProducerId), 1);
}

#[tokio::test]
async fn what_is_too_large_is_divided_and_then_refused_and_what_can_be_mended_is_waited_for() {
    let broker = broker(&["otlp_logs"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::OtlpProto)).unwrap();
    let too_large = || {
        let error = |_: &_| Control::Error(ErrorCode::MessageTooLarge);
        broker.on_times(ApiKey::Produce, 2, error);
    };
    too_large();
    let outcome = kafka.send(&of_sessions(&["a", "a"])).await;
    let Outcome::Refused(reason) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(reason.code, "kafka message_too_large");
    too_large();
    let Outcome::Each { refused, .. } = kafka.send(&of_sessions(&["a"])).await else {
        panic!("one item is judged");
    };
    assert_eq!(refused[0].0, 0);
    // A request that is too large with several in it says nothing of each.
    let error = |_: &_| Control::Error(ErrorCode::MessageTooLarge);
    broker.on_once(ApiKey::Produce, error);
    assert_eq!(kafka.send(&of_sessions(&["a"])).await, Outcome::accepted());
    broker.on_once(ApiKey::Produce, |_| {
        Control::Error(ErrorCode::TopicAuthorizationFailed)
    });
    let outcome = kafka.send(&of_sessions(&["a"])).await;
    let Outcome::Retry { reason, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(reason.code, "kafka topic_authorization_failed");
    assert_eq!(kafka.send(&of_sessions(&["a"])).await, Outcome::accepted());
}

#[tokio::test]
async fn what_is_said_of_a_request_is_asked_of_each_message_by_itself() {
    let broker = broker(&["farol_logs"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::Json)).unwrap();
    let refused = |_: &_| Control::Error(ErrorCode::InvalidRecord);
    broker.on_once(ApiKey::Produce, refused);
    let outcome = kafka.send(&of_sessions(&["a", "a", "a"])).await;
    assert_eq!(outcome, Outcome::accepted());
    assert_eq!(broker.all_records("farol_logs").unwrap().len(), 3);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_waited_for_and_puts_nothing_in_doubt() {
    let broker = broker(&["farol_logs"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::Json)).unwrap();
    let ahead = |_: &_| Control::Error(ErrorCode::InvalidTimestamp);
    broker.on_once(ApiKey::Produce, ahead);
    let outcome = kafka.send(&of_sessions(&["a"])).await;
    let Outcome::Retry { reason, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(reason.code, "kafka invalid_timestamp");
    assert_eq!(kafka.send(&of_sessions(&["a"])).await, Outcome::accepted());
    assert_eq!(broker.request_count(ApiKey::InitProducerId), 1);
}

#[tokio::test]
async fn a_cluster_that_is_away_is_waited_for_and_found_when_it_is_back() {
    let broker = broker(&["otlp_logs"]).await;
    let mut settings = settings(&broker, KafkaEncoding::OtlpProto);
    settings.brokers.remote.timeout = Duration::from_millis(300);
    let kafka = Kafka::new(&settings).unwrap();
    broker.on_times(ApiKey::Metadata, 1, |_| Control::Silence);
    let outcome = kafka.send(&of_sessions(&["a"])).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    broker.clear_hooks();
    assert_eq!(kafka.send(&of_sessions(&["a"])).await, Outcome::accepted());
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_asked_for_once_a_batch_and_others_get_theirs() {
    let broker = broker(&["t.shop"]).await;
    broker.with_state(|it| it.auto_create_topics = false);
    let mut settings = settings(&broker, KafkaEncoding::Json);
    settings.brokers.remote.timeout = Duration::from_millis(300);
    settings.topic = Some(Template::parse("t.{app}").unwrap());
    let log = |app| Source::Record(Arc::new(samples::log(app, "m")));
    let mut sources = vec![log("bank"); 50];
    sources.push(log("shop"));
    let batch = Batch::new(Signal::Logs, sources);
    let kafka = Kafka::new(&settings).unwrap();
    let Outcome::Each { refused, again, .. } = kafka.send(&batch).await else {
        panic!("not judged item by item");
    };
    assert_eq!((refused, again), (vec![], (0..50).collect()));
    assert_eq!(broker.all_records("t.shop").unwrap().len(), 1);
    let asked = broker.request_count(ApiKey::Metadata);
    assert!(asked < 50, "{asked}");
}

#[tokio::test]
async fn what_becomes_no_message_does_not_count_as_taken() {
    let broker = broker(&["farol"]).await;
    let kafka = Kafka::new(&settings(&broker, KafkaEncoding::Farol)).unwrap();
    let outcome = kafka.send(&of_sessions(&["a"])).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

#[test]
fn what_cannot_be_read_of_an_answer_says_nothing_of_the_message() {
    use krafka::ProtocolErrorKind::{FrameTooLarge, InvalidLength, Malformed};
    let is = |kind| is_final(&KrafkaError::protocol_kind(kind, "HTTP/1.1 400"));
    assert_eq!(
        [InvalidLength, Malformed, FrameTooLarge].map(is),
        [false, false, true]
    );
}

#[tokio::test]
async fn a_topic_is_as_long_as_kafka_takes_it_and_never_nothing() {
    let broker = broker(&["unknown"]).await;
    let mut settings = settings(&broker, KafkaEncoding::Json);
    let batch = of_sessions(&["a"]);
    for (template, want) in [
        ("{tenant}".to_owned(), "unknown".to_owned()),
        (
            format!("{}{{app}}", "t".repeat(247)),
            format!("{}sh", "t".repeat(247)),
        ),
    ] {
        settings.topic = Some(Template::parse(&template).unwrap());
        let outcome = Kafka::new(&settings).unwrap().send(&batch).await;
        assert_eq!(outcome, Outcome::accepted(), "{template}");
        assert_eq!(broker.all_records(&want).unwrap().len(), 1);
    }
}
