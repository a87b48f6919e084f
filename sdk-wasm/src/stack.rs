//! Reads the stacks that the three engines write (V8, SpiderMonkey, JavaScriptCore) into frames.
//!
//! One pass over the bytes, line by line, no pattern language: a stack is text that a page's own code can shape, and must
//! not be able to cost more than its length.

use alloc::vec::Vec;

use crate::text::{cut, find, rfind, split, starts, without};

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

/// The frames of `stack`, the top one first. V8 puts type and message before them, which may have lines of their own.
#[inline(never)]
pub(crate) fn parse<'a>(stack: &'a [u8], kind: &[u8], message: &[u8]) -> Vec<Frame<'a>> {
    let mut frames = Vec::new();
    let mut rest = Some(without(without(without(stack, kind), b": "), message));
    while let Some(text) = rest {
        let (line, more) = split(text, b'\n');
        rest = more;
        if let Some(frame) = frame(line.get(..LINE_BYTES).unwrap_or(line).trim_ascii()) {
            frames.push(frame);
        }
        if frames.len() == FRAMES {
            break;
        }
    }
    frames
}

/// V8: `at fn (place)`, `at place`, `at async fn (place)`, `at fn [as method] (place)`, `at eval (eval at fn (place), …)`.
/// The others: `fn@place`, `async*fn@place`, a place alone.
fn frame(line: &[u8]) -> Option<Frame<'_>> {
    let mut function: &[u8] = b"";
    let mut place = without(line, b"at ");
    let v8 = place.len() < line.len();
    if v8 {
        place = without(place, b"async ");
        // The first one: a place in parentheses may hold parentheses itself, a function's name does not.
        if let Some(at) = find(place, b" (")
            && place.ends_with(b")")
        {
            (function, place) = cut(cut(place, place.len() - 1, 0).0, at, 2);
        }
        // Code made by `eval` lies where `eval` was called, the innermost such place being a file.
        if starts(place, b"eval at ") {
            place = split(cut(place, rfind(place, b"(")?, 1).1, b')').0;
        }
    } else {
        // A package's version in a URL (`/react@18/`) is no separator.
        let url = find(line, b"://");
        match find(line, b"@") {
            Some(at) if url.is_none_or(|url| at < url) => {
                (function, place) = cut(line, at, 1);
                if let Some(star) = rfind(function, b"*")
                    && star + 1 < function.len()
                {
                    function = cut(function, star, 1).1;
                }
            }
            // Safari leaves the `@` out where the function has no name.
            _ if line.contains(&b' ') => return None,
            _ => {
                url?;
            }
        }
    }
    if matches!(function, b"" | b"<anonymous>" | b"anonymous") {
        function = UNKNOWN;
    }
    let known = Frame {
        function,
        file: place,
        line: 0,
        column: 0,
    };
    // What has neither line nor column is a frame all the same where the form says that it is one.
    let bare = matches!(
        place,
        b"<anonymous>" | b"native" | b"[native code]" | b"[wasm code]"
    ) || v8 && function != UNKNOWN;
    located(known).or(if bare { Some(known) } else { None })
}

/// `file:line:column`, `file:line`, `file line 10 > eval:1:1`, `file.wasm:wasm-function[3]:0x1f`.
fn located(mut frame: Frame<'_>) -> Option<Frame<'_>> {
    let text = frame.file;
    if let Some(at) = find(text, b":wasm-function[") {
        // The WebAssembly convention: the offset in the module is the column of its one line, as source maps have it.
        let (file, rest) = cut(text, at, 1);
        let (index, offset) = cut(rest, rfind(rest, b":0x")?, 3);
        for &digit in offset.iter().take(8) {
            frame.column = frame.column << 4 | char::from(digit).to_digit(16).unwrap_or(0);
        }
        if frame.function == UNKNOWN {
            frame.function = index;
        }
        frame.file = file;
        frame.line = 1;
        return Some(frame);
    }
    if let Some(at) = find(text, b" line ") {
        let (file, rest) = cut(text, at, 6);
        frame.file = file;
        frame.line = number(cut(rest, find(rest, b" > ")?, 0).0)?;
        return Some(frame);
    }
    let (file, line) = tail(text)?;
    frame.file = file;
    frame.line = line;
    if let Some((file, line)) = tail(file) {
        frame.column = frame.line;
        frame.file = file;
        frame.line = line;
    }
    Some(frame)
}

/// `head:number`, with something in the head.
#[inline(never)]
fn tail(text: &[u8]) -> Option<(&[u8], u32)> {
    let (head, digits) = cut(text, rfind(text, b":")?, 1);
    let number = number(digits)?;
    if head.is_empty() {
        None
    } else {
        Some((head, number))
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    crate::text::decimal(digits).map(|number| number as u32)
}

#[cfg(test)]
mod tests;
