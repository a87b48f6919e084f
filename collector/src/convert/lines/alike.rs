//! What the OpenTelemetry Collector hashes of an exception: its message without what differs from one occurrence to the next.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// What is looked for, in this order, and what stands in its place. Digits, words and white space are ASCII's, as in Go.
const RULES: [(&str, &str); 7] = [
    (
        r"Cannot read (property|properties) '[^']+'",
        "Cannot read ${1} '<PROPERTY>'",
    ),
    (r#"https?://[^\t\n\f\r <>"{}|\\^`\[\]]+"#, "<URL>"),
    (r"0x[0-9a-fA-F]+", "<ADDRESS>"),
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "<UUID>",
    ),
    (
        r"(?-u:\b)(id|ID|Id)[\t\n\f\r ]*[:\t\n\f\r =][\t\n\f\r ]*[0-9]+(?-u:\b)",
        "${1} <ID>",
    ),
    (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}",
        "<TIMESTAMP>",
    ),
    (
        r"(?:[A-Za-z]:)?[/\\][0-9A-Za-z_\-./\\]+\.(?:js|ts|jsx|tsx|css|html)(?-u:\b)",
        "<PATH>",
    ),
];

static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = RULES.iter();
    let compiled = rules.map(|(pattern, by)| (Regex::new(pattern), *by));
    compiled
        .filter_map(|(pattern, by)| Some((pattern.ok()?, by)))
        .collect()
});

/// The message without its addresses, ids, times, files and names of properties.
pub(in crate::convert) fn alike(message: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(message);
    for (pattern, by) in COMPILED.iter() {
        if let Cow::Owned(replaced) = pattern.replace_all(&out, *by) {
            out = Cow::Owned(replaced);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{COMPILED, RULES, alike};

    #[test]
    fn what_differs_from_one_occurrence_to_the_next_is_taken_out() {
        assert_eq!(COMPILED.len(), RULES.len());
        for (message, expected) in [
            ("x is not a function", "x is not a function"),
            (
                "Cannot read property 'find' of undefined",
                "Cannot read property '<PROPERTY>' of undefined",
            ),
            (
                "Loading https://a.example/b.js?c failed: id = 42 at 0x1F",
                "Loading <URL> failed: id <ID> at <ADDRESS>",
            ),
            (
                "in C:\\a\\b.ts at 2026-11-20 03:34:26",
                "in <PATH> at <TIMESTAMP>",
            ),
        ] {
            assert_eq!(alike(message), expected);
        }
    }
}
