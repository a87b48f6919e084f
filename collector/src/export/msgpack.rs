//! MessagePack: what the Forward protocol is made of. A writer of the forms that we send, and a reader of whatever a server may answer,
//! bounded in depth and in what it keeps.

/// Nesting that is read. The protocol's messages have two levels.
const MAX_DEPTH: u32 = 8;

pub(crate) fn nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

pub(crate) fn boolean(out: &mut Vec<u8>, flag: bool) {
    out.push(if flag { 0xc3 } else { 0xc2 });
}

pub(crate) fn int(out: &mut Vec<u8>, number: i64) {
    match number {
        0..=0x7f => out.push(number as u8),
        -0x20..=-1 => out.push(number as i8 as u8),
        _ => {
            out.push(0xd3);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

pub(crate) fn double(out: &mut Vec<u8>, number: f64) {
    out.push(0xcb);
    out.extend_from_slice(&number.to_be_bytes());
}

pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    head(
        out,
        text.len(),
        Some((0xa0, 31)),
        [Some(0xd9), Some(0xda), Some(0xdb)],
    );
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    head(out, bytes.len(), None, [Some(0xc4), Some(0xc5), Some(0xc6)]);
    out.extend_from_slice(bytes);
}

pub(crate) fn array(out: &mut Vec<u8>, len: usize) {
    head(out, len, Some((0x90, 15)), [None, Some(0xdc), Some(0xdd)]);
}

pub(crate) fn map(out: &mut Vec<u8>, len: usize) {
    head(out, len, Some((0x80, 15)), [None, Some(0xde), Some(0xdf)]);
}

/// Fluentd's EventTime: extension type 0 of seconds and nanoseconds.
pub(crate) fn event_time(out: &mut Vec<u8>, nanos: u64) {
    const SECOND: u64 = 1_000_000_000;
    out.extend_from_slice(&[0xd7, 0x00]);
    let seconds = u32::try_from(nanos / SECOND).unwrap_or(u32::MAX);
    out.extend_from_slice(&seconds.to_be_bytes());
    out.extend_from_slice(&((nanos % SECOND) as u32).to_be_bytes());
}

/// The shortest head that holds the length: within the byte (its mark and its most), in one byte, in two, in four.
fn head(out: &mut Vec<u8>, len: usize, short: Option<(u8, usize)>, longer: [Option<u8>; 3]) {
    if let Some((mark, most)) = short
        && len <= most
    {
        return out.push(mark | len as u8);
    }
    if let (Some(mark), Ok(len)) = (longer[0], u8::try_from(len)) {
        return out.extend_from_slice(&[mark, len]);
    }
    if let (Some(mark), Ok(len)) = (longer[1], u16::try_from(len)) {
        out.push(mark);
        return out.extend_from_slice(&len.to_be_bytes());
    }
    if let Some(mark) = longer[2] {
        out.push(mark);
        // Batches are cut far below 4 GiB.
        out.extend_from_slice(&(len as u32).to_be_bytes());
    }
}

/// A value as read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Nil,
    Boolean(bool),
    /// What does not fit is the nearest.
    Int(i64),
    Double(f64),
    /// Text and bytes: old Rubies write one for the other.
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// Of a kind that nothing here asks for.
    Other,
}

impl Value {
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let Self::Map(pairs) = self else {
            return None;
        };
        let found = pairs
            .iter()
            .find(|(it, _)| it.as_bytes() == Some(key.as_bytes()));
        found.map(|(_, value)| value)
    }
}

/// Why nothing could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The rest has not come yet.
    Short,
    /// It is no message that anybody would send here.
    Wrong,
}

