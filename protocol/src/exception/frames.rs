//! A stack's frames. Faro's Flutter SDK keeps what it could not send, and what it reads back then has its frames as Dart prints a list:
//! text, which is read here for what it says.

use super::Frame;
use crate::read::Read;
use crate::walk::{At, Walk, Walked};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;
use std::ops::Deref;

/// Frames, innermost first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frames(pub Vec<Frame>);

impl Deref for Frames {
    type Target = [Frame];

    fn deref(&self) -> &[Frame] {
        &self.0
    }
}

impl crate::read::Absent for Frames {
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Frames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Walked for Frames {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        self.0.walk(at, walk);
    }
}

impl Read for Frames {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FramesVisitor)
    }
}

struct FramesVisitor;

impl<'de> Visitor<'de> for FramesVisitor {
    type Value = Frames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of frames")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Frames, A::Error> {
        Read::read(SeqAccessDeserializer::new(list)).map(Frames)
    }

    fn visit_str<E>(self, text: &str) -> Result<Frames, E> {
        Ok(Frames(printed(text)))
    }

    fn visit_unit<E>(self) -> Result<Frames, E> {
        Ok(Frames::default())
    }
}

/// `[{colno: 1, lineno: 2, filename: f, function: g}, …]`. Nothing in it is quoted, so that only its own order of fields tells them apart;
/// what is spelled in another way is kept whole, as one frame.
fn printed(text: &str) -> Vec<Frame> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let Some(inner) = inner.map(str::trim) else {
        return whole(text);
    };
    if inner.is_empty() {
        return Vec::new();
    }
    let inner = inner.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let frames = inner.map(|inner| inner.split("}, {").map(one).collect());
    frames.flatten().unwrap_or_else(|| whole(text))
}

fn one(text: &str) -> Option<Frame> {
    let rest = text.strip_prefix("colno: ")?;
    let (colno, rest) = rest.split_once(", lineno: ")?;
    let (lineno, rest) = rest.split_once(", filename: ")?;
    let (filename, function) = rest.split_once(", function: ")?;
    Some(Frame {
        colno: Some(colno.parse().ok()?),
        lineno: Some(lineno.parse().ok()?),
        filename: filename.to_owned(),
        function: function.to_owned(),
        ..Frame::default()
    })
}

fn whole(text: &str) -> Vec<Frame> {
    match text.is_empty() {
        true => Vec::new(),
        false => vec![Frame {
            function: text.to_owned(),
            ..Frame::default()
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::super::Stacktrace;
    use super::*;

    fn frames(json: &str) -> Frames {
        let stack: Stacktrace = serde_json::from_str(json).expect("a stack");
        stack.frames
    }

    #[test]
    fn frames_as_dart_prints_them_are_those_that_were_sent() {
        let sent = r#"{"frames":[{"colno":15,"lineno":42,"filename":"package:shop/cart.dart","function":"Cart.total"},
            {"colno":0,"lineno":0,"filename":"","function":"<asynchronous suspension>"}]}"#;
        let kept = r#"{"frames":"[{colno: 15, lineno: 42, filename: package:shop/cart.dart, function: Cart.total}, {colno: 0, lineno: 0, filename: , function: <asynchronous suspension>}]"}"#;
        assert_eq!(frames(sent), frames(kept));
        assert_eq!(frames(kept).len(), 2);
    }

    #[test]
    fn other_text_is_one_frame_and_nothing_is_none() {
        for text in ["at f (x.js:1:2)", "[{colno: a, lineno: 2}]", "[1, 2]", "[{"] {
            let json = format!(r#"{{"frames":"{text}"}}"#);
            let found = frames(&json);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].function, text);
        }
        for json in [
            r#"{"frames":"[]"}"#,
            r#"{"frames":""}"#,
            r#"{"frames":null}"#,
            "{}",
        ] {
            assert!(frames(json).is_empty(), "{json}");
        }
    }
}
