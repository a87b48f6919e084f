//! Which address an item is about, and of which page it is, whatever its sender calls them. Templates, conditions, metrics and what leaves ask
//! here, so that they speak of one.

use farol_protocol::event::Event;
use farol_protocol::item::Item;
use farol_protocol::names::{attr, event};
use farol_protocol::payload::Payload;
use farol_protocol::signals::{LogRecord, ResourceLogs};
use farol_protocol::span::{ResourceSpans, Span};
use farol_protocol::value::Value;

/// A request's address by the conventions before 1.21, which older versions of the Faro SDK's tracing write.
const HTTP_URL: &str = "http.url";

/// An item's address and its page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// Where it is about another than its page: a request's, a resource's, where a navigation leads.
    pub(crate) own: Option<&'a str>,
    /// Empty where nothing says it.
    pub(crate) page: &'a str,
}

impl<'a> Address<'a> {
    /// Of an item.
    pub(crate) fn of(payload: &'a Payload, item: Item<'a>) -> Self {
        let own = match item {
            Item::Span(group, _, span) => return Self::of_span(payload, group, span),
            Item::Event(event) => of_event(event),
            // What they name themselves steps aside for the page's.
            Item::Log(_) | Item::Exception(_) | Item::Measurement(_) => None,
        };
        let page = &payload.context(item.overrides()).page.url;
        Self { own, page }
    }

    /// Of a span.
    pub(crate) fn of_span(payload: &'a Payload, group: &'a ResourceSpans, span: &'a Span) -> Self {
        let own = |name| told(span.attributes.get(name));
        let page = (own(attr::DOCUMENT_URL))
            .or_else(|| Some(&*payload.context(span.farol.get()).page.url))
            .filter(|page| !page.is_empty())
            .or_else(|| told(group.resource.attributes.get(attr::DOCUMENT_URL)));
        Self {
            own: own(attr::URL_FULL).or_else(|| own(HTTP_URL)),
            page: page.unwrap_or_default(),
        }
    }

    /// Of a log record that came as OTLP.
    pub(crate) fn of_record(
        payload: &'a Payload,
        group: &'a ResourceLogs,
        record: &'a LogRecord,
    ) -> Self {
        let own = |name| told(record.attributes.get(name));
        let page = own(attr::DOCUMENT_URL)
            .or_else(|| told(group.resource.attributes.get(attr::DOCUMENT_URL)));
        Self {
            own: own(attr::URL_FULL),
            page: page.unwrap_or(&payload.meta.page.url),
        }
    }

    /// Its page, or this where nothing says it.
    pub(crate) fn page_or(self, other: &'a str) -> &'a str {
        match self.page {
            "" => other,
            page => page,
        }
    }

    /// Its own, else its page's.
    pub(crate) fn any(self) -> &'a str {
        self.own.unwrap_or(self.page)
    }
}

fn of_event(event: &Event) -> Option<&str> {
    let own = |name| told(event.attributes.get(name));
    own(attr::URL_FULL).or_else(|| match event.name.as_str() {
        event::NAVIGATION | event::FARO_NAVIGATION => leads_to(event),
        event::FARO_NAVIGATION_TIMING | event::FARO_RESOURCE_TIMING => own("name"),
        event::FARO_TRACING_FETCH | event::FARO_TRACING_XHR => own(HTTP_URL),
        _ => None,
    })
}

/// Where a navigation leads, or a change of route, which is otherwise an event of its page.
pub(crate) fn leads_to(event: &Event) -> Option<&str> {
    let own = |name| told(event.attributes.get(name));
    match event.name.as_str() {
        event::NAVIGATION | event::FARO_NAVIGATION => own("url").or_else(|| own("toUrl")),
        event::FARO_ROUTE_CHANGE => own("toUrl"),
        _ => None,
    }
}

/// An empty text is an absent one.
fn told(value: Option<&Value>) -> Option<&str> {
    (value.and_then(Value::as_str)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
