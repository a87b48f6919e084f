//! Where the collector reads records from, beside what browsers send.

use super::{Brokers, Secret};

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

impl Source {
    /// What cannot change while it is read. A password is renewed in its file, and taken with the next connection.
    pub(crate) fn without_password(&self) -> Self {
        let mut source = self.clone();
        if let Some(login) = &mut source.brokers.login {
            login.password = Secret::new("");
        }
        source
    }
}
