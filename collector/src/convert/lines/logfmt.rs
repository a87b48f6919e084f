//! Logfmt as the library writes it that both receivers use.

use super::Line;
use std::fmt::Write;

/// The line's text. A name of which nothing can be written is left out with its value.
pub(super) fn write(line: &Line) -> String {
    let mut out = String::with_capacity(1024);
    for (name, value) in &line.0 {
        let start = out.len();
        if start > 0 {
            out.push(' ');
        }
        let name_at = out.len();
        match all_fit(name) {
            true => out.push_str(name),
            false => out.extend(name.chars().filter(|c| !needs_quotes(*c))),
        }
        if out.len() == name_at {
            out.truncate(start);
            continue;
        }
        out.push('=');
        if value == "null" || (!all_fit(value) && value.chars().any(needs_quotes)) {
            quote(&mut out, value);
        } else {
            out.push_str(value);
        }
    }
    out
}

/// Whether surely nothing in it needs quotes. Looks at all bytes and none of them twice, which is done many at a time.
fn all_fit(text: &str) -> bool {
    // The last is where U+FFFD begins, and some other letters.
    let may_need = |it: u8| it <= b' ' || matches!(it, b'=' | b'"' | 0x7f | 0xef);
    !text.bytes().fold(false, |any, it| any | may_need(it))
}

fn needs_quotes(c: char) -> bool {
    c <= ' ' || matches!(c, '=' | '"' | '\u{7f}' | '\u{fffd}')
}

fn quote(out: &mut String, value: &str) {
    out.push('"');
    let mut rest = value;
    while let Some(at) = rest.find(must_escape) {
        out.push_str(&rest[..at]);
        let mut after = rest[at..].chars();
        match after.next() {
            Some(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\u{fffd}') => out.push_str("\\ufffd"),
            Some(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            None => {}
        }
        rest = after.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn must_escape(c: char) -> bool {
    c < ' ' || matches!(c, '"' | '\\' | '\u{7f}' | '\u{fffd}')
}
