//! The page's state at the moment of a message: every message begins with it, because most can cause a report.
//!
//! Fields: u8 flags (1 the document is loading, 2 it is prerendering, 4 it was discarded, 8 it is hidden), str type of the
//! navigation entry (empty: there is none), f64 response start, f64 activation start, f64 DOM interactive,
//! f64 start of DOMContentLoaded, f64 DOM complete, f64 `performance.interactionCount` (`NaN`: the browser has none).

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
    /// The navigation entry's type as reports spell it, where the entry can be trusted.
    kind: Option<&'static str>,
    pub(super) response_start: f64,
    pub(super) activation_start: f64,
    dom_interactive: f64,
    content_loaded: f64,
    dom_complete: f64,
    pub(super) interactions: f64,
}

impl Page {
    pub(super) fn read(now: f64, m: &mut Message<'_>) -> Option<Self> {
        let flags = m.u8()?;
        let kind = match m.str()?.as_bytes().first() {
            None => None,
            Some(b'r') => Some("reload"),
            Some(b'b') => Some("back-forward"),
            Some(b'p') => Some("prerender"),
            _ => Some("navigate"),
        };
        let mut page = Self {
            now,
            flags,
            kind,
            response_start: m.f64()?,
            activation_start: m.f64()?,
            dom_interactive: m.f64()?,
            content_loaded: m.f64()?,
            dom_complete: m.f64()?,
            interactions: m.f64()?,
        };
        // Browsers hide the response's start, or get it wrong: such an entry is as good as none.
        if !(page.response_start > 0.0 && page.response_start < now) {
            page.kind = None;
        }
        if page.kind.is_none() {
            page.response_start = 0.0;
            page.activation_start = 0.0;
        }
        Some(page)
    }

    /// Is there a navigation entry to be trusted?
    pub(super) fn navigated(&self) -> bool {
        self.kind.is_some()
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

    /// Time to first byte as FCP and LCP are broken down with it.
    pub(super) fn first_byte(&self) -> f64 {
        super::metric::max(0.0, self.response_start - self.activation_start)
    }

    /// How this page came to be, but for the back/forward cache.
    pub(super) fn navigation_type(&self) -> &'static str {
        match self.kind {
            Some(_) if self.prerendering() || self.activation_start > 0.0 => "prerender",
            Some(_) if self.flags & DISCARDED != 0 => "restore",
            Some(kind) => kind,
            None => "navigate",
        }
    }

    /// How far the document had come at `at`, a time in the past.
    pub(super) fn load_state(&self, at: f64) -> &'static str {
        let before = |mark: f64| mark == 0.0 || at < mark;
        if self.flags & LOADING != 0 || self.navigated() && at < self.dom_interactive {
            "loading"
        } else if self.navigated() && before(self.content_loaded) {
            "dom-interactive"
        } else if self.navigated() && before(self.dom_complete) {
            "dom-content-loaded"
        } else {
            "complete"
        }
    }
}
