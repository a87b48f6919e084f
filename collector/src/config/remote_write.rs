//! Prometheus Remote Write as a destination.

use super::remote::Remote;

/// A receiver of Remote Write.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteWrite {
    /// The whole address, such as `http://127.0.0.1:9090/api/v1/write`.
    pub remote: Remote,
    /// The protocol's version.
    pub version: RemoteWriteVersion,
    /// Whether the metrics that clients sent as OTLP go there too. Their names and labels are the clients' to choose, so that anybody who may send
    /// could make any number of series there.
    pub client_metrics: bool,
}

impl RemoteWrite {
    /// Requests on their way at once. Of what passes another on the way Prometheus takes no sample that is older than what it has of the series.
    pub const CONCURRENCY: usize = 1;
}

/// Versions of Remote Write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RemoteWriteVersion {
    /// 2.0: smaller, with metadata on each series.
    #[default]
    Two,
    /// 1.0, which everybody takes.
    One,
}
