//! Lines that end in LF alone. RFC 9112 lets a reader take them, the parser below does, and many proxies do not: what a proxy forwards as
//! one field would then be two, and the second a length or a coding that the proxy never saw.

/// Looks through heads of HTTP/1.1 as they come.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    inside: bool,
    previous: u8,
    /// Whether the line so far holds anything.
    line: bool,
    /// Whether a line before it did: empty ones may come before a request.
    begun: bool,
}

impl HeadScan {
    /// Bytes that came while no request was worked on. LF alone is made a NUL, which no head may hold: it is answered with 400.
    pub(super) fn look(&mut self, bytes: &mut [u8]) {
        if !self.inside {
            *self = Self {
                inside: true,
                ..Self::default()
            };
        }
        let holds = |line: &[u8]| line.iter().any(|byte| *byte != b'\r');
        let mut from = 0;
        while let Some(length) = memchr::memchr(b'\n', &bytes[from..]) {
            let at = from + length;
            let previous = at.checked_sub(1).map_or(self.previous, |i| bytes[i]);
            if previous != b'\r' {
                bytes[at] = 0;
                self.inside = false;
                return;
            }
            let line = self.line || holds(&bytes[from..at]);
            if !line && self.begun {
                self.inside = false;
                return;
            }
            self.begun |= line;
            self.line = false;
            from = at + 1;
        }
        self.line |= holds(&bytes[from..]);
        if let Some(last) = bytes.last() {
            self.previous = *last;
        }
    }

    /// The head was whole.
    pub(super) fn end(&mut self) {
        self.inside = false;
    }
}

/// The door for fuzzers: up to its end a head is seen in pieces as it is in one.
pub(super) fn fuzz(bytes: &[u8], size: usize) {
    let mut whole = bytes.to_vec();
    HeadScan::default().look(&mut whole);
    let (mut scan, mut seen) = (HeadScan::default(), Vec::new());
    for piece in bytes.chunks(size) {
        let mut piece = piece.to_vec();
        scan.look(&mut piece);
        seen.extend(piece);
        if !scan.inside {
            break;
        }
    }
    assert_eq!(whole[..seen.len()], seen);
    assert!(seen.len() == whole.len() || !scan.inside);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(parts: &[&str]) -> String {
        let mut scan = HeadScan::default();
        let mut out = Vec::new();
        for part in parts {
            let mut bytes = part.as_bytes().to_vec();
            scan.look(&mut bytes);
            out.extend(bytes);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_in_both_signs_and_bodies_are_left_alone() {
        for parts in [
            &["GET / HTTP/1.1\r\nhost: a\r\n\r\n"][..],
            &["GET / HTTP/1.1\r", "\nhost: a\r\n", "\r", "\n"],
            &["\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n{\n\"a\":\n1}"],
            &["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"],
        ] {
            assert_eq!(scanned(parts), parts.concat());
        }
    }

    #[test]
    fn it_does_not_matter_where_a_head_is_cut() {
        // Every head of seven signs out of those that matter, in pieces of every size.
        for n in 0..4_usize.pow(7) {
            let head: Vec<u8> = (0..7).map(|i| b"\r\na:"[n / 4_usize.pow(i) % 4]).collect();
            (1..=7).for_each(|size| fuzz(&head, size));
        }
    }

    #[test]
    fn lf_alone_becomes_what_no_head_may_hold() {
        assert_eq!(
            scanned(&["GET / HTTP/1.1\nhost: a\r\n"]),
            "GET / HTTP/1.1\0host: a\r\n"
        );
        assert_eq!(
            scanned(&["GET / HTTP/1.1\r\na: b", "\nc: d\r\n\r\n"]),
            "GET / HTTP/1.1\r\na: b\0c: d\r\n\r\n"
        );
        assert_eq!(
            scanned(&["GET / HTTP/1.1\r\na: b\r\n\n"]),
            "GET / HTTP/1.1\r\na: b\r\n\0"
        );
    }
}
