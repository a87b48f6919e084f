//! The five Web Vitals as pure state machines: entries and time go in, reports come out.
//!
//! What is measured, when it is final and how it is explained follows Google's web-vitals 6, down to the order of the
//! floating-point operations, so that both give the same number for the same page. One file holds one vital.
//!
//! A `VITAL` message is u8 `what`, the page's state (`page.rs`), then by `what` the fields that stand behind each name
//! below. `npm/web/src/observe/vitals.ts` writes them; times are ms on the `performance.now()` clock.

mod cls;
mod fcp;
mod inp;
mod lcp;
mod metric;
mod page;
#[cfg(test)]
mod tests;
mod ttfb;

use alloc::vec::Vec;

use crate::message::Message;

use cls::Cls;
use fcp::Fcp;
use inp::Inp;
use lcp::Lcp;
use metric::{Origin, Soft};
use page::Page;
use ttfb::Ttfb;

pub(crate) use metric::POOR;
pub use metric::Report;

/// The kinds of `VITAL` message.
pub mod what {
    /// Observing begins: u8 what the browser has (`has`), u32 count × f64 start of each `visibility-state` entry named `hidden`.
    pub const START: u8 = 0;
    /// A prerendered page was activated.
    pub const ACTIVATED: u8 = 1;
    /// The first contentful paint: f64 time.
    pub const PAINT: u8 = 2;
    /// A largest paint so far: f64 time, f64 start of the interaction that it followed (`NaN`: none, it is the page's own), f64 start of
    /// the request of what it shows (`NaN`: not known), f64 end of the response, str target, str URL, str initiator type, str delivery type.
    pub const LARGEST: u8 = 3;
    /// LCP is final (a trusted input, or a change of visibility): the last entry again, or `NaN`.
    pub const FINAL: u8 = 4;
    /// Layout shifts: u32 count × (u8 1 recent input, 2 has a source, 4 no shift but a soft navigation; f64 time, f64 value or the
    /// navigation's duration, str target).
    pub const SHIFTS: u8 = 5;
    /// Event timings in one batch: u8 1 to tidy at once, u32 count × (str name (empty: a soft navigation), f64 time, f64 duration,
    /// f64 interaction id (0: none), f64 processing start, f64 processing end, str target).
    pub const EVENTS: u8 = 6;
    /// A long animation frame: u8 1 to tidy at once, f64 time, f64 duration, f64 start of style and layout, u32 count ×
    /// (f64 time, f64 duration, f64 forced style and layout, f64 source position, str invoker type, str invoker, str source URL,
    /// str source function).
    pub const FRAME: u8 = 7;
    /// Time to forget events and frames that no report can need any more.
    pub const TIDY: u8 = 8;
    /// Interactions, however short, where the browser does not count them: u32 count × f64 interaction id.
    pub const COUNT: u8 = 9;
    /// The page became hidden: f64 time. What observers still held was sent before.
    pub const HIDDEN: u8 = 10;
    /// The page came back from the back/forward cache: f64 time.
    pub const RESTORED: u8 = 11;
    /// A task after `RESTORED`: its state of visibility is settled.
    pub const SETTLED: u8 = 12;
    /// Two animation frames after `RESTORED`: f64 the same time.
    pub const REPAINTED: u8 = 13;
    /// A task after the load event: f64 worker start, f64 fetch start, f64 domain look-up start, f64 connect start, f64 connect end.
    pub const LOADED: u8 = 14;
    /// A soft navigation, for the vitals whose entries it does not come among: u8 which (`soft`), f64 time, f64 duration,
    /// f64 time of its first paint (0: not known).
    pub const SOFT: u8 = 15;
}

/// Which vital a `SOFT` message is for: each hears of it at a moment of its own.
mod soft {
    pub(super) const FCP: u8 = 0;
    pub(super) const TTFB: u8 = 1;
    pub(super) const LCP: u8 = 2;
}

/// What the browser can observe, as bits in `START`.
mod has {
    pub(super) const PAINT: u8 = 1;
    pub(super) const LARGEST: u8 = 2;
    pub(super) const SHIFTS: u8 = 4;
}

/// All vitals of one page.
#[derive(Debug)]
pub struct Vitals {
    origin: Origin,
    has: u8,
    first_hidden: f64,
    ttfb: Ttfb,
    fcp: Fcp,
    lcp: Lcp,
    cls: Cls,
    inp: Inp,
    reports: Vec<Report>,
}

