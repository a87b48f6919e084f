//! The destinations that `init` can write: each type with the address that its server has by itself.

use std::fmt::Write as _;

/// What a first look needs no server for.
pub(super) const DEFAULT: &str = "otlp_file";

/// A type, the address that its server listens at by itself, and what it is for.
pub(super) struct Offer {
    pub(super) kind: &'static str,
    pub(super) address: Option<&'static str>,
    pub(super) about: &'static str,
}

/// All of them, those that need nothing first.
pub(super) const OFFERS: &[Offer] = &[
    offer(DEFAULT, None, "files of OTLP JSON in the data folder"),
    offer("terminal", None, "lines for a person who looks"),
    offer(
        "otlp_http",
        Some("http://127.0.0.1:4318"),
        "an OpenTelemetry Collector, Alloy, Tempo, Jaeger …",
    ),
    offer(
        "otlp_grpc",
        Some("http://127.0.0.1:4317"),
        "the same over gRPC",
    ),
    offer("loki", Some("http://127.0.0.1:3100"), "Loki"),
    offer(
        "prometheus_remote_write",
        Some("http://127.0.0.1:9090/api/v1/write"),
        "Prometheus, Mimir …",
    ),
    offer(
        "elasticsearch",
        Some("http://127.0.0.1:9200"),
        "Elasticsearch, OpenSearch",
    ),
    offer("clickhouse", Some("http://127.0.0.1:8123"), "ClickHouse"),
    offer(
        "fluent_forward",
        Some("tcp://127.0.0.1:24224"),
        "Fluentd, Fluent Bit",
    ),
    offer("kafka", Some("127.0.0.1:9092"), "Kafka, by its brokers"),
    offer(
        "http",
        Some("http://127.0.0.1:8080"),
        "Logstash, and what else takes JSON",
    ),
];

const fn offer(kind: &'static str, address: Option<&'static str>, about: &'static str) -> Offer {
    Offer {
        kind,
        address,
        about,
    }
}

/// A destination that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Goes {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// None where there is nothing to reach.
    pub(super) address: Option<String>,
}

impl Goes {
    /// Reads `TYPE` or `TYPE=ADDRESS`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (kind, address) = match text.split_once('=') {
            Some((kind, address)) => (kind.trim(), Some(address.trim())),
            None => (text.trim(), None),
        };
        let Some(offer) = OFFERS.iter().find(|it| it.kind == kind) else {
            let all: Vec<_> = OFFERS.iter().map(|it| it.kind).collect();
            return Err(format!(
                "{kind:?}: there is no such type; say one of {}",
                all.join(", ")
            ));
        };
        let address = match (address, offer.address) {
            (Some(_), None) => {
                return Err(format!(
                    "{kind}: it has no address; leave out what is behind the ="
                ));
            }
            (None, default) => default.map(str::to_owned),
            (Some(address), Some(example)) => {
                match address.contains("://") || !example.contains("://") {
                    true => Some(address.to_owned()),
                    false => {
                        return Err(format!(
                            "{kind}: write the address as a URL, such as {example}"
                        ));
                    }
                }
            }
        };
        Ok(Self {
            name: kind.replace('_', "-"),
            kind: offer.kind,
            address,
        })
    }
}

/// What there is to choose from, a line each.
pub(super) fn list() -> String {
    let mut out = String::new();
    for offer in OFFERS {
        let address = offer.address.map_or(String::new(), |it| format!(" ({it})"));
        let _ = writeln!(out, "  {:<24}{}{address}", offer.kind, offer.about);
    }
    out
}
