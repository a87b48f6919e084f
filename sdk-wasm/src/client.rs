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
use crate::batch::{Batch, Envelope, place};
use crate::clock::Clock;
use crate::exception::{self, Exception};
use crate::host::Host;
use crate::item::{PLANS, UNTOLD, kind};
use crate::message::Message;
use crate::meta::Fixed;
use crate::options::{Options, flag};
use crate::past::Lately;
use crate::pen::{Pen, shorten};
use crate::random::Random;
use crate::scrub;
use crate::session::Session;
use crate::text::keep;
use crate::vitals::{self, Vitals};

use visit::Consent;

/// Names of the navigations of `NAVIGATION`, by number.
const NAVIGATIONS: [&str; 7] = [
    "load", "push", "replace", "traverse", "hash", "reload", "traverse",
];

/// Pages and views that are remembered. A vital is told long after what it measures, the largest paint when the page is hidden; 32
/// navigations back the page of an interaction is beyond what anyone assigns blame to, and the oldest stands in for it.
const MOMENTS: usize = 32;

/// Things that the trail remembers. A person reads them; what led to an error is among the last few.
const TRAIL: usize = 20;

/// Bytes of one thing's text: a line on a screen.
const TOLD_BYTES: usize = 200;

/// One client. `H` is the browser, or a test's stand-in for it.
#[derive(Debug)]
pub struct Client<H> {
    pen: Pen<H>,
    started: bool,
    options: Options,
    random: Random,
    clock: Clock,
    consent: Consent,
    /// When the visitor took back a no: what is older was done under it.
    agreed: f64,
    session: Session,
    /// When the client began.
    began: f64,
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
    user: Vec<u8>,
    /// Session and user, as the meta has them.
    who: Vec<u8>,
    /// The app, as the message had it.
    app: Vec<u8>,
    page: Vec<u8>,
    url: Vec<u8>,
    view: Vec<u8>,
    /// Page and view by the time from which they were so.
    history: Lately,
    trail: Lately,
    vitals: Vitals,
    /// Trace and span of the page's load, as the message had them.
    load: Vec<u8>,
    envelope: Envelope,
    batch: Batch,
    /// What the next item is the first of in its session (`batch::first`).
    mark: u8,
    /// What would be sealed, but that consent is pending.
    held: Vec<Batch>,
    /// What would be sealed of a session outside of the sample, but that nothing has gone wrong.
    ring: Vec<Batch>,
    /// The last exception's key and JSON, for repeats that come after its batch was sealed; without JSON where it was not kept.
    last: (u32, Vec<u8>),
    /// The message at hand comes from within `beforeSend`.
    hooked: bool,
    /// What it tells is of no page.
    nowhere: bool,
}

impl<H: Host> Client<H> {
    /// A client that has seen no message yet.
    pub const fn new(host: H) -> Self {
        Self {
            pen: Pen::new(host),
            started: false,
            options: Options::NONE,
            random: Random::new([0; 4]),
            clock: Clock::new(),
            consent: Consent::Denied,
            agreed: f64::NEG_INFINITY,
            session: Session::new(),
            began: 0.0,
            announced: false,
            writable: true,
            stored_at: 0.0,
            hidden_at: f64::INFINITY,
            counts: [0; 5],
            session_attrs: Vec::new(),
            user: Vec::new(),
            who: Vec::new(),
            app: Vec::new(),
            page: Vec::new(),
            url: Vec::new(),
            view: Vec::new(),
            history: Lately::new(MOMENTS),
            trail: Lately::new(TRAIL),
            vitals: Vitals::new(0, 0.0),
            load: Vec::new(),
            envelope: Envelope {
                fixed: Fixed {
                    meta: Vec::new(),
                    resource: Vec::new(),
                },
                client: Vec::new(),
                rate: 0.0,
                kept: [f64::NAN; 5],
                sequence: 0,
            },
            batch: Batch::new(),
            mark: 0,
            held: Vec::new(),
            ring: Vec::new(),
            last: (0, Vec::new()),
            hooked: false,
            nowhere: false,
        }
    }

