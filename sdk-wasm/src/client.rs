//! The one stateful object: session, vitals and batch, moved on by messages.
//!
//! Here each message is read and sent to what it concerns. `record.rs` is the way of an item into its batch and out,
//! `visit.rs` what decides whether there is one: session, sampling, consent.

mod record;
#[cfg(test)]
mod tests;
mod visit;

use alloc::vec::Vec;

use crate::abi::{diagnostic, op, signal, trail};
use crate::batch::{Batch, Envelope, section};
use crate::clock::Clock;
use crate::exception::{self, Exception};
use crate::history::History;
use crate::host::Host;
use crate::item::{self, Event, Log, Trace, kind};
use crate::message::{Attrs, Message, Value};
use crate::meta;
use crate::options::{self, Options, flag};
use crate::random::Random;
use crate::scrub;
use crate::session::Session;
use crate::span::{Request, Span};
use crate::trail::Trail;
use crate::vitals::Vitals;

use visit::Consent;

/// How long after the page was hidden each message is sealed at once: nothing may run after it. Later, timers serve again.
const LEAVING_MS: f64 = 1000.0;

/// One client. `H` is the browser, or a test's stand-in for it.
#[derive(Debug)]
pub struct Client<H> {
    host: H,
    started: bool,
    options: Options,
    random: Random,
    clock: Clock,
    consent: Consent,
    session: Session,
    /// The session's own event has been made.
    announced: bool,
    /// The tab's storage is ours to write.
    writable: bool,
    /// When it was last written, on the clock of `now`.
    stored_at: f64,
    /// When the page was hidden; infinity while it is visible.
    hidden_at: f64,
    /// Items of the session by kind.
    counts: [u32; 5],
    session_attrs: Vec<u8>,
    global: Vec<u8>,
    session_part: Vec<u8>,
    user_part: Vec<u8>,
    url: Vec<u8>,
    view: Vec<u8>,
    history: History,
    trail: Trail,
    vitals: Option<Vitals>,
    envelope: Envelope,
    batch: Batch,
    /// What the next item is the first of in its session (`batch::first`).
    mark: u8,
    /// Sealed while consent is pending.
    held: Vec<Vec<u8>>,
    held_bytes: usize,
    held_items: u32,
    /// The last exception's key and JSON, for repeats that come after its batch was sealed.
    last: (u32, Vec<u8>),
    /// The memory of the item in the making.
    scratch: Vec<u8>,
}

impl<H: Host> Client<H> {
    /// A client that has seen no message yet.
    pub fn new(host: H) -> Self {
        Self {
            host,
            started: false,
            options: Options::default(),
            random: Random::default(),
            clock: Clock::default(),
            consent: Consent::Denied,
            session: Session::default(),
            announced: false,
            writable: true,
            stored_at: f64::NEG_INFINITY,
            hidden_at: f64::INFINITY,
            counts: [0; 5],
            session_attrs: Vec::new(),
            global: Vec::new(),
            session_part: Vec::new(),
            user_part: Vec::new(),
            url: Vec::new(),
            view: Vec::new(),
            history: History::default(),
            trail: Trail::default(),
            vitals: None,
            envelope: Envelope::default(),
            batch: Batch::default(),
            mark: 0,
            held: Vec::new(),
            held_bytes: 0,
            held_items: 0,
            last: (0, Vec::new()),
            scratch: Vec::new(),
        }
    }

    /// Takes one message and says when to be called again (ms on the `performance.now()` clock).
    pub fn put(&mut self, op: u32, now: f64, bytes: &[u8]) -> f64 {
        let mut message = Message::new(bytes);
        let read = if op == op::START {
            if self.started {
                None
            } else {
                self.start(now, &mut message)
            }
        } else if self.started {
            // Not where consent changes: what waits may have to be dropped, and following may send it.
            if op != op::CONSENT {
                self.follow_clock(now);
            }
            self.take(op, now, &mut message)
        } else {
            None
        };
        if read.is_none() {
            self.diagnose(diagnostic::BAD_MESSAGE, f64::from(op));
        }
        let leaving = self.leaving(now);
        if self.due() <= if leaving { f64::MAX } else { now } {
            self.seal(leaving);
        }
        self.due()
    }

