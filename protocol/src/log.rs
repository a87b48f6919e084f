//! Log lines.

use crate::item::{Action, Own, TraceContext};
use crate::map::Attributes;
use crate::time::Time;

object! {
    /// A log line of the page.
    pub struct Log {
        /// What it says.
        pub message: String = "message",
        /// `trace`, `debug`, `info`, `log`, `warn`, `warning` or `error`; what else a sender writes is kept.
        pub level: String = "level",
        /// Attributes.
        pub context: Attributes = "context",
        /// When.
        pub timestamp: Time = "timestamp",
        /// The span around it.
        pub trace: TraceContext = "trace",
        /// The user action around it.
        pub action: Action = "action",
        /// Its own page, view, user, session.
        pub farol: Own = "farol",
    }
}
