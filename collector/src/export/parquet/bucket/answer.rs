//! What a store says. Almost all that S3 refuses is about keys, rights, regions and buckets, which an operator mends while the queue holds what
//! waits; a file is refused for good only by the few codes that are about its size or name.

use std::time::SystemTime;

use http::header::ETAG;

use crate::export::destination::{Outcome, Reason};
use crate::export::http::Answer;
use crate::export::probe::cut;

/// The file's own faults.
const OF_FILES: [&str; 2] = ["EntityTooLarge", "KeyTooLongError"];

/// Codes that are told by their names; the rest by the status.
const KNOWN: [&str; 24] = [
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "BadDigest",
    "EntityTooLarge",
    "ExpiredToken",
    "IncompleteBody",
    "InternalError",
    "InvalidAccessKeyId",
    "InvalidBucketName",
    "InvalidToken",
    "KeyTooLongError",
    "NoSuchBucket",
    "PermanentRedirect",
    "QuotaExceeded",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SlowDown",
    "TemporaryRedirect",
    "XAmzContentSHA256Mismatch",
    "XMinioStorageFull",
];

/// An answer that is no success, as a person reads it. Of its page the message alone: others of its parts repeat keys and signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// `s3 SlowDown`, else `http 503`.
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Said {
    pub(crate) fn of(answer: &Answer) -> Self {
        let words = answer.words();
        let named = part(&words, "Code").filter(|it| KNOWN.contains(it));
        Self {
            code: match named {
                Some(code) => format!("s3 {code}"),
                None => format!("http {}", answer.status.as_u16()),
            },
            message: match part(&words, "Message") {
                Some(message) => cut(message),
                None if words.contains("<Error>") => String::new(),
                None => cut(&words),
            },
        }
    }
}

/// What comes of a PUT.
pub(super) fn judge(answer: &Answer) -> Outcome {
    if answer.status.is_success() {
        return match is_receipt(answer) {
            true => Outcome::accepted(),
            false => Outcome::retry(Reason::new("no s3 answer", cut(&answer.words()))),
        };
    }
    let Said { code, message } = Said::of(answer);
    let of_file = OF_FILES
        .iter()
        .any(|it| code.strip_prefix("s3 ") == Some(it));
    let reason = Reason::new(code, message);
    // A proxy's word for too large; it has no codes of S3.
    if of_file || answer.status.as_u16() == 413 {
        return Outcome::Refused(reason);
    }
    let after = match answer.failure("", SystemTime::now()) {
        Outcome::Retry { after, .. } => after,
        _ => None,
    };
    Outcome::Retry {
        after,
        // A store does not look into files.
        suspect: false,
        reason,
    }
}

/// Whether a store says that it has a file: it names the file's ETag, and has no page to show. Consoles and catch-alls answer 2xx to everything.
fn is_receipt(answer: &Answer) -> bool {
    let page = answer.overlong || (answer.is("text/html") && !answer.body.is_empty());
    answer.headers.contains_key(ETAG) && !page
}

/// Whether the files beside it may be taken all the same: it is the file's own fault, or a policy or a guard forbids where it goes. What is
/// busy, away or does not know the key is so for all.
pub(super) fn may_be_of_file(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Refused(_) => true,
        Outcome::Retry { reason, .. } => {
            let forbidden = reason.is_answer() && reason.may_be_of_one_batch();
            forbidden || reason.code == "s3 AccessDenied"
        }
        Outcome::Accepted { .. } | Outcome::Each { .. } => false,
    }
}

/// Whether the bucket is gone.
pub(super) fn is_no_bucket(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Retry { reason, .. } if reason.code == "s3 NoSuchBucket")
}

/// Whether a store lists a bucket.
pub(crate) fn lists(answer: &Answer) -> bool {
    answer.status.is_success() && answer.words().contains("<ListBucketResult")
}

/// What stands in an element of a page; S3's have no attributes.
fn part<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = words.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    Some(inner)
}
