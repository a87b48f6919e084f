//! Where the collector reads records from, beside what browsers send.

use super::Brokers;

/// One place that records are read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its identity, in metrics.
    pub name: String,
    /// The cluster.
    pub brokers: Brokers,
    /// Where the records are: what a `kafka` destination with `encoding = "farol"` wrote.
    pub topic: String,
    /// Those who share the topic: each record comes to one of them.
    pub group: String,
}
