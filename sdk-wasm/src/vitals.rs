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
mod ttfb;

use alloc::vec::Vec;

use crate::message::Message;

use cls::Cls;
use fcp::Fcp;
use inp::Inp;
use lcp::Lcp;
use metric::Origin;
use page::Page;
use ttfb::Ttfb;

pub use metric::Report;

/// The kinds of `VITAL` message.
pub mod what {
    /// Observing begins: u8 what the browser has (`has`), u32 count × f64 start of each `visibility-state` entry named `hidden`.
    pub const START: u8 = 0;
    /// A prerendered page was activated.
    pub const ACTIVATED: u8 = 1;
    /// The first contentful paint: f64 time.
    pub const PAINT: u8 = 2;
    /// The last `largest-contentful-paint` entry of a batch: f64 time, str target, str URL, resource (below).
    pub const LARGEST: u8 = 3;
    /// LCP is final (a trusted input, or a change of visibility): f64 time of the last entry (`NaN`: none), resource.
    /// A resource is f64 start of its request (`NaN`: not known), f64 end of its response, str initiator type, str delivery type.
    pub const FINAL: u8 = 4;
    /// Layout shifts: u32 count × (u8 1 recent input, 2 has a source; f64 time, f64 value, str target).
    pub const SHIFTS: u8 = 5;
    /// Event timings in one batch: u8 1 to tidy at once, u32 count × (str name, f64 time, f64 duration, f64 processing start,
    /// f64 processing end, f64 interaction id (0: none), str target).
    pub const EVENTS: u8 = 6;
    /// Long animation frames: u8 1 to tidy at once, u32 count × (f64 time, f64 duration, f64 start of style and layout,
    /// u32 count × (f64 time, f64 duration, f64 forced style and layout, str invoker type, str invoker, str source URL,
    /// str source function, f64 source position)).
    pub const FRAMES: u8 = 7;
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
}

/// What the browser can observe, as bits in `START`.
mod has {
    pub(super) const PAINT: u8 = 1;
    pub(super) const LARGEST: u8 = 2;
    pub(super) const SHIFTS: u8 = 4;
    pub(super) const EVENTS: u8 = 8;
}

/// All vitals of one page.
#[derive(Debug)]
pub struct Vitals {
    origin: Origin,
    has: u8,
    first_hidden: f64,
    ttfb: Option<Ttfb>,
    fcp: Option<Fcp>,
    lcp: Option<Lcp>,
    cls: Cls,
    inp: Option<Inp>,
    reports: Vec<Report>,
}

impl Vitals {
    /// `seed` is for the reports' ids; `epoch` is the wall clock (epoch ms) at 0 on the clock of `now`.
    pub fn new(seed: u64, epoch: f64) -> Self {
        Self {
            origin: Origin::new(seed, epoch),
            has: 0,
            first_hidden: f64::INFINITY,
            ttfb: None,
            fcp: None,
            lcp: None,
            cls: Cls::default(),
            inp: None,
            reports: Vec::new(),
        }
    }

    /// What became reportable since the last call.
    pub fn take(&mut self) -> Vec<Report> {
        core::mem::take(&mut self.reports)
    }

