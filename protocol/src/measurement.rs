//! Measurements, Web Vitals among them.

use crate::item::{Action, Own, TraceContext};
use crate::map::{Attributes, Map};
use crate::names::vital;
use crate::time::Time;

object! {
    /// Named numbers.
    pub struct Measurement {
        /// What they belong to; `web-vitals` for a vital.
        pub kind: String = "type",
        /// The numbers. One that was null (`NaN` in the page) is left out.
        pub values: Map<f64> = "values",
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

impl Measurement {
    /// The vital that this is: its name and its value.
    #[must_use]
    pub fn vital(&self) -> Option<(&'static str, f64)> {
        if self.kind != vital::TYPE {
            return None;
        }
        let names = vital::ALL.into_iter().chain([vital::FID]);
        let mut found = names.filter_map(|name| Some((name, *self.values.get(name)?)));
        // Two vitals in one measurement is nothing that an SDK writes; it is kept as a measurement, whole.
        found.next().filter(|_| found.next().is_none())
    }
}
