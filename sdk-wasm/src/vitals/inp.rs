//! Interaction to Next Paint: the longest interaction, or on pages with many the one that 98 % stay below (as estimated).
//!
//! `interactions.rs` keeps the longest, `frames.rs` what else happened in their frames. The value can fall: each fifty
//! interactions excuse the longest that counts.

mod frames;
mod interactions;

use super::metric::{INP, Metric, Origin, Report, max, min};
use super::page::Page;
use crate::message::Message;

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
    pub(super) fn new(origin: &mut Origin, page: &Page) -> Self {
        Self {
            metric: origin.metric(&INP, -1.0, page),
            first: None,
            interactions: Interactions::default(),
            frames: Frames::default(),
            counter: Counter::default(),
            before: 0.0,
        }
    }

    /// A batch of event timings came.
    pub(super) fn events(&mut self, m: &mut Message<'_>, page: &Page) -> Option<()> {
        let tidy = m.u8()? != 0;
        for _ in 0..m.u32()? {
            let event = Event::read(m)?;
            let group = self.frames.group(&event);
            if tidy {
                self.tidy();
            }
            if event.interaction != 0.0 {
                self.interactions.add(event, group);
            }
        }
        self.update(page);
        Some(())
    }

    /// A batch of long animation frames came.
    pub(super) fn frames(&mut self, m: &mut Message<'_>) -> Option<()> {
        let tidy = m.u8()? != 0;
        self.frames.read(m)?;
        if tidy {
            self.tidy();
        }
        Some(())
    }

    /// Forgets what no report can need.
    pub(super) fn tidy(&mut self) {
        self.frames.tidy(&self.interactions);
    }

    /// Interactions that the browser does not count itself.
    pub(super) fn count(&mut self, m: &mut Message<'_>) -> Option<()> {
        for _ in 0..m.u32()? {
            self.counter.add(m.f64()?);
        }
        Some(())
    }

    /// The page came back from the back/forward cache.
    pub(super) fn restored(&mut self, origin: &mut Origin, page: &Page) {
        self.interactions = Interactions::default();
        self.before = self.counter.count(page);
        self.metric = origin.metric(&INP, -1.0, page);
        self.first = None;
    }

    fn update(&mut self, page: &Page) {
        let count = self.counter.count(page) - self.before;
        let (value, first) = match self.interactions.estimate(count) {
            Some(interaction) => (interaction.latency, Some(&interaction.first)),
            // `first-input` sees to it that a page that was loaded has an entry.
            None if count != 0.0 && self.metric.start > 0.0 => (SHORTEST, None),
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
            report.number("input_delay", 0.0);
            report.number("processing_duration", 0.0);
            report.number("presentation_delay", report.value);
            report.text("load_state", page.load_state(report.at));
            return Some(report);
        };
        let group = first.group.get();
        // Another interaction's slow handler can belong to the same frame.
        let processing_start = max(group.processing_start, first.at);
        // Durations are rounded to 8 ms: the paint can seem to be before the processing.
        let next_paint = max(first.at + first.duration, processing_start);
        // A modal dialog is processing beyond the paint.
        let processing_end = min(group.processing_end, next_paint);
        let input_delay = processing_start - first.at;
        let processing = processing_end - processing_start;
        report.at = first.at;
        report.number("interaction_time", first.at);
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
                "keyboard"
            } else {
                "pointer"
            },
        );
        report.text("load_state", page.load_state(first.at));
        let processed = first.at + input_delay;
        let span = Span {
            at: first.at,
            processed,
            presented: processed + processing,
            next_paint,
        };
        self.frames.explain(&span, processing_end, &mut report);
        Some(report)
    }
}
