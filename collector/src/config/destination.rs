//! Where data goes: destinations as they were checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kafka::{Kafka, KafkaEncoding};
use super::loki::Loki;
use super::parquet::Parquet;
use super::receivers::{ClickHouse, Elasticsearch, FluentForward, HttpDocuments, Tenants};
use super::remote::{OtlpRemote, Remote};
use super::remote_write::RemoteWrite;
use crate::convert::Dialect;
use crate::queue::Start;

/// One place that data goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    /// Its identity, in metrics and over restarts.
    pub name: String,
    /// What it is and how it is reached.
    pub kind: DestinationKind,
    /// More servers of the same kind.
    pub others: Others,
    /// What it wants.
    pub signals: Signals,
    /// Of which items; all where there is none.
    pub when: Option<crate::condition::Condition>,
    /// Tenants by app, where a condition may ask for them.
    pub tenants: Tenants,
    /// Of which share of sessions.
    pub sampling: f64,
    /// How log records are written for it.
    pub dialect: Dialect,
    /// How metrics count for it.
    pub temporality: Temporality,
    /// Where it starts when it is new.
    pub start: Start,
    /// The most bytes it may be behind; `None` is the queue's own bound.
    pub max_lag: Option<usize>,
    /// How items become export batches.
    pub batch: Batch,
    /// How often a failed batch is tried again.
    pub retry: Retry,
}

impl Destination {
    /// A destination with every setting at its default.
    pub fn new(name: impl Into<String>, kind: DestinationKind) -> Self {
        Self {
            name: name.into(),
            signals: kind.takes(),
            kind,
            others: Others::None,
            when: None,
            tenants: Tenants::new(),
            sampling: 1.0,
            dialect: Dialect::Semconv,
            temporality: Temporality::default(),
            start: Start::Tail,
            max_lag: None,
            batch: Batch::default(),
            retry: Retry::default(),
        }
    }

    /// Of which signals it gets what clients sent. The metrics that are made here are another matter: theirs is `signals` alone.
    pub fn of_clients(&self) -> Signals {
        let metrics = match &self.kind {
            DestinationKind::RemoteWrite(write) => write.client_metrics,
            _ => true,
        };
        Signals {
            metrics: metrics && self.signals.metrics,
            ..self.signals
        }
    }

    /// What there is without a file: OTLP JSON lines in the data folder.
    pub fn embedded(data_dir: &std::path::Path) -> Self {
        Self::new(
            "otlp_file",
            DestinationKind::OtlpFile(OtlpFile::in_folder(data_dir.join("otlp"))),
        )
    }
}

/// More servers that a destination is, each at an address of its own and otherwise as the first.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Others {
    /// There are none.
    #[default]
    None,
    /// Each is asked only while those before it are down.
    Fallbacks(Vec<http::Uri>),
    /// Sessions are spread over all.
    Spread(Vec<http::Uri>),
}

/// What the value of a metric says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Temporality {
    /// All since the series began.
    #[default]
    Cumulative,
    /// What came since the value before.
    Delta,
}

/// What a destination is.
#[derive(Debug, Clone, PartialEq)]
pub enum DestinationKind {
    /// OTLP over HTTP, protobuf.
    OtlpHttp(OtlpRemote),
    /// OTLP over gRPC.
    OtlpGrpc(OtlpRemote),
    /// OTLP JSON lines in files.
    OtlpFile(OtlpFile),
    /// Parquet files.
    Parquet(Parquet),
    /// Documents over HTTP: Logstash, and any other server that takes JSON.
    Http(HttpDocuments),
    /// Elasticsearch or OpenSearch.
    Elasticsearch(Elasticsearch),
    /// ClickHouse.
    ClickHouse(ClickHouse),
    /// Fluentd or Fluent Bit.
    FluentForward(FluentForward),
    /// Kafka.
    Kafka(Kafka),
    /// One readable line an item.
    Terminal(Terminal),
    /// Loki's push API.
    Loki(Loki),
    /// Prometheus Remote Write.
    RemoteWrite(RemoteWrite),
}

