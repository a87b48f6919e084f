//! What one record adds to the metrics. Pure: header and payload in, additions out.
//!
//! Weights: a session that is sampled with rate r stands for 1/r sessions; so do its page views. Exceptions of sessions outside the
//! sample are kept where the SDK's ring is on, so each stands for itself there. Histograms take sampled sessions alone and no
//! weights: what they say is a distribution.

use farol_protocol::item::{Item, Overrides};
use farol_protocol::kind::Kind;
use farol_protocol::measurement::Measurement;
use farol_protocol::names::{attr, event, otel_event, vital};
use farol_protocol::payload::Payload;
use farol_protocol::signals::LogRecord;
use farol_protocol::span::{Resource, Span, SpanKind, StatusCode};
use farol_protocol::value::Value;

use super::held::{Held, Labels, Report};
use super::met::Met;
use super::names::{self, Id, VITALS};
use super::route;
use super::series::{App, Exemplar, Store};
use crate::address::Address;
use crate::convert::id;
use crate::record::{Header, SampleState, SourceKind};

/// A rate below this is a mistake or a lie; believed, one session would count for a million.
const LEAST_RATE: f64 = 1e-4;

/// How often the exceptions of one request may say that they came again, each as often as its rate has it stand for. The SDK counts up to what a tab throws in
/// some seconds; believed without a bound, one number would freeze the counter, to which nothing can be added any more.
const MOST_REPEATS: f64 = 1e6;

/// A day, in milliseconds. What is said to have taken longer is a mistake or a lie, and one such value coarsens the buckets of all others:
/// from a microsecond to a day they are a fifth wide at most.
const LONGEST_MS: f64 = 86_400_000.0;
/// A microsecond, in milliseconds: the best that browsers resolve is five. What is below it counts as zero, for the sake of the buckets.
const SHORTEST_MS: f64 = 1e-3;
/// Shifts add up to some hundreds on the worst pages that there are; and what is below a millionth nobody sees.
const MOST_SHIFT: f64 = 1e4;
const LEAST_SHIFT: f64 = 1e-6;

/// The vitals that grow after they were reported.
const GROWING: [&str; 2] = [vital::CLS, vital::INP];

/// What is added to.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) held: Held,
    pub(crate) met: Met,
    /// Whether reports that may be overtaken are held at all.
    pub(crate) holding: bool,
    /// Whether the version that stored it told destinations of new series as this one does.
    pub(crate) told: bool,
}

/// Adds a record.
pub(crate) fn observe(header: &Header, payload: &Payload, now: u64, state: &mut State) {
    let mut observer = Observer::new(header, payload, now, state);
    for (_, item) in payload.items() {
        if header.kind != SourceKind::Faro
            && let Item::Span(group, ..) = item
        {
            observer.of(header, &group.resource);
        }
        observer.item(item);
    }
    for (_, group, _, record) in payload.records() {
        observer.of(header, &group.resource);
        observer.record(record);
    }
    let marks = &payload.farol.first;
    if marks.iter().any(|mark| mark == Kind::Exception.name()) {
        // A mark whose exception was left out on the way counts nobody.
        if !payload.exceptions.is_empty() {
            observer.met_one();
        }
    } else if payload.farol.version.is_none() {
        observer.unmarked();
    }
}

/// A report of a vital, in whatever it came.
struct Vital<'a> {
    name: &'a str,
    value: f64,
    /// What was added since the report before; none where the sender does not say.
    delta: Option<f64>,
    id: &'a str,
    rating: &'a str,
    navigation: &'a str,
    page: &'a str,
    session: &'a str,
    made_ns: u64,
    /// The ids of its trace and span, in hexadecimal.
    trace: [&'a str; 2],
}

struct Observer<'a> {
    payload: &'a Payload,
    state: &'a mut State,
    app: App,
    now: u64,
    device: &'static str,
    delivery: &'static str,
    country: &'a str,
    release: &'a str,
    /// Whether the session is in the sample.
    sampled: bool,
    /// What a sampled session stands for.
    sessions: f64,
    /// What an exception stands for.
    exceptions: f64,
    /// How many repeats are still believed.
    repeats: f64,
    /// Whether it tells of navigations by an event of their own.
    navigates: bool,
}