impl Vitals {
    /// `seed` is for the reports' ids; `epoch` is the wall clock (epoch ms) at 0 on the clock of `now`.
    pub const fn new(seed: u64, epoch: f64) -> Self {
        Self {
            origin: Origin::new(seed, epoch),
            has: 0,
            first_hidden: f64::INFINITY,
            ttfb: Ttfb::NEW,
            fcp: Fcp::NEW,
            lcp: Lcp::NEW,
            cls: Cls::NEW,
            inp: Inp::NEW,
            reports: Vec::new(),
        }
    }

    /// Sets what `new` was given, where it was not known yet.
    pub fn seed(&mut self, seed: u64, epoch: f64) {
        self.origin = Origin::new(seed, epoch);
    }

    /// What became reportable since the last call.
    pub fn take(&mut self) -> Vec<Report> {
        core::mem::take(&mut self.reports)
    }

    /// Takes the fields of one `VITAL` message.
    pub fn message(&mut self, now: f64, m: &mut Message<'_>) {
        let what = m.byte();
        let page = &Page::read(now, m);
        let out = &mut self.reports;
        match what {
            what::START => self.start(page, m),
            what::ACTIVATED => {
                // Still hidden: it was activated in a background tab and has never been seen.
                if page.hidden() {
                    self.hide(0.0);
                }
                self.begin(page);
            }
            what::PAINT => {
                let at = m.number();
                if at < self.first_hidden {
                    let reported = self.fcp.entry(at, page, out);
                    self.painted(reported, page);
                }
            }
            what::LARGEST => self.lcp.entry(m, self.first_hidden, page),
            what::FINAL => self.lcp.finish(m, page, out),
            what::SHIFTS => self.cls.entries(m, &mut self.origin, page, out),
            what::EVENTS => self.inp.events(m, &mut self.origin, page, out),
            what::FRAME => self.inp.frame(m),
            what::TIDY => self.inp.tidy(),
            what::COUNT => self.inp.count(m),
            what::HIDDEN => {
                self.cls.report(page, out);
                self.inp.report(page, out);
                self.hide(m.number());
            }
            what::RESTORED => {
                self.origin.restored = m.number();
                self.ttfb.restored(&mut self.origin, page, out);
                self.cls.restored(&mut self.origin, page);
                self.begin(page);
            }
            what::SETTLED => self.first_hidden = page.never_or_always_hidden(),
            what::REPAINTED => {
                let value = page.now - m.number();
                if self.has & has::LARGEST != 0 {
                    self.lcp.repaint(value, page, out);
                }
                if self.has & has::PAINT != 0 {
                    let reported = self.fcp.paint(value, page, out);
                    self.painted(reported, page);
                }
            }
            what::LOADED => self.ttfb.loaded(m, page, out),
            what::SOFT => {
                let which = m.byte();
                let soft = &Soft::read(m);
                let origin = &mut self.origin;
                match which {
                    soft::FCP => self.fcp.soft(m.number(), soft, origin, page, out),
                    soft::TTFB => self.ttfb.soft(soft, origin, page, out),
                    soft::LCP => {
                        // Whoever navigates is there to see it.
                        self.first_hidden = f64::INFINITY;
                        self.lcp.soft(soft, origin, page);
                    }
                    _ => m.spoil(),
                }
            }
            _ => m.spoil(),
        }
    }

    fn start(&mut self, page: &Page, m: &mut Message<'_>) {
        self.has = m.byte();
        for _ in 0..m.count() {
            let at = m.number();
            // A prerendering page counts as hidden and is not.
            if !page.prerendering() && at >= page.activation_start() {
                self.hide(at);
            }
        }
        self.hide(page.never_or_always_hidden());
        self.ttfb.metric.begin(-1.0, &mut self.origin, page);
        if !page.prerendering() {
            self.begin(page);
        }
    }

    /// The first time counts.
    fn hide(&mut self, at: f64) {
        if self.first_hidden == f64::INFINITY {
            self.first_hidden = at;
        }
    }

    /// The page is active, or active again.
    #[inline(never)]
    fn begin(&mut self, page: &Page) {
        let origin = &mut self.origin;
        self.fcp.begin(origin, page);
        self.lcp.begin(origin, page);
        self.inp.begin(origin, page);
    }

    /// CLS exists only on pages whose FCP was reported.
    #[inline(never)]
    fn painted(&mut self, reported: bool, page: &Page) {
        if reported && self.has & has::SHIFTS != 0 {
            self.cls.start(&mut self.origin, page);
        }
    }
}
