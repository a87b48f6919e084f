//! JSON as a browser may write it: text is UTF-16, which need be no Unicode, and numbers are what was typed.

use std::fmt::{self, Write};

#[derive(Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// As it is spelled.
    Number(String),
    Text(Vec<u16>),
    List(Vec<Json>),
    Object(Vec<(Vec<u16>, Json)>),
}

pub(super) fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// What a reader makes of UTF-16: a half of a pair alone becomes U+FFFD.
pub(super) fn read(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

impl Json {
    pub(super) fn text(text: &str) -> Json {
        Json::Text(units(text))
    }

    pub(super) fn object(fields: Vec<(&str, Json)>) -> Json {
        let fields = fields.into_iter();
        Json::Object(fields.map(|(name, json)| (units(name), json)).collect())
    }

    /// The last field of that name.
    pub(super) fn get(&self, name: &str) -> &Json {
        let Json::Object(fields) = self else {
            return &Json::Null;
        };
        let mut found = fields.iter().rev().filter(|(key, _)| read(key) == name);
        found.next().map_or(&Json::Null, |(_, json)| json)
    }

    pub(super) fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            _ => &[],
        }
    }

    pub(super) fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Json::Number(spelled) => out.push_str(spelled),
            Json::Text(text) => quote(text, out),
            Json::List(list) => {
                out.push('[');
                for (n, json) in list.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    json.write_to(out);
                }
                out.push(']');
            }
            Json::Object(fields) => {
                out.push('{');
                for (n, (name, json)) in fields.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    quote(name, out);
                    out.push(':');
                    json.write_to(out);
                }
                out.push('}');
            }
        }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write())
    }
}

fn quote(units: &[u16], out: &mut String) {
    out.push('"');
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Ok('\n') => out.push_str("\\n"),
            Ok(c) if c < ' ' => write!(out, "\\u{:04x}", c as u32).expect("memory"),
            Ok(c) => out.push(c),
            Err(alone) => write!(out, "\\u{:04x}", alone.unpaired_surrogate()).expect("memory"),
        }
    }
    out.push('"');
}