impl<'a> Observer<'a> {
    fn new(header: &Header, payload: &'a Payload, now: u64, state: &'a mut State) -> Self {
        let meta = &payload.meta;
        let sampled = header.state == SampleState::On;
        // A session is known by its events, which may be kept of fewer.
        let events = payload.farol.kept.get(Kind::Event.name());
        let sessions = weight(events.map_or(header.rate, |kept| kept.min(header.rate)));
        let kept = payload.farol.kept.get(Kind::Exception.name());
        Self {
            payload,
            state,
            app: app(header, &meta.app.name, &meta.app.environment),
            now,
            device: device(payload),
            delivery: match (meta.k6.is_k6_browser, header.deferred) {
                (Some(true), _) => "test",
                (_, true) => "deferred",
                _ => "",
            },
            country: country(&meta.geo.country_iso),
            release: match meta.app.version.is_empty() {
                true => &meta.app.release,
                false => &meta.app.version,
            },
            sampled,
            sessions,
            exceptions: match (sampled, kept) {
                (_, Some(rate)) => weight(*rate),
                (true, None) => weight(header.rate),
                (false, None) => 1.0,
            },
            repeats: MOST_REPEATS,
            navigates: (payload.events.iter()).any(|it| it.name == event::FARO_NAVIGATION),
        }
    }

    /// What came as OTLP is of its resource, of which a request that is passed on holds several.
    fn of(&mut self, header: &Header, resource: &'a Resource) {
        let text = |name| {
            let found = resource.attributes.get(name);
            found.and_then(Value::as_str).unwrap_or_default()
        };
        // The second name is that of conventions before 1.27.
        let environment = [
            attr::DEPLOYMENT_ENVIRONMENT,
            attr::DEPLOYMENT_ENVIRONMENT_OLD,
        ]
        .map(text);
        let environment = environment.into_iter().find(|it| !it.is_empty());
        self.app = app(
            header,
            text(attr::SERVICE_NAME),
            environment.unwrap_or_default(),
        );
        self.release = text(attr::SERVICE_VERSION);
        self.device = match resource.attributes.get(attr::BROWSER_MOBILE) {
            Some(Value::Bool(mobile)) => by_mobile(Some(*mobile)),
            _ => device(self.payload),
        };
    }

    fn add(&mut self, family: Id, values: &[&str], amount: f64) {
        self.state
            .store
            .add(family, &self.app, values, amount, self.now);
    }

    fn item(&mut self, item: Item<'a>) {
        match item {
            Item::Measurement(measurement) if self.sampled => self.measurement(measurement),
            Item::Exception(it) => {
                let handled = match it.handled {
                    Some(true) => "true",
                    Some(false) => "false",
                    None => "",
                };
                let repeats = it.count.unwrap_or(1).saturating_sub(1) as f64;
                let repeats = (repeats * self.exceptions).min(self.repeats);
                self.repeats -= repeats;
                let values = [it.kind.as_str(), handled, self.delivery];
                self.add(names::EXCEPTIONS, &values, self.exceptions + repeats);
            }
            Item::Event(it) if self.sampled => {
                let attribute = |name| it.attributes.get(name).and_then(|it| it.as_str());
                match it.name.as_str() {
                    event::SESSION_START => {
                        self.session();
                        self.page_view(self.page(it.farol.get()));
                    }
                    event::SESSION_EXTEND => self.session(),
                    // A session found again is a page that loaded.
                    event::SESSION_RESUME => self.page_view(self.page(it.farol.get())),
                    event::NAVIGATION | event::FARO_NAVIGATION => {
                        let to = attribute("url").or_else(|| attribute("toUrl"));
                        let to = to.unwrap_or_else(|| self.page(it.farol.get()));
                        let from = attribute("fromUrl").unwrap_or("");
                        if is_view(attribute("type"), from, to) {
                            self.page_view(to);
                        }
                    }
                    // The first of a page says none from which it came: it is its load. Where both come it is the navigation that counts.
                    event::FARO_ROUTE_CHANGE if !self.navigates => {
                        if let (Some(to), Some(from)) = (attribute("toUrl"), attribute("fromUrl"))
                            && is_view(None, from, to)
                        {
                            self.page_view(to);
                        }
                    }
                    _ => {}
                }
            }
            Item::Span(group, _, span) if self.sampled && span.kind == SpanKind::CLIENT => {
                self.request(span, Address::of_span(self.payload, group, span));
            }
            Item::Measurement(_) | Item::Event(_) | Item::Log(_) | Item::Span(..) => {}
        }
    }

