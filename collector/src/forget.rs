//! What one session or one user left in a record, taken out of it: a person asks to be forgotten.
//!
//! The record keeps its length (JSON takes spaces at its end), so that no position in the queue moves, and its id, so that a client that
//! sends its batch again does not bring back what was erased.

use bytes::Bytes;
use memchr::memmem;
use serde::{Deserialize, Serialize};

use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::signals::Metric;

use crate::condition::Ground;
use crate::receive::counts;
use crate::record::{Counts, Record};
use crate::scrub::ENDUSER_ID;

/// Who is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// What has this id of a session.
    Session(String),
    /// What has this as a user's id, user name, mail address or hash.
    User(String),
}

/// Whose data is to go, and of which app alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub whose: Whose,
    /// Elsewhere another one may have the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

impl Person {
    /// The value that they are known by.
    pub(crate) fn id(&self) -> &str {
        match &self.whose {
            Whose::Session(id) | Whose::User(id) => id,
        }
    }

    /// The attributes that hold it, as OpenTelemetry spells them.
    pub(crate) fn names(&self) -> &'static [&'static str] {
        match self.whose {
            Whose::Session(_) => &[attr::SESSION_ID],
            Whose::User(_) => &[
                attr::USER_ID,
                attr::USER_NAME,
                attr::USER_EMAIL,
                attr::USER_HASH,
                ENDUSER_ID,
            ],
        }
    }

    /// The record without what is theirs, as long as it was. `None` where nothing is.
    pub(crate) fn taken_out(&self, record: &Record) -> Option<Record> {
        let of = record.header.app.as_str();
        let other_app = |app: &String| !of.is_empty() && app != of;
        if self.app.as_ref().is_some_and(other_app) || !self.is_named_in(&record.body) {
            return None;
        }
        let Ok(mut payload) = Payload::decode(&record.body) else {
            // Nobody can say whose the rest is, and nobody can deliver it.
            return Some(blank(record));
        };
        let subjects = Ground::of(&record.header, &payload).subjects();
        let theirs: Vec<u32> = subjects
            .filter(|(_, subject)| {
                let ours = |app: &String| subject.app().is_some_and(|it| it == app.as_str());
                self.app.as_ref().is_none_or(ours)
                    && (subject.says(self.names(), self.id())
                        || subject.metric().is_some_and(|it| self.is_in_points(it)))
            })
            .map(|(place, _)| place)
            .collect();
        let told = self.leave(&mut payload);
        if theirs.is_empty() && !told {
            return None;
        }
        payload.remove(&theirs);
        let counts = Counts {
            unreadable: record.header.counts.unreadable,
            ..counts(&payload)
        };
        let mut body = payload.encode();
        // What is left out is longer than what is noted of it; were it not, it would go as a whole.
        if counts.items() == 0 || body.len() > record.body.len() {
            return Some(blank(record));
        }
        body.resize(record.body.len(), b' ');
        let mut rest = record.clone();
        rest.header.counts = counts;
        rest.body = Bytes::from(body);
        Some(rest)
    }

    /// Whether bytes of JSON hold the id at all: nearly none do.
    pub(crate) fn is_named_in(&self, json: &[u8]) -> bool {
        let quoted = serde_json::Value::from(self.id()).to_string();
        let bare = &quoted.as_bytes()[1..quoted.len() - 1];
        memmem::find(json, bare).is_some()
    }

    /// Takes it out of what the payload says about all of its items. True where it was there.
    fn leave(&self, payload: &mut Payload) -> bool {
        let meta = &mut payload.meta;
        let id = self.id();
        match self.whose {
            Whose::Session(_) if meta.session.id == id => {
                meta.session = Default::default();
                true
            }
            Whose::User(_) => {
                let user = &meta.user;
                let says = [&user.id, &user.username, &user.email, &user.hash];
                let theirs = says.iter().any(|it| *it == id);
                if theirs {
                    meta.user = Default::default();
                }
                theirs
            }
            Whose::Session(_) => false,
        }
    }

    fn is_in_points(&self, metric: &Metric) -> bool {
        let mut all = metric.attributes();
        all.any(|attributes| {
            let mut values = self.names().iter().filter_map(|name| attributes.get(name));
            values.any(|value| value.to_text() == self.id())
        })
    }
}

/// The record with nothing in it.
fn blank(record: &Record) -> Record {
    let mut blank = record.clone();
    blank.header.counts = Counts::default();
    let mut body = b"{}".to_vec();
    body.resize(record.body.len(), b' ');
    blank.body = Bytes::from(body);
    blank
}

#[cfg(test)]
mod tests;
