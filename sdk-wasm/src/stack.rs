//! Reads the stacks that the three engines write (V8, SpiderMonkey, JavaScriptCore) into frames.
//!
//! One pass over the bytes, line by line, no pattern language: a stack is text that a page's own code can shape, and must
//! not be able to cost more than its length.

use alloc::vec::Vec;

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
pub(crate) fn parse<'a>(stack: &'a [u8], kind: &[u8], message: &[u8]) -> Vec<Frame<'a>> {
    let mut frames = Vec::new();
    let mut rest = Some(behind_message(stack, kind, message));
    while let Some(text) = rest {
        let (line, more) = crate::scrub::split(text, b'\n');
        rest = more;
        if let Some(frame) = frame(line.get(..LINE_BYTES).unwrap_or(line).trim_ascii()) {
            frames.push(frame);
            if frames.len() == FRAMES {
                break;
            }
        }
    }
    frames
}

fn behind_message<'a>(stack: &'a [u8], kind: &[u8], message: &[u8]) -> &'a [u8] {
    let text = stack.strip_prefix(kind).unwrap_or(stack);
    let text = text.strip_prefix(b": ").unwrap_or(text);
    text.strip_prefix(message).unwrap_or(stack)
}

#[inline(never)]
fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

#[inline(never)]
fn rfind(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).rposition(|w| w == what)
}

/// `text` around `at`, without `len` bytes there.
fn cut(text: &[u8], at: usize, len: usize) -> (&[u8], &[u8]) {
    (
        text.get(..at).unwrap_or_default(),
        text.get(at + len..).unwrap_or_default(),
    )
}

fn frame(line: &[u8]) -> Option<Frame<'_>> {
    match line.strip_prefix(b"at ") {
        Some(rest) => v8(rest),
        None => others(line),
    }
}

/// `fn (place)`, `place`, `async fn (place)`, `fn [as method] (place)`, `eval (eval at fn (place), <anonymous>:1:1)`.
fn v8(text: &[u8]) -> Option<Frame<'_>> {
    let text = text.strip_prefix(b"async ").unwrap_or(text);
    let Some(inner) = text.strip_suffix(b")") else {
        return place(text, UNKNOWN);
    };
    // The first one: a place in parentheses may hold parentheses itself, a function's name does not but for `eval`'s.
    let Some(at) = find(inner, b" (") else {
        return place(text, UNKNOWN);
    };
    let (function, mut place_text) = cut(inner, at, 2);
    // Code made by `eval` lies where `eval` was called, the innermost such place being a file.
    if place_text.starts_with(b"eval at ") {
        let (outer, inner) = cut(place_text, rfind(place_text, b"(")?, 1);
        place_text = match find(inner, b")") {
            Some(end) => cut(inner, end, 1).0,
            None => outer,
        };
    }
    place(place_text, function).or(Some(Frame {
        function: name(function),
        file: place_text,
        line: 0,
        column: 0,
    }))
}

/// `fn@place`, `async*fn@place`, a place alone, `fn@[native code]`.
fn others(text: &[u8]) -> Option<Frame<'_>> {
    let Some(at) = text.iter().position(|&b| b == b'@') else {
        // Safari leaves the `@` out where the function has no name.
        let url = find(text, b"://")?;
        return if cut(text, url, 0).0.contains(&b' ') {
            None
        } else {
            place(text, UNKNOWN)
        };
    };
    let (function, place_text) = cut(text, at, 1);
    // A package's version in a URL (`/react@18/`) is no separator.
    if find(function, b"://").is_some() {
        return place(text, UNKNOWN);
    }
    let function = match rfind(function, b"*") {
        Some(star) if star + 1 < function.len() => cut(function, star, 1).1,
        _ => function,
    };
    if matches!(place_text, b"[native code]" | b"[wasm code]") {
        return Some(Frame {
            function: name(function),
            file: place_text,
            line: 0,
            column: 0,
        });
    }
    place(place_text, function)
}

/// `file:line:column`, `file:line`, `file line 10 > eval:1:1`, `file.wasm:wasm-function[3]:0x1f`, `<anonymous>`, `native`.
fn place<'a>(text: &'a [u8], function: &'a [u8]) -> Option<Frame<'a>> {
    let function = name(function);
    if matches!(text, b"<anonymous>" | b"native") {
        return Some(Frame {
            function,
            file: text,
            line: 0,
            column: 0,
        });
    }
    if let Some(at) = find(text, b":wasm-function[") {
        // The WebAssembly convention: the offset in the module is the column of its one line, as source maps have it.
        let (file, rest) = cut(text, at, 1);
        let (index, offset) = cut(rest, rfind(rest, b":0x")?, 3);
        let column = offset.iter().take(8).fold(0, |n: u32, &b| {
            n << 4 | char::from(b).to_digit(16).unwrap_or(0)
        });
        return Some(Frame {
            function: if function == UNKNOWN { index } else { function },
            file,
            line: 1,
            column,
        });
    }
    if let Some(at) = find(text, b" line ")
        && let (file, rest) = cut(text, at, 6)
        && let Some(end) = find(rest, b" > ")
    {
        return Some(Frame {
            function,
            file,
            line: number(cut(rest, end, 0).0)?,
            column: 0,
        });
    }
    let (head, last) = tail(text)?;
    Some(match tail(head) {
        Some((file, line)) => Frame {
            function,
            file,
            line,
            column: last,
        },
        None => Frame {
            function,
            file: head,
            line: last,
            column: 0,
        },
    })
}

/// `head:number`, with something in the head.
fn tail(text: &[u8]) -> Option<(&[u8], u32)> {
    let at = text.iter().rposition(|&b| b == b':')?;
    let (head, digits) = cut(text, at, 1);
    Some((head, number(digits)?)).filter(|_| !head.is_empty())
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0, |n, &b| {
        b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
    })
}

fn name(function: &[u8]) -> &[u8] {
    if matches!(function, b"" | b"<anonymous>" | b"anonymous") {
        UNKNOWN
    } else {
        function
    }
}

#[cfg(test)]
mod tests;