    fn session(&mut self) {
        self.add(
            names::SESSIONS,
            &[self.device, self.delivery],
            self.sessions,
        );
    }

    fn met_one(&mut self) {
        let values = [self.device, self.delivery];
        self.add(names::SESSIONS_WITH_EXCEPTIONS, &values, self.exceptions);
    }

    /// Sessions that met their first exception, of a sender that marks none.
    fn unmarked(&mut self) {
        for exception in &self.payload.exceptions {
            let session = &self.payload.context(exception.farol.get()).session.id;
            if session.is_empty() {
                continue;
            }
            let session = key(&[&self.app.name, &self.app.environment, session]);
            if self.state.met.first(session as u64, self.now) {
                self.met_one();
            }
        }
    }

    fn page_view(&mut self, url: &str) {
        let route = self.page_route(url);
        let values = [route.as_str(), self.device, self.delivery];
        self.add(names::PAGE_VIEWS, &values, self.sessions);
    }

    /// The operator's template for it, or a guess.
    fn page_route(&self, url: &str) -> String {
        let told = self.payload.farol.routes.get(url).map(Value::to_text);
        told.unwrap_or_else(|| route::of_page(url))
    }

    fn page(&self, own: Option<&'a Overrides>) -> &'a str {
        &self.payload.context(own).page.url
    }

    fn measurement(&mut self, measurement: &'a Measurement) {
        let Some((name, value)) = measurement.vital() else {
            return;
        };
        let text = |name| {
            let found = measurement.context.get(name);
            found.and_then(|it| it.as_str()).unwrap_or_default()
        };
        let own = measurement.farol.get();
        self.vital(&Vital {
            name,
            value,
            delta: measurement.values.get(vital::DELTA).copied(),
            id: text(vital::ID),
            rating: text(vital::RATING),
            navigation: text(vital::NAVIGATION_TYPE),
            page: self.page(own),
            session: &self.payload.context(own).session.id,
            made_ns: measurement.timestamp.nanos().unwrap_or_default(),
            trace: [&measurement.trace.trace_id, &measurement.trace.span_id],
        });
    }

    /// A log record that came as OTLP.
    fn record(&mut self, record: &'a LogRecord) {
        // What a record says of its browser counts before what its resource does, and that before what holds of the request.
        if let Some(Value::Bool(mobile)) = record.attributes.get(attr::BROWSER_MOBILE) {
            self.device = by_mobile(Some(*mobile));
        }
        let text = |name| {
            let found = record.attributes.get(name);
            found.and_then(Value::as_str).unwrap_or_default()
        };
        let number = |name| record.attributes.get(name).and_then(Value::as_f64);
        match record.event_name.as_str() {
            otel_event::WEB_VITAL if self.sampled => {
                let Some(value) = number(attr::VITAL_VALUE) else {
                    return;
                };
                let page = [attr::URL_FULL, attr::DOCUMENT_URL].map(text);
                let made = record.time.0.nanos().or(record.observed.0.nanos());
                self.vital(&Vital {
                    name: text(attr::VITAL_NAME),
                    value,
                    delta: number(attr::VITAL_DELTA),
                    id: text(attr::VITAL_ID),
                    rating: text(attr::VITAL_RATING),
                    navigation: text(attr::VITAL_NAVIGATION_TYPE),
                    page: page.into_iter().find(|it| !it.is_empty()).unwrap_or(""),
                    session: text(attr::SESSION_ID),
                    made_ns: made.unwrap_or_default(),
                    trace: [&record.trace_id, &record.span_id],
                });
            }
            _ if record.is_exception() => {
                let values = [text(attr::EXCEPTION_TYPE), "", self.delivery];
                self.add(names::EXCEPTIONS, &values, self.exceptions);
            }
            _ => {}
        }
    }

    fn vital(&mut self, given: &Vital<'_>) {
        let (name, value) = (given.name, given.value);
        let Some(at) = VITALS.iter().position(|it| *it == name) else {
            return;
        };
        // No server was asked: a zero each would hide what those take that were.
        if name == vital::TTFB && given.navigation == vital::SOFT_NAVIGATION {
            return;
        }
        let plausible = match name {
            vital::CLS => within(value, LEAST_SHIFT, MOST_SHIFT),
            _ => within(value, SHORTEST_MS, LONGEST_MS),
        };
        let Some(counted) = plausible else {
            return;
        };
        let first = given.delta.is_none_or(|delta| delta == value);
        let known = ["good", "needs-improvement", "poor"];
        let rating = known.into_iter().find(|it| *it == given.rating);
        let client = &self.payload.farol.client;
        let report = Report {
            key: key(&[&self.app.name, given.session, client, name, given.id]),
            app: self.app.clone(),
            vital: at as u8,
            value: counted,
            made_ns: given.made_ns,
            touched_ns: self.now,
            exemplar: self.exemplar(given.trace, counted),
            labels: Labels {
                route: self.page_route(given.page).as_str().into(),
                device: self.device.into(),
                country: self.country.into(),
                release: self.release.into(),
                delivery: self.delivery.into(),
                rating: rating.unwrap_or_default().into(),
            },
        };
        let State {
            store,
            held,
            holding,
            ..
        } = &mut *self.state;
        // Without an id nothing tells whose later report another is. The other vitals are reported once; where a sender repeats
        // them as they grow, the first report stands.
        match GROWING.contains(&name) && !given.id.is_empty() {
            true if *holding => held.take(report, first, store),
            true => held.at_once(&report, first, store),
            false if first => report.count(store, self.now),
            false => {}
        }
    }

    fn request(&mut self, span: &'a Span, address: Address<'a>) {
        let text = |names: [&str; 2]| {
            let mut found = names.iter().filter_map(|name| span.attributes.get(name));
            found.find_map(|it| it.as_str()).unwrap_or_default()
        };
        let number = |names: [&str; 2]| {
            let mut found = names.iter().filter_map(|name| span.attributes.get(name));
            found.find_map(|it| it.as_f64())
        };
        // The second name is that of conventions before 1.21, which older versions of the Faro SDK's tracing write.
        let method = text([attr::HTTP_REQUEST_METHOD, "http.method"]);
        let (Some(start), Some(end)) = (span.start.0.nanos(), span.end.0.nanos()) else {
            return;
        };
        if method.is_empty() || end < start {
            return;
        }
        let took = (end - start) as f64 / 1e6;
        let Some(took) = within(took, SHORTEST_MS, LONGEST_MS) else {
            return;
        };
        let code = number([attr::HTTP_RESPONSE_STATUS_CODE, "http.status_code"]);
        let error = text([attr::ERROR_TYPE, attr::ERROR_TYPE]);
        let class = match code {
            Some(code) if (100.0..200.0).contains(&code) => "1xx",
            Some(code) if (200.0..300.0).contains(&code) => "2xx",
            Some(code) if (300.0..400.0).contains(&code) => "3xx",
            Some(code) if (400.0..500.0).contains(&code) => "4xx",
            Some(code) if (500.0..600.0).contains(&code) => "5xx",
            // What the page itself took back is no failure, and is most of what has no answer.
            _ if matches!(error, "AbortError" | "abort") => "aborted",
            // An opaque answer (`no-cors`): of it the page learns that it came.
            None if error.is_empty() && span.status.code != StatusCode::ERROR => "unknown",
            _ => "error",
        };
        let template = text([attr::URL_TEMPLATE, attr::URL_TEMPLATE]);
        let route = match template.is_empty() {
            true => {
                let url = address.own.unwrap_or_default();
                let told = self.payload.farol.routes.get(url).map(Value::to_text);
                told.unwrap_or_else(|| route::of_request(url, address.page))
            }
            false => template.to_owned(),
        };
        let seconds = took / 1e3;
        let values = [route.as_str(), class, self.delivery];
        let trace = [span.trace_id.as_str(), &span.span_id];
        let exemplar = self.exemplar(trace, seconds);
        let State { store, .. } = &mut *self.state;
        store.add_traced(
            names::REQUESTS,
            &self.app,
            &values,
            seconds,
            self.now,
            exemplar,
        );
    }

    /// None where there is no trace.
    fn exemplar(&self, [trace, span]: [&str; 2], value: f64) -> Option<Exemplar> {
        Some(Exemplar {
            trace_id: id::<16>(trace)?,
            span_id: id::<8>(span),
            value,
            time_ns: self.now,
        })
    }
}

/// The app that is counted for: the header's, else what is claimed.
fn app(header: &Header, claimed: &str, environment: &str) -> App {
    let name = match header.app.as_str() {
        "" => claimed,
        name => name,
    };
    App {
        // Both are one series to Prometheus, so they are counted as one.
        name: match name {
            App::NAMELESS => String::new(),
            name => short(name),
        },
        environment: short(environment),
    }
}

/// A value as it counts: zero where it is too little to be told from it, none where it is none that can be.
fn within(value: f64, least: f64, most: f64) -> Option<f64> {
    match value {
        value if !(0.0..=most).contains(&value) => None,
        value if value < least => Some(0.0),
        value => Some(value),
    }
}

/// Tells one vital of one visit from all others.
fn key(parts: &[&str]) -> u128 {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update(&[0xff]);
    }
    hash.digest128()
}

