//! What a condition is asked of: an item within its payload.

use std::borrow::Cow;

use farol_protocol::item::Item;
use farol_protocol::kind::Kind;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::sampling::sampled;
use farol_protocol::signals::{LogRecord, Metric, ResourceLogs, ResourceMetrics};
use farol_protocol::value::Value;

use super::Field;
use crate::address::Address;
use crate::record::Header;

/// What a metric that a client sent calls itself where items name their kind.
pub(super) const METRIC: &str = "metric";

/// An item, or a log record or metric of OTLP's, and what holds for it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    ground: Ground<'a>,
    of: Of<'a>,
}

/// What holds for a whole payload.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The app that it is booked on.
    pub app: &'a str,
    /// The app's tenant.
    pub tenant: &'a str,
    /// The payload.
    pub payload: &'a Payload,
}

#[derive(Debug, Clone, Copy)]
enum Of<'a> {
    Item(Item<'a>),
    Record(&'a ResourceLogs, &'a LogRecord),
    Metric(&'a ResourceMetrics, &'a Metric),
}

impl<'a> Ground<'a> {
    /// What holds for the payload of a record.
    pub fn of(header: &'a Header, payload: &'a Payload) -> Self {
        Self {
            app: &header.app,
            tenant: &header.tenant,
            payload,
        }
    }

    /// Everything in the payload that can be judged, each with its place.
    pub fn subjects(self) -> impl Iterator<Item = (u32, Subject<'a>)> {
        let items = (self.payload.items()).map(|(place, item)| (place, Of::Item(item)));
        let records = (self.payload.records())
            .map(|(place, resource, _, record)| (place, Of::Record(resource, record)));
        let subject = move |(place, of)| (place, Subject { ground: self, of });
        let metrics = (self.payload.metrics())
            .map(|(place, resource, metric)| (place, Of::Metric(resource, metric)));
        items.chain(records).chain(metrics).map(subject)
    }
}

