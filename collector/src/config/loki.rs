//! Loki as a destination.

use super::remote::Remote;

/// A Loki, or what takes its push API.
#[derive(Debug, Clone, PartialEq)]
pub struct Loki {
    /// The server. `/loki/api/v1/push` is appended unless the address ends with it.
    pub remote: Remote,
    /// Labels of its streams, each with the attribute that it comes from.
    pub labels: Vec<(String, String)>,
    /// Labels that every stream has.
    pub static_labels: Vec<(String, String)>,
    /// How entries are written.
    pub format: LokiFormat,
    /// Whether entries stand apart by the hour that they came in, as what is sent again long after does.
    pub by_hour: bool,
}

/// Forms of Loki's push API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LokiFormat {
    /// Protobuf in a block of Snappy.
    #[default]
    Protobuf,
    /// JSON in gzip.
    Json,
}

impl Loki {
    /// Pushes on their way at once. Where two reach one stream in the time of one, Loki may note them in its log in the other order, and a Loki that is
    /// killed then takes the earlier for a copy when it reads that log again: it loses what it had acknowledged.
    pub const CONCURRENCY: usize = 1;

    /// Loki's own bound on labels of a stream (`max_label_names_per_series`): one more, and it takes nothing.
    pub const MOST_LABELS: usize = 15;

    /// With every setting at its default: few labels, of which each has few values.
    pub fn new(remote: Remote) -> Self {
        let labels = [
            ("service_name", "service.name"),
            ("deployment_environment_name", "deployment.environment.name"),
            ("kind", "farol.item.kind"),
        ];
        Self {
            remote,
            labels: labels
                .map(|(label, attribute)| (label.into(), attribute.into()))
                .into(),
            static_labels: Vec::new(),
            format: LokiFormat::default(),
            by_hour: false,
        }
    }
}