    fn start(&mut self, now: f64, m: &mut Message<'_>) -> Option<()> {
        let start = options::read(m, &self.host)?;
        // Everything is read before anything is changed: a start that cannot be read is none.
        let mut rest = start.rest;
        let form = if start.options.has(flag::FARO) {
            crate::attributes::Form::Strings
        } else {
            crate::attributes::Form::Typed
        };
        let user = meta::user(&mut rest, &self.host, form)?;
        let (session_attrs, global) = (rest.raw_attrs()?, rest.raw_attrs()?);

        let wall = self.host.wall();
        self.clock.set(now, wall);
        let mut seed = start.seed;
        self.random = Random::new(seed);
        self.envelope = Envelope {
            faro: start.options.has(flag::FARO),
            meta: start.meta,
            resource: start.resource,
            client: self.random.id(16, 4),
            rate: start.options.rate,
            sequence: 0,
        };
        seed.reverse();
        self.vitals = Some(Vitals::new(
            u64::from(seed[0]) << 32 | u64::from(seed[1]),
            self.clock.offset,
        ));
        self.user_part = user;
        self.session_attrs = session_attrs.to_vec();
        self.global = global.to_vec();
        self.url = scrub::scrubbed(start.page.1);
        self.view = start.view.to_vec();
        self.history.push(
            f64::NEG_INFINITY,
            meta::page(start.page.0, &self.url),
            meta::view(start.view),
        );
        if start.options.has(flag::HIDDEN) {
            // It was opened in the background: nobody is leaving.
            self.hidden_at = f64::NEG_INFINITY;
        }
        self.options = start.options;
        self.started = true;
        for place in 0..32 {
            if start.bad >> place & 1 != 0 {
                self.diagnose(diagnostic::BAD_OPTION, f64::from(place));
            }
        }
        self.open(
            now,
            wall,
            start.stored,
            start.fresh,
            Consent::from(start.consent),
        );
        Some(())
    }

