//! The page's state at the moment of a message: every message begins with it, because most can cause a report.
//!
//! Fields: u8 flags (1 the document is loading, 2 it is prerendering, 4 it was discarded, 8 it is hidden), u8 first letter of
//! the navigation entry's type (0: there is none), f64 response start, f64 activation start, f64 DOM interactive,
//! f64 start of DOMContentLoaded, f64 DOM complete, f64 `performance.interactionCount` (`NaN`: the browser has none).

use super::metric::max;
use crate::message::Message;

const LOADING: u8 = 1;
const PRERENDERING: u8 = 2;
const DISCARDED: u8 = 4;
const HIDDEN: u8 = 8;

/// The page's state.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) now: f64,
    flags: u8,
    /// First letter of the navigation entry's type; 0 where there is none to be trusted.
    kind: u8,
    /// In the order of the message.
    marks: [f64; 6],
}

impl Page {
    pub(super) fn read(now: f64, m: &mut Message<'_>) -> Self {
        let mut page = Self {
            now,
            flags: m.byte(),
            kind: m.byte(),
            marks: [0.0; 6],
        };
        for mark in &mut page.marks {
            *mark = m.number();
        }
        let [response_start, activation_start, ..] = &mut page.marks;
        // Browsers hide the response's start, or get it wrong: such an entry is as good as none.
        if page.kind == 0 || !(*response_start > 0.0 && *response_start < now) {
            page.kind = 0;
            *response_start = 0.0;
            *activation_start = 0.0;
        }
        page
    }

    pub(super) fn activation_start(&self) -> f64 {
        self.marks[1]
    }

    /// How many interactions the browser has counted; `NaN`: it does not count.
    pub(super) fn interactions(&self) -> f64 {
        self.marks[5]
    }

    /// Is there a navigation entry to be trusted?
    pub(super) fn navigated(&self) -> bool {
        self.kind != 0
    }

    pub(super) fn prerendering(&self) -> bool {
        self.flags & PRERENDERING != 0
    }

    pub(super) fn hidden(&self) -> bool {
        self.flags & HIDDEN != 0
    }

    /// The time of the first hiding, where nothing but the present state is known.
    pub(super) fn never_or_always_hidden(&self) -> f64 {
        if self.hidden() && !self.prerendering() {
            0.0
        } else {
            f64::INFINITY
        }
    }

    /// A time counted from the activation.
    #[inline(never)]
    pub(super) fn active_since(&self, time: f64) -> f64 {
        max(time - self.activation_start(), 0.0)
    }

    /// Time to first byte.
    pub(super) fn first_byte(&self) -> f64 {
        self.active_since(self.marks[0])
    }

    /// How this page came to be, but for the back/forward cache.
    pub(super) fn navigation_type(&self) -> &'static str {
        match self.kind {
            0 => "navigate",
            _ if self.prerendering() || self.activation_start() > 0.0 => "prerender",
            _ if self.flags & DISCARDED != 0 => "restore",
            b'r' => "reload",
            b'b' => "back-forward",
            b'p' => "prerender",
            _ => "navigate",
        }
    }

    /// How far the document had come at `at`, a time in the past.
    #[inline(never)]
    pub(super) fn load_state(&self, at: f64) -> &'static str {
        let [_, _, interactive, content_loaded, complete, _] = self.marks;
        let before = |mark: f64| mark == 0.0 || at < mark;
        if self.flags & LOADING != 0 {
            return "loading";
        }
        match self.kind {
            0 => "complete",
            _ if at < interactive => "loading",
            _ if before(content_loaded) => "dom-interactive",
            _ if before(complete) => "dom-content-loaded",
            _ => "complete",
        }
    }
}
