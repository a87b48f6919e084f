//! Groups as the protobuf of an OTLP export request, written straight from references.
//!
//! prost would want the request owned, that is, every record copied for every destination.

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use super::group::{Group, Item, Scoped};

/// The bytes of `Export{Logs,Trace,Metrics}ServiceRequest`: the three have the same shape.
pub(crate) fn request<T: Item>(groups: &[Group<'_, T>]) -> Vec<u8> {
    let lengths: Vec<Lengths> = groups.iter().map(Lengths::of).collect();
    let total = lengths.iter().map(|lengths| framed(lengths.total)).sum();
    let mut out = Vec::with_capacity(total);
    for (group, lengths) in groups.iter().zip(&lengths) {
        frame(1, lengths.total, &mut out);
        if let Some(resource) = group.resource {
            message(1, resource, &mut out);
        }
        for (scoped, length) in group.scopes.iter().zip(&lengths.scopes) {
            frame(2, *length, &mut out);
            if let Some(scope) = scoped.scope {
                message(1, scope, &mut out);
            }
            for item in &scoped.items {
                message(2, *item, &mut out);
            }
            text(3, scoped.schema_url, &mut out);
        }
        text(3, group.schema_url, &mut out);
    }
    debug_assert_eq!(out.len(), total);
    out
}

/// Protobuf writes a message's length before it, so lengths are counted from the leaves up, once.
struct Lengths {
    scopes: Vec<usize>,
    total: usize,
}

impl Lengths {
    fn of<T: Item>(group: &Group<'_, T>) -> Self {
        let scopes: Vec<usize> = group.scopes.iter().map(scope_len).collect();
        let total = group.resource.map_or(0, |it| framed(it.encoded_len()))
            + scopes.iter().map(|len| framed(*len)).sum::<usize>()
            + text_len(group.schema_url);
        Self { scopes, total }
    }
}

fn scope_len<T: Item>(scoped: &Scoped<'_, T>) -> usize {
    scoped.scope.map_or(0, |it| framed(it.encoded_len()))
        + scoped
            .items
            .iter()
            .map(|item| framed(item.encoded_len()))
            .sum::<usize>()
        + text_len(scoped.schema_url)
}

/// Length with key and length prefix; every field number here is below 16, so a key is one byte.
fn framed(len: usize) -> usize {
    key_len(1) + encoded_len_varint(len as u64) + len
}

fn text_len(text: &str) -> usize {
    if text.is_empty() {
        0
    } else {
        framed(text.len())
    }
}

fn frame(field: u32, len: usize, out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(len as u64, out);
}

fn message(field: u32, message: &impl Message, out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    message
        .encode_length_delimited(out)
        .expect("a Vec has room for what fits memory");
}

fn text(field: u32, text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        frame(field, text.len(), out);
        out.extend_from_slice(text.as_bytes());
    }
}
