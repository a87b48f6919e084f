//! The ten longest interactions of a navigation, the longest first, and how many there were in all.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use super::frames::Group;
use crate::message::Message;
use crate::vitals::page::Page;

/// How many are kept: with one excused for each fifty, enough for 500 interactions (web-vitals' number).
const KEPT: usize = 10;

/// One event timing entry.
#[derive(Debug)]
pub(super) struct Event<'a> {
    name: &'a str,
    pub(super) at: f64,
    pub(super) duration: f64,
    pub(super) processing_start: f64,
    pub(super) processing_end: f64,
    pub(super) interaction: f64,
    target: &'a str,
}

impl<'a> Event<'a> {
    pub(super) fn read(m: &mut Message<'a>) -> Option<Self> {
        Some(Self {
            name: m.str()?,
            at: m.f64()?,
            duration: m.f64()?,
            processing_start: m.f64()?,
            processing_end: m.f64()?,
            interaction: m.f64()?,
            target: m.str()?,
        })
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
    target: String,
}

#[derive(Debug, Default)]
pub(super) struct Interactions {
    longest: Vec<Interaction>,
}

impl Interactions {
    pub(super) fn add(&mut self, event: Event<'_>, group: Rc<Cell<Group>>) {
        let longest = &mut self.longest;
        let first = First {
            interaction: event.interaction,
            at: event.at,
            duration: event.duration,
            keyboard: event.name.starts_with("key"),
            group,
        };
        let known = longest
            .iter()
            .position(|kept| kept.first.interaction == event.interaction);
        let mut place = known.unwrap_or(longest.len());
        match longest.get_mut(place) {
            Some(kept) => {
                if event.duration > kept.latency {
                    kept.latency = event.duration;
                    kept.first = first;
                } else if event.duration < kept.latency || event.at != kept.first.at {
                    return;
                }
                if kept.target.is_empty() {
                    kept.target = event.target.into();
                }
            }
            None => {
                if place >= KEPT
                    && longest
                        .last()
                        .is_some_and(|shortest| event.duration <= shortest.latency)
                {
                    return;
                }
                longest.push(Interaction {
                    latency: event.duration,
                    first,
                    target: event.target.into(),
                });
            }
        }
        while place > 0 && longest[place - 1].latency < longest[place].latency {
            longest.swap(place - 1, place);
            place -= 1;
        }
        longest.truncate(KEPT);
    }

    /// The one that stands for all, if `count` is how many there were.
    pub(super) fn estimate(&self, count: f64) -> Option<&Interaction> {
        let excused = (count / 50.0) as usize;
        self.longest.get(excused).or(self.longest.last())
    }

    /// What was interacted with, while it is known.
    pub(super) fn target(&self, interaction: f64) -> &str {
        self.longest
            .iter()
            .find(|kept| kept.first.interaction == interaction)
            .map_or("", |kept| &kept.target)
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
    ids: Option<(f64, f64)>,
}

impl Counter {
    pub(super) fn add(&mut self, id: f64) {
        if id != 0.0 {
            let (least, greatest) = self.ids.unwrap_or((id, id));
            self.ids = Some((
                if id < least { id } else { least },
                if id > greatest { id } else { greatest },
            ));
        }
    }

    pub(super) fn count(&self, page: &Page) -> f64 {
        match self.ids {
            _ if !page.interactions.is_nan() => page.interactions,
            Some((least, greatest)) => (greatest - least) / 7.0 + 1.0,
            None => 0.0,
        }
    }
}
