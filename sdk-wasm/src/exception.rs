//! Exceptions as JSON: frames, causes, what went before, the key that groups equal ones, and what is noise.

use alloc::vec::Vec;

use farol_protocol::grouping::{BASIS, mix, words};
use farol_protocol::limits::CAUSES;

use crate::host::Host;
use crate::message::Message;
use crate::past::Lately;
use crate::pen::{Pen, hex};
use crate::scrub;
use crate::stack::{self, Frame, UNKNOWN};
use crate::text::{after, before, find};

/// Frames that the fingerprint is made of: below them is the framework that called.
const TOP: usize = 3;

/// Names of `abi::trail`'s kinds on the wire.
const TRAIL: [&str; 6] = ["navigation", "fetch", "click", "log", "event", "error"];

/// What is known of an exception before it is written.
#[derive(Debug)]
pub(crate) struct Exception<'a> {
    flags: u8,
    mechanism: &'a [u8],
    pub(crate) kind: &'a [u8],
    pub(crate) message: &'a [u8],
    frames: Vec<Frame<'a>>,
}

/// What makes two exceptions the same one again: all of the message up to its attributes, and they.
pub(crate) fn key(mut m: Message<'_>) -> u32 {
    let start = m;
    m.byte();
    m.skip(5);
    m.number();
    m.number();
    let causes = m.count();
    m.skip(causes.saturating_mul(3));
    m.skip_attrs();
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
        Self {
            flags,
            mechanism,
            kind: if kind.is_empty() { b"Error" } else { kind },
            message,
            frames,
        }
    }

    /// Where it happened: the top frame that lies in a file.
    pub(crate) fn origin(&self) -> &'a [u8] {
        for frame in &self.frames {
            if !matches!(frame.file.first(), Some(b'<' | b'[')) {
                return frame.file;
            }
        }
        b""
    }

    /// The hash by which equal exceptions are grouped: of type and top frames, of those what is the same in every build (`grouping`), without lines. Where one
    /// of them has no name but a minifier's, or there is none, of the message's words too.
    fn hash(&self) -> u32 {
        let mut hash = BASIS;
        add(&mut hash, self.kind);
        let mut named = !self.frames.is_empty();
        for frame in self.frames.iter().take(TOP) {
            named &= words(&mut hash, frame.function, true);
            words(&mut hash, before(frame.file, find(frame.file, b"?")), false);
        }
        if !named {
            words(&mut hash, self.message, false);
        }
        hash
    }
}

/// Whether a file is a browser extension's: nothing that the page's owner could mend. `chrome-extension:`, `moz-extension:`,
/// `safari-web-extension:` and their like.
pub(crate) fn extension(file: &[u8]) -> bool {
    before(file, find(file, b":")).ends_with(b"-extension")
}

impl<H: Host> Pen<H> {
    /// Writes an exception whose causes and what follows them are still in `m`. In Faro's protocol the last member is its context,
    /// which then holds what Faro has no field for.
    pub(crate) fn exception(
        &mut self,
        exception: &Exception<'_>,
        m: &mut Message<'_>,
        trail: &Lately,
        now: f64,
    ) {
        let causes = *m;
        let count = m.count();
        m.skip(count.saturating_mul(3));
        let mut attrs = *m;
        m.skip_attrs();
        self.byte(b'{');
        // The timestamp comes first (`record.rs`), the span is read before it.
        let mut trace = *m;
        m.skip(2);
        self.fill(m, now, "\x0atimestamp");
        self.fill(&mut trace, now, "\x0etrace");
        self.field(b"type", exception.kind);
        self.key(b"value");
        self.text(exception.message);
        // A version comes first: a key that is made in another way needs another one, so that the two never meet.
        self.raw(b",\"fingerprint\":\"2:");
        let hash = exception.hash();
        for shift in 1..9 {
            self.byte(hex((hash >> (32 - 4 * shift)) as u8));
        }
        self.byte(b'"');
        if exception.flags & 2 != 0 {
            self.raw(b",\"fatal\":true");
        }
        self.stacktrace(&exception.frames, *m);
        let mut at = 0;
        if self.faro {
            at = self.open(b"context");
        }
        self.key(b"handled");
        let value = self.out.len();
        self.boolean(exception.flags & 1 != 0);
        self.fold(value);
        self.field(b"mechanism", exception.mechanism);
        if count > 0 {
            self.causes(causes, *m);
        }
        if !trail.list.is_empty() {
            self.trail(trail);
        }
        if !self.faro {
            at = self.open(b"context");
        }
        if count > 0 {
            // Faro's own: the first cause, as text.
            let mut first = causes;
            first.count();
            self.key(b"cause");
            self.byte(b'"');
            self.escape(first.text());
            self.raw(b": ");
            self.escape(first.text());
            self.byte(b'"');
        }
        self.list(&mut attrs, at, false);
        self.global(at, false);
        self.close(at);
        self.byte(b'}');
        let bundles = m.count();
        m.skip(bundles.saturating_mul(4));
    }

    /// Writes the causes, with their stacks.
    fn causes(&mut self, mut m: Message<'_>, bundles: Message<'_>) {
        self.key(b"causes");
        let at = self.out.len();
        self.byte(b'[');
        for nth in 0..m.count() {
            let (kind, message, stack) = (m.text(), m.text(), m.text());
            if nth < CAUSES as u32 && !self.full() {
                self.comma();
                self.byte(b'{');
                self.field(b"type", kind);
                self.field(b"value", message);
                self.stacktrace(&stack::parse(stack, kind, message), bundles);
                self.byte(b'}');
            }
        }
        self.byte(b']');
        self.fold(at);
    }

