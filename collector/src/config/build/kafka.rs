//! Kafka.

use std::path::Path;

use super::Built;
use super::receivers::template;
use super::remote::{credentials, reached};
use crate::config::read::Section;
use crate::config::{
    Brokers, DestinationKind, Kafka, KafkaCompression, KafkaEncoding, Login, Mechanism, Remote,
    Secret, Tenants,
};

/// Any of them names all others.
const MOST_BROKERS: usize = 32;

const ENCODINGS: [(&str, KafkaEncoding); 3] = [
    ("otlp_proto", KafkaEncoding::OtlpProto),
    ("json", KafkaEncoding::Json),
    ("farol", KafkaEncoding::Farol),
];

const COMPRESSIONS: [(&str, KafkaCompression); 5] = [
    ("none", KafkaCompression::None),
    ("gzip", KafkaCompression::Gzip),
    ("snappy", KafkaCompression::Snappy),
    ("lz4", KafkaCompression::Lz4),
    ("zstd", KafkaCompression::Zstd),
];

const MECHANISMS: [(&str, Mechanism); 3] = [
    ("plain", Mechanism::Plain),
    ("scram-sha-256", Mechanism::Scram256),
    ("scram-sha-512", Mechanism::Scram512),
];

pub(super) fn kafka(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let brokers = brokers(section, reached)?;
    let encoding = section.word("encoding", &ENCODINGS)?.unwrap_or_default();
    if encoding == KafkaEncoding::Farol {
        // What is in a record goes to whoever reads it, as a whole.
        for key in ["when", "sampling", "signals", "dialect"] {
            if section.has(key) {
                let problem = "encoding = \"farol\" hands on whole records; leave it out, and choose where they are read";
                return Err(section.wrong(key, problem));
            }
        }
    }
    let topic = template(section, "topic")?;
    if let Some(template) = &topic {
        if !template.texts().all(is_topic) {
            return Err(section.wrong("topic", TOPIC));
        }
        if encoding == KafkaEncoding::Farol && !template.is_plain() {
            let problem = "a record holds items of several kinds; write one topic for all";
            return Err(section.wrong("topic", problem));
        }
    }
    let compression = section.word("compression", &COMPRESSIONS)?;
    Ok(DestinationKind::Kafka(Kafka {
        brokers,
        encoding,
        topic,
        tenants: Tenants::new(),
        compression: compression.unwrap_or_default(),
    }))
}

/// What is wrong with a topic's name.
pub(super) const TOPIC: &str = "1 to 249 letters, digits, dots, - and _";

/// What Kafka takes for a topic's name, or for a part of one.
pub(super) fn is_topic(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=249).contains(&text.len()) && text.chars().all(plain)
}

/// What is read of a server beside its address.
type Reach = fn(&Section<'_>, http::Uri) -> Built<Remote>;

/// The cluster, and how it is reached.
pub(super) fn brokers(section: &Section<'_>, reach: Reach) -> Built<Brokers> {
    let written = section.texts("brokers")?.unwrap_or_default();
    if written.is_empty() {
        let problem = "write brokers = [\"HOST:9092\"], or [\"tls://HOST:9093\"]";
        return Err(section.missing("brokers", problem));
    }
    let problem = "1 to 32 addresses HOST:PORT, or all of them tls://HOST:PORT";
    let wrong = || section.wrong_secret("brokers", problem);
    if written.len() > MOST_BROKERS {
        return Err(wrong());
    }
    let secure = written[0].starts_with("tls://");
    let scheme = if secure { "tls" } else { "tcp" };
    let mut addresses = Vec::new();
    for text in &written {
        let address = match text.strip_prefix("tls://") {
            Some(rest) if secure => rest,
            None if !secure => text,
            _ => return Err(wrong()),
        };
        let there = address.parse::<http::uri::Authority>().ok();
        let whole = there.filter(|it| it.port_u16().is_some_and(|port| port > 0));
        if whole.is_none_or(|it| it.host().is_empty() || address.contains('@')) {
            return Err(wrong());
        }
        addresses.push(address.to_owned());
    }
    let endpoint = format!("{scheme}://{}", addresses[0]);
    let endpoint = endpoint.parse().map_err(|_| wrong())?;
    let remote = reach(section, endpoint)?;
    Ok(Brokers {
        remote,
        addresses,
        login: login(section, secure)?,
    })
}

fn login(section: &Section<'_>, secure: bool) -> Built<Option<Login>> {
    let auth = section.section("auth")?;
    let user: Option<(String, Secret)> = credentials(&auth)?;
    auth.finish()?;
    let mechanism = section.word("sasl", &MECHANISMS)?;
    let Some((user, password)) = user else {
        return match mechanism {
            None => Ok(None),
            Some(_) => Err(section.missing("auth", "write auth.basic with username and password")),
        };
    };
    let mechanism = mechanism.unwrap_or_default();
    if mechanism == Mechanism::Plain && !secure {
        let problem =
            "it sends the password as it is; write tls:// before the brokers, or scram-sha-512";
        return Err(section.wrong("sasl", problem));
    }
    Ok(Some(Login {
        mechanism,
        user,
        password,
    }))
}
