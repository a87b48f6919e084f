//! OpenTelemetry's conventions. The resource says what service it is and nothing of the visitor, who is on each record:
//! else every visitor would be a resource, and an index label somewhere.

mod device;
mod event;
mod exception;
mod measurement;
mod record;
mod resource;
mod span;
mod visitor;

use std::borrow::Cow;

use super::attrs::{Any, Attrs, Pair};
use super::tree::{Branch, Record, Scope, Tree, Twig};
use crate::record::Header;
use farol_protocol::item::Item;
use farol_protocol::names::{SCHEMA_URL, attr, scope};
use farol_protocol::payload::Payload;

/// What the conversion of each item of a payload needs.
struct Source<'a> {
    header: &'a Header,
    payload: &'a Payload,
    /// What is said of the visitor of every item that does not say otherwise.
    visitor: Vec<Pair<'a>>,
}

impl<'a> Source<'a> {
    /// The visitor's attributes for one item.
    fn visitor(&self, item: Item<'a>) -> Cow<'_, [Pair<'a>]> {
        match item.overrides() {
            None => Cow::Borrowed(&self.visitor),
            Some(own) => visitor::attributes(self.header, self.payload, Some(own))
                .into_list()
                .into(),
        }
    }

    /// Adds who sent the item and its place in what its client ever sent.
    fn origin(&self, out: &mut Attrs<'a>, index: u32) {
        out.text(attr::CLIENT_ID, &self.payload.farol.client);
        if let Some(seq) = self.payload.farol.seq {
            let sequence = i64::try_from(seq.saturating_add(u64::from(index)));
            out.put(attr::ITEM_SEQUENCE, Any::Int(sequence.unwrap_or(i64::MAX)));
        }
    }
}

pub(super) use record::{replaced, template};
pub(super) use span::times as span_times;

/// What is said of the visitor of a whole payload.
pub(super) fn visitor<'a>(header: &'a Header, payload: &'a Payload) -> Vec<Pair<'a>> {
    visitor::attributes(header, payload, None).into_list()
}

pub(super) fn convert<'a>(header: &'a Header, payload: &'a Payload) -> Tree<'a> {
    let source = Source {
        header,
        payload,
        visitor: visitor(header, payload),
    };
    let records: Vec<Record<'a>> = payload
        .items()
        .filter_map(|(index, item)| record::record(&source, index, item))
        .collect();
    let logs = (!records.is_empty()).then(|| Branch {
        resource: resource::of(header, payload),
        schema_url: SCHEMA_URL,
        scopes: vec![Twig {
            scope: Scope {
                name: scope::COLLECTOR,
                version: env!("CARGO_PKG_VERSION"),
                attributes: Vec::new(),
                dropped: 0,
            },
            schema_url: SCHEMA_URL,
            items: records,
        }],
    });
    Tree {
        logs,
        traces: span::convert(&source),
    }
}
