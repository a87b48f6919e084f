//! What the server says: its own number of an error tells what is wrong with the rows from what is wrong with tables, rights and the server.

use std::time::SystemTime;

use crate::export::destination::{Outcome, Reason};
use crate::export::http::Answer;

const CODE: &str = "x-clickhouse-exception-code";

/// What marks an error behind a beginning of a result, from 25.11 on.
const EXCEPTION: &str = "__exception__";

/// Errors of ClickHouse that are the rows' own: what cannot be parsed, what no column can hold, what a constraint of the table forbids (469).
const OF_ROWS: [u32; 15] = [
    6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 131, 349, 469,
];

/// No such column, table or database, too old a server: `setup` mends them, and nothing of the rows is lost by waiting.
const OF_TABLES: [u32; 4] = [8, 16, 60, 81];

/// The server cannot take anything at the moment, whatever the rows: quotas, queries and connections that are used up (201, 202, 203), no
/// Keeper (225, 999), shutting down (236), a table that is read only (242), a full disk (243), parts that wait to be merged (252), replicas
/// that are away (285). Dividing would make more parts, and of good rows dead letters.
const OF_SERVER: [u32; 10] = [201, 202, 203, 225, 236, 242, 243, 252, 285, 999];

/// Has the number of too many parts as well, and is of the rows: they lie in more partitions than one insert may have.
const PARTITIONS: &str = "Too many partitions for single INSERT block";

/// Out of memory (241) as a whole, not for one insert: older servers say it so, and newer ones.
const OF_ALL_MEMORY: [&str; 2] = ["Memory limit (total)", "(total) memory limit"];

/// Said by the table, with a number that rows have too.
const NO_COLUMN: &str = "Unknown field found";

pub(super) fn judge(answer: &Answer) -> Outcome {
    let code = answer.headers.get(CODE);
    let code: Option<u32> = code.and_then(|it| it.to_str().ok()?.parse().ok());
    let words = answer.words();
    // The status is sent before the insert is through: what failed later is said by the header or in the body alone.
    let Some(code) = code.or_else(|| number(&words)) else {
        return match answer.status.is_success() {
            // The answer to an insert is empty; where there is a page, nobody knows what stands in the rest of it.
            true if answer.overlong || words.contains(EXCEPTION) => Outcome::Retry {
                after: None,
                suspect: true,
                reason: Reason::new("answer not understood", &words),
            },
            true => answer.page().unwrap_or_else(Outcome::accepted),
            false => answer.failure(&words, SystemTime::now()),
        };
    };
    let reason = |kind: &str| Reason::new(format!("clickhouse {code}{kind}"), &words);
    // Behind the beginning an error quotes values, which browsers write.
    let begins = words.split_once("DB::Exception: ");
    let begins = begins.map_or(&*words, |it| it.1).trim_start();
    if OF_TABLES.contains(&code) || code == 117 && begins.starts_with(NO_COLUMN) {
        return Outcome::retry(reason(" (run farol-collector setup clickhouse)"));
    }
    if OF_ROWS.contains(&code) {
        return Outcome::Refused(reason(""));
    }
    let memory = OF_ALL_MEMORY.iter().any(|it| begins.starts_with(it));
    let busy = memory || OF_SERVER.contains(&code) && !begins.starts_with(PARTITIONS);
    match answer.failure(&words, SystemTime::now()) {
        Outcome::Retry { after, suspect, .. } => Outcome::Retry {
            after,
            suspect: !busy && (suspect || answer.status.is_success()),
            reason: reason(""),
        },
        // A server that cannot do something says 400 as well.
        _ => Outcome::Retry {
            after: None,
            suspect: !busy,
            reason: reason(""),
        },
    }
}

