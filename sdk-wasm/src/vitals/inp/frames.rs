//! What else happened in the frame of an interaction: other events, and long animation frames with their scripts.
//!
//! Both come in any order and later than the interaction, so the newest are kept for a while.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;

use super::interactions::{Event, Interactions};
use crate::vitals::fields::Fields;
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
    position: f64,
    /// In the order of `TEXTS`.
    texts: [Vec<u8>; 4],
}

const TEXTS: [&str; 4] = [
    "longest_script_invoker_type",
    "longest_script_invoker",
    "longest_script_source_url",
    "longest_script_source_function_name",
];

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
    pub(super) fn read(&mut self, f: &mut Fields<'_, '_>) {
        let mut left = f.count();
        while f.more(&mut left) {
            let mut frame = Frame {
                at: f.f64(),
                duration: f.f64(),
                style: f.f64(),
                scripts: Vec::new(),
            };
            let mut left = f.count();
            while f.more(&mut left) {
                frame.scripts.push(Script {
                    at: f.f64(),
                    duration: f.f64(),
                    forced: f.f64(),
                    position: f.f64(),
                    texts: core::array::from_fn(|_| f.own()),
                });
            }
            self.long.push(frame);
        }
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
        report.numbers(
            [
                "total_script_duration",
                "total_style_and_layout_duration",
                "total_paint_duration",
                "total_unattributed_duration",
            ],
            [
                script,
                style,
                paint,
                span.next_paint - span.at - script - style - paint,
            ],
        );
        if let (within, Some(run)) = longest {
            let part: &[u8] = if run.at < span.processed {
                b"input-delay"
            } else if run.at >= span.presented {
                b"presentation-delay"
            } else {
                b"processing-duration"
            };
            report.text("longest_script_subpart", part);
            for (name, text) in TEXTS.into_iter().zip(&run.texts) {
                report.text(name, text);
            }
            report.numbers(
                [
                    "longest_script_intersecting_duration",
                    "longest_script_source_char_position",
                ],
                [within, run.position],
            );
        }
    }
}
