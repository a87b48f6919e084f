//! The look over protobuf before anything is made of it: how deep it nests, how many values and how long lists it holds. A value of two bytes
//! takes a hundred times that once it is decoded.

use super::super::super::{Code, DecodeError};
use crate::record::SourceKind;
use farol_protocol::limits;

/// The fields of a message: number, and the bytes of one that has a length.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Option<&'a [u8]>), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(broken))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u32, Option<&'a [u8]>)> {
        let key = u32::try_from(self.varint()?).ok()?;
        let number = key >> 3;
        let inner = match key & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => {
                self.take(8)?;
                None
            }
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Some(self.take(len)?)
            }
            5 => {
                self.take(4)?;
                None
            }
            // Groups are of another age; nothing of OTLP has them. The decoder passes over them and reads on.
            _ => return None,
        };
        (number > 0).then_some((number, inner))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for at in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }
}

/// The messages of OTLP, as far as the look tells them apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Request(SourceKind),
    Resources(SourceKind),
    Scopes(SourceKind),
    Item(SourceKind),
    Resource,
    Scope,
    /// A key and a value.
    Pair,
    Any,
    /// Values, or pairs, one after the other.
    Values,
    Pairs,
    SpanEvent,
    SpanLink,
    /// A metric's data, by its field in the metric; and its points.
    Data(u32),
    Point(u32),
    Exemplar,
    /// Numbers one after the other, packed.
    Buckets,
    Packed,
    Quantile,
    /// A message that holds no other; its fields are counted.
    Leaf,
    /// Text, bytes, or a number.
    Plain,
}

const GAUGE: u32 = 5;
const SUM: u32 = 7;
const HISTOGRAM: u32 = 9;
const EXPONENTIAL: u32 = 10;
const SUMMARY: u32 = 11;

/// Bytes of a number in memory; packed it can be one.
const NUMBER: usize = 8;

impl Shape {
    /// What a field with a length is.
    fn of(self, field: u32) -> Shape {
        use SourceKind::{OtlpLogs, OtlpMetrics};
        match (self, field) {
            (Shape::Request(kind), 1) => Shape::Resources(kind),
            (Shape::Resources(kind), 2) => Shape::Scopes(kind),
            (Shape::Scopes(kind), 2) => Shape::Item(kind),
            (Shape::Resources(_), 1) => Shape::Resource,
            (Shape::Scopes(_), 1) => Shape::Scope,
            (Shape::Resource, 1) | (Shape::Scope, 3) => Shape::Pair,
            (Shape::Item(OtlpLogs), 5) | (Shape::Pair, 2) => Shape::Any,
            (Shape::Item(OtlpLogs), 6) | (Shape::Item(OtlpMetrics), 12) => Shape::Pair,
            (Shape::Item(OtlpMetrics), 5 | 7 | 9 | 10 | 11) => Shape::Data(field),
            (Shape::Item(OtlpLogs | OtlpMetrics), _) => Shape::Plain,
            (Shape::Item(_), 9) => Shape::Pair,
            (Shape::Item(_), 11) => Shape::SpanEvent,
            (Shape::Item(_), 13) => Shape::SpanLink,
            (Shape::Any, 5) => Shape::Values,
            (Shape::Any, 6) => Shape::Pairs,
            (Shape::Values, 1) => Shape::Any,
            (Shape::SpanEvent, 3) | (Shape::SpanLink, 4) => Shape::Pair,
            (Shape::Pairs, 1) | (Shape::Exemplar, 7) => Shape::Pair,
            (Shape::Data(kind), 1) => Shape::Point(kind),
            (Shape::Point(GAUGE | SUM | SUMMARY), 7) => Shape::Pair,
            (Shape::Point(HISTOGRAM), 9) | (Shape::Point(EXPONENTIAL), 1) => Shape::Pair,
            (Shape::Point(GAUGE | SUM), 5) => Shape::Exemplar,
            (Shape::Point(HISTOGRAM), 8) | (Shape::Point(EXPONENTIAL), 11) => Shape::Exemplar,
            (Shape::Point(EXPONENTIAL), 8 | 9) => Shape::Buckets,
            (Shape::Buckets, 2) => Shape::Packed,
            (Shape::Point(SUMMARY), 6) => Shape::Quantile,
            (Shape::Resource, 3) => Shape::Leaf,
            _ => Shape::Plain,
        }
    }
}

/// Why a part must not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no protobuf from some place on, or none that is taken.
    Broken,
    /// A list has more elements than are read.
    TooLong,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// How deep messages may nest.
    bound: usize,
    values: usize,
    /// Those that are messages.
    pub(super) messages: usize,
    /// Data points of the item that is looked at. Those of a metric's data are one list, in however many parts that comes.
    pub(super) points: usize,
    /// The first that was found.
    pub(super) fault: Option<Fault>,
}

impl Look {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            bound,
            ..Self::default()
        }
    }

    /// Looks at a message and all in it. Fails where the body as a whole cannot be taken.
    pub(super) fn message(
        &mut self,
        shape: Shape,
        bytes: &[u8],
        depth: usize,
    ) -> Result<(), DecodeError> {
        if depth > self.bound {
            return Err(DecodeError {
                code: Code::TooDeep,
                message: format!(
                    "The body nests deeper than {} levels. Flatten the attribute there, or send it as a string.",
                    self.bound
                ),
            });
        }
        if let Shape::Item(_) = shape {
            self.points = 0;
        }
        // How long each list is, by its field's number. All of them are below this.
        let mut lists = [0; 16];
        for field in Fields(bytes) {
            let (number, inner) = match (field, shape) {
                (Ok(field), _) => field,
                // Only down to the items a fault is the body's; within one it is that item's.
                (Err(error), Shape::Request(_) | Shape::Resources(_) | Shape::Scopes(_)) => {
                    return Err(error);
                }
                (Err(_), _) => {
                    self.fault.get_or_insert(Fault::Broken);
                    return Ok(());
                }
            };
            self.values += 1;
            if self.values > limits::VALUES {
                return Err(DecodeError {
                    code: Code::TooMany,
                    message: format!(
                        "The body holds more than {} values. Send smaller batches.",
                        limits::VALUES
                    ),
                });
            }
            let Some(inner) = inner else {
                continue;
            };
            let shape = shape.of(number);
            // What JSON cuts after reading may be longer.
            let length = match shape {
                Shape::Point(_) => Some(&mut self.points),
                Shape::SpanEvent | Shape::SpanLink | Shape::Exemplar | Shape::Quantile => {
                    Some(&mut lists[number as usize % 16])
                }
                _ => None,
            };
            if let Some(length) = length {
                *length += 1;
                if *length > limits::LIST {
                    self.fault.get_or_insert(Fault::TooLong);
                }
            }
            match shape {
                Shape::Plain => {}
                Shape::Packed => self.values += inner.len() / NUMBER,
                shape => {
                    self.messages += 1;
                    self.message(shape, inner, depth + 1)?;
                }
            }
        }
        Ok(())
    }
}

pub(super) fn broken() -> DecodeError {
    DecodeError {
        code: Code::BadPayload,
        message:
            "The body is no OTLP protobuf: it was cut on the way, or its content type is wrong."
                .to_owned(),
    }
}
