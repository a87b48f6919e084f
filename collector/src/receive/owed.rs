//! The mark that Farol's SDK sets where a session's first exception is, and filters. A session whose marked exception is left out has met none yet, as far as
//! metrics go: its next exception gets the mark, so that it counts as the sessions of senders do that set none.

use std::sync::{Mutex, PoisonError};

use farol_protocol::kind::Kind;
use farol_protocol::payload::Payload;
use xxhash_rust::xxh3::Xxh3;

use crate::aggregate::Met;

/// Sessions that are owed the mark. A restart forgets them, and each collector knows its own.
#[derive(Debug, Default)]
pub(crate) struct Owed(Mutex<Met>);

/// Whose exceptions a payload of an SDK holds that sets marks; none where it holds none.
pub(super) fn session(payload: &Payload, app: &str) -> Option<u64> {
    payload.farol.version?;
    let exception = payload.exceptions.first()?;
    let session = &payload.context(exception.farol.get()).session.id;
    let mut hash = Xxh3::new();
    for part in [app, session] {
        hash.update(part.as_bytes());
        hash.update(&[0xff]);
    }
    (!session.is_empty()).then(|| hash.digest())
}

impl Owed {
    /// Holds the mark of a payload that had exceptions of this session against what filters left of them.
    pub(super) fn settle(&self, payload: &mut Payload, session: u64, now: u64) {
        let first = &mut payload.farol.first;
        let mark = Kind::Exception.name();
        let at = first.iter().position(|it| it == mark);
        match (at, payload.exceptions.is_empty()) {
            (Some(at), true) => {
                first.remove(at);
                self.table(|it| it.first(session, now));
            }
            (None, false) if self.table(|it| it.forget(session)) => first.push(mark.to_owned()),
            _ => {}
        }
    }

    fn table(&self, ask: impl FnOnce(&mut Met) -> bool) -> bool {
        ask(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
