//! Reads the stacks that the three engines write (V8, SpiderMonkey, JavaScriptCore) into frames.
//!
//! One pass over the bytes, line by line, no pattern language: a stack is text that a page's own code can shape, and must
//! not be able to cost more than its length.

use alloc::vec::Vec;

use crate::text::{Slots, after, among, before, find};

/// Frames kept. V8 gives 10 unless told otherwise, the others up to about 128; a reader looks at the top ones.
pub(crate) const FRAMES: usize = 50;

/// Bytes of a line that are looked at. What is longer holds a data URL or a generated name.
const LINE_BYTES: usize = 1024;

/// A function that has no name, as Faro writes it.
pub(crate) const UNKNOWN: &[u8] = b"?";

/// One frame. Line and column count from 1; 0 is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) function: &'a [u8],
    pub(crate) file: &'a [u8],
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Lines as the engines write them: slot 1 is the function, 2 the place. V8's come first; the last is Safari's where the function
/// has no name.
const LINES: [&[u8]; 6] = [
    b"at async \x01 (\x02)",
    b"at \x01 (\x02)",
    b"at async \x02",
    b"at \x02",
    b"\x01@\x02",
    b"\x02",
];

/// Places: 2 is the file, 3 and 4 line and column, 5 the offset in a Wasm module.
const PLACES: [&[u8]; 3] = [
    b"\x02:\x03:\x04",
    b"\x02:\x03",
    b"\x02:wasm-function[\x06:0x\x05",
];

/// The frames of `stack`, the top one first. V8 puts type and message before them, which may have lines of their own.
pub(crate) fn parse<'a>(stack: &'a [u8], kind: &[u8], message: &[u8]) -> Vec<Frame<'a>> {
    let mut frames = Vec::new();
    let mut slots = Slots::new();
    let mut rest = stack;
    for head in [kind, b": ", message] {
        if rest.starts_with(head) {
            rest = after(rest, head.len());
        }
    }
    while !rest.is_empty() && frames.len() < FRAMES {
        let end = find(rest, b"\n");
        let line = before(before(rest, end), LINE_BYTES).trim_ascii();
        rest = after(rest, end + 1);
        frames.extend(frame(line, &mut slots));
    }
    frames
}

fn frame<'a>(line: &'a [u8], slots: &mut Slots<'a>) -> Option<Frame<'a>> {
    let form = LINES.iter().position(|form| slots.fit(line, form))?;
    let [_, mut function, mut place, ..] = slots.found;
    if form == 4 {
        // A package's version in a URL (`/react@18/`) is no separator.
        if find(function, b"://") < function.len() {
            (function, place) = (b"", line);
        }
        // `async*load`
        if slots.fit(function, b"\x07*\x06") {
            function = slots.found[6];
        }
    } else if form > 1 {
        function = b"";
        if form == 5 && (find(place, b"://") == place.len() || find(place, b" ") < place.len()) {
            return None;
        }
    }
    // Code made by `eval` lies where `eval` was called, the innermost such place being a file.
    while slots.fit(place, b"eval at \x06 (\x02)\x07") || slots.fit(place, b"eval at \x06 (\x02") {
        place = slots.found[2];
    }
    let mut frame = Frame {
        function: if function.is_empty() || among(b"<anonymous>\nanonymous", function) {
            UNKNOWN
        } else {
            function
        },
        file: place,
        line: 0,
        column: 0,
    };
    match PLACES.iter().position(|form| slots.fit(place, form)) {
        Some(2) => {
            // The WebAssembly convention: the offset in the module is the column of its one line, as source maps have it.
            frame.line = 1;
            frame.column = slots.number(5, 16);
            if frame.function == UNKNOWN {
                let name = after(place, slots.found[2].len() + 1);
                frame.function = before(name, find(name, b":0x"));
            }
        }
        Some(form) => {
            frame.line = slots.number(3, 10);
            if form == 0 {
                frame.column = slots.number(4, 10);
            }
        }
        // What has neither line nor column is a frame all the same where the form says that it is one.
        None if form < 2 || among(b"<anonymous>\nnative\n[native code]\n[wasm code]", place) => {
            return Some(frame);
        }
        None => return None,
    }
    frame.file = slots.found[2];
    // Firefox: `file line 10 > eval`
    if slots.fit(frame.file, b"\x02 line \x03 > \x07") {
        frame.file = slots.found[2];
        frame.line = slots.number(3, 10);
        frame.column = 0;
    }
    Some(frame)
}

#[cfg(test)]
mod tests;
