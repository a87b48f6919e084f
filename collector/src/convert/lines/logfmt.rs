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
        out.extend(name.chars().filter(|c| !needs_quotes(*c)));
        if out.len() == name_at {
            out.truncate(start);
            continue;
        }
        out.push('=');
        if value == "null" || value.chars().any(needs_quotes) {
            quote(&mut out, value);
        } else {
            out.push_str(value);
        }
    }
    out
}

fn needs_quotes(c: char) -> bool {
    c <= ' ' || matches!(c, '=' | '"' | '\u{7f}' | '\u{fffd}')
}

fn quote(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{fffd}' => out.push_str("\\ufffd"),
            c if c < ' ' || c == '\u{7f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