    /// Takes one message and says when to be called again (ms on the `performance.now()` clock).
    pub fn put(&mut self, op: u32, now: f64, bytes: &[u8]) -> f64 {
        let mut m = Message::new(bytes);
        let parting = op & op::PARTING != 0;
        self.hooked = op & op::HOOKED != 0;
        self.nowhere = op & op::NOWHERE != 0;
        let op = op & (op::HOOKED - 1);
        if op == op::START {
            if self.started || !self.start(now, &mut m) {
                m.spoil();
            }
        } else if self.started {
            // Not where consent changes: what waits may have to be dropped, and following may send it.
            if op != op::CONSENT {
                self.follow_clock(now);
            }
            if !parting && (op::EVENT..=op::REQUEST).contains(&op) {
                self.telemetry(now);
            }
            self.read(op, now, &mut m);
        } else {
            m.spoil();
        }
        if m.bad() {
            self.diagnose(diagnostic::BAD_MESSAGE, f64::from(op));
        }
        // What is told on leaving comes before the message that the page is left, and goes as one.
        let leaving = !parting && self.leaving(now);
        if self.due() <= if leaving { f64::MAX } else { now } {
            if leaving || self.batch.due <= now {
                self.seal(leaving);
            } else {
                self.draft(now);
            }
        }
        self.due()
    }

    /// Takes `START`; false: it cannot be read, and nothing has begun.
    fn start(&mut self, now: f64, m: &mut Message<'_>) -> bool {
        let flags = m.byte();
        let consent = m.byte();
        let seed = [m.word(), m.word(), m.word(), m.word()];
        self.options.flags = flags;
        let bad = self.options.read(m);
        self.pen.faro = flags & flag::FARO != 0;
        keep(&mut self.pen.rules.allow, m.text());
        keep(&mut self.pen.rules.deny, m.text());
        let fresh = m.text();
        let stored = m.text();
        let app = *m;
        m.skip(5);
        keep(&mut self.app, m.since(&app));
        keep(&mut self.page, m.text());
        self.url = scrub::scrubbed(m.text(), &self.pen.rules);
        keep(&mut self.view, m.text());
        self.rate();
        self.user = self.pen.user(m);
        keep_attrs(&mut self.session_attrs, m);
        keep_attrs(&mut self.pen.global, m);
        if m.bad() {
            return false;
        }
        self.started = true;
        self.random = Random::new(seed);
        self.envelope.client = self.random.id(16, 4);
        let wall = self.pen.host.wall();
        self.clock.set(now, wall);
        self.vitals.seed(
            u64::from(seed[1]) << 32 | u64::from(seed[2]),
            self.clock.offset,
        );
        self.turn(f64::NEG_INFINITY);
        if flags & flag::HIDDEN != 0 {
            // It was opened in the background: nobody is leaving.
            self.hidden_at = f64::NEG_INFINITY;
        }
        for place in 0..32 {
            if bad >> place & 1 != 0 {
                self.diagnose(diagnostic::BAD_OPTION, f64::from(place));
            }
        }
        self.open(now, wall, stored, fresh, Consent::from(consent));
        true
    }

