//! What a bulk request is answered: one verdict for each document, in the order in which they were sent.

use serde::Deserialize;

use crate::export::destination::{Outcome, Reason};

#[derive(Deserialize)]
struct Bulk {
    errors: bool,
    #[serde(default)]
    items: Vec<Item>,
}

/// By the name of the operation, which is always ours.
#[derive(Deserialize)]
struct Item {
    create: Verdict,
}

#[derive(Deserialize)]
struct Verdict {
    status: u16,
    error: Option<Error>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Error {
    Known {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        caused_by: Option<Cause>,
    },
    /// As gateways and old servers write it.
    Text(String),
}

#[derive(Deserialize)]
struct Cause {
    #[serde(default)]
    reason: Option<String>,
}

/// What became of a batch of so many items.
pub(super) fn read(body: &[u8], items: usize) -> Outcome {
    let unread = |words| Outcome::Retry {
        after: None,
        suspect: true,
        reason: Reason::new("bulk answer not understood", words),
    };
    let bulk = match serde_json::from_slice::<Bulk>(body) {
        Ok(bulk) => bulk,
        Err(error) => return unread(error.to_string()),
    };
    if !bulk.errors {
        return Outcome::accepted();
    }
    if bulk.items.len() != items {
        // Sent again, what is there already is known by its id.
        return unread(format!("{} verdicts of {items} items", bulk.items.len()));
    }
    let mut refused = Vec::new();
    let mut again = Vec::new();
    let mut last = None;
    for (at, Item { create }) in bulk.items.into_iter().enumerate() {
        match create.status {
            // 409: a document of this id is there, from a try whose answer was lost.
            200..=299 | 409 => {}
            400 | 413 | 422 => refused.push((at, reason(create))),
            // Busy, or something that an operator can mend: no such index, no permission.
            _ => {
                again.push(at);
                last = Some(reason(create));
            }
        }
    }
    let first = refused.first().map(|(_, reason)| reason.clone());
    match last.or(first) {
        Some(reason) => Outcome::Each {
            refused,
            again,
            rejected: None,
            after: None,
            reason,
        },
        None => Outcome::accepted(),
    }
}

fn reason(verdict: Verdict) -> Reason {
    let words = match verdict.error {
        Some(Error::Known {
            kind,
            reason,
            caused_by,
        }) => {
            let cause = caused_by.and_then(|it| it.reason);
            let words = [Some(kind), reason, cause];
            words.into_iter().flatten().collect::<Vec<_>>().join(": ")
        }
        Some(Error::Text(text)) => text,
        None => String::new(),
    };
    Reason::new(format!("bulk {}", verdict.status), words)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn judged(items: &[serde_json::Value]) -> Outcome {
        let items: Vec<_> = items.iter().map(|it| json!({ "create": it })).collect();
        let body = json!({ "took": 3, "errors": true, "items": items });
        read(body.to_string().as_bytes(), items.len())
    }

    #[test]
    fn each_item_has_its_own_verdict() {
        let found = judged(&[
            json!({ "status": 201 }),
            json!({ "status": 409, "error": { "type": "version_conflict_engine_exception", "reason": "exists" } }),
            json!({ "status": 429, "error": { "type": "es_rejected_execution_exception", "reason": "queue full" } }),
            json!({ "status": 400, "error": { "type": "document_parsing_exception", "reason": "failed to parse",
                "caused_by": { "type": "x", "reason": "not a date" } } }),
            json!({ "status": 503 }),
            json!({ "status": 404, "error": { "type": "index_not_found_exception" } }),
        ]);
        let refused = "document_parsing_exception: failed to parse: not a date";
        let want = Outcome::Each {
            refused: vec![(3, Reason::new("bulk 400", refused))],
            again: vec![2, 4, 5],
            rejected: None,
            after: None,
            reason: Reason::new("bulk 404", "index_not_found_exception"),
        };
        assert_eq!(found, want);
        let copies = json!({ "status": 409 });
        assert_eq!(judged(&[copies.clone(), copies]), Outcome::accepted());
    }

    #[test]
    fn where_nothing_failed_nothing_else_is_read() {
        assert_eq!(read(br#"{"errors":false}"#, 512), Outcome::accepted());
        let text = read(
            br#"{"errors":true,"items":[{"create":{"status":400,"error":"no"}}]}"#,
            1,
        );
        let Outcome::Each { refused, .. } = text else {
            panic!("{text:?}");
        };
        assert_eq!(refused, [(0, Reason::new("bulk 400", "no"))]);
    }

    #[test]
    fn what_is_no_answer_to_this_batch_is_asked_again() {
        for (body, items) in [
            (&b""[..], 1),
            (b"<html>", 1),
            (br#"{"errors":true,"items":[]}"#, 1),
            (br#"{"errors":true,"items":[{"index":{"status":400}}]}"#, 1),
        ] {
            let found = read(body, items);
            assert!(
                matches!(
                    found,
                    Outcome::Retry {
                        suspect: true,
                        after: None::<Duration>,
                        ..
                    }
                ),
                "{found:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_answered_each_item_has_one_fate_at_most(statuses in prop::collection::vec(100_u16..600, 1..40)) {
            let items: Vec<_> = statuses.iter().map(|it| json!({ "status": it })).collect();
            if let Outcome::Each { refused, again, .. } = judged(&items) {
                let mut places: Vec<_> = refused.iter().map(|it| it.0).chain(again).collect();
                let all = places.len();
                places.sort_unstable();
                places.dedup();
                prop_assert_eq!(places.len(), all);
                prop_assert!(places.iter().all(|at| *at < items.len()));
            }
        }

        #[test]
        fn no_answer_is_a_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&body, 1);
        }
    }
}
