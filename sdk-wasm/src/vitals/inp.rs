//! Interaction to Next Paint: the longest interaction, or on pages with many the one that 98 % stay below (as estimated).
//!
//! `interactions.rs` keeps the longest, `frames.rs` what else happened in their frames. The value can fall: each fifty
//! interactions excuse the longest that counts.

mod frames;
mod interactions;

use alloc::vec::Vec;

use super::metric::{Metric, Origin, Report, Soft, Vital, max, min};
use super::page::Page;
use crate::message::Message;

use frames::{Frames, Span};
use interactions::{Event, First, Interactions};

/// What is reported where interactions were counted and none was long enough for an entry: the resolution of durations.
const SHORTEST: f64 = 8.0;

#[derive(Debug)]
pub(super) struct Inp {
    metric: Metric,
    /// The interaction that the value comes from.
    first: Option<First>,
    interactions: Interactions,
    frames: Frames,
    /// Interactions before the navigation that is measured.
    before: f64,
    /// The least and the greatest interaction id, where the browser does not count; the greatest is 0 before the first.
    least: f64,
    greatest: f64,
}

impl Inp {
    pub(super) const NEW: Self = Self {
        metric: Metric::new(Vital("inp", 200.0, 500.0)),
        first: None,
        interactions: Interactions::NEW,
        frames: Frames::NEW,
        before: 0.0,
        least: 0.0,
        greatest: 0.0,
    };

    /// A navigation begins.
    pub(super) fn begin(&mut self, origin: &mut Origin, page: &Page) {
        self.metric.begin(-1.0, origin, page);
        self.forget(page);
    }

    /// A navigation within the document begins: the value until now is final.
    fn soft(&mut self, soft: &Soft, origin: &mut Origin, page: &Page, out: &mut Vec<Report>) {
        self.report(page, out);
        self.metric.begin_soft(-1.0, soft, origin, page);
        self.forget(page);
    }

    #[inline(never)]
    fn forget(&mut self, page: &Page) {
        self.interactions = Interactions::NEW;
        self.first = None;
        // All interactions of a page that was loaded are its own.
        if self.again() {
            self.before = self.counted(page);
        }
    }

    /// The document had a navigation before the one that is measured.
    fn again(&self) -> bool {
        self.metric.start > 0.0
    }

    /// A batch of event timings came.
    pub(super) fn events(
        &mut self,
        m: &mut Message<'_>,
        origin: &mut Origin,
        page: &Page,
        out: &mut Vec<Report>,
    ) {
        let tidy = m.byte() != 0;
        for _ in 0..m.count() {
            let mut event = Event::read(m);
            if event.soft {
                let First { at, duration, .. } = event.first;
                self.soft(
                    &Soft {
                        start: at,
                        duration,
                    },
                    origin,
                    page,
                    out,
                );
                continue;
            }
            event.first.group = self.frames.join(&event);
            if event.first.interaction != 0.0 {
                self.interactions.add(&event);
            }
            if tidy {
                self.tidy();
            }
        }
        self.update(page);
    }

    /// A long animation frame came.
    pub(super) fn frame(&mut self, m: &mut Message<'_>) {
        let tidy = m.byte() != 0;
        self.frames.read(m);
        if tidy {
            self.tidy();
        }
    }

    /// Forgets what no report can need.
    #[inline(never)]
    pub(super) fn tidy(&mut self) {
        self.frames.tidy(
            &self.interactions,
            self.first.map_or(0, |first| first.group),
        );
    }

    /// How many frames are kept, of both sorts.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.frames.kept()
    }

    /// Interactions that the browser does not count itself.
    pub(super) fn count(&mut self, m: &mut Message<'_>) {
        for _ in 0..m.count() {
            let id = m.number();
            self.least = if self.greatest == 0.0 {
                id
            } else {
                min(self.least, id)
            };
            self.greatest = max(self.greatest, id);
        }
    }

    #[inline(never)]
    fn counted(&self, page: &Page) -> f64 {
        if !page.interactions().is_nan() {
            page.interactions()
        } else if self.greatest == 0.0 {
            0.0
        } else {
            // Chromium's ids grow by seven.
            (self.greatest - self.least) / 7.0 + 1.0
        }
    }

    #[inline(never)]
    fn update(&mut self, page: &Page) {
        let count = self.counted(page) - self.before;
        let first = self.interactions.estimate(count);
        let value = match first {
            Some(first) => first.duration,
            // `first-input` sees to it that a page that was loaded has an entry.
            None if count != 0.0 && self.again() => SHORTEST,
            None => return,
        };
        if value != self.metric.value {
            self.metric.value = value;
            self.first = first;
        }
    }

    /// The page is hidden.
    pub(super) fn report(&mut self, page: &Page, out: &mut Vec<Report>) {
        self.update(page);
        let Some(report) = self.metric.report(out) else {
            return;
        };
        let known = self
            .first
            .and_then(|first| Some((first, self.frames.group(first.group)?)));
        let Some((first, group)) = known else {
            report.number("input_delay", 0.0);
            report.number("processing_duration", 0.0);
            report.number("presentation_delay", report.value);
            report.load_state(page, self.metric.start);
            return;
        };
        let at = first.at;
        // Another interaction's slow handler can belong to the same frame.
        let processing_start = max(group.processing_start, at);
        // Durations are rounded to 8 ms: the paint can seem to be before the processing.
        let next_paint = max(at + first.duration, processing_start);
        // A modal dialog is processing beyond the paint.
        let processing_end = min(group.processing_end, next_paint);
        let input_delay = processing_start - at;
        let processing = processing_end - processing_start;
        report.at = at;
        report.number("interaction_time", at);
        report.number("next_paint_time", next_paint);
        report.number("input_delay", input_delay);
        report.number("processing_duration", processing);
        report.number("presentation_delay", next_paint - processing_end);
        report.text(
            "interaction_target",
            self.interactions.target(first.interaction),
        );
        report.text(
            "interaction_type",
            if first.keyboard {
                b"keyboard"
            } else {
                b"pointer"
            },
        );
        report.load_state(page, at);
        let processed = at + input_delay;
        let span = Span {
            at,
            processed,
            presented: processed + processing,
            next_paint,
        };
        self.frames.explain(&span, processing_end, report);
    }
}
