//! What else happened in the frame of an interaction: other events, and long animation frames with their scripts.
//!
//! Both come in any order and later than the interaction, so the newest are kept for a while.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use super::interactions::{Event, Interactions};
use crate::message::Message;
use crate::vitals::metric::{Report, max, min};

/// How many of the newest frames are kept whatever they hold: entries come late by a frame or two (web-vitals' number).
const KEPT: usize = 10;
/// Events painted within so many ms of each other were painted in one frame: durations are rounded to it.
const SAME_FRAME: f64 = 8.0;

/// The events of one frame, as one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    painted: f64,
    start: f64,
    pub(super) processing_start: f64,
    pub(super) processing_end: f64,
}

/// A long animation frame.
#[derive(Debug)]
struct Frame {
    at: f64,
    duration: f64,
    style: f64,
    scripts: Vec<Script>,
}

#[derive(Debug)]
struct Script {
    at: f64,
    duration: f64,
    forced: f64,
    invoker_type: String,
    invoker: String,
    url: String,
    function: String,
    position: f64,
}

impl Frame {
    fn end(&self) -> f64 {
        self.at + self.duration
    }

    fn meets(&self, start: f64, end: f64) -> bool {
        self.end() >= start && self.at <= end
    }
}

/// Where an interaction's parts end.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) at: f64,
    /// Processing begins.
    pub(super) processed: f64,
    /// Processing has ended.
    pub(super) presented: f64,
    pub(super) next_paint: f64,
}

#[derive(Debug, Default)]
pub(super) struct Frames {
    groups: Vec<Rc<Cell<Group>>>,
    long: Vec<Frame>,
    latest_end: f64,
}

impl Frames {
    /// Joins an event to the frame in which it was painted.
    pub(super) fn group(&mut self, event: &Event<'_>) -> Rc<Cell<Group>> {
        let mut group = Group {
            painted: event.at + event.duration,
            start: event.at,
            processing_start: event.processing_start,
            processing_end: event.processing_end,
        };
        self.latest_end = max(self.latest_end, event.processing_end);
        for known in self.groups.iter().rev() {
            let other = known.get();
            let apart = group.painted - other.painted;
            if (-SAME_FRAME..=SAME_FRAME).contains(&apart) {
                group.painted = other.painted;
                group.start = min(group.start, other.start);
                group.processing_start = min(group.processing_start, other.processing_start);
                group.processing_end = max(group.processing_end, other.processing_end);
                known.set(group);
                return known.clone();
            }
        }
        let group = Rc::new(Cell::new(group));
        self.groups.push(group.clone());
        group
    }

    /// Long animation frames came.
    pub(super) fn read(&mut self, m: &mut Message<'_>) -> Option<()> {
        for _ in 0..m.u32()? {
            let mut frame = Frame {
                at: m.f64()?,
                duration: m.f64()?,
                style: m.f64()?,
                scripts: Vec::new(),
            };
            for _ in 0..m.u32()? {
                frame.scripts.push(Script {
                    at: m.f64()?,
                    duration: m.f64()?,
                    forced: m.f64()?,
                    invoker_type: m.str()?.into(),
                    invoker: m.str()?.into(),
                    url: m.str()?.into(),
                    function: m.str()?.into(),
                    position: m.f64()?,
                });
            }
            self.long.push(frame);
        }
        Some(())
    }

    /// Keeps the newest, and what belongs to the longest interactions.
    pub(super) fn tidy(&mut self, interactions: &Interactions) {
        let Self {
            groups,
            long,
            latest_end,
        } = self;
        let mut left = groups.len();
        groups.retain(|group| {
            left -= 1;
            left < KEPT || interactions.has(group)
        });
        let mut left = long.len();
        long.retain(|frame| {
            left -= 1;
            groups
                .iter()
                .any(|group| frame.meets(group.get().start, group.get().processing_end))
                || left < KEPT && frame.at > *latest_end
        });
    }

    /// Says how the time of an interaction divides among scripts, layout and paint.
    pub(super) fn explain(&self, span: &Span, processing_end: f64, report: &mut Report) {
        let (mut script, mut style, mut paint) = (0.0, 0.0, 0.0);
        let mut longest = (0.0, None);
        let mut last = None;
        for frame in self
            .long
            .iter()
            .filter(|frame| frame.meets(span.at, processing_end))
        {
            last = Some(frame);
            style = style + frame.at + frame.duration - frame.style;
            for run in &frame.scripts {
                let end = run.at + run.duration;
                if end < span.at {
                    continue;
                }
                let within = end - max(span.at, run.at);
                // When in the script layout was forced is not known: it is spread evenly.
                let forced = if run.duration == 0.0 {
                    0.0
                } else {
                    within / run.duration * run.forced
                };
                script += within - forced;
                style += forced;
                if within > longest.0 {
                    longest = (within, Some(run));
                }
            }
        }
        let Some(last) = last else { return };
        if last.end() >= span.presented {
            paint = span.next_paint - last.end();
        }
        report.number("total_script_duration", script);
        report.number("total_style_and_layout_duration", style);
        report.number("total_paint_duration", paint);
        report.number(
            "total_unattributed_duration",
            span.next_paint - span.at - script - style - paint,
        );
        if let (within, Some(run)) = longest {
            report.number("longest_script_intersecting_duration", within);
            let part = if run.at < span.processed {
                "input-delay"
            } else if run.at >= span.presented {
                "presentation-delay"
            } else {
                "processing-duration"
            };
            report.text("longest_script_subpart", part);
            report.text("longest_script_invoker_type", &run.invoker_type);
            report.text("longest_script_invoker", &run.invoker);
            report.text("longest_script_source_url", &run.url);
            report.text("longest_script_source_function_name", &run.function);
            report.number("longest_script_source_char_position", run.position);
        }
    }
}
