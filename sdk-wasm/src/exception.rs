//! Exceptions as JSON: frames, causes, the key that groups equal ones, and what is noise.

use alloc::vec::Vec;

use farol_protocol::limits::CAUSES;

use crate::host::Host;
use crate::item::{Pen, Trace};
use crate::json::{Json, hex};
use crate::message::{Attrs, Message, Value};
use crate::scrub::{self, split};
use crate::stack::{self, Frame, UNKNOWN};
use crate::trail::Trail;

/// How the fingerprint is made. Another way would need another number, so that keys of two versions never meet.
const FINGERPRINT: &[u8] = b"1:";

/// Frames that the fingerprint is made of: below them is the framework that called.
const TOP: usize = 3;

/// Where extensions' scripts come from.
const EXTENSIONS: [&[u8]; 5] = [
    b"chrome-extension:",
    b"moz-extension:",
    b"safari-extension:",
    b"safari-web-extension:",
    b"ms-browser-extension:",
];

/// An `EXCEPTION` message, read.
#[derive(Debug)]
pub(crate) struct Exception<'a> {
    flags: u8,
    mechanism: &'a [u8],
    pub(crate) kind: &'a [u8],
    pub(crate) message: &'a [u8],
    stack: &'a [u8],
    place: Frame<'a>,
    causes: (u32, Message<'a>),
    attrs: Attrs<'a>,
    trace: Trace<'a>,
    pub(crate) at: f64,
    bundles: (u32, Message<'a>),
}

impl<'a> Exception<'a> {
    pub(crate) fn read(m: &mut Message<'a>, now: f64) -> Option<Self> {
        let flags = m.u8()?;
        let [mechanism, kind, message, stack, file] =
            [m.text()?, m.text()?, m.text()?, m.text()?, m.text()?];
        let place = Frame {
            function: UNKNOWN,
            file,
            line: m.f64()? as u32,
            column: m.f64()? as u32,
        };
        let causes = (m.u32()?, *m);
        m.skip(causes.0.checked_mul(3)?)?;
        let (attrs, trace, at) = (m.attrs()?, Trace::read(m)?, m.time(now)?);
        let bundles = (m.u32()?, *m);
        m.skip(bundles.0.checked_mul(4)?)?;
        let kind = if kind.is_empty() { b"Error" } else { kind };
        Some(Self {
            flags,
            mechanism,
            kind,
            message,
            stack,
            place,
            causes,
            attrs,
            trace,
            at,
            bundles,
        })
    }

    /// What makes two exceptions the same one again.
    pub(crate) fn key(&self) -> u32 {
        let mut hash = BASIS;
        for text in [
            self.mechanism,
            self.kind,
            self.message,
            self.stack,
            self.place.file,
        ] {
            add(&mut hash, text);
        }
        hash ^ self.place.line ^ u32::from(self.flags) << 24
    }

    /// The frames; the place that the browser named, where the stack has none.
    pub(crate) fn frames(&self) -> Vec<Frame<'a>> {
        let mut frames = stack::parse(self.stack, self.kind, self.message);
        if frames.is_empty() && !self.place.file.is_empty() {
            frames.push(self.place);
        }
        frames
    }

    /// `type: message`.
    pub(crate) fn title(&self) -> Vec<u8> {
        [self.kind, b": ", self.message].concat()
    }

    /// The exception as an object whose last member, in Faro's protocol, is its context.
    pub(crate) fn write<H: Host>(
        &self,
        json: &mut Json,
        pen: &Pen<'_, H>,
        frames: &[Frame<'_>],
        trail: &Trail,
    ) {
        json.byte(b'{');
        pen.timestamp(json, self.at);
        json.field("type", self.kind);
        json.field("fingerprint", &fingerprint(self.kind, self.message, frames));
        json.key("value");
        json.text(self.message);
        self.trace.write(json);
        if self.flags & 2 != 0 {
            json.flag("fatal", true);
        }
        let handled = self.flags & 1 != 0;
        if !pen.faro {
            json.flag("handled", handled);
            json.field("mechanism", self.mechanism);
        }
        stacktrace(json, frames, self.bundles);
        let cause = self.causes(json, pen.faro);
        if pen.faro {
            json.open_key("context", b'{');
            trail.write(json, true);
            let handled: &[u8] = if handled { b"true" } else { b"false" };
            let own = [
                ("cause", &*cause),
                ("handled", handled),
                ("mechanism", self.mechanism),
            ]
            .map(|(k, v)| (k, Value::Text(v)));
            crate::attributes::write(json, pen.host, pen.form(), &own, self.attrs, pen.global);
            json.byte(b'}');
        } else {
            trail.write(json, false);
            pen.attributes(
                json,
                "context",
                &[("cause", Value::Text(&cause))],
                self.attrs,
            );
        }
        json.byte(b'}');
    }

    /// Writes the causes, with their stacks; the answer is what the context says of them: the first one, or all, by line.
    fn causes(&self, json: &mut Json, faro: bool) -> Vec<u8> {
        let mut told = Vec::new();
        let (count, mut m) = self.causes;
        let write = count > 0 && !faro;
        if write {
            json.open_key("causes", b'[');
        }
        for nth in 0..count.min(CAUSES as u32) {
            let (Some(kind), Some(message), Some(stack)) = (m.text(), m.text(), m.text()) else {
                break;
            };
            if nth == 0 || faro {
                if nth > 0 {
                    told.push(b'\n');
                }
                told.extend_from_slice(&[kind, b": ", message].concat());
            }
            if write && !json.full() {
                json.open(b'{');
                json.field("type", kind);
                json.key("value");
                json.text(message);
                stacktrace(json, &stack::parse(stack, kind, message), self.bundles);
                json.byte(b'}');
            }
        }
        if write {
            json.byte(b']');
        }
        told
    }
}

/// Where it happened: the top frame that lies in a file.
pub(crate) fn origin<'a>(frames: &[Frame<'a>]) -> &'a [u8] {
    frames
        .iter()
        .map(|frame| frame.file)
        .find(|file| !matches!(file.first(), None | Some(b'<' | b'[')))
        .unwrap_or_default()
}

