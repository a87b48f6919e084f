//! What a bulk request is answered: one verdict for each document, in the order in which they were sent.

use std::time::SystemTime;

use http::StatusCode;
use serde::Deserialize;

use crate::export::destination::{Outcome, Reason};
use crate::export::http::Answer;

/// What Elasticsearch and OpenSearch call a document that fits no mapping and never will, whatever became of the others.
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
/// beyond what is indexed, an object where there is a value, a field too many.
const IN_WORDS: [&str; 6] = [
    "immense term",
    "non object mapping",
    "cannot be changed from type",
    "Limit of total fields",
    "Limit of mapping depth",
    "Field name",
];
/// A cluster without room for one more shard says this, which an operator mends. Where a pipeline sends documents to several streams it may say so of some.
const OF_THE_CLUSTER: &str = "shards open";

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

/// What comes of a request that was not taken. Documents are judged within a 200: a request that is refused whole is so for a setting or a version of the
/// cluster's, and each part of it would be, unless others pass meanwhile. Only that it is too large is mended by dividing.
pub(super) fn of_the_request(answer: &Answer) -> Outcome {
    match answer.failure(&answer.words(), SystemTime::now()) {
        Outcome::Refused(reason) if answer.status != StatusCode::PAYLOAD_TOO_LARGE => {
            Outcome::Retry {
                after: None,
                suspect: true,
                reason,
            }
        }
        outcome => outcome,
    }
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
    // All go to one stream: what is wrong with the stream is wrong with all.
    let taken = |it: &Item| matches!(it.create.status, 200..=299 | 409);
    let others_pass = bulk.items.iter().any(taken);
    let mut refused = Vec::new();
    let mut again = Vec::new();
    let mut suspect = false;
    let mut last = None;
    for (at, Item { create }) in bulk.items.into_iter().enumerate() {
        match create.status {
            // 409: a document of this id is there, from a try whose answer was lost.
            200..=299 | 409 => {}
            400 if !create.is_of_the_document() => match create.is_of_the_cluster() {
                // It waiting for ever would let one client's field stop all.
                false if others_pass => refused.push((at, reason(create))),
                of_the_cluster => {
                    suspect |= !of_the_cluster;
                    again.push(at);
                    last = Some(reason(create));
                }
            },
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
            suspect,
            rejected: None,
            after: None,
            reason,
        },
        None => Outcome::accepted(),
    }
}

impl Verdict {
    /// Whether it says that the cluster is full.
    fn is_of_the_cluster(&self) -> bool {
        match &self.error {
            Some(Error::Known { reason, .. }) => {
                (reason.as_ref()).is_some_and(|it| it.contains(OF_THE_CLUSTER))
            }
            Some(Error::Text(text)) => text.contains(OF_THE_CLUSTER),
            None => false,
        }
    }

    /// Whether it says that the document itself is at fault. A pipeline that fails or is not there answers 400 as well: of all documents, which an
    /// operator can mend, or of some.
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
            suspect: false,
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
        let beside = |status: u16, kind: &str, reason: &str| {
            let error = json!({ "type": kind, "reason": reason });
            let item = json!({ "status": 400, "error": error });
            match judged(&[json!({ "status": status }), item]) {
                Outcome::Each {
                    refused,
                    again,
                    suspect,
                    ..
                } => (refused.len(), again.len(), suspect),
                other => panic!("{other:?}"),
            }
        };
        let (taken, busy) = (201, 429);
        let full = "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;";
        for kind in ["validation_exception", "illegal_argument_exception"] {
            assert_eq!(beside(taken, kind, full), (0, 1, false), "{kind}");
            assert_eq!(beside(busy, kind, full), (0, 2, false), "{kind}");
        }
        // Others of the stream were taken: it is of this one. Where none was, it may be of all.
        for (kind, reason) in [
            ("illegal_argument_exception", "field [cart] not present"),
            (
                "illegal_argument_exception",
                "pipeline with id [rum] does not exist",
            ),
            ("some_new_exception", ""),
        ] {
            assert_eq!(beside(taken, kind, reason), (1, 0, false), "{kind}");
            assert_eq!(beside(busy, kind, reason), (0, 2, true), "{kind}");
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
            assert_eq!(beside(taken, kind, reason), (1, 0, false), "{kind}");
            assert_eq!(beside(busy, kind, reason), (1, 1, false), "{kind}");
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
