//! The ten longest interactions of a navigation, the longest first.

use alloc::vec::Vec;

use crate::message::Message;
use crate::text::keep;

/// How many are kept: with one excused for each fifty, enough for 500 interactions (web-vitals' number).
const KEPT: usize = 10;

/// One event timing entry.
#[derive(Debug)]
pub(super) struct Event<'a> {
    /// It is none, but a navigation within the document, which came among them.
    pub(super) soft: bool,
    pub(super) first: First,
    pub(super) processing_start: f64,
    pub(super) processing_end: f64,
    target: &'a [u8],
}

/// What is known of an interaction: its longest event, the first of those in one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct First {
    /// 0: the event is part of no interaction.
    pub(super) interaction: f64,
    pub(super) at: f64,
    pub(super) duration: f64,
    pub(super) keyboard: bool,
    /// The frame's group.
    pub(super) group: u32,
}

#[derive(Debug)]
struct Interaction {
    first: First,
    /// Empty: no event had one so far.
    target: Vec<u8>,
}

impl<'a> Event<'a> {
    pub(super) fn read(m: &mut Message<'a>) -> Self {
        let name = m.text();
        let keyboard = name.starts_with(b"key");
        let first = First {
            keyboard,
            at: m.number(),
            duration: m.number(),
            interaction: m.number(),
            group: 0,
        };
        Self {
            soft: name.is_empty(),
            first,
            processing_start: m.number(),
            processing_end: m.number(),
            target: m.text(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Interactions {
    longest: Vec<Interaction>,
}

impl Interactions {
    pub(super) const NEW: Self = Self {
        longest: Vec::new(),
    };

    pub(super) fn add(&mut self, event: &Event<'_>) {
        let longest = &mut self.longest;
        let first = event.first;
        let known = longest
            .iter()
            .position(|kept| kept.first.interaction == first.interaction);
        let mut place = known.unwrap_or(longest.len());
        if known.is_none() {
            if place >= KEPT
                && longest
                    .last()
                    .is_some_and(|shortest| first.duration <= shortest.first.duration)
            {
                return;
            }
            longest.push(Interaction {
                first,
                target: Vec::new(),
            });
        }
        let Some(kept) = longest.get_mut(place) else {
            return;
        };
        if first.duration > kept.first.duration {
            kept.first = first;
        } else if first.duration < kept.first.duration || first.at != kept.first.at {
            return;
        }
        if kept.target.is_empty() {
            keep(&mut kept.target, event.target);
        }
        while let Some(before) = place.checked_sub(1)
            && let Some([longer, shorter]) = longest.get_mut(before..=place)
            && longer.first.duration < shorter.first.duration
        {
            core::mem::swap(longer, shorter);
            place = before;
        }
        longest.truncate(KEPT);
    }

    /// The one that stands for all, if `count` is how many there were.
    pub(super) fn estimate(&self, count: f64) -> Option<First> {
        let excused = (count / 50.0) as usize;
        self.longest
            .get(excused)
            .or(self.longest.last())
            .map(|interaction| interaction.first)
    }

    /// What was interacted with, while it is known.
    pub(super) fn target(&self, interaction: f64) -> &[u8] {
        self.longest
            .iter()
            .find(|kept| kept.first.interaction == interaction)
            .map_or(&[], |kept| &kept.target)
    }

    /// Is it the frame of one of the longest?
    pub(super) fn has(&self, group: u32) -> bool {
        self.longest.iter().any(|kept| kept.first.group == group)
    }
}
