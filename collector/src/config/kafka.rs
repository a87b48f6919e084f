//! Kafka: its brokers, and what a destination is told beyond them.

use super::{Remote, Secret, Tenants};
use crate::export::Template;

/// A cluster, and how it is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Brokers {
    /// TLS and bounds; its endpoint is the first broker's, with the scheme `tcp` or `tls`.
    pub remote: Remote,
    /// Those that are asked which others there are: `HOST:PORT`.
    pub addresses: Vec<String>,
    /// As whom the collector names itself.
    pub login: Option<Login>,
}

/// A user, by SASL.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// How the password is proven.
    pub mechanism: Mechanism,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How a password is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mechanism {
    /// It is sent as it is, over TLS alone.
    Plain,
    /// SCRAM with SHA-256.
    Scram256,
    /// SCRAM with SHA-512.
    #[default]
    Scram512,
}

/// A destination.
#[derive(Debug, Clone, PartialEq)]
pub struct Kafka {
    /// The cluster.
    pub brokers: Brokers,
    /// What a message holds.
    pub encoding: KafkaEncoding,
    /// Where messages go. Without it, the encoding's own topics.
    pub topic: Option<Template>,
    /// Whose tenant an app is.
    pub tenants: Tenants,
    /// How messages are packed.
    pub compression: KafkaCompression,
}

/// What a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KafkaEncoding {
    /// An OTLP export request of one session's items, protobuf.
    #[default]
    OtlpProto,
    /// One item as a flat document.
    Json,
    /// A record of the queue as it is.
    Farol,
}

/// How messages are packed; what Kafka knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KafkaCompression {
    /// Not at all.
    None,
    /// With gzip.
    #[default]
    Gzip,
    /// With Snappy.
    Snappy,
    /// With LZ4.
    Lz4,
    /// With zstd.
    Zstd,
}