/// The number behind `Code: `, wherever that stands.
fn number(words: &str) -> Option<u32> {
    let mut behind = words.split("Code: ").skip(1);
    behind.find_map(|digits| {
        let end = digits.find(|c: char| !c.is_ascii_digit())?;
        digits[..end].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, code: Option<u32>, words: &str) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(code) = code {
            headers.insert(CODE, code.into());
        }
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::copy_from_slice(words.as_bytes()),
            overlong: false,
        }
    }

    fn fate(status: u16, code: Option<u32>, words: &str) -> &'static str {
        match judge(&answer(status, code, words)) {
            Outcome::Accepted { .. } => "taken",
            Outcome::Refused(_) => "refused",
            Outcome::Retry { suspect: true, .. } => "suspect",
            Outcome::Retry { .. } => "again",
            Outcome::Each { .. } => "each",
        }
    }

    #[test]
    fn rows_are_told_from_tables_and_servers() {
        assert_eq!(fate(200, None, ""), "taken");
        assert_eq!(fate(400, Some(27), "Cannot parse input"), "refused");
        let forbidden = "Constraint `harbour` for table rum.otel_logs is violated";
        assert_eq!(fate(400, Some(469), forbidden), "refused");
        assert_eq!(fate(404, Some(60), "no such table"), "again");
        assert_eq!(
            fate(
                400,
                Some(117),
                "Unknown field found while parsing JSONEachRow format: EventName"
            ),
            "again"
        );
        assert_eq!(fate(403, Some(516), "Authentication failed"), "again");
        assert_eq!(fate(500, Some(241), "Memory limit exceeded"), "suspect");
        for words in [
            "Code: 241. DB::Exception: Memory limit (total) exceeded: would use 8.00 GiB",
            "Code: 241. DB::Exception: (total) memory limit exceeded: would use 8.00 GiB",
        ] {
            assert_eq!(fate(500, Some(241), words), "again", "{words}");
        }
        assert_eq!(
            fate(503, Some(202), "Too many simultaneous queries"),
            "again"
        );
        assert_eq!(fate(429, None, ""), "again");
        assert_eq!(fate(413, None, "a proxy's page"), "refused");
        let port =
            "Port 9000 is for clickhouse-client program\r\nYou must use port 8123 for HTTP.\r\n";
        assert_eq!(fate(400, None, port), "again");
    }

    #[test]
    fn what_fails_after_the_status_was_sent_is_no_success() {
        assert_eq!(fate(200, Some(241), "Memory limit exceeded"), "suspect");
        assert_eq!(
            fate(200, None, "Code: 241. DB::Exception: Memory limit exceeded"),
            "suspect"
        );
        assert_eq!(
            fate(
                200,
                None,
                "0\n\r\n__exception__\r\nCode: 241. DB::Exception: Memory limit exceeded"
            ),
            "suspect"
        );
        assert_eq!(fate(200, None, "__exception__ what?"), "suspect");
        assert_eq!(fate(200, None, "Code: x"), "taken");
        let page = Answer {
            overlong: true,
            ..answer(200, None, "")
        };
        assert!(matches!(judge(&page), Outcome::Retry { .. }));
        let mut page = answer(200, None, "<html>Sign in</html>");
        let html = http::HeaderValue::from_static("text/html");
        page.headers.insert(http::header::CONTENT_TYPE, html);
        assert!(matches!(
            judge(&page),
            Outcome::Retry { suspect: false, .. }
        ));
    }

    #[test]
    fn a_server_that_can_take_nothing_now_is_waited_for_and_its_rows_are_not_divided() {
        let parts = "Code: 252. DB::Exception: Too many parts (3001 with average size of 1.00 MiB) in table 'rum.otel_logs'. Merges are processing significantly slower than inserts. (TOO_MANY_PARTS)";
        let code = |words: &str| words[6..9].parse().ok();
        for words in [
            parts,
            "Code: 202. DB::Exception: Too many simultaneous queries. Maximum: 100",
            "Code: 242. DB::Exception: Table is in readonly mode",
            "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space",
            "Code: 999. Coordination::Exception: Session expired",
        ] {
            for status in [200, 400, 500, 503] {
                assert_eq!(
                    fate(status, code(words), words),
                    "again",
                    "{status} {words}"
                );
            }
            assert_eq!(fate(200, None, words), "again", "{words}");
        }
        let partitions = "Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100).";
        assert_eq!(fate(500, Some(252), partitions), "suspect");
    }

    #[test]
    fn what_a_row_holds_passes_for_no_word_of_the_servers() {
        let quoted = "Code: 469. DB::Exception: Constraint `c` is violated at row 1. Column values: Body = 'DB::Exception: Unknown field found'";
        assert_eq!(fate(400, Some(469), quoted), "refused");
        let quoted =
            "Code: 117. DB::Exception: Cannot read value: 'DB::Exception: Unknown field found'";
        assert_eq!(fate(400, Some(117), quoted), "refused");
        let column = "Code: 117. DB::Exception: Unknown field found while parsing JSONEachRow format: EventName: (at row 1)";
        assert_eq!(fate(400, Some(117), column), "again");
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_judged(status in 100_u16..600, code in any::<Option<u32>>(), words in ".{0,80}") {
            judge(&answer(status, code, &words));
        }
    }
}
