//! What the app has to say about items on their way, and what it is told.

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which of the five an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A log.
    Log,
    /// An error.
    Exception,
    /// A measurement.
    Measurement,
    /// An event.
    Event,
    /// A span.
    Span,
}

/// An item before it is kept, as `before_send` gets it: one of Faro's shapes (docs/wire.md).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Which of the five it is; a change of it changes nothing.
    pub kind: Kind,
    /// Its fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Sees each item; what it gives back is kept.
pub(super) type BeforeSend = Box<dyn FnMut(Item) -> Option<Item>>;
/// Is told a code and a detail.
pub(super) type OnDiagnostic = Box<dyn FnMut(&str, &str)>;

/// Is given the page's address, and gives back the one that is told.
pub(super) type ScrubPage = Box<dyn FnMut(String) -> String>;

/// The app's functions.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) scrub_page: Option<ScrubPage>,
    pub(super) before_send: Option<BeforeSend>,
    pub(super) on_diagnostic: Option<OnDiagnostic>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("scrub_page", &self.scrub_page.is_some())
            .field("before_send", &self.before_send.is_some())
            .field("on_diagnostic", &self.on_diagnostic.is_some())
            .finish()
    }
}
