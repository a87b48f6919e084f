//! From the bytes of a request to a payload. Apart from the rest because it is what strangers reach first: it never
//! panics, its work is linear in the body, and one bad item costs that item alone.
//!
//! The good path is one typed pass over the body. Only what does not pass is looked at by itself, read again by a parser that knows all of JSON, and
//! where it is no payload as a whole once more, item by item.

mod limit;
mod otlp;
mod recover;
pub(crate) mod repeat;
mod reports;
mod scan;

pub(crate) use otlp::messages;
pub use otlp::{Form, fuzz as fuzz_otlp, otlp};
pub use reports::{fuzz_reports, reports};

use farol_protocol::Kind;
use farol_protocol::limits;
use farol_protocol::map::Attributes;
use farol_protocol::parse::{Bounds, Longest};
use farol_protocol::payload::Payload;
use farol_protocol::read::Read as _;
use std::borrow::Cow;

/// Bounds of what one body may hold. What is over is cut and counted; only depth and the
/// number of values refuse the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep the body may nest.
    pub depth: usize,
    /// Items in all.
    pub items: usize,
    /// Bytes of one string.
    pub string: usize,
    /// Bytes beyond `string` that are left to a string, until [`trim`] takes them away: whoever looks for something in it shall not find half.
    pub margin: usize,
    /// Attributes of one item or of one part of the meta.
    pub attributes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: limits::DEPTH,
            items: limits::ITEMS,
            string: limits::STRING_BYTES,
            margin: 0,
            attributes: limits::ATTRIBUTES,
        }
    }
}

/// Takes the margin of strings away that were cut when they were read.
pub(crate) fn trim(payload: &mut Payload, limits: &Limits) {
    limit::trim(payload, limits);
}

/// A body that was read, and what could not be taken as it stood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decoded {
    /// What was read. Some kilobytes, which would else be copied at each step.
    pub payload: Box<Payload>,
    /// Items that could not be read, by place.
    pub unreadable: Vec<Unreadable>,
    /// What was over the limits.
    pub cut: Cut,
    /// What was put right.
    pub repaired: Vec<Repair>,
}

/// An item that could not be read. Its place in the payload stays empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    /// The list that it stood in.
    pub kind: Kind,
    /// Its place among all items of the payload.
    pub index: u32,
    /// Why.
    pub reason: Reason,
}

/// Why an item could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not an object.
    NotAnObject,
    /// A field holds something that it cannot be made of.
    WrongType,
    /// A number too large for its field.
    NumberRange,
    /// Nothing in it but, at most, a time.
    Empty,
    /// A span without valid trace and span ids.
    BadId,
    /// The list that should hold items is no list.
    NotAList,
    /// A list within it has more elements than are read.
    TooLong,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 7] = [
        Reason::NotAnObject,
        Reason::WrongType,
        Reason::NumberRange,
        Reason::Empty,
        Reason::BadId,
        Reason::NotAList,
        Reason::TooLong,
    ];

    /// The reason's name in metrics and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NotAnObject => "not_an_object",
            Reason::WrongType => "wrong_type",
            Reason::NumberRange => "number_range",
            Reason::Empty => "empty",
            Reason::BadId => "bad_id",
            Reason::NotAList => "not_a_list",
            Reason::TooLong => "too_long",
        }
    }
}

/// What was over the limits and left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Items past the bound, by kind in counting order.
    pub items: [u64; 5],
    /// Attributes, frames and other parts of items.
    pub parts: u64,
    /// Strings that were shortened.
    pub strings: u64,
    /// Data points of OTLP's metrics: past the bound, or of a metric that was not taken.
    pub points: u64,
}

impl Cut {
    /// Items past the bound, of all kinds.
    #[must_use]
    pub fn all_items(&self) -> u64 {
        self.items.iter().sum()
    }
}

/// Something that was taken although it was not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repair {
    /// The meta, or the named part of it, could not be read and is empty.
    Meta(&'static str),
    /// The item at this place has no time that can be read; it gets the time of its reception.
    Time(u32),
    /// Text that was no Unicode became U+FFFD.
    Text,
}

