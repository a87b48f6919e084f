//! Destinations that are no OpenTelemetry: what each is told beyond how it is reached.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Compression, Remote, Secret};
use crate::export::{Signal, Template};

/// Tenants by app.
pub type Tenants = BTreeMap<String, String>;

/// A server that takes documents by POST.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpDocuments {
    /// The server; the address is taken as it is.
    pub remote: Remote,
    /// How documents stand in a body.
    pub format: DocumentFormat,
    /// Headers that say of items whose they are.
    pub item_headers: Vec<(http::HeaderName, Template)>,
    /// Whose tenant an app is.
    pub tenants: Tenants,
    /// How bodies are compressed.
    pub compression: Compression,
}

impl HttpDocuments {
    /// With every setting at its default.
    pub fn new(remote: Remote) -> Self {
        Self {
            remote,
            format: DocumentFormat::default(),
            item_headers: Vec::new(),
            tenants: Tenants::new(),
            compression: Compression::default(),
        }
    }
}

/// How documents stand in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DocumentFormat {
    /// One a line.
    #[default]
    Ndjson,
    /// In a list.
    Json,
}

/// An Elasticsearch or OpenSearch cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Elasticsearch {
    /// The cluster.
    pub remote: Remote,
    /// The middle of the names of its data streams.
    pub dataset: String,
    /// The end of their names.
    pub namespace: String,
    /// How long `setup` has the cluster keep what is there.
    pub retention: Duration,
    /// How bodies are compressed.
    pub compression: Compression,
}

impl Elasticsearch {
    /// With every setting at its default.
    pub fn new(remote: Remote) -> Self {
        Self {
            remote,
            dataset: "farol".to_owned(),
            namespace: "default".to_owned(),
            retention: RETENTION,
            compression: Compression::default(),
        }
    }

    /// The data stream of a signal.
    pub fn stream(&self, signal: Signal) -> String {
        format!("{}-{}-{}", signal.as_str(), self.dataset, self.namespace)
    }
}

/// A ClickHouse server.
#[derive(Debug, Clone, PartialEq)]
pub struct ClickHouse {
    /// The server.
    pub remote: Remote,
    /// The database of the tables.
    pub database: String,
    /// Where log records go.
    pub logs_table: String,
    /// Where spans go.
    pub traces_table: String,
    /// Whether the server gathers inserts before it writes them. They are answered when they are written, in either way.
    pub async_insert: bool,
    /// How long `setup` has the server keep what is there, where that was said.
    pub retention: Option<Duration>,
    /// How bodies are compressed.
    pub compression: Compression,
}

impl ClickHouse {
    /// With every setting at its default: the tables of the OpenTelemetry Collector's exporter.
    pub fn new(remote: Remote) -> Self {
        Self {
            remote,
            database: "default".to_owned(),
            logs_table: "otel_logs".to_owned(),
            traces_table: "otel_traces".to_owned(),
            async_insert: true,
            retention: None,
            compression: Compression::default(),
        }
    }

    /// Where a signal goes; log records where there is no table for it.
    pub fn table(&self, signal: Signal) -> String {
        let table = match signal {
            Signal::Traces => &self.traces_table,
            Signal::Logs | Signal::Metrics => &self.logs_table,
        };
        format!("{}.{table}", self.database)
    }
}

/// A month: what people look back at, at a cost that nobody has to plan.
pub(crate) const RETENTION: Duration = Duration::from_secs(30 * 86_400);

/// A server that speaks Fluentd's Forward protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct FluentForward {
    /// The server; `tcp` or `tls`.
    pub remote: Remote,
    /// The tag of what goes there.
    pub tag: Template,
    /// Whose tenant an app is.
    pub tenants: Tenants,
    /// What both sides prove to know.
    pub shared_key: Option<Secret>,
    /// As whom the collector names itself, where the server asks for a user too.
    pub user: Option<(String, Secret)>,
    /// What the collector calls itself.
    pub hostname: String,
    /// How chunks are compressed.
    pub compression: Compression,
}

impl FluentForward {
    /// With every setting at its default.
    pub fn new(remote: Remote) -> Self {
        Self {
            remote,
            tag: Template::parse("farol.{app}.{kind}").expect("it is one"),
            tenants: Tenants::new(),
            shared_key: None,
            user: None,
            hostname: "farol-collector".to_owned(),
            compression: Compression::None,
        }
    }
}