    /// Writes what went before, the oldest first.
    fn trail(&mut self, trail: &Lately) {
        self.key(b"trail");
        let at = self.out.len();
        self.byte(b'[');
        for past in &trail.list {
            if !self.full() {
                self.comma();
                self.byte(b'{');
                self.iso_field(b"t", past.at);
                self.field(
                    b"k",
                    TRAIL
                        .get(usize::from(past.kind))
                        .map_or(b"event", |name| name.as_bytes()),
                );
                self.field(b"m", &past.text);
                self.byte(b'}');
            }
        }
        self.byte(b']');
        self.fold(at);
    }

    /// Writes frames, each with what a bundler left for its file.
    #[inline(never)]
    fn stacktrace(&mut self, frames: &[Frame<'_>], bundles: Message<'_>) {
        if frames.is_empty() {
            return;
        }
        // It may be the first member: a cause can have neither type nor message.
        self.key(b"stacktrace");
        self.raw(b"{\"frames\":[");
        for frame in frames {
            if self.full() {
                break;
            }
            self.comma();
            self.byte(b'{');
            self.field(b"filename", &scrub::scrubbed(frame.file, &self.rules));
            self.field(b"function", frame.function);
            if frame.line > 0 {
                self.key(b"lineno");
                self.digits(frame.line, 1);
            }
            if frame.column > 0 {
                self.key(b"colno");
                self.digits(frame.column, 1);
            }
            let mut m = bundles;
            for _ in 0..m.count() {
                if m.text() == frame.file {
                    self.fill(&mut m, 0.0, "\x02debugId\x02module\x02release");
                    break;
                }
                m.skip(3);
            }
            self.byte(b'}');
        }
        self.raw(b"]}");
    }

    /// Turns what was written from `at` on into a text, in Faro's protocol: its context holds nothing else.
    pub(crate) fn fold(&mut self, at: usize) {
        if self.faro {
            let json = after(&self.out, at).to_vec();
            self.out.truncate(at);
            self.text(&json);
        }
    }
}

/// FNV-1a over a text and its end, so that texts do not run into each other.
#[inline(never)]
fn add(hash: &mut u32, text: &[u8]) {
    for &byte in text.iter().chain(b"\0") {
        *hash = mix(*hash, byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Writer;

    fn key(kind: &str, message: &str, stack: &str) -> u32 {
        let writer = Writer::default()
            .b(0)
            .many(&["api", kind, message, stack, ""])
            .n(0.0)
            .n(0.0);
        Exception::read(&mut Message::new(&writer.0)).hash()
    }

    #[test]
    fn the_fingerprint_stays_what_it_was() {
        assert_eq!(
            key(
                "TypeError",
                "x",
                "at total (https://a.example/cart-DkX9sdQ1.js:1:2)"
            ),
            2_200_844_771
        );
        assert_eq!(key("E", "", ""), 0xd2cb_9980);
    }

    #[test]
    fn the_message_counts_where_the_top_function_has_no_name() {
        let at = |name: &str, message: &str| {
            key(
                "E",
                message,
                &std::format!("at {name} (https://a.example/a.js:1:2)\nat other (b.js:1:1)"),
            )
        };
        assert_eq!(at("total", "basket"), at("total", "address"));
        assert_ne!(at("t", "basket"), at("t", "address"));
        assert_eq!(key("E", "item 12 of 30", ""), key("E", "item 7 of 1", ""));
        assert_ne!(key("E", "item", ""), key("E", "items", ""));
    }

    #[test]
    fn errors_are_one_in_every_build_as_the_collector_has_it() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/fingerprints.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let keys = case["errors"].as_array().unwrap().iter().map(|error| {
                let text = |name: &str| error[name].as_str().unwrap();
                let frames = error["frames"].as_array().unwrap().iter();
                let stack = frames.map(|frame| {
                    std::format!(
                        "at {} ({}:1:2)\n",
                        frame[0].as_str().unwrap(),
                        frame[1].as_str().unwrap()
                    )
                });
                key(
                    text("type"),
                    text("value"),
                    &stack.collect::<std::string::String>(),
                )
            });
            let keys: Vec<u32> = keys.collect();
            for other in &keys[1..] {
                assert_eq!(keys[0] == *other, case["same"] == true, "{}", case["what"]);
            }
        }
    }

    #[test]
    fn frames_below_the_top_do_not_change_the_fingerprint() {
        let stack =
            "at first (x.js:1:1)\nat second (x.js:1:1)\nat third (x.js:1:1)\nat fourth (x.js:1:1)";
        let with = |from| key("E", "m", &stack.replace(from, "other"));
        assert_eq!(key("E", "m", stack), with("fourth"));
        assert_ne!(key("E", "m", stack), with("third"));
    }

    #[test]
    fn errors_of_an_app_in_rust_are_told_apart_by_their_place() {
        let at = |place: &str| {
            let stack = std::format!(
                "panic: m\n    at src/main.rs:{place} (src/main.rs:{place}:5)\n    at Object.failure (https://a.example/rust-app.js:1:2)"
            );
            key("panic", "m", &stack)
        };
        assert_eq!(at("10"), at("10"));
        assert_ne!(at("10"), at("200"));
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
