//! Bounds of the wire. The SDK keeps under them, the collector holds them; both read the numbers here.

/// How deep a body may nest. OTLP/JSON inside a payload needs 15 levels; twice that leaves room for what users nest.
pub const DEPTH: usize = 32;

/// Values in one body, counted by commas and opening brackets. A body of the largest size that is taken holds a fifth of it when a browser wrote
/// it; one made of `{}` would cost a hundred times its size in memory.
pub const VALUES: usize = 500_000;

/// Elements of a list that are read one after the other. What is cut, is cut after reading; this bounds what is read.
pub const LIST: usize = 2 * ITEMS;

/// Items in one payload. The SDK seals at 1,000; this is for senders that pile up while offline.
pub const ITEMS: usize = 2_000;

/// Bytes of one string. A stack of 50 frames with long data URLs is about a tenth of it.
pub const STRING_BYTES: usize = 128 * 1024;

/// Attributes of one item, or of one part of the meta. OpenTelemetry's own default for spans and records.
pub const ATTRIBUTES: usize = 128;

/// Bytes of an attribute's name. Names become columns and labels downstream; nobody writes longer ones by hand.
pub const KEY_BYTES: usize = 256;

/// Frames of one stack. V8 keeps 10 unless told otherwise; Firefox and Safari cut near 128.
pub const FRAMES: usize = 128;

/// Links of a chain of causes, or children of an `AggregateError`.
pub const CAUSES: usize = 16;

/// Entries of the trail that comes with an exception.
pub const TRAIL: usize = 64;

/// Events, and likewise links, of one span. OpenTelemetry's own default.
pub const SPAN_EVENTS: usize = 128;

/// Characters of a session id, by Faro's specification.
pub const SESSION_ID: usize = 128;