impl<'a> Subject<'a> {
    /// What its sampling is decided by: the id of its session; of its trace, where no session is named.
    fn session(&self) -> Option<Cow<'a, str>> {
        let session = match self.of {
            Of::Item(item) => (self.ground.payload.context(item.overrides()).session.id).as_str(),
            Of::Record(..) | Of::Metric(..) => "",
        };
        let trace = match self.of {
            Of::Item(Item::Span(_, _, span)) => span.trace_id.as_str(),
            Of::Item(_) => "",
            Of::Record(_, record) => &record.trace_id,
            Of::Metric(..) => "",
        };
        told(session)
            .or_else(|| self.attribute(attr::SESSION_ID))
            .or_else(|| told(trace))
    }

    /// Whether it is in a sample of this rate.
    pub fn is_sampled(&self, rate: f64, batch: &[u8; 16]) -> bool {
        match self.session() {
            // Half of its points would be another metric.
            _ if matches!(self.of, Of::Metric(..)) => true,
            Some(id) => sampled(&id, rate),
            None => sampled(&format!("{:032x}", u128::from_be_bytes(*batch)), rate),
        }
    }

    /// Whether one of these attributes has this value, whoever says it: the item, its resource, the payload, the collector.
    pub fn says(&self, names: &[&str], value: &str) -> bool {
        let payload = self.ground.payload;
        let overrides = match self.of {
            Of::Item(item) => item.overrides(),
            Of::Record(..) | Of::Metric(..) => None,
        };
        let context = payload.context(overrides);
        names.iter().any(|name| {
            let told: &str = match *name {
                attr::SESSION_ID => &context.session.id,
                attr::USER_ID => &context.user.id,
                attr::USER_NAME => &context.user.username,
                attr::USER_EMAIL => &context.user.email,
                attr::USER_HASH => &context.user.hash,
                _ => "",
            };
            let own = self.own(name);
            let own = own.or_else(|| payload.farol.added.get(name));
            told == value || own.is_some_and(|own| text_of(own) == value)
        })
    }

    /// The metric that it is, if it is one.
    pub fn metric(&self) -> Option<&'a Metric> {
        match self.of {
            Of::Metric(_, metric) => Some(metric),
            Of::Item(_) | Of::Record(..) => None,
        }
    }

    /// What it is. A log record with an event's name is an event; metrics are no items.
    pub fn kind(&self) -> Option<Kind> {
        match self.of {
            Of::Item(item) => Some(item.kind()),
            Of::Record(_, record) if record.event_name.is_empty() => Some(Kind::Log),
            Of::Record(..) => Some(Kind::Event),
            Of::Metric(..) => None,
        }
    }

    /// The app that it is of.
    pub(crate) fn app(&self) -> Option<Cow<'a, str>> {
        self.text(&Field::App)
    }

    pub(super) fn text(&self, field: &Field) -> Option<Cow<'a, str>> {
        let text = match field {
            // What is in one request may be of several.
            Field::App if self.ground.app.is_empty() => return self.attribute(attr::SERVICE_NAME),
            Field::App => self.ground.app,
            Field::Tenant => self.ground.tenant,
            Field::Kind => self.kind().map_or(METRIC, Kind::name),
            Field::Level => return self.level(),
            Field::Name => match self.of {
                Of::Item(Item::Event(event)) => &event.name,
                Of::Item(Item::Measurement(measurement)) => &measurement.kind,
                Of::Item(Item::Exception(exception)) => &exception.kind,
                Of::Item(Item::Span(_, _, span)) => &span.name,
                Of::Item(Item::Log(_)) => "",
                Of::Record(_, record) => &record.event_name,
                Of::Metric(_, metric) => &metric.name,
            },
            Field::Message => match self.of {
                Of::Item(Item::Log(log)) => &log.message,
                Of::Item(Item::Exception(exception)) => &exception.value,
                Of::Item(_) => "",
                Of::Record(_, record) => match &record.body.0 {
                    Value::Null => "",
                    body => return Some(text_of(body)),
                },
                Of::Metric(..) => "",
            },
            Field::Attribute(name) => return self.attribute(name),
        };
        told(text)
    }

    /// In small letters: Faro writes `error`, OpenTelemetry's SDKs write `ERROR`, or the number alone.
    fn level(&self) -> Option<Cow<'a, str>> {
        let level = match self.of {
            Of::Item(Item::Log(log)) => log.level.as_str(),
            Of::Record(_, record) if record.severity_text.is_empty() => {
                record.severity_number.word().unwrap_or_default()
            }
            Of::Record(_, record) => &record.severity_text,
            Of::Item(_) | Of::Metric(..) => "",
        };
        match level.contains(|c: char| c.is_ascii_uppercase()) {
            true => Some(Cow::Owned(level.to_ascii_lowercase())),
            false => told(level),
        }
    }

    /// An attribute of its own.
    fn own(&self, name: &str) -> Option<&'a Value> {
        match self.of {
            Of::Item(Item::Log(log)) => log.context.get(name),
            Of::Item(Item::Exception(exception)) => exception.context.get(name),
            Of::Item(Item::Measurement(measurement)) => measurement.context.get(name),
            Of::Item(Item::Event(event)) => event.attributes.get(name),
            Of::Item(Item::Span(resource, _, span)) => {
                let own = span.attributes.get(name);
                own.or_else(|| resource.resource.attributes.get(name))
            }
            Of::Record(resource, record) => {
                let own = record.attributes.get(name);
                own.or_else(|| resource.resource.attributes.get(name))
            }
            Of::Metric(resource, _) => resource.resource.attributes.get(name),
        }
    }

    /// The address that it is about; a request's is not its page's.
    fn address(&self) -> &'a str {
        let payload = self.ground.payload;
        match self.of {
            Of::Item(item) => Address::of(payload, item).any(),
            Of::Record(group, record) => Address::of_record(payload, group, record).any(),
            Of::Metric(..) => &payload.meta.page.url,
        }
    }

    /// What the collector added, the item's own, or by OpenTelemetry's name what the payload says of it.
    fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        if let Some(value) = self.ground.payload.farol.added.get(name) {
            return Some(text_of(value));
        }
        if let Some(value) = self.own(name) {
            return Some(text_of(value));
        }
        let payload = self.ground.payload;
        let meta = &payload.meta;
        let overrides = match self.of {
            Of::Item(item) => item.overrides(),
            Of::Record(..) | Of::Metric(..) => None,
        };
        let context = payload.context(overrides);
        let text: &str = match name {
            attr::SERVICE_NAME => &meta.app.name,
            attr::SERVICE_NAMESPACE => &meta.app.namespace,
            attr::SERVICE_VERSION => &meta.app.version,
            attr::DEPLOYMENT_ENVIRONMENT => &meta.app.environment,
            attr::SESSION_ID => &context.session.id,
            attr::USER_ID => &context.user.id,
            attr::USER_ROLES => &context.user.roles,
            attr::VIEW_NAME => &context.view.name,
            attr::USER_AGENT_NAME => &meta.browser.name,
            attr::USER_AGENT_VERSION => &meta.browser.version,
            attr::USER_AGENT_ORIGINAL => &meta.browser.user_agent,
            attr::TELEMETRY_SDK_NAME => &meta.sdk.name,
            attr::TELEMETRY_SDK_VERSION => &meta.sdk.version,
            attr::URL_FULL => self.address(),
            attr::URL_TEMPLATE => return (payload.farol.routes.get(self.address())).map(text_of),
            "os.name" => &meta.os.name,
            "geo.country.iso_code" => &meta.geo.country_iso,
            attr::USER_AGENT_SYNTHETIC if meta.k6.is_k6_browser == Some(true) => "test",
            _ => {
                let found = (context.session.attributes.get(name))
                    .or_else(|| context.page.attributes.get(name))
                    .or_else(|| context.user.attributes.get(name))
                    .or_else(|| meta.extra.get(name));
                return found.map(|value| Cow::Owned(value.to_text()));
            }
        };
        told(text)
    }
}

/// An empty text is an absent one.
fn told(text: &str) -> Option<Cow<'_, str>> {
    Some(text)
        .filter(|text| !text.is_empty())
        .map(Cow::Borrowed)
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_text()),
    }
}