    /// Takes the fields of one `VITAL` message. `None`: it could not be read.
    pub fn message(&mut self, now: f64, m: &mut Message<'_>) -> Option<()> {
        let what = m.u8()?;
        let page = &Page::read(now, m)?;
        match what {
            what::START => self.start(page, m)?,
            what::ACTIVATED => {
                // Still hidden: it was activated in a background tab and has never been seen.
                if page.hidden() && self.first_hidden == f64::INFINITY {
                    self.first_hidden = 0.0;
                }
                self.activate(page);
            }
            what::PAINT => {
                let at = m.f64()?;
                let shown = at < self.first_hidden;
                let report = self
                    .fcp
                    .as_mut()
                    .filter(|_| shown)
                    .and_then(|fcp| fcp.paint(at, page));
                self.painted(report, page);
            }
            what::LARGEST => {
                let first_hidden = self.first_hidden;
                if let Some(lcp) = &mut self.lcp {
                    lcp.entry(m, first_hidden, page)?;
                }
            }
            what::FINAL => {
                if let Some(lcp) = &mut self.lcp {
                    let report = lcp.finish(m, page)?;
                    self.reports.extend(report);
                }
            }
            what::SHIFTS => self.cls.entries(m)?,
            what::EVENTS | what::FRAMES | what::TIDY | what::COUNT => {
                if let Some(inp) = &mut self.inp {
                    match what {
                        what::EVENTS => inp.events(m, page)?,
                        what::FRAMES => inp.frames(m)?,
                        what::COUNT => inp.count(m)?,
                        _ => inp.tidy(),
                    }
                }
            }
            what::HIDDEN => self.hidden(m.f64()?, page),
            what::RESTORED => self.restored(m.f64()?, page),
            what::SETTLED => self.first_hidden = page.never_or_always_hidden(),
            what::REPAINTED => self.repainted(now - m.f64()?, page),
            what::LOADED => {
                if let Some(ttfb) = &mut self.ttfb {
                    let report = ttfb.loaded(m, page)?;
                    self.reports.extend(report);
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn start(&mut self, page: &Page, m: &mut Message<'_>) -> Option<()> {
        self.has = m.u8()?;
        self.first_hidden = page.never_or_always_hidden();
        let mut seen = false;
        for _ in 0..m.u32()? {
            let at = m.f64()?;
            // A prerendering page counts as hidden and is not.
            if !seen && !page.prerendering() && at >= page.activation_start {
                self.first_hidden = at;
                seen = true;
            }
        }
        self.ttfb = Some(Ttfb::new(&mut self.origin, page));
        if !page.prerendering() {
            self.activate(page);
        }
        Some(())
    }

    fn activate(&mut self, page: &Page) {
        let origin = &mut self.origin;
        if self.has & has::PAINT != 0 {
            self.fcp = Some(Fcp::new(origin, page));
        }
        if self.has & has::LARGEST != 0 {
            self.lcp = Some(Lcp::new(origin, page));
        }
        if self.has & has::EVENTS != 0 {
            self.inp = Some(Inp::new(origin, page));
        }
    }

    /// CLS exists only on pages whose FCP was reported.
    fn painted(&mut self, report: Option<Report>, page: &Page) {
        if report.is_some() && self.has & has::SHIFTS != 0 {
            self.cls.start(&mut self.origin, page);
        }
        self.reports.extend(report);
    }

    fn hidden(&mut self, at: f64, page: &Page) {
        self.reports.extend(self.cls.report(page));
        self.reports
            .extend(self.inp.as_mut().and_then(|inp| inp.report(page)));
        if self.first_hidden == f64::INFINITY {
            self.first_hidden = at;
        }
    }

    fn restored(&mut self, at: f64, page: &Page) {
        let origin = &mut self.origin;
        origin.restored = at;
        if let Some(fcp) = &mut self.fcp {
            *fcp = Fcp::new(origin, page);
        }
        if let Some(lcp) = &mut self.lcp {
            *lcp = Lcp::new(origin, page);
        }
        self.cls.restored(origin, page);
        if let Some(inp) = &mut self.inp {
            inp.restored(origin, page);
        }
        let report = self
            .ttfb
            .as_mut()
            .and_then(|ttfb| ttfb.restored(origin, page));
        self.reports.extend(report);
    }

    fn repainted(&mut self, value: f64, page: &Page) {
        let report = self.fcp.as_mut().and_then(|fcp| fcp.repaint(value, page));
        self.painted(report, page);
        let report = self.lcp.as_mut().and_then(|lcp| lcp.repaint(value, page));
        self.reports.extend(report);
    }
}
