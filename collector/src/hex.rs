//! Bytes as people and protocols write them.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Lowercase hexadecimal digits, two a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.extend(digits(*byte).map(char::from));
    }
    out
}

/// The same at the end of a buffer.
pub(crate) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.extend_from_slice(&digits(*byte));
    }
}

fn digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|half| DIGITS[usize::from(half)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(hex(&[0, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(hex(&[]), "");
        let mut out = b"0x".to_vec();
        write(&[0xde, 0xad], &mut out);
        assert_eq!(out, b"0xdead");
    }
}
