//! Exceptions as JSON: frames, causes, the key that groups equal ones, and what is noise.

use alloc::vec::Vec;

use farol_protocol::limits::CAUSES;

use crate::host::Host;
use crate::message::Message;
use crate::pen::{Pen, hex};
use crate::scrub;
use crate::stack::{self, Frame, UNKNOWN};
use crate::text::split;
use crate::trail::Trail;

/// How the fingerprint is made. Another way would need another number, so that keys of two versions never meet.
const FINGERPRINT: &[u8] = b"1:";

/// Frames that the fingerprint is made of: below them is the framework that called.
const TOP: usize = 3;

/// Ends of the schemes that extensions' scripts come from: `chrome-extension:`, `moz-extension:`, `safari-web-extension:`.
const EXTENSION: &[u8] = b"-extension";

/// What is known of an exception before it is written.
#[derive(Debug)]
pub(crate) struct Exception<'a> {
    flags: u8,
    mechanism: &'a [u8],
    pub(crate) kind: &'a [u8],
    message: &'a [u8],
    pub(crate) frames: Vec<Frame<'a>>,
    /// `type: message`
    pub(crate) title: Vec<u8>,
}

/// What makes two exceptions the same one again: all of the message up to its attributes.
pub(crate) fn key(mut m: Message<'_>) -> u32 {
    let start = m;
    m.byte();
    m.skip(5);
    m.number();
    m.number();
    let causes = m.count();
    m.skip(causes.saturating_mul(3));
    let mut hash = BASIS;
    add(&mut hash, m.since(&start));
    hash
}

impl<'a> Exception<'a> {
    /// Reads the fields before the causes.
    pub(crate) fn read(m: &mut Message<'a>) -> Self {
        let flags = m.byte();
        let mechanism = m.text();
        let kind = m.text();
        let message = m.text();
        let stack = m.text();
        let file = m.text();
        let place = Frame {
            function: UNKNOWN,
            file,
            line: m.number() as u32,
            column: m.number() as u32,
        };
        let mut frames = stack::parse(stack, kind, message);
        if frames.is_empty() && !file.is_empty() {
            frames.push(place);
        }
        let kind = if kind.is_empty() { b"Error" } else { kind };
        Self {
            flags,
            mechanism,
            kind,
            message,
            frames,
            title: [kind, b": ", message].concat(),
        }
    }

    /// Where it happened: the top frame that lies in a file.
    pub(crate) fn origin(&self) -> &'a [u8] {
        for frame in &self.frames {
            if !matches!(frame.file.first(), None | Some(b'<' | b'[')) {
                return frame.file;
            }
        }
        b""
    }

    /// The key by which equal exceptions are grouped: of type and top frames, where lines, queries and fragments do not count, as
    /// they change with every build. Where there is no frame, of type and message without its digits.
    fn fingerprint(&self) -> Vec<u8> {
        let mut key = FINGERPRINT.to_vec();
        for basis in [BASIS, !BASIS] {
            let mut hash = basis;
            add(&mut hash, self.kind);
            for frame in self.frames.iter().take(TOP) {
                add(&mut hash, frame.function);
                add(&mut hash, split(split(frame.file, b'?').0, b'#').0);
            }
            if self.frames.is_empty() {
                for &byte in self.message {
                    if !byte.is_ascii_digit() {
                        one(&mut hash, byte);
                    }
                }
            }
            for shift in (0..32).step_by(4).rev() {
                key.push(hex((hash >> shift) as u8));
            }
        }
        key
    }
}

/// Whether a file is a browser extension's: nothing that the page's owner could mend.
pub(crate) fn extension(file: &[u8]) -> bool {
    split(file, b':').0.ends_with(EXTENSION)
}

impl<H: Host> Pen<H> {
    /// Writes an exception whose causes and what follows them are still in `m`. In Faro's protocol the last member is its context.
    pub(crate) fn exception(
        &mut self,
        exception: &Exception<'_>,
        m: &mut Message<'_>,
        trail: &Trail,
        now: f64,
    ) {
        let count = m.count();
        let causes = *m;
        m.skip(count.saturating_mul(3));
        let attrs = m.attrs();
        let mut trace = *m;
        m.skip(2);
        let time = m.time(now);

        self.byte(b'{');
        self.iso_field("timestamp", time);
        self.field("type", exception.kind);
        self.field("fingerprint", &exception.fingerprint());
        self.key(b"value");
        self.text(exception.message);
        self.trace(&mut trace);
        if exception.flags & 2 != 0 {
            self.raw(b",\"fatal\":true");
        }
        let handled: &[u8] = if exception.flags & 1 != 0 {
            b"true"
        } else {
            b"false"
        };
        let faro = self.faro;
        if !faro {
            self.raw(b",\"handled\":");
            self.raw(handled);
            self.field("mechanism", exception.mechanism);
        }
        self.stacktrace(&exception.frames, *m);
        let cause = self.causes(count.min(CAUSES as u32), causes, *m);
        if !faro {
            trail.write(self);
        }
        let at = self.open("context");
        self.field("cause", &cause);
        if faro {
            trail.write(self);
            self.field("handled", handled);
            self.field("mechanism", exception.mechanism);
        }
        self.attributes(at, attrs, false);
        if faro {
            self.byte(b'}')
        } else {
            self.close(at)
        }
        self.byte(b'}');
        // The bundles that are read above with each frame.
        let bundles = m.count();
        m.skip(bundles.saturating_mul(4));
    }

