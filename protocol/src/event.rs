//! Events.

use crate::item::{Action, Own, TraceContext};
use crate::map::Attributes;
use crate::time::Time;

object! {
    /// Something that happened.
    pub struct Event {
        /// Its name.
        pub name: String = "name",
        /// Where names of this kind belong: `browser`.
        pub domain: String = "domain",
        /// Attributes.
        pub attributes: Attributes = "attributes",
        /// When.
        pub timestamp: Time = "timestamp",
        /// The span around it.
        pub trace: TraceContext = "trace",
        /// The user action that it is or belongs to.
        pub action: Action = "action",
        /// Its own page, view, user, session.
        pub farol: Own = "farol",
    }
}
