//! Fields of protobuf, written to the end of a buffer: for messages that are written from references, as prost's would have to be made
//! first.

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

/// A field's number and form: one byte for the first fifteen.
#[inline]
fn key(field: u32, form: WireType, out: &mut Vec<u8>) {
    match field {
        ..16 => out.push((field << 3 | form as u32) as u8),
        _ => encode_key(field, form, out),
    }
}

/// A length, which is nearly always below 128.
#[inline]
fn length(bytes: usize, out: &mut Vec<u8>) {
    match bytes {
        ..0x80 => out.push(bytes as u8),
        _ => encode_varint(bytes as u64, out),
    }
}

/// What a field of one of the first fifteen numbers takes that holds so many bytes.
#[inline]
fn taken(bytes: usize) -> usize {
    1 + encoded_len_varint(bytes as u64) + bytes
}

/// An attribute whose value is a text, as most are: what it takes is known before it is written.
pub(crate) fn text_pair(field: u32, name: &str, value: &str, out: &mut Vec<u8>) {
    let own = taken(value.len());
    let named = match name {
        "" => 0,
        _ => taken(name.len()),
    };
    let whole = named + taken(own);
    // The field of the pair itself: its key has five bytes at most, its length ten.
    out.reserve(whole + 15);
    key(field, WireType::LengthDelimited, out);
    length(whole, out);
    text(1, name, out);
    key(2, WireType::LengthDelimited, out);
    length(own, out);
    delimited(1, value.as_bytes(), out);
}

/// A message in a message: most are shorter than 128 bytes, and their length takes the one byte that is left for it.
pub(crate) fn nested(field: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    key(field, WireType::LengthDelimited, out);
    out.push(0);
    let start = out.len();
    write(out);
    let length = out.len() - start;
    if length < 0x80 {
        out[start - 1] = length as u8;
        return;
    }
    let more = encoded_len_varint(length as u64) - 1;
    out.resize(out.len() + more, 0);
    out.copy_within(start..start + length, start + more);
    let mut place = &mut out[start - 1..start + more];
    encode_varint(length as u64, &mut place);
}

/// A message that prost writes.
pub(crate) fn message(field: u32, message: &impl Message, out: &mut Vec<u8>) {
    key(field, WireType::LengthDelimited, out);
    message
        .encode_length_delimited(out)
        .expect("a Vec has room for what fits memory");
}

/// Bytes, be they none.
pub(crate) fn delimited(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    key(field, WireType::LengthDelimited, out);
    length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// A number, be it zero.
pub(crate) fn varint(field: u32, value: u64, out: &mut Vec<u8>) {
    key(field, WireType::Varint, out);
    encode_varint(value, out);
}

/// A text that says something.
pub(crate) fn text(field: u32, text: &str, out: &mut Vec<u8>) {
    bytes(field, text.as_bytes(), out);
}

/// Bytes, if there are any.
pub(crate) fn bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        delimited(field, bytes, out);
    }
}

/// A number that is not zero.
pub(crate) fn number(field: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        varint(field, value, out);
    }
}

/// A number of 64 bits that is not zero.
pub(crate) fn fixed64(field: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        key(field, WireType::SixtyFourBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A number of 32 bits that is not zero.
pub(crate) fn fixed32(field: u32, value: u32, out: &mut Vec<u8>) {
    if value != 0 {
        key(field, WireType::ThirtyTwoBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}
