//! Two parsers read bodies: what the quick one takes is what the other makes of it.

use super::super::{Decoded, Limits, limit, usual, usual_agrees as agrees};
use farol_protocol::parse::Bounds;
use farol_protocol::payload::Payload;
use proptest::prelude::*;

/// A number where a measured value and where an attribute stands.
fn with_number(number: &str) -> String {
    format!(
        r#"{{"measurements":[{{"type":"t","values":{{"v":{number}}}}}],"logs":[{{"message":{number},"context":{{"a":{number}}}}}]}}"#
    )
}

/// A text as an attribute's name, its value, and what stands in a field that is not read.
fn with_text(text: &str) -> String {
    format!(
        r#"{{"logs":[{{"message":"{text}","context":{{"{text}":"{text}"}}}}],"traces":{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"k","value":{{"stringValue":"{text}"}},"x":["{text}"]}}]}}}}]}}}}"#
    )
}

#[test]
fn captured_requests_are_read_by_the_quick_parser() {
    for number in 1..=7 {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/faro-2.12.1");
        let file = std::fs::read(format!("{folder}/{number:02}.json")).unwrap();
        let request: serde_json::Value = serde_json::from_slice(&file).unwrap();
        assert!(agrees(&request["body"].to_string()), "{number}");
        let spaced = serde_json::to_string_pretty(&request["body"]).unwrap();
        assert!(agrees(&spaced), "{number}");
    }
    let maximal = include_str!("../../../../tests/fixtures/payload/maximal.json");
    assert!(agrees(maximal));
}

#[test]
fn plain_numbers_and_texts_are_the_quick_parsers_own() {
    for number in ["0", "7", "-7", "1795145666814", "0.5", "-12.25", "1e3"] {
        assert!(agrees(&with_number(number)), "{number}");
    }
    for text in ["", "é", "a \\\"b\\\" \\\\ \\n\\u00e9\\/", "\u{1f600}"] {
        assert!(agrees(&with_text(text)), "{text}");
    }
}

#[test]
fn what_is_no_json_is_not_taken() {
    for number in ["01", "1.", ".5", "-", "+1", "1e", "0x1", "1.5.5", "--1"] {
        assert!(!agrees(&with_number(number)), "{number}");
    }
    for text in ["\n", "\u{1f}", "\\x", "\\u12", "\\ud800", "\\"] {
        assert!(!agrees(&with_text(text)), "{text:?}");
    }
    for body in ["", "[]", "null", "{", "{}}", "{} x", "{,}", "{\"a\"}"] {
        assert!(!agrees(body), "{body}");
    }
    for body in ["{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":tru}"] {
        assert!(!agrees(body), "{body}");
    }
}

#[test]
fn depth_and_values_are_bounded_to_the_letter() {
    let takes = |text: &str, depth, values| {
        let bounds = Bounds { depth, values };
        Payload::default().read_usual(text, bounds).is_ok()
    };
    for depth in 1..130 {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(takes(&text, depth + 1, 1_000), depth < 127, "{depth}");
        assert!(!takes(&text, depth, 1_000), "{depth}");
    }
    let text = r#"{"a":[1,2,{"b":3}],"logs":[]}"#;
    assert!(takes(text, 32, 7) && !takes(text, 32, 6));
}

/// What is cut of a body where it is looked at for that, and where it was seen before that nothing would be.
fn cut_alike(body: &str, limits: &Limits) {
    let mut seen = Decoded::default();
    let longest = usual(body, limits, &mut seen.payload).expect("a body as browsers write it");
    let mut walked = seen.clone();
    limit::apply(&mut seen, limits, Some(longest));
    limit::apply(&mut walked, limits, None);
    assert_eq!(seen, walked, "{limits:?}");
}

proptest! {
    #[test]
    fn what_is_too_long_is_cut_whatever_was_seen_of_it(attributes in 0..40_usize, items in 0..40_usize, string in 0..300_usize, key in 250..260_usize, number in "[1-9]e([0-9]{1,2}|2[0-9]{2})") {
        let limits = Limits { attributes, items, string, ..Limits::default() };
        let maximal = include_str!("../../../../tests/fixtures/payload/maximal.json");
        cut_alike(maximal, &limits);
        let list = vec![r#"{"type":"E","value":"v"}"#; items + 1].join(",");
        cut_alike(&format!(r#"{{"exceptions":[{{"type":"E","causes":[{list}],"trail":[{list}]}}]}}"#), &limits);
        let name = "k".repeat(key);
        let pair = |key: &str| format!(r#"{{"traces":{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":{key},"value":{{"intValue":"1"}}}}]}},"scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}}]}}]}}]}}}}"#);
        cut_alike(&pair(&format!("\"{name}\"")), &Limits::default());
        cut_alike(&pair(&number), &Limits::default());
        // Bytes that are no text are longer as one.
        let bytes = "/".repeat(items * 4);
        cut_alike(&format!(r#"{{"traces":{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"k","value":{{"bytesValue":"{bytes}"}}}}]}},"scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}}]}}]}}]}}}}"#), &Limits { string, ..Limits::default() });
    }

    #[test]
    fn any_number_is_read_alike(number in "-?(0|[1-9][0-9]{0,20})([.][0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
        agrees(&with_number(&number));
    }

    #[test]
    fn anything_like_a_number_is_read_alike(number in "[-+.eE0-9]{1,20}") {
        agrees(&with_number(&number));
    }

    #[test]
    fn any_text_is_read_alike(text in r#"([a-z é😀]|\\["\\/bfnrtux]|\\u[0-9a-fA-F]{4}|["\\\n])*"#) {
        agrees(&with_text(&text));
    }

    #[test]
    fn any_mutated_payload_is_read_alike(at in any::<prop::sample::Index>(), piece in "[\\[\\]{},:\"\\\\ 0-9a-z.-]{0,3}") {
        let mut body = include_str!("../../../../tests/fixtures/payload/maximal.json").to_owned();
        let mut place = at.index(body.len());
        while !body.is_char_boundary(place) {
            place -= 1;
        }
        body.insert_str(place, &piece);
        agrees(&body);
        body.truncate(place);
        agrees(&body);
    }
}