/// Whether a file is a browser extension's: nothing that the page's owner could mend.
pub(crate) fn extension(file: &[u8]) -> bool {
    EXTENSIONS.iter().any(|scheme| file.starts_with(scheme))
}

fn stacktrace(json: &mut Json, frames: &[Frame<'_>], bundles: (u32, Message<'_>)) {
    if frames.is_empty() {
        return;
    }
    json.open_key("stacktrace", b'{');
    json.open_key("frames", b'[');
    for frame in frames {
        if json.full() {
            break;
        }
        json.open(b'{');
        json.field("filename", &scrub::scrubbed(frame.file));
        json.field("function", frame.function);
        for (key, number) in [("lineno", frame.line), ("colno", frame.column)] {
            if number > 0 {
                json.key(key);
                json.digits(number, 1);
            }
        }
        let (count, mut m) = bundles;
        for _ in 0..count {
            let (Some(file), Some(debug), Some(module), Some(release)) =
                (m.text(), m.text(), m.text(), m.text())
            else {
                break;
            };
            if file == frame.file {
                json.field("debugId", debug);
                json.field("module", module);
                json.field("release", release);
                break;
            }
        }
        json.byte(b'}');
    }
    json.raw(b"]}");
}

/// The key by which equal exceptions are grouped: of type and top frames, where lines, queries and fragments do not count, as
/// they change with every build. Where there is no frame, of type and message without its digits.
fn fingerprint(kind: &[u8], message: &[u8], frames: &[Frame<'_>]) -> Vec<u8> {
    let mut key = FINGERPRINT.to_vec();
    for basis in [BASIS, !BASIS] {
        let mut hash = basis;
        add(&mut hash, kind);
        for frame in frames.iter().take(TOP) {
            add(&mut hash, frame.function);
            add(&mut hash, split(split(frame.file, b'?').0, b'#').0);
        }
        if frames.is_empty() {
            for part in message.split(u8::is_ascii_digit) {
                if !part.is_empty() {
                    add(&mut hash, part);
                }
            }
        }
        for shift in (0..32).step_by(4).rev() {
            key.push(hex((hash >> shift) as u8));
        }
    }
    key
}

/// FNV-1a's start.
const BASIS: u32 = 0x811c_9dc5;

/// FNV-1a over a text and its end, so that texts do not run into each other.
fn add(hash: &mut u32, text: &[u8]) {
    for &byte in text.iter().chain(&[0]) {
        *hash = (*hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;

    fn key(kind: &str, message: &str, stack: &str) -> String {
        let frames = stack::parse(stack.as_bytes(), b"", b"");
        String::from_utf8(fingerprint(kind.as_bytes(), message.as_bytes(), &frames)).unwrap()
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
        assert!(extension(b"chrome-extension://abc/x.js"));
        assert!(extension(b"safari-web-extension://abc/x.js"));
        assert!(!extension(b"https://shop.example/chrome-extension://x.js"));
        let frames = stack::parse(
            b"at Array.map (<anonymous>)\nat f (moz-extension://a/x.js:1:2)",
            b"",
            b"",
        );
        assert_eq!(origin(&frames), b"moz-extension://a/x.js");
    }
}