impl DestinationKind {
    /// The name in the configuration.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::OtlpHttp(_) => "otlp_http",
            Self::OtlpGrpc(_) => "otlp_grpc",
            Self::OtlpFile(_) => "otlp_file",
            Self::Parquet(_) => "parquet",
            Self::Http(_) => "http",
            Self::Elasticsearch(_) => "elasticsearch",
            Self::ClickHouse(_) => "clickhouse",
            Self::FluentForward(_) => "fluent_forward",
            Self::Kafka(_) => "kafka",
            Self::Terminal(_) => "terminal",
            Self::Loki(_) => "loki",
            Self::RemoteWrite(_) => "prometheus_remote_write",
        }
    }

    /// What it can take.
    pub fn takes(&self) -> Signals {
        match self {
            Self::OtlpHttp(_) | Self::OtlpGrpc(_) | Self::OtlpFile(_) => Signals::default(),
            Self::Http(_)
            | Self::Elasticsearch(_)
            | Self::ClickHouse(_)
            | Self::FluentForward(_)
            | Self::Parquet(_)
            | Self::Terminal(_) => Signals {
                metrics: false,
                ..Signals::default()
            },
            Self::Kafka(kafka) => Signals {
                metrics: kafka.encoding == KafkaEncoding::OtlpProto,
                ..Signals::default()
            },
            Self::Loki(_) => Signals::LOGS,
            Self::RemoteWrite(_) => Signals::METRICS,
        }
    }

    /// Whether it gets the queue's records as they are.
    pub fn wants_records(&self) -> bool {
        matches!(self, Self::Kafka(kafka) if kafka.encoding == KafkaEncoding::Farol)
    }

    /// The same at another address; only what can be several servers.
    pub fn at(&self, endpoint: &http::Uri) -> Option<Self> {
        let mut other = self.clone();
        match &mut other {
            Self::OtlpHttp(otlp) | Self::OtlpGrpc(otlp) => {
                otlp.remote.endpoint = endpoint.clone();
                Some(other)
            }
            _ => None,
        }
    }

    /// The server that it is, where it is one.
    pub fn remote(&self) -> Option<&Remote> {
        match self {
            Self::OtlpHttp(otlp) | Self::OtlpGrpc(otlp) => Some(&otlp.remote),
            Self::Loki(loki) => Some(&loki.remote),
            Self::RemoteWrite(write) => Some(&write.remote),
            Self::Http(http) => Some(&http.remote),
            Self::Elasticsearch(elastic) => Some(&elastic.remote),
            Self::ClickHouse(clickhouse) => Some(&clickhouse.remote),
            Self::FluentForward(forward) => Some(&forward.remote),
            Self::Kafka(kafka) => Some(&kafka.brokers.remote),
            Self::Parquet(Parquet::Bucket(bucket)) => Some(&bucket.remote),
            Self::OtlpFile(_) | Self::Parquet(Parquet::Folder(_)) | Self::Terminal(_) => None,
        }
    }

    /// The folder that it writes to, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::OtlpFile(file) => Some(&file.path),
            Self::Parquet(Parquet::Folder(path)) => Some(path),
            _ => None,
        }
    }

    /// How items become batches unless it is said.
    pub(super) fn batch(&self) -> Batch {
        match self {
            Self::Parquet(_) => Batch::FILES,
            _ => Batch::default(),
        }
    }

    /// Whose tenant an app is, where its texts may say so.
    pub(super) fn tenants(&mut self) -> Option<&mut Tenants> {
        match self {
            Self::Http(http) => Some(&mut http.tenants),
            Self::FluentForward(forward) => Some(&mut forward.tenants),
            Self::Kafka(kafka) => Some(&mut kafka.tenants),
            _ => None,
        }
    }
}

/// Files of OTLP JSON lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpFile {
    /// The folder that holds `logs.jsonl`, `traces.jsonl` and `metrics.jsonl`.
    pub path: PathBuf,
    /// A file is rotated when it would grow beyond this.
    pub max_bytes: u64,
    /// How many rotated files of each signal are kept.
    pub max_files: usize,
}

impl OtlpFile {
    /// With the defaults: 100 MiB as in the OpenTelemetry Collector's file exporter, and few enough files that three signals stay below 1.5 GiB.
    pub fn in_folder(path: PathBuf) -> Self {
        Self {
            path,
            max_bytes: 100 << 20,
            max_files: 4,
        }
    }
}

/// The terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Colours: always, never, or (`None`) where the output is a terminal.
    pub color: Option<bool>,
}

/// Which signals a destination wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals {
    /// Log records: logs, exceptions, measurements, events.
    pub logs: bool,
    /// Spans.
    pub traces: bool,
    /// What the aggregator makes.
    pub metrics: bool,
}

impl Signals {
    /// Log records alone.
    pub const LOGS: Self = Self {
        logs: true,
        traces: false,
        metrics: false,
    };
    /// Metrics alone.
    pub const METRICS: Self = Self {
        logs: false,
        traces: false,
        metrics: true,
    };
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            logs: true,
            traces: true,
            metrics: true,
        }
    }
}

/// How items become export batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// The most items.
    pub max_items: u64,
    /// The most bytes of stored payload.
    pub max_bytes: usize,
    /// How long an item waits for others.
    pub max_wait: Duration,
}

impl Batch {
    /// Of a batch that is a file: few files that are worth opening, and as long as other pipelines of lakes take. 4 MiB of payload are some 30 MiB
    /// of memory while they are converted and written.
    const FILES: Self = Self {
        max_items: 100_000,
        max_bytes: 4 << 20,
        max_wait: Duration::from_secs(60),
    };
}

impl Default for Batch {
    /// 512 is the OpenTelemetry SDKs' batch; 1 MiB stays well below the 4 MiB that gRPC receivers take; 50 ms keeps arrival to receipt below 100 ms.
    fn default() -> Self {
        Self {
            max_items: 512,
            max_bytes: 1 << 20,
            max_wait: Duration::from_millis(50),
        }
    }
}

/// How often a failed batch is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first wait; doubled after each, with jitter.
    pub initial: Duration,
    /// The longest wait.
    pub max: Duration,
    /// A batch is dropped when it was tried for this long; `None` for never.
    pub max_elapsed: Option<Duration>,
}

impl Default for Retry {
    /// The waits of the OpenTelemetry Collector's exporters are 5 s and 30 s; the first is shorter here because a restart of the
    /// destination takes about a second. There is no end: the bound is what the queue holds.
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(30),
            max_elapsed: None,
        }
    }
}
