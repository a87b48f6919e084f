//! A payload out of JSON as browsers write it: one look at each byte, in which depth and number of values are bounded as well.
//!
//! It takes less than serde_json and nothing that serde_json does not take, and of what it takes it makes the same; for all else it gives up, and
//! whoever asked reads anew with serde_json, which knows what is wrong and where. Numbers that need thought are serde_json's too.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::payload::Payload;
use crate::read::Read as _;

/// How much one text may hold.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How deep it may nest.
    pub depth: usize,
    /// Commas and opening brackets: a bound on values.
    pub values: usize,
}

/// The longest of what was read: what is too long for none of its places needs not be looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Longest {
    /// Bytes of a text, be it a name, a value or a number that may be written as one.
    pub text: usize,
    /// Elements of a list.
    pub list: usize,
    /// Fields of an object.
    pub object: usize,
}

/// The deepest that serde_json reads.
const DEEPEST: usize = 127;

/// Something that is left to another parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not as browsers write it")
    }
}

impl std::error::Error for Unusual {}

impl serde::de::Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Unusual
    }
}

impl Payload {
    /// Reads a text into an empty payload.
    ///
    /// # Errors
    /// When this parser is not for the text, which may still be a payload. What was read of it then is of no use.
    pub fn read_usual(&mut self, text: &str, bounds: Bounds) -> Result<Longest, Unusual> {
        let mut parser = Parser {
            text,
            at: 0,
            depth: bounds.depth.min(DEEPEST),
            values: bounds.values,
            plain: String::new(),
            longest: Longest::default(),
        };
        if parser.peek() != Some(b'{') {
            return Err(Unusual);
        }
        self.read_into(&mut parser)?;
        match parser.peek() {
            None => Ok(parser.longest),
            Some(_) => Err(Unusual),
        }
    }
}

macro_rules! unusual {
    ($($name:ident)*) => { $(
        fn $name<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unusual> {
            Err(Unusual)
        }
    )* };
}

struct Parser<'de> {
    text: &'de str,
    at: usize,
    /// Levels that are left.
    depth: usize,
    /// Values that are left.
    values: usize,
    /// A text without its escapes.
    plain: String,
    longest: Longest,
}

impl<'de> Parser<'de> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    /// One value more.
    fn count(&mut self) -> Result<(), Unusual> {
        self.values = self.values.checked_sub(1).ok_or(Unusual)?;
        Ok(())
    }

    /// Into a list or an object.
    fn open(&mut self) -> Result<(), Unusual> {
        self.at += 1;
        self.count()?;
        self.depth = self.depth.checked_sub(1).ok_or(Unusual)?;
        Ok(())
    }

    /// Out of it.
    fn close(&mut self, end: u8) -> Result<(), Unusual> {
        if self.peek() != Some(end) {
            return Err(Unusual);
        }
        self.at += 1;
        self.depth += 1;
        Ok(())
    }

    /// To the next element, whether there is one. `begun` counts them.
    fn next(&mut self, begun: &mut usize, end: u8) -> Result<bool, Unusual> {
        let byte = self.peek().ok_or(Unusual)?;
        if byte == end {
            return Ok(false);
        }
        if *begun > 0 {
            if byte != b',' {
                return Err(Unusual);
            }
            self.at += 1;
            self.count()?;
            if self.peek() == Some(end) {
                return Err(Unusual);
            }
        }
        *begun += 1;
        Ok(true)
    }

    fn word<T>(&mut self, word: &str, value: T) -> Result<T, Unusual> {
        let rest = &self.text.as_bytes()[self.at..];
        if !rest.starts_with(word.as_bytes()) {
            return Err(Unusual);
        }
        self.at += word.len();
        Ok(value)
    }

    /// Over a text, which begins behind a quote. None where it has escapes; without them it then is in `plain`.
    fn string(&mut self) -> Result<Option<&'de str>, Unusual> {
        let bytes = self.text.as_bytes();
        let from = self.at + 1;
        let end = from + stop(bytes.get(from..).ok_or(Unusual)?).ok_or(Unusual)?;
        match bytes[end] {
            b'"' => {
                self.at = end + 1;
                self.longest.text = self.longest.text.max(end - from);
                Ok(Some(&self.text[from..end]))
            }
            b'\\' => self.escaped(from, end).map(|()| None),
            _ => Err(Unusual),
        }
    }

    fn escaped(&mut self, mut from: usize, mut end: usize) -> Result<(), Unusual> {
        let bytes = self.text.as_bytes();
        self.plain.clear();
        loop {
            self.plain.push_str(&self.text[from..end]);
            let (letter, length) = match bytes.get(end..end + 2).ok_or(Unusual)? {
                [b'"', _] => {
                    self.at = end + 1;
                    self.longest.text = self.longest.text.max(self.plain.len());
                    return Ok(());
                }
                [b'\\', b'u'] => {
                    let digits = bytes.get(end + 2..end + 6).ok_or(Unusual)?;
                    let code = digits.iter().try_fold(0, |code, digit| {
                        Some(code * 16 + char::from(*digit).to_digit(16)?)
                    });
                    // Halves of pairs are looked at by those who put them together or mend them.
                    (code.and_then(char::from_u32).ok_or(Unusual)?, 6)
                }
                [b'\\', letter] => (escape(*letter).ok_or(Unusual)?, 2),
                _ => return Err(Unusual),
            };
            self.plain.push(letter);
            from = end + length;
            end = from + stop(bytes.get(from..).ok_or(Unusual)?).ok_or(Unusual)?;
        }
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_part = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|byte| !is_part(byte));
        let length = length.unwrap_or(rest.len());
        let from = self.at;
        self.at += length;
        match plain_number(&rest[..length]) {
            Some(Number::Whole(number)) => visitor.visit_u64(number),
            Some(Number::Negative(number)) => visitor.visit_i64(number),
            Some(Number::Broken(number)) => visitor.visit_f64(number),
            None => {
                let text = &self.text[from..self.at];
                // With an exponent it may be twenty times as long as a text. Without, it has no more digits than here, but for one that rounding
                // carries into, or is among the shortest spellings of a double.
                let as_text = match text.contains(['e', 'E']) {
                    true => usize::MAX,
                    false => (length + 1).max(MOST_DOUBLE),
                };
                self.longest.text = self.longest.text.max(as_text);
                let mut other = serde_json::Deserializer::from_str(text);
                let value = other.deserialize_any(visitor).map_err(Unusual::custom)?;
                other.end().map_err(Unusual::custom)?;
                Ok(value)
            }
        }
    }
}