    fn read(&mut self, op: u32, now: f64, m: &mut Message<'_>) {
        match op {
            op::TICK => {}
            op::EVENT | op::LOG | op::MEASUREMENT => {
                if let Some(plan) = PLANS.iter().find(|plan| plan.op == op)
                    && self.begin(plan.place, now)
                {
                    let mut again = *m;
                    self.pen.fill(m, now, plan.template);
                    if !m.bad() {
                        self.finish(plan.place, 0, 1, now);
                        let (kind, before) = plan.told;
                        if kind != UNTOLD {
                            again.skip(before);
                            self.note(kind, now, again.text());
                        }
                    }
                }
            }
            op::EXCEPTION => self.exception(now, m),
            op::SPAN => {
                if self.begin(kind::SPAN, now) {
                    self.pen.span(m, &self.session.id, now);
                    if !m.bad() {
                        self.finish(place::SPANS, 0, 1, now);
                    }
                }
            }
            op::REQUEST => {
                let initiator = m.byte();
                if self.begin(kind::SPAN, now) {
                    let told = self.pen.request(m, &self.session.id, now);
                    if !m.bad() {
                        let place = place::SPANS + 1 + u8::from(initiator != 0);
                        self.finish(place, 0, 1, now);
                        self.note(trail::FETCH, now, &told);
                    }
                }
            }
            op::VITAL => self.vital(now, m),
            op::VISIBILITY => {
                if matches!(m.byte(), 1 | 2) {
                    self.leave(now);
                    self.seal(true);
                } else {
                    self.hidden_at = f64::INFINITY;
                    self.activity(now);
                }
            }
            op::ACTIVITY => self.activity(now),
            op::NAVIGATION => self.navigation(now, m),
            op::VIEW => {
                let name = m.text();
                // Between the last turn and now, as the history is in order.
                let last = self.history.list.last().map_or(now, |past| past.at);
                let at = m.time(now).max(last).min(now);
                self.change_view(now, name, at);
            }
            op::USER => {
                let user = self.pen.user(m);
                if !m.bad() {
                    self.user = user;
                    self.describe();
                }
            }
            op::ATTRIBUTES => keep_attrs(&mut self.pen.global, m),
            op::CONSENT => {
                let consent = Consent::from(m.byte());
                if !m.bad() {
                    self.consent(now, consent);
                }
            }
            op::FLUSH => {
                let hidden = m.byte() == 1;
                self.seal(hidden);
            }
            op::SESSION => {
                keep_attrs(&mut self.session_attrs, m);
                self.describe();
            }
            op::TRAIL => {
                let kind = m.byte();
                let text = m.text();
                let at = m.time(now);
                self.note(kind, at, text);
            }
            op::END => self.end(now),
            op::STORED => self.meet(now, m.text()),
            op::LOAD => keep(&mut self.load, m.rest()),
            op::RATES => self.rates(now, m),
            op::SUPPRESSED => {
                let count = m.word();
                self.repeated(count, now);
            }
            _ => m.spoil(),
        }
    }

    fn vital(&mut self, now: f64, m: &mut Message<'_>) {
        self.vitals.message(now, m);
        for report in self.vitals.take() {
            if self.begin(kind::MEASUREMENT, now) {
                self.pen.vital(&report, &self.load, now);
                self.pen.at = report.at;
                if self.finish(place::MEASUREMENTS, 0, 1, now) && report.rating == vitals::POOR {
                    self.wake(now);
                }
            }
        }
    }

    fn exception(&mut self, now: f64, m: &mut Message<'_>) {
        let key = exception::key(*m);
        if key != self.last.0 {
            // What repeats from now on is this one, be it kept or not.
            self.last.0 = key;
            self.last.1.clear();
        }
        if !self.makes(kind::EXCEPTION) || self.batch.repeat(key, 1) {
            return;
        }
        let exception = Exception::read(m);
        let origin = exception.origin();
        let title = [exception.kind, b": ", exception.message].concat();
        let mut ignored = 3.0;
        if self.options.has(flag::DENY) && self.listed(1, origin) {
            ignored = 2.0;
        }
        if self.options.has(flag::IGNORE) && self.listed(0, &title) {
            ignored = 1.0;
        }
        if !self.options.has(flag::EXTENSIONS) && exception::extension(origin) {
            ignored = 0.0;
        }
        if ignored < 3.0 {
            self.diagnose(diagnostic::IGNORED, ignored);
        } else if self.begin(kind::EXCEPTION, now) {
            self.pen.exception(&exception, m, &self.trail, now);
            if !m.bad() {
                if self.finish(place::EXCEPTIONS, key, 1, now) {
                    self.wake(now);
                }
                self.note(trail::ERROR, now, &title);
            }
        }
    }