/// What something kept with this rate stands for.
fn weight(rate: f64) -> f64 {
    match rate.is_finite() {
        true => 1.0 / rate.clamp(LEAST_RATE, 1.0),
        false => 1.0,
    }
}

/// A change of page within the document, not of a fragment or of parameters. `replace` serves both. A document that loads is told by its session.
fn is_view(kind: Option<&str>, from: &str, to: &str) -> bool {
    let path = |url: &'_ str| url.split(['?', '#']).next().map(str::to_owned);
    match kind {
        Some("hash" | "load" | "reload") => false,
        _ => from.is_empty() || path(from) != path(to),
    }
}

/// The session's attribute in which Faro's React Native SDK says it.
const DEVICE_TYPE: &str = "device_type";

fn device(payload: &Payload) -> &'static str {
    let meta = &payload.meta;
    let session = meta.session.attributes.get(DEVICE_TYPE);
    let said = match (meta.device.kind.as_str(), session) {
        ("", Some(Value::Text(said))) => said,
        (said, _) => said,
    };
    let kind = said.to_ascii_lowercase();
    match (kind.as_str(), payload.meta.browser.mobile) {
        ("mobile" | "phone" | "smartphone", _) => "mobile",
        ("tablet", _) => "tablet",
        ("desktop", _) => "desktop",
        ("", mobile) => by_mobile(mobile),
        _ => "other",
    }
}

fn by_mobile(mobile: Option<bool>) -> &'static str {
    match mobile {
        Some(true) => "mobile",
        Some(false) => "desktop",
        None => "",
    }
}

/// Two capital letters, or nothing.
fn country(code: &str) -> &str {
    match code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        true => code,
        false => "",
    }
}

/// A name that is short enough for a resource.
fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests;