    /// Writes the causes, with their stacks; the answer is what the context says of them: the first one, or in Faro's protocol
    /// all, by line.
    fn causes(&mut self, count: u32, mut m: Message<'_>, bundles: Message<'_>) -> Vec<u8> {
        let mut told = Vec::new();
        if count == 0 {
            return told;
        }
        let faro = self.faro;
        if !faro {
            self.raw(b",\"causes\":[");
        }
        for nth in 0..count {
            let (kind, message, stack) = (m.text(), m.text(), m.text());
            if nth == 0 || faro {
                told.extend_from_slice(if nth == 0 { b"" } else { b"\n" });
                told.extend_from_slice(&[kind, b": ", message].concat());
            }
            if !faro && !self.full() {
                self.comma();
                self.byte(b'{');
                self.field("type", kind);
                self.key(b"value");
                self.text(message);
                self.stacktrace(&stack::parse(stack, kind, message), bundles);
                self.byte(b'}');
            }
        }
        if !faro {
            self.byte(b']');
        }
        told
    }

    /// Writes frames, each with what a bundler left for its file.
    #[inline(never)]
    fn stacktrace(&mut self, frames: &[Frame<'_>], bundles: Message<'_>) {
        if frames.is_empty() {
            return;
        }
        self.raw(b",\"stacktrace\":{\"frames\":[");
        for frame in frames {
            if self.full() {
                break;
            }
            self.comma();
            self.byte(b'{');
            self.field("filename", &scrub::scrubbed(frame.file));
            self.field("function", frame.function);
            for (key, number) in [("lineno", frame.line), ("colno", frame.column)] {
                if number > 0 {
                    self.key(key.as_bytes());
                    self.digits(number, 1);
                }
            }
            let mut m = bundles;
            for _ in 0..m.count() {
                if m.text() == frame.file {
                    self.fill(&mut m, "\x02debugId\x02module\x02release");
                    break;
                }
                m.skip(3);
            }
            self.byte(b'}');
        }
        self.raw(b"]}");
    }
}

/// FNV-1a's start.
const BASIS: u32 = 0x811c_9dc5;

fn one(hash: &mut u32, byte: u8) {
    *hash = (*hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
}

/// FNV-1a over a text and its end, so that texts do not run into each other.
#[inline(never)]
fn add(hash: &mut u32, text: &[u8]) {
    for &byte in text {
        one(hash, byte);
    }
    one(hash, 0);
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;
    use crate::fake::Writer;

    fn key(kind: &str, message: &str, stack: &str) -> String {
        let writer = Writer::default()
            .b(0)
            .many(&["api", kind, message, stack, ""])
            .n(0.0)
            .n(0.0);
        String::from_utf8(Exception::read(&mut Message::new(&writer.0)).fingerprint()).unwrap()
    }

    #[test]
    fn the_fingerprint_has_a_version_and_stays_what_it_was() {
        assert_eq!(
            key("TypeError", "x", "at f (https://a.example/a.js:1:2)"),
            key("TypeError", "y", "at f (https://a.example/a.js?v=2:9:9)")
        );
        assert_ne!(
            key("TypeError", "x", "at f (https://a.example/a.js:1:2)"),
            key("TypeError", "x", "at g (https://a.example/a.js:1:2)")
        );
        assert_eq!(key("E", "item 12 of 30", ""), key("E", "item 7 of 1", ""));
        assert_ne!(key("E", "item", ""), key("E", "items", ""));
        assert_eq!(key("E", "", ""), "1:d2cb99800731ec17");
    }

    #[test]
    fn frames_below_the_top_do_not_change_the_fingerprint() {
        let stack = "at a (x.js:1:1)\nat b (x.js:1:1)\nat c (x.js:1:1)\nat d (x.js:1:1)";
        assert_eq!(
            key("E", "m", stack),
            key("E", "m", &stack.replace("at d", "at e"))
        );
    }

    #[test]
    fn extensions_are_told_by_their_scheme() {
        for scheme in ["chrome", "moz", "safari", "safari-web", "ms-browser"] {
            assert!(extension(
                std::format!("{scheme}-extension://abc/x.js").as_bytes()
            ));
        }
        assert!(!extension(b"https://shop.example/chrome-extension://x.js"));
        let stack = "at Array.map (<anonymous>)\nat f (moz-extension://a/x.js:1:2)";
        let writer = Writer::default()
            .b(0)
            .many(&["api", "E", "m", stack, ""])
            .n(0.0)
            .n(0.0);
        assert_eq!(
            Exception::read(&mut Message::new(&writer.0)).origin(),
            b"moz-extension://a/x.js"
        );
    }
}
