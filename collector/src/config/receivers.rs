//! Destinations that are no OpenTelemetry: what each is told beyond how it is reached.

use std::collections::BTreeMap;

use super::{Compression, Remote, Secret};
use crate::export::Template;

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
