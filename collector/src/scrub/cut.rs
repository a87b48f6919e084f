//! What was found in a text, and the text without it.

use std::ops::Range;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// User and password in an address; they go, whatever else is said.
    Login,
    /// A query that is not wanted.
    Query,
    /// A value whose name says that it is secret.
    Named,
    Mail,
    Card,
    Iban,
    Token,
    Ip,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

/// Finds, in the order of finding; they may overlap.
#[derive(Debug, Default)]
pub(super) struct Cuts(pub(super) Vec<Cut>);

impl Cuts {
    pub(super) fn add(&mut self, range: Range<usize>, kind: Kind) {
        if !range.is_empty() {
            self.0.push(Cut { range, kind });
        }
    }

    /// Whether a place lies within something of this kind.
    pub(super) fn covers(&self, at: usize, kind: Kind) -> bool {
        self.0
            .iter()
            .any(|cut| cut.kind == kind && cut.range.contains(&at))
    }

    /// The text with something in each one's place. Of those that overlap, the first and longest says what.
    pub(super) fn apply(mut self, text: &str, put: impl Fn(Kind, &str, &mut String)) -> String {
        self.0
            .sort_by_key(|cut| (cut.range.start, std::cmp::Reverse(cut.range.end)));
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        let mut cuts = self.0.into_iter().peekable();
        while let Some(Cut { mut range, kind }) = cuts.next() {
            while let Some(next) = cuts.next_if(|next| {
                next.range.start < range.end || next.range.start == range.end && next.kind == kind
            }) {
                range.end = range.end.max(next.range.end);
            }
            out.push_str(text.get(from..range.start).unwrap_or_default());
            put(kind, text.get(range.clone()).unwrap_or_default(), &mut out);
            from = range.end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        out
    }
}