    fn navigation(&mut self, now: f64, m: &mut Message<'_>) {
        let url = scrub::scrubbed(m.text(), &self.pen.rules);
        let how = m.byte();
        if m.bad() {
            return;
        }
        self.activity(now);
        let from = core::mem::replace(&mut self.url, url);
        if how != 0 {
            self.turn(now);
        }
        // Before the navigation is told, which is the new one's.
        if !m.rest().is_empty() {
            self.change_view(now, m.text(), now);
        }
        if let Some(start) = self.begin_event("browser.navigation", now) {
            self.pen.field(b"url", &self.url);
            if how != 0 {
                self.pen.field(b"fromUrl", &from);
            }
            self.pen.field(
                b"type",
                NAVIGATIONS
                    .get(usize::from(how))
                    .unwrap_or(&"push")
                    .as_bytes(),
            );
            self.pen.key(b"sameDocument");
            let value = self.pen.out.len();
            self.pen.boolean(matches!(how, 1..=4));
            self.pen.fold(value);
            self.finish_event(start, now);
        }
        let url = self.url.clone();
        self.note(trail::NAVIGATION, now, &url);
    }

    #[inline(never)]
    fn change_view(&mut self, now: f64, name: &[u8], at: f64) {
        if name == self.view {
            return;
        }
        self.telemetry(now);
        let from = core::mem::replace(&mut self.view, name.to_vec());
        self.turn(at);
        if let Some(start) = self.begin_event("view_changed", now) {
            // Faro's word for a view that has no name.
            self.pen.field(
                b"fromView",
                if from.is_empty() { b"unknown" } else { &from },
            );
            self.pen
                .field(b"toView", if name.is_empty() { b"unknown" } else { name });
            self.finish_event(start, now);
        }
    }

    /// From `at` on page and view are what they are now.
    fn turn(&mut self, at: f64) {
        let whence = self.pen.whence(&self.page, &self.url, &self.view);
        self.history.push(at, 0, whence);
    }

    /// Begins an event of the SDK's own; what follows are its attributes, then `finish_event`.
    #[inline(never)]
    fn begin_event(&mut self, name: &str, now: f64) -> Option<usize> {
        if !self.begin(kind::EVENT, now) {
            return None;
        }
        self.pen.raw(b"{\"domain\":\"browser\"");
        self.pen.field(b"name", name.as_bytes());
        self.pen.iso_field(b"timestamp", now);
        Some(self.pen.open(b"attributes"))
    }

    #[inline(never)]
    fn finish_event(&mut self, start: usize, now: f64) {
        self.pen.global(start, false);
        self.pen.close(start);
        self.pen.byte(b'}');
        self.finish(place::EVENTS, 0, 1, now);
    }

    /// Puts something on the trail. What of an item the page's hook may have changed or dropped comes by way of that (`more/clicks.ts`).
    #[inline(never)]
    fn note(&mut self, kind: u8, at: f64, text: &[u8]) {
        let raw = !matches!(kind, trail::NAVIGATION | trail::CLICK);
        if self.on() && !(raw && self.options.has(flag::HOOK) && !self.hooked) {
            self.trail
                .push(at, kind, shorten(text, TOLD_BYTES).to_vec());
        }
    }

    /// Asks JavaScript whether a list of the page's has something that matches.
    fn listed(&mut self, list: u8, text: &[u8]) -> bool {
        self.pen
            .host
            .emit(signal::FILTER, &[&[list], text].concat())
            == 1.0
    }

    #[inline(never)]
    fn diagnose(&mut self, code: u32, number: f64) {
        let bytes = [&code.to_le_bytes()[..], &number.to_le_bytes()].concat();
        self.pen.host.emit(signal::DIAGNOSTIC, &bytes);
    }
}

/// Keeps attributes as the message has them.
fn keep_attrs(place: &mut Vec<u8>, m: &mut Message<'_>) {
    let start = *m;
    m.skip_attrs();
    keep(place, m.since(&start));
}