/// A body of which nothing can be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// For programs.
    pub code: Code,
    /// For people: what is wrong, where, and what to do. Holds nothing of the body.
    pub message: String,
}

/// The kinds of bodies that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// No byte, or white space only.
    Empty,
    /// No JSON.
    BadJson,
    /// JSON that is no payload.
    BadPayload,
    /// Nested deeper than is taken.
    TooDeep,
    /// More values than are taken.
    TooMany,
}

impl Code {
    /// The code's name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Empty => "empty_body",
            Code::BadJson => "bad_json",
            Code::BadPayload => "bad_payload",
            Code::TooDeep => "too_deep",
            Code::TooMany => "too_large",
        }
    }
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

/// Reads a body in Faro's JSON, as both SDKs send it.
///
/// # Errors
/// When the body as a whole cannot be taken: empty, no JSON, no object, or nested too deeply.
pub fn faro(body: &[u8], limits: &Limits) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoded::default();
    // A byte order mark, which editors and some HTTP libraries write.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = utf8(body);
    if let Cow::Borrowed(text) = text {
        if let Some(longest) = usual(text, limits, &mut decoded.payload) {
            keep_ours(&mut decoded.payload);
            limit::apply(&mut decoded, limits, Some(longest));
            return Ok(decoded);
        }
        *decoded.payload = Payload::default();
    }
    let found = scan::scan(text.as_bytes(), limits.depth)?;
    let text = if found.surrogates {
        scan::mend(text)
    } else {
        text
    };
    if matches!((&text, body), (Cow::Owned(now), was) if now.as_bytes() != was) {
        decoded.repaired.push(Repair::Text);
    }
    match typed(&text, &mut decoded.payload) {
        // A bare null would pass as a payload that says nothing.
        Ok(()) if text.trim_start().starts_with('{') => keep_ours(&mut decoded.payload),
        _ => {
            *decoded.payload = Payload::default();
            recover::recover(&text, limits, &mut decoded)?;
        }
    }
    decoded.payload.farol.added = Attributes::default();
    limit::apply(&mut decoded, limits, None);
    Ok(decoded)
}

/// Takes away what is the collector's to say, not the client's.
fn keep_ours(payload: &mut Payload) {
    payload.farol.lost.clear();
    payload.otlp = Default::default();
    payload.farol.added = Attributes::default();
}

/// Nearly every body: all of it in one pass, to where it stays, if it is written as browsers write.
fn usual(text: &str, limits: &Limits, payload: &mut Payload) -> Option<Longest> {
    let bounds = Bounds {
        depth: limits.depth,
        values: limits::VALUES,
    };
    payload.read_usual(text, bounds).ok()
}

/// All of a body in one pass by the parser that takes every JSON.
fn typed(text: &str, payload: &mut Payload) -> serde_json::Result<()> {
    let mut reader = serde_json::Deserializer::from_str(text);
    payload.read_into(&mut reader)?;
    reader.end()
}

/// A body as text. Nearly all are Unicode, which is seen some times faster than by looking for what is not.
fn utf8(body: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// The door for fuzzers: any bytes, and what must hold of the answer.
#[doc(hidden)]
pub fn fuzz(body: &[u8]) {
    if let Ok(text) = std::str::from_utf8(body) {
        usual_agrees(text);
    }
    if let Ok(decoded) = faro(body, &Limits::default()) {
        let stored = decoded.payload.encode();
        match Payload::decode(&stored) {
            // Bytes and not values are compared: a span may carry NaN, which equals nothing.
            Ok(again) => assert!(again.encode() == stored, "it reads back equal"),
            Err(error) => panic!("the stored payload does not read back: {error}"),
        }
    }
}

/// Whether the quick parser takes a text; if so, the other has to read the same.
fn usual_agrees(text: &str) -> bool {
    let mut payload = Payload::default();
    if usual(text, &Limits::default(), &mut payload).is_none() {
        return false;
    }
    match serde_json::from_str::<Payload>(text) {
        Ok(other) => assert!(other.encode() == payload.encode(), "both read the same"),
        Err(error) => panic!("only one of two parsers takes it: {error}"),
    }
    true
}

#[cfg(test)]
mod tests;
