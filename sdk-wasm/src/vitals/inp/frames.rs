//! What else happened in the frame of an interaction: other events, and long animation frames with their scripts.
//!
//! Both come in any order and later than the interaction, so the newest are kept for a while.

use alloc::vec::Vec;
use core::mem;

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
    id: u32,
    /// Further events can join.
    open: bool,
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
    /// Start of style and layout, and the scripts, as the message has them.
    rest: Vec<u8>,
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

#[derive(Debug)]
pub(super) struct Frames {
    groups: Vec<Group>,
    long: Vec<Frame>,
    latest_end: f64,
    last_id: u32,
}

impl Frames {
    pub(super) const NEW: Self = Self {
        groups: Vec::new(),
        long: Vec::new(),
        latest_end: 0.0,
        last_id: 0,
    };

    /// Joins an event to the frame in which it was painted. Answers with the group's id.
    pub(super) fn join(&mut self, event: &Event<'_>) -> u32 {
        let painted = event.first.at + event.first.duration;
        self.latest_end = max(self.latest_end, event.processing_end);
        for group in self.groups.iter_mut().rev() {
            let apart = painted - group.painted;
            if group.open && apart <= SAME_FRAME && -apart <= SAME_FRAME {
                group.start = min(group.start, event.first.at);
                group.processing_start = min(group.processing_start, event.processing_start);
                group.processing_end = max(group.processing_end, event.processing_end);
                return group.id;
            }
        }
        self.last_id += 1;
        self.groups.push(Group {
            id: self.last_id,
            open: true,
            painted,
            start: event.first.at,
            processing_start: event.processing_start,
            processing_end: event.processing_end,
        });
        self.last_id
    }

    pub(super) fn group(&self, id: u32) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// A long animation frame came.
    pub(super) fn read(&mut self, m: &mut Message<'_>) {
        self.long.push(Frame {
            at: m.number(),
            duration: m.number(),
            rest: m.rest().to_vec(),
        });
    }

    /// Keeps the newest, and what belongs to the longest interactions. The group of `reported` is kept too, but is closed.
    pub(super) fn tidy(&mut self, interactions: &Interactions, reported: u32) {
        let mut left = self.groups.iter().filter(|group| group.open).count();
        for mut group in mem::take(&mut self.groups) {
            if group.open {
                group.open = left <= KEPT || interactions.has(group.id);
                left -= 1;
            }
            if group.open || group.id == reported {
                self.groups.push(group);
            }
        }
        let mut left = self.long.len();
        for frame in mem::take(&mut self.long) {
            let newest = left <= KEPT && frame.at > self.latest_end;
            left -= 1;
            if newest
                || self
                    .groups
                    .iter()
                    .any(|group| group.open && frame.meets(group.start, group.processing_end))
            {
                self.long.push(frame);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.groups.len() + self.long.len()
    }

    /// Says how the time of an interaction divides among scripts, layout and paint.
    pub(super) fn explain(&self, span: &Span, processing_end: f64, report: &mut Report) {
        let (mut script, mut style) = (0.0, 0.0);
        let mut last = f64::NAN;
        let (mut longest, mut part) = (0.0, "");
        let mut longest_texts = Message::new(&[]);
        let mut longest_position = 0.0;
        for frame in &self.long {
            if !frame.meets(span.at, processing_end) {
                continue;
            }
            last = frame.end();
            let m = &mut Message::new(&frame.rest);
            style = style + frame.at + frame.duration - m.number();
            for _ in 0..m.count() {
                let (at, duration, whole_forced, position) =
                    (m.number(), m.number(), m.number(), m.number());
                let texts = *m;
                for _ in &TEXTS {
                    m.text();
                }
                let end = at + duration;
                if end < span.at {
                    continue;
                }
                let within = end - max(span.at, at);
                // When in the script layout was forced is not known: it is spread evenly.
                let forced = if duration == 0.0 {
                    0.0
                } else {
                    within / duration * whole_forced
                };
                script += within - forced;
                style += forced;
                if within > longest {
                    longest = within;
                    longest_texts = texts;
                    longest_position = position;
                    part = if at < span.processed {
                        "input-delay"
                    } else if at >= span.presented {
                        "presentation-delay"
                    } else {
                        "processing-duration"
                    };
                }
            }
        }
        if last.is_nan() {
            return;
        }
        let paint = if last >= span.presented {
            span.next_paint - last
        } else {
            0.0
        };
        report.number("total_script_duration", script);
        report.number("total_style_and_layout_duration", style);
        report.number("total_paint_duration", paint);
        report.number(
            "total_unattributed_duration",
            span.next_paint - span.at - script - style - paint,
        );
        if longest > 0.0 {
            report.number("longest_script_intersecting_duration", longest);
            report.number("longest_script_source_char_position", longest_position);
            report.text("longest_script_subpart", part.as_bytes());
            for name in &TEXTS {
                report.text(name, longest_texts.text());
            }
        }
    }
}

/// A script's texts, in the message's order.
static TEXTS: [&str; 4] = [
    "longest_script_invoker_type",
    "longest_script_invoker",
    "longest_script_source_url",
    "longest_script_source_function_name",
];