    fn take(&mut self, op: u32, now: f64, m: &mut Message<'_>) -> Option<()> {
        match op {
            op::TICK => {}
            op::EVENT => {
                self.telemetry(now);
                let event = Event::read(m, now)?;
                self.event(&event, now);
                self.note(trail::EVENT, event.at, &[event.name]);
            }
            op::LOG => {
                self.telemetry(now);
                let log = Log::read(m, now)?;
                if let Some(mut json) = self.begin(kind::LOG, now) {
                    log.write(&mut json, &self.pen());
                    self.finish(json, kind::LOG, section::LOGS, f64::NAN, now);
                }
                self.note(
                    trail::LOG,
                    log.at,
                    &[log.level.as_bytes(), b": ", log.message],
                );
            }
            op::MEASUREMENT => {
                self.telemetry(now);
                if let Some(mut json) = self.begin(kind::MEASUREMENT, now) {
                    item::measurement(&mut json, &self.pen(), m, now)?;
                    self.finish(
                        json,
                        kind::MEASUREMENT,
                        section::MEASUREMENTS,
                        f64::NAN,
                        now,
                    );
                }
            }
            op::EXCEPTION => {
                self.telemetry(now);
                let exception = Exception::read(m, now)?;
                if self.on() {
                    self.exception(&exception, now);
                }
            }
            op::SPAN => {
                self.telemetry(now);
                let span = Span::read(m, now)?;
                if let Some(mut json) = self.begin(kind::SPAN, now) {
                    span.write(&mut json, &self.pen(), &self.session.id, &[]);
                    self.finish(json, kind::SPAN, section::SPANS, f64::NAN, now);
                }
            }
            op::REQUEST => {
                self.telemetry(now);
                let request = Request::read(m, now)?;
                if let Some(mut json) = self.begin(kind::SPAN, now) {
                    request.write(&mut json, &self.pen(), &self.session.id);
                    let place = section::SPANS + if request.initiator == 0 { 1 } else { 2 };
                    self.finish(json, kind::SPAN, place, f64::NAN, now);
                }
                self.note(
                    trail::FETCH,
                    request.end(),
                    &[request.method, b" ", &request.url, b" ", &request.outcome()],
                );
            }
            op::VITAL => {
                let vitals = self.vitals.as_mut()?;
                vitals.message(now, m)?;
                for report in vitals.take() {
                    if let Some(mut json) = self.begin(kind::MEASUREMENT, now) {
                        item::vital(&mut json, &self.pen(), &report, now);
                        self.finish(
                            json,
                            kind::MEASUREMENT,
                            section::MEASUREMENTS,
                            report.at,
                            now,
                        );
                    }
                }
            }
            op::VISIBILITY => match m.u8()? {
                0 | 3 => {
                    self.hidden_at = f64::INFINITY;
                    self.activity(now);
                }
                _ => {
                    self.leave(now);
                    self.seal(true);
                }
            },
            op::ACTIVITY => self.activity(now),
            op::NAVIGATION => self.navigation(now, m)?,
            op::VIEW => self.change_view(now, m.text()?),
            op::USER => self.user_part = meta::user(m, &self.host, self.pen().form())?,
            op::ATTRIBUTES => self.global = m.raw_attrs()?.to_vec(),
            op::CONSENT => self.consent(now, Consent::from(m.u8()?)),
            op::FLUSH => {
                let why = m.u8()?;
                self.seal(why == 1);
            }
            op::SESSION => {
                self.session_attrs = m.raw_attrs()?.to_vec();
                self.describe_session();
            }
            op::TRAIL => {
                let (kind, text, at) = (m.u8()?, m.text()?, m.time(now)?);
                self.note(kind, at, &[text]);
            }
            op::SUPPRESSED => {
                let count = m.u32()?;
                if self.on() {
                    self.repeated(count, now);
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn event(&mut self, event: &Event<'_>, now: f64) -> bool {
        let Some(mut json) = self.begin(kind::EVENT, now) else {
            return false;
        };
        event.write(&mut json, &self.pen());
        self.finish(json, kind::EVENT, section::EVENTS, f64::NAN, now)
    }

    /// An event of the SDK's own.
    fn own_event(&mut self, name: &str, own: crate::attributes::Own<'_>, now: f64) -> bool {
        let name = name.as_bytes();
        self.event(
            &Event {
                name,
                domain: b"",
                own,
                attrs: Attrs::NONE,
                trace: Trace::NONE,
                at: now,
            },
            now,
        )
    }

    fn exception(&mut self, exception: &Exception<'_>, now: f64) {
        let key = exception.key();
        if self.batch.repeat(key, 1) {
            return;
        }
        let frames = exception.frames();
        let origin = exception::origin(&frames);
        let title = exception.title();
        if !self.options.has(flag::EXTENSIONS) && exception::extension(origin) {
            return self.diagnose(diagnostic::IGNORED, 0.0);
        }
        if self.options.has(flag::IGNORE) && self.listed(0, &title) {
            return self.diagnose(diagnostic::IGNORED, 1.0);
        }
        if self.options.has(flag::DENY) && self.listed(1, origin) {
            return self.diagnose(diagnostic::IGNORED, 2.0);
        }
        if let Some(mut json) = self.begin(kind::EXCEPTION, now) {
            exception.write(&mut json, &self.pen(), &frames, &self.trail);
            self.finish_exception(json, key, 1, now);
        }
        self.note(trail::ERROR, exception.at, &[&title]);
    }

    fn navigation(&mut self, now: f64, m: &mut Message<'_>) -> Option<()> {
        let (url, how, id, at) = (m.text()?, m.u8()?, m.text()?, m.time(now)?);
        self.activity(now);
        let url = scrub::scrubbed(url);
        let from = core::mem::replace(&mut self.url, url);
        let url = self.url.clone();
        if how != 0 {
            self.history
                .push(at, meta::page(id, &url), meta::view(&self.view));
        }
        let (name, same) = match how {
            0 => ("load", false),
            1 => ("push", true),
            2 => ("replace", true),
            3 => ("traverse", true),
            4 => ("hash", true),
            5 => ("reload", false),
            _ => ("traverse", false),
        };
        let own = [
            ("url", Value::Text(&url)),
            ("fromUrl", Value::Text(if how == 0 { b"" } else { &from })),
            ("type", Value::Text(name.as_bytes())),
            ("sameDocument", Value::Bool(same)),
        ];
        self.own_event("browser.navigation", &own, now);
        self.note(trail::NAVIGATION, at, &[&url]);
        Some(())
    }

    fn change_view(&mut self, now: f64, name: &[u8]) {
        if name == self.view {
            return;
        }
        self.telemetry(now);
        let from = core::mem::replace(&mut self.view, name.to_vec());
        if let Some(moment) = self.history.get(self.history.current()) {
            let page = moment.page.clone();
            self.history.push(now, page, meta::view(name));
        }
        // Faro's word for a view that has no name.
        let word = |name| Value::Text(if name == b"" { b"unknown" } else { name });
        self.own_event(
            "view_changed",
            &[("fromView", word(&from)), ("toView", word(name))],
            now,
        );
    }

    /// Puts something on the trail.
    fn note(&mut self, kind: u8, at: f64, text: &[&[u8]]) {
        if self.on() {
            self.trail.push(kind, at + self.clock.offset, text);
        }
    }

    /// Asks JavaScript whether a list of the page's has something that matches.
    fn listed(&mut self, list: u8, text: &[u8]) -> bool {
        let mut message = Vec::with_capacity(text.len() + 1);
        message.push(list);
        message.extend_from_slice(text);
        self.host.emit(signal::FILTER, &message) == 1.0
    }

    #[inline(never)]
    fn diagnose(&mut self, code: u32, number: f64) {
        let mut bytes = [0; 12];
        let (head, tail) = bytes.split_at_mut(4);
        head.copy_from_slice(&code.to_le_bytes());
        tail.copy_from_slice(&number.to_le_bytes());
        self.host.emit(signal::DIAGNOSTIC, &bytes);
    }
}
