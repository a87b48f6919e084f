//! A payload as JSON. serde_json writes the same bytes, looking at each letter of each text by itself; a payload is written for every
//! request, and nearly all of its letters need no second look.

use std::fmt::{self, Display};

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer,
};

/// What cannot be written: nothing of ours.
#[derive(Debug)]
pub(crate) struct Unwritable(String);

impl Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

impl serde::ser::Error for Unwritable {
    fn custom<T: Display>(message: T) -> Self {
        Unwritable(message.to_string())
    }
}

fn none<T>() -> Result<T, Unwritable> {
    Err(Unwritable::custom("no payload holds this"))
}

/// Writes to the end of a buffer.
pub(crate) struct Json<'a>(pub(crate) &'a mut Vec<u8>);

/// A list or an object that is being written.
pub(crate) struct Open<'a> {
    out: &'a mut Vec<u8>,
    begun: bool,
    end: u8,
}

impl Open<'_> {
    fn next(&mut self) {
        if self.begun {
            self.out.push(b',');
        }
        self.begun = true;
    }
}

impl<'a> Json<'a> {
    fn open(self, start: u8, end: u8) -> Open<'a> {
        self.0.push(start);
        Open {
            out: self.0,
            begun: false,
            end,
        }
    }

    fn unsigned(self, number: u64) {
        unsigned(number, self.0);
    }

    /// Doubles have one shortest spelling, which the other crate finds.
    fn double(self, number: impl Serialize) -> Result<(), Unwritable> {
        serde_json::to_writer(self.0, &number).map_err(Unwritable::custom)
    }
}

/// A number in decimal digits.
pub fn unsigned(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// The same with a sign where it is below zero.
pub fn signed(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(number.unsigned_abs(), out);
}

/// A text in quotes.
pub fn text(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut rest = bytes;
    while let Some(at) = first_escape(rest) {
        out.extend_from_slice(&rest[..at]);
        escape(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether one of eight bytes has to be escaped. Exact as a yes or no: a borrow can only come from a byte that has to be.
fn any_escape(word: u64) -> bool {
    let control = word.wrapping_sub(LOW * 0x20) & !word;
    let is = |byte: u8| {
        let other = word ^ (LOW * u64::from(byte));
        other.wrapping_sub(LOW) & !other
    };
    (control | is(b'"') | is(b'\\')) & HIGH != 0
}

fn must_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn first_escape(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let found = words
        .iter()
        .position(|word| any_escape(u64::from_le_bytes(*word)));
    let from = match (found, bytes.last_chunk::<8>()) {
        (Some(word), _) => word * 8,
        // The last eight, of which some were looked at before, tell as much as those that are left.
        (None, Some(last)) if !any_escape(u64::from_le_bytes(*last)) => return None,
        (None, Some(_)) => bytes.len() - rest.len(),
        (None, None) if !any_escape(short(bytes)) => return None,
        (None, None) => 0,
    };
    let at = bytes[from..].iter().position(|byte| must_escape(*byte))?;
    Some(from + at)
}

/// Fewer than eight bytes as a word, with letters for those that are missing.
fn short(bytes: &[u8]) -> u64 {
    let missing = LOW * u64::from(b'a');
    let half = |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes));
    match (bytes, bytes.first_chunk(), bytes.last_chunk()) {
        (_, Some(first), Some(last)) => half(*first) | half(*last) << 32,
        ([], ..) => missing,
        ([a], ..) => missing & !0xff | u64::from(*a),
        ([a, .., b], ..) => {
            let middle = bytes[bytes.len() / 2];
            missing & !0xff_ffff | u64::from(*a) | u64::from(middle) << 8 | u64::from(*b) << 16
        }
    }
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

macro_rules! numbers {
    ($($name:ident $ty:ty => $by:ident),*) => { $(
        fn $name(self, value: $ty) -> Result<(), Unwritable> {
            self.$by(value.into())
        }
    )* };
}

impl<'a> Serializer for Json<'a> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Impossible<(), Unwritable>;
    type SerializeTupleStruct = Impossible<(), Unwritable>;
    type SerializeTupleVariant = Impossible<(), Unwritable>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Impossible<(), Unwritable>;

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.0.extend_from_slice(word);
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unwritable> {
        self.unsigned(value);
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unwritable> {
        signed(value, self.0);
        Ok(())
    }

    numbers! {
        serialize_u8 u8 => serialize_u64, serialize_u16 u16 => serialize_u64, serialize_u32 u32 => serialize_u64,
        serialize_i8 i8 => serialize_i64, serialize_i16 i16 => serialize_i64, serialize_i32 i32 => serialize_i64
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unwritable> {
        self.double(value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unwritable> {
        self.double(value)
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        text(value.encode_utf8(&mut [0; 4]), self.0);
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        text(value, self.0);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unwritable> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Unwritable> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Unwritable> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Unwritable> {
        none()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Open<'a>, Unwritable> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Open<'a>, Unwritable> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Open<'a>, Unwritable> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self::SerializeTuple, Unwritable> {
        none()
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleStruct, Unwritable> {
        none()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant, Unwritable> {
        none()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant, Unwritable> {
        none()
    }
}

impl SerializeSeq for Open<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.next();
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), Unwritable> {
        self.out.push(self.end);
        Ok(())
    }
}

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.next();
        key.serialize(Json(self.out))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.out.push(b':');
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), Unwritable> {
        self.out.push(self.end);
        Ok(())
    }
}

impl SerializeStruct for Open<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        // A field's name is a word of the wire, in which nothing has to be escaped.
        self.next();
        self.out.reserve(key.len() + 3);
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), Unwritable> {
        SerializeMap::end(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;
    use crate::value::Value;

    fn written(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        value.serialize(Json(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[track_caller]
    fn same(value: &impl Serialize) {
        assert_eq!(written(value), serde_json::to_string(value).unwrap());
    }

    #[test]
    fn every_letter_is_written_as_the_other_crate_writes_it_wherever_it_stands() {
        for letter in (0..0x180).filter_map(char::from_u32) {
            for before in 0..10 {
                let text = format!("{}{letter}{}", "a".repeat(before), "é".repeat(9));
                same(&text);
            }
        }
    }

    #[test]
    fn numbers_are_written_as_the_other_crate_writes_them() {
        for number in [0, 1, -1, 9, 10, -10, i64::MAX, i64::MIN, 1_795_145_670_000] {
            same(&number);
            same(&number.unsigned_abs());
        }
        same(&(u64::MAX, 3_i32).0);
        for number in [0.0, -0.0, 0.1, 1e300, 1e-7, 12.0, f64::NAN, f64::INFINITY] {
            same(&number);
        }
    }

    #[test]
    fn payloads_are_written_as_the_other_crate_writes_them() {
        let maximal = include_str!("../../tests/fixtures/payload/maximal.json");
        let mut payload = Payload::decode(maximal.as_bytes()).unwrap();
        for value in [
            Value::Null,
            Value::List(vec![
                Value::Null,
                Value::Bool(true),
                Value::Double(f64::NAN),
            ]),
            Value::Bytes(vec![1, 2, 3]),
            Value::Text("\u{1}\"\\\n".to_owned()),
        ] {
            payload.extra.set(format!("\"{value:?}"), value);
        }
        same(&payload);
        same(&Payload::default());
        assert_eq!(payload.encode(), serde_json::to_vec(&payload).unwrap());
    }
}
