//! Just enough protobuf to look into an export: the sink is to cost less than what it measures.

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'a> {
    /// A text, bytes or a message.
    Bytes(&'a [u8]),
    /// Eight bytes.
    Fixed(u64),
    /// Anything else.
    Other,
}

/// The fields of a protobuf message, as far as it can be read.
pub(crate) fn fields<'a>(mut message: &'a [u8], mut found: impl FnMut(u64, Field<'a>)) {
    while let Some(tag) = varint(&mut message) {
        let field = match tag & 7 {
            0 => varint(&mut message).map(|_| Field::Other),
            1 => take(&mut message, 8)
                .map(|b| Field::Fixed(u64::from_le_bytes(b.try_into().unwrap_or_default()))),
            2 => varint(&mut message)
                .and_then(|n| take(&mut message, n as usize))
                .map(Field::Bytes),
            5 => take(&mut message, 4).map(|_| Field::Other),
            _ => None,
        };
        let Some(field) = field else { return };
        found(tag >> 3, field);
    }
}

fn take<'a>(from: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (front, rest) = from.split_at_checked(n)?;
    *from = rest;
    Some(front)
}

fn varint(from: &mut &[u8]) -> Option<u64> {
    let mut out = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(from, 1)?[0];
        out |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(out);
        }
    }
    None
}