fn escape(letter: u8) -> Option<char> {
    Some(match letter {
        b'"' | b'\\' | b'/' => char::from(letter),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    })
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where a text stops to be plain: at a quote, a backslash or a control character.
fn stop(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let is = |byte: u8| {
            let other = word ^ (LOW * u64::from(byte));
            other.wrapping_sub(LOW) & !other
        };
        let control = word.wrapping_sub(LOW * 0x20) & !word;
        let found = (control | is(b'"') | is(b'\\')) & HIGH;
        if found != 0 {
            // A borrow goes upwards only, so the lowest that was found is one.
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let stops = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    let at = rest.iter().position(stops)?;
    Some(bytes.len() - rest.len() + at)
}

/// Bytes of the shortest spelling of any double, as `-2.2250738585072014e-308`.
const MOST_DOUBLE: usize = 24;

enum Number {
    Whole(u64),
    /// Below 0.
    Negative(i64),
    Broken(f64),
}

/// Numbers that need no thought: up to 15 digits, of which some may stand behind a point. Both they and the power of ten are doubles then, and so
/// their quotient is the nearest one.
fn plain_number(text: &[u8]) -> Option<Number> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    // A number has a digit before its point, and none begins with 0 but 0 itself.
    if !matches!(text, [b'0'] | [b'0', b'.', ..] | [b'1'..=b'9', ..]) || text.len() > 16 {
        return None;
    }
    let (mut number, mut digits, mut point) = (0, 0, None);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + u64::from(byte - b'0');
                digits += 1;
            }
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    if digits > 15 {
        return None;
    }
    match point {
        // -0 is a double.
        None if negative && number == 0 => None,
        None if negative => Some(Number::Negative(-i64::try_from(number).ok()?)),
        None => Some(Number::Whole(number)),
        Some(at) => {
            let behind = text.len() - at - 1;
            let power = POWERS.get(behind).filter(|_| behind > 0)?;
            let value = number as f64 / power;
            Some(Number::Broken(if negative { -value } else { value }))
        }
    }
}

const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

impl<'de> Deserializer<'de> for &mut Parser<'de> {
    type Error = Unusual;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.peek().ok_or(Unusual)? {
            b'"' => match self.string()? {
                Some(text) => visitor.visit_borrowed_str(text),
                None => visitor.visit_str(&self.plain),
            },
            b'{' => {
                self.open()?;
                let value = visitor.visit_map(Within::new(self))?;
                self.close(b'}')?;
                Ok(value)
            }
            b'[' => {
                self.open()?;
                let value = visitor.visit_seq(Within::new(self))?;
                self.close(b']')?;
                Ok(value)
            }
            b't' => visitor.visit_bool(self.word("true", true)?),
            b'f' => visitor.visit_bool(self.word("false", false)?),
            b'n' => {
                self.word("null", ())?;
                visitor.visit_unit()
            }
            b'-' | b'0'..=b'9' => self.number(visitor),
            _ => Err(Unusual),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.peek() {
            Some(b'"') => self.deserialize_any(visitor),
            _ => Err(Unusual),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.peek() {
            Some(b'{') => self.deserialize_any(visitor),
            _ => Err(Unusual),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.deserialize_any(IgnoredAny)?;
        visitor.visit_unit()
    }

    // What no type of a payload asks for. Types that do are read by the other parser, until they are added here.
    unusual! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_option deserialize_unit deserialize_seq
        deserialize_identifier
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }
}

/// The elements of a list or an object.
struct Within<'a, 'de> {
    parser: &'a mut Parser<'de>,
    begun: usize,
}

impl<'a, 'de> Within<'a, 'de> {
    fn new(parser: &'a mut Parser<'de>) -> Self {
        Self { parser, begun: 0 }
    }
}

impl<'de> MapAccess<'de> for Within<'_, 'de> {
    type Error = Unusual;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unusual> {
        if !self.parser.next(&mut self.begun, b'}')? {
            let longest = &mut self.parser.longest.object;
            *longest = (*longest).max(self.begun);
            return Ok(None);
        }
        match self.parser.peek() {
            Some(b'"') => seed.deserialize(&mut *self.parser).map(Some),
            _ => Err(Unusual),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unusual> {
        if self.parser.peek() != Some(b':') {
            return Err(Unusual);
        }
        self.parser.at += 1;
        seed.deserialize(&mut *self.parser)
    }
}

impl<'de> SeqAccess<'de> for Within<'_, 'de> {
    type Error = Unusual;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unusual> {
        match self.parser.next(&mut self.begun, b']')? {
            true => seed.deserialize(&mut *self.parser).map(Some),
            false => {
                let longest = &mut self.parser.longest.list;
                *longest = (*longest).max(self.begun);
                Ok(None)
            }
        }
    }
}
