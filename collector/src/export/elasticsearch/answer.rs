//! What a bulk request is answered: one verdict for each document, in the order in which they were sent.

use serde::Deserialize;

use crate::export::destination::{Outcome, Reason};

/// What Elasticsearch and OpenSearch call a document that fits no mapping and never will.
const OF_DOCUMENTS: [&str; 12] = [
    "date_time_parse_exception",
    "document_parsing_exception",
    "illegal_field_value_exception",
    "input_coercion_exception",
    "json_parse_exception",
    "mapper_exception",
    "mapper_parsing_exception",
    "not_x_content_exception",
    "number_format_exception",
    "strict_dynamic_mapping_exception",
    "x_content_e_o_f_exception",
    "x_content_parse_exception",
];
/// `illegal_argument_exception` is said of documents, of pipelines and of a full cluster alike; of a document in these words: a value
/// beyond what is indexed, an object where there is a value, a field too many. Waiting would let one client's field stop all.
const IN_WORDS: [&str; 6] = [
    "immense term",
    "non object mapping",
    "cannot be changed from type",
    "Limit of total fields",
    "Limit of mapping depth",
    "Field name",
];

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
            400 if !create.is_of_the_document() => {
                again.push(at);
                last = Some(reason(create));
            }
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

impl Verdict {
    /// Whether the document itself is at fault. A pipeline that is not there, or no room for one more shard, answers 400 as well: that an
    /// operator can mend.
    fn is_of_the_document(&self) -> bool {
        match &self.error {
            Some(Error::Known { kind, reason, .. }) => {
                let said = |words: &&str| reason.as_ref().is_some_and(|it| it.contains(*words));
                OF_DOCUMENTS.contains(&kind.as_str())
                    || kind == "illegal_argument_exception" && IN_WORDS.iter().any(said)
            }
            // Old servers write the names of Java's classes.
            Some(Error::Text(text)) => {
                text.contains("ParsingException") || text.contains("DynamicMappingException")
            }
            None => false,
        }
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
            br#"{"errors":true,"items":[{"create":{"status":400,"error":"MapperParsingException[no]"}}]}"#,
            1,
        );
        let Outcome::Each { refused, .. } = text else {
            panic!("{text:?}");
        };
        assert_eq!(
            refused,
            [(0, Reason::new("bulk 400", "MapperParsingException[no]"))]
        );
    }

    #[test]
    fn what_the_cluster_is_at_fault_for_is_waited_for_and_the_documents_own_faults_are_final() {
        let error = |kind: &str, reason: &str| {
            let error = json!({ "type": kind, "reason": reason });
            let item = json!({ "status": 400, "error": error });
            match judged(&[json!({ "status": 201 }), item]) {
                Outcome::Each { refused, again, .. } => (refused.len(), again.len()),
                other => panic!("{other:?}"),
            }
        };
        let full = "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;";
        for (kind, reason) in [
            ("validation_exception", full),
            ("illegal_argument_exception", full),
            (
                "illegal_argument_exception",
                "pipeline with id [rum] does not exist",
            ),
            ("some_new_exception", ""),
        ] {
            assert_eq!(error(kind, reason), (0, 1), "{kind}: {reason}");
        }
        for (kind, reason) in [
            ("document_parsing_exception", "[1:86] failed to parse field"),
            ("mapper_parsing_exception", "failed to parse"),
            (
                "strict_dynamic_mapping_exception",
                "mapping set to strict, dynamic introduction not allowed",
            ),
            (
                "illegal_argument_exception",
                "Document contains at least one immense term in field=\"a\"",
            ),
        ] {
            assert_eq!(error(kind, reason), (1, 0), "{kind}: {reason}");
        }
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
