//! The ten longest interactions of a navigation, the longest first, and how many there were in all.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;

use super::frames::Group;
use crate::vitals::fields::Fields;
use crate::vitals::metric::{max, min};
use crate::vitals::page::Page;

/// How many are kept: with one excused for each fifty, enough for 500 interactions (web-vitals' number).
const KEPT: usize = 10;

/// One event timing entry.
#[derive(Debug)]
pub(super) struct Event<'a> {
    keyboard: bool,
    pub(super) at: f64,
    pub(super) duration: f64,
    pub(super) processing_start: f64,
    pub(super) processing_end: f64,
    pub(super) interaction: f64,
    target: &'a [u8],
}

impl<'a> Event<'a> {
    pub(super) fn read(f: &mut Fields<'_, 'a>) -> Self {
        Self {
            keyboard: f.text().starts_with(b"key"),
            at: f.f64(),
            duration: f.f64(),
            processing_start: f.f64(),
            processing_end: f.f64(),
            interaction: f.f64(),
            target: f.text(),
        }
    }
}

/// The first of an interaction's longest events.
#[derive(Debug, Clone)]
pub(super) struct First {
    pub(super) interaction: f64,
    pub(super) at: f64,
    pub(super) duration: f64,
    pub(super) keyboard: bool,
    pub(super) group: Rc<Cell<Group>>,
}

#[derive(Debug)]
pub(super) struct Interaction {
    pub(super) latency: f64,
    pub(super) first: First,
    /// Empty: no event had one so far.
    target: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Interactions {
    longest: Vec<Interaction>,
}

impl Interactions {
    pub(super) fn add(&mut self, event: &Event<'_>, group: Rc<Cell<Group>>) {
        let longest = &mut self.longest;
        let first = First {
            interaction: event.interaction,
            at: event.at,
            duration: event.duration,
            keyboard: event.keyboard,
            group,
        };
        let known = longest
            .iter()
            .position(|kept| kept.first.interaction == event.interaction);
        let mut place = known.unwrap_or(longest.len());
        if known.is_none() {
            if place >= KEPT
                && longest
                    .last()
                    .is_some_and(|shortest| event.duration <= shortest.latency)
            {
                return;
            }
            longest.push(Interaction {
                latency: -1.0,
                first: first.clone(),
                target: Vec::new(),
            });
        }
        let Some(kept) = longest.get_mut(place) else {
            return;
        };
        if event.duration > kept.latency {
            kept.latency = event.duration;
            kept.first = first;
        } else if event.duration < kept.latency || event.at != kept.first.at {
            return;
        }
        if kept.target.is_empty() {
            kept.target = event.target.to_vec();
        }
        while let Some(before) = place.checked_sub(1)
            && let Some([longer, shorter]) = longest.get_mut(before..=place)
            && longer.latency < shorter.latency
        {
            core::mem::swap(longer, shorter);
            place = before;
        }
        longest.truncate(KEPT);
    }

    /// The one that stands for all, if `count` is how many there were.
    pub(super) fn estimate(&self, count: f64) -> Option<&Interaction> {
        let excused = (count / 50.0) as usize;
        self.longest.get(excused).or(self.longest.last())
    }

    /// What was interacted with, while it is known.
    pub(super) fn target(&self, interaction: f64) -> &[u8] {
        self.longest
            .iter()
            .find(|kept| kept.first.interaction == interaction)
            .map_or(&[], |kept| &kept.target)
    }

    /// Is it the frame of one of the longest?
    pub(super) fn has(&self, group: &Rc<Cell<Group>>) -> bool {
        self.longest
            .iter()
            .any(|kept| Rc::ptr_eq(&kept.first.group, group))
    }
}

/// Counts interactions by their ids, where the browser does not: Chromium's grow by seven.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// The least and the greatest id; the greatest is 0 before the first.
    least: f64,
    greatest: f64,
}

impl Counter {
    pub(super) fn add(&mut self, id: f64) {
        self.least = if self.greatest == 0.0 {
            id
        } else {
            min(self.least, id)
        };
        self.greatest = max(self.greatest, id);
    }

    pub(super) fn count(&self, page: &Page) -> f64 {
        if !page.interactions.is_nan() {
            page.interactions
        } else if self.greatest == 0.0 {
            0.0
        } else {
            (self.greatest - self.least) / 7.0 + 1.0
        }
    }
}