/// The first value, and how many bytes it took.
pub(crate) fn read(input: &[u8]) -> Result<(Value, usize), Unread> {
    let mut reader = Reader { input, at: 0 };
    let value = reader.value(0)?;
    Ok((value, reader.at))
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: u32) -> Result<Value, Unread> {
        if depth > MAX_DEPTH {
            return Err(Unread::Wrong);
        }
        let mark = self.take(1)?[0];
        Ok(match mark {
            0x00..=0x7f => Value::Int(i64::from(mark)),
            0xe0..=0xff => Value::Int(i64::from(mark as i8)),
            0x80..=0x8f => self.map(usize::from(mark & 15), depth)?,
            0x90..=0x9f => self.list(usize::from(mark & 15), depth)?,
            0xa0..=0xbf => self.bytes(usize::from(mark & 31))?,
            0xc0 => Value::Nil,
            0xc2 => Value::Boolean(false),
            0xc3 => Value::Boolean(true),
            0xc4 | 0xd9 => self.sized(1)?,
            0xc5 | 0xda => self.sized(2)?,
            0xc6 | 0xdb => self.sized(4)?,
            0xca => Value::Double(f64::from(f32::from_bits(self.unsigned(4)? as u32))),
            0xcb => Value::Double(f64::from_bits(self.unsigned(8)?)),
            0xcc => self.positive(1)?,
            0xcd => self.positive(2)?,
            0xce => self.positive(4)?,
            0xcf => self.positive(8)?,
            0xd0 => Value::Int(i64::from(self.unsigned(1)? as u8 as i8)),
            0xd1 => Value::Int(i64::from(self.unsigned(2)? as u16 as i16)),
            0xd2 => Value::Int(i64::from(self.unsigned(4)? as u32 as i32)),
            0xd3 => Value::Int(self.unsigned(8)? as i64),
            0xd4..=0xd8 => self.extension(1 << (mark - 0xd4))?,
            0xc7 => self.sized_extension(1)?,
            0xc8 => self.sized_extension(2)?,
            0xc9 => self.sized_extension(4)?,
            0xdc => {
                let len = self.length(2)?;
                self.list(len, depth)?
            }
            0xdd => {
                let len = self.length(4)?;
                self.list(len, depth)?
            }
            0xde => {
                let len = self.length(2)?;
                self.map(len, depth)?
            }
            0xdf => {
                let len = self.length(4)?;
                self.map(len, depth)?
            }
            // Never used, says the format.
            0xc1 => return Err(Unread::Wrong),
        })
    }

    fn take(&mut self, len: usize) -> Result<&[u8], Unread> {
        let end = self.at.checked_add(len).ok_or(Unread::Wrong)?;
        let taken = self.input.get(self.at..end).ok_or(Unread::Short)?;
        self.at = end;
        Ok(taken)
    }

    fn unsigned(&mut self, len: usize) -> Result<u64, Unread> {
        let bytes = self.take(len)?;
        Ok(bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn positive(&mut self, len: usize) -> Result<Value, Unread> {
        let number = self.unsigned(len)?;
        Ok(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn length(&mut self, len: usize) -> Result<usize, Unread> {
        usize::try_from(self.unsigned(len)?).map_err(|_| Unread::Wrong)
    }

    fn bytes(&mut self, len: usize) -> Result<Value, Unread> {
        Ok(Value::Bytes(self.take(len)?.to_vec()))
    }

    fn sized(&mut self, len: usize) -> Result<Value, Unread> {
        let len = self.length(len)?;
        self.bytes(len)
    }

    fn sized_extension(&mut self, len: usize) -> Result<Value, Unread> {
        let len = self.length(len)?;
        self.extension(len)
    }

    fn extension(&mut self, len: usize) -> Result<Value, Unread> {
        // With the byte of its type.
        self.take(len)?;
        self.take(1)?;
        Ok(Value::Other)
    }

    /// Room is made as values come, not as a length promises them.
    fn list(&mut self, len: usize, depth: u32) -> Result<Value, Unread> {
        let mut list = Vec::new();
        for _ in 0..len {
            list.push(self.value(depth + 1)?);
        }
        Ok(Value::List(list))
    }

    fn map(&mut self, len: usize, depth: u32) -> Result<Value, Unread> {
        let mut pairs = Vec::new();
        for _ in 0..len {
            pairs.push((self.value(depth + 1)?, self.value(depth + 1)?));
        }
        Ok(Value::Map(pairs))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Nil | Value::Other => nil(out),
            Value::Boolean(flag) => boolean(out, *flag),
            Value::Int(number) => int(out, *number),
            Value::Double(number) => double(out, *number),
            Value::Bytes(content) => bytes(out, content),
            Value::List(list) => {
                array(out, list.len());
                list.iter().for_each(|it| write(it, out));
            }
            Value::Map(pairs) => {
                map(out, pairs.len());
                for (key, value) in pairs {
                    write(key, out);
                    write(value, out);
                }
            }
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Nil),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Int),
            (-40_i64..200).prop_map(Value::Int),
            (-1e9..1e9).prop_map(Value::Double),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        ];
        leaf.prop_recursive(3, 40, 20, |inner| {
            let pair = (inner.clone(), inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..20).prop_map(Value::List),
                prop::collection::vec(pair, 0..20).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_a_part_of_it_waits_for_the_rest(value in values(), cut in any::<prop::sample::Index>()) {
            let mut out = Vec::new();
            write(&value, &mut out);
            let len = out.len();
            out.push(0xc1);
            prop_assert_eq!(read(&out), Ok((value, len)));
            prop_assert_eq!(read(&out[..cut.index(len)]), Err(Unread::Short));
        }

        #[test]
        fn whatever_comes_is_read_or_refused(input in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok((_, len)) = read(&input) {
                prop_assert!(len <= input.len());
            }
        }
    }

    #[test]
    fn the_forms_are_those_of_the_format() {
        let written = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            out
        };
        assert_eq!(written(&|it| text(it, "ab")), b"\xa2ab");
        assert_eq!(written(&|it| text(it, &"a".repeat(32)))[..2], [0xd9, 32]);
        assert_eq!(written(&|it| text(it, &"a".repeat(256)))[..3], [0xda, 1, 0]);
        assert_eq!(
            written(&|it| bytes(it, &[7; 70_000]))[..5],
            [0xc6, 0, 1, 17, 112]
        );
        assert_eq!(written(&|it| array(it, 16)), [0xdc, 0, 16]);
        assert_eq!(written(&|it| map(it, 2)), [0x82]);
        assert_eq!(
            written(&|it| event_time(it, 1_700_000_000_000_000_005)),
            [0xd7, 0, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 5]
        );
        assert_eq!(
            read(&written(&|it| event_time(it, 1))),
            Ok((Value::Other, 10))
        );
    }

    #[test]
    fn a_promise_of_much_costs_nothing_and_no_depth_the_stack() {
        assert_eq!(read(&[0xdd, 255, 255, 255, 255]), Err(Unread::Short));
        assert_eq!(read(&[0x91; 100_000]), Err(Unread::Wrong));
    }
}
