//! Servers that destinations talk to: how each is reached.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;

/// A server, and how it is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// Its base address, `http` or `https`.
    pub endpoint: http::Uri,
    /// Headers of every request: the operator's own, and those that credentials and tenant come to.
    pub headers: Vec<(http::HeaderName, Secret)>,
    /// Set where the endpoint is `https`.
    pub tls: Tls,
    /// How long one request may take.
    pub timeout: Duration,
    /// How many requests may be on their way at once.
    pub concurrency: usize,
}

impl Remote {
    /// With every setting at its default.
    pub fn new(endpoint: http::Uri) -> Self {
        Self {
            endpoint,
            headers: Vec::new(),
            tls: Tls::default(),
            timeout: TIMEOUT,
            concurrency: CONCURRENCY,
        }
    }
}

/// How long one request may take: the default of OpenTelemetry's exporters.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at once: enough to hide the way to a receiver at 20,000 payloads a second in batches of 512 items.
const CONCURRENCY: usize = 4;

/// An OTLP receiver. OTLP/HTTP appends `/v1/logs` and its like to the address.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpRemote {
    /// The server.
    pub remote: Remote,
    /// Whole addresses of single signals, taken as they are. OTLP/HTTP only.
    pub signal_endpoints: SignalEndpoints,
    /// How requests are compressed.
    pub compression: Compression,
}

/// Addresses of single signals, where they are not below the base address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignalEndpoints {
    /// Of log records.
    pub logs: Option<http::Uri>,
    /// Of spans.
    pub traces: Option<http::Uri>,
    /// Of metrics.
    pub metrics: Option<http::Uri>,
}

/// How requests to a destination are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    None,
    /// With gzip.
    #[default]
    Gzip,
    /// With zstd.
    Zstd,
}

/// What TLS needs beyond the roots that are built in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file of roots to trust instead of the built-in ones.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate, PEM.
    pub cert_file: Option<PathBuf>,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
    /// The name to verify, when not the endpoint's host.
    pub server_name: Option<String>,
    /// Takes any certificate. For tests only.
    pub insecure_skip_verify: bool,
    /// A hash of what the files held: a renewed certificate is a changed destination.
    pub held: u64,
}

impl Tls {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let all = [&self.ca_file, &self.cert_file, &self.key_file];
        all.into_iter().flatten()
    }
}
