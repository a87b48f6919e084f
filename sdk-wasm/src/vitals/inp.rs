//! Interaction to Next Paint: the longest interaction, or on pages with many the one that 98 % stay below (as estimated).
//!
//! `interactions.rs` keeps the longest, `frames.rs` what else happened in their frames. The value can fall: each fifty
//! interactions excuse the longest that counts.

mod frames;
mod interactions;

use super::fields::Fields;
use super::metric::{Metric, Origin, Report, Vital, max, min};
use super::page::Page;

use frames::{Frames, Span};
use interactions::{Counter, Event, First, Interactions};

/// What is reported where interactions were counted and none was long enough for an entry: the resolution of durations.
const SHORTEST: f64 = 8.0;

#[derive(Debug)]
pub(super) struct Inp {
    metric: Metric,
    /// The first event of the interaction that the value comes from.
    first: Option<First>,
    interactions: Interactions,
    frames: Frames,
    counter: Counter,
    /// Interactions before the navigation that is measured.
    before: f64,
}

impl Inp {
    pub(super) fn new() -> Self {
        Self {
            metric: Metric::new(Vital("inp", 200.0, 500.0)),
            first: None,
            interactions: Interactions::default(),
            frames: Frames::default(),
            counter: Counter::default(),
            before: 0.0,
        }
    }

    /// A navigation begins.
    pub(super) fn begin(&mut self, origin: &mut Origin, page: &Page) {
        self.metric.begin(-1.0, origin, page);
        self.interactions = Interactions::default();
        self.first = None;
        // All interactions of a page that was loaded are its own.
        if self.restored() {
            self.before = self.counter.count(page);
        }
    }

    fn restored(&self) -> bool {
        self.metric.start > 0.0
    }

    /// A batch of event timings came.
    pub(super) fn events(&mut self, f: &mut Fields<'_, '_>, page: &Page) {
        let tidy = f.u8() != 0;
        let mut left = f.count();
        while f.more(&mut left) {
            let event = Event::read(f);
            let group = self.frames.group(&event);
            if tidy {
                self.tidy();
            }
            if event.interaction != 0.0 {
                self.interactions.add(&event, group);
            }
        }
        self.update(page);
    }

    /// A batch of long animation frames came.
    pub(super) fn frames(&mut self, f: &mut Fields<'_, '_>) {
        let tidy = f.u8() != 0;
        self.frames.read(f);
        if tidy {
            self.tidy();
        }
    }

    /// Forgets what no report can need.
    #[inline(never)]
    pub(super) fn tidy(&mut self) {
        self.frames.tidy(&self.interactions);
    }

    /// Interactions that the browser does not count itself.
    pub(super) fn count(&mut self, f: &mut Fields<'_, '_>) {
        let mut left = f.count();
        while f.more(&mut left) {
            self.counter.add(f.f64());
        }
    }

    #[inline(never)]
    fn update(&mut self, page: &Page) {
        let count = self.counter.count(page) - self.before;
        let (value, first) = match self.interactions.estimate(count) {
            Some(interaction) => (interaction.latency, Some(&interaction.first)),
            // `first-input` sees to it that a page that was loaded has an entry.
            None if count != 0.0 && self.restored() => (SHORTEST, None),
            None => return,
        };
        if value != self.metric.value {
            self.metric.value = value;
            self.first = first.cloned();
        }
    }

    /// The page is hidden.
    pub(super) fn report(&mut self, page: &Page) -> Option<Report> {
        self.update(page);
        let mut report = self.metric.report()?;
        let Some(first) = &self.first else {
            report.numbers(
                ["input_delay", "processing_duration", "presentation_delay"],
                [0.0, 0.0, report.value],
            );
            report.load_state(page, report.at);
            return Some(report);
        };
        let at = first.at;
        let group = first.group.get();
        // Another interaction's slow handler can belong to the same frame.
        let processing_start = max(group.processing_start, at);
        // Durations are rounded to 8 ms: the paint can seem to be before the processing.
        let next_paint = max(at + first.duration, processing_start);
        // A modal dialog is processing beyond the paint.
        let processing_end = min(group.processing_end, next_paint);
        let input_delay = processing_start - at;
        let processing = processing_end - processing_start;
        report.at = at;
        report.numbers(
            [
                "interaction_time",
                "next_paint_time",
                "input_delay",
                "processing_duration",
                "presentation_delay",
            ],
            [
                at,
                next_paint,
                input_delay,
                processing,
                next_paint - processing_end,
            ],
        );
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
        self.frames.explain(&span, processing_end, &mut report);
        Some(report)
    }
}
