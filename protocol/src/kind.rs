//! The kinds of item, in the order in which a payload's items are counted.

/// What an item is. The order of the variants is the order of counting: item `i` of a payload has the sequence number
/// `seq + i`, spans last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A log line of the page.
    Log,
    /// An error, thrown or reported.
    Exception,
    /// Named numbers; Web Vitals are measurements.
    Measurement,
    /// Something that happened, with attributes.
    Event,
    /// A span of a trace.
    Span,
}

impl Kind {
    /// Every kind, in counting order.
    pub const ALL: [Kind; 5] = [
        Kind::Log,
        Kind::Exception,
        Kind::Measurement,
        Kind::Event,
        Kind::Span,
    ];

    /// The kind's name, as logs, metrics and answers spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Log => "log",
            Kind::Exception => "exception",
            Kind::Measurement => "measurement",
            Kind::Event => "event",
            Kind::Span => "span",
        }
    }
}
