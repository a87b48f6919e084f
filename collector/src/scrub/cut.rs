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

/// Places in a text that do not overlap, in order: any number of them can be asked for any number of times.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places(Vec<Range<usize>>);

impl Places {
    pub(super) fn contain(&self, at: usize) -> bool {
        let next = self.0.partition_point(|range| range.end <= at);
        self.0.get(next).is_some_and(|range| range.start <= at)
    }
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

    /// Where there is something of this kind.
    pub(super) fn places(&self, kind: Kind) -> Places {
        let of_kind = self.0.iter().filter(|cut| cut.kind == kind);
        let mut found: Vec<_> = of_kind.map(|cut| cut.range.clone()).collect();
        found.sort_by_key(|range| range.start);
        found.dedup_by(|next, before| {
            let within = next.start < before.end;
            if within {
                before.end = before.end.max(next.end);
            }
            within
        });
        Places(found)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_kind_and_of_no_other() {
        let mut cuts = Cuts::default();
        for (range, kind) in [
            (10..14, Kind::Login),
            (2..5, Kind::Login),
            (12..16, Kind::Login),
            (20..30, Kind::Mail),
            (11..12, Kind::Login),
            (16..17, Kind::Login),
        ] {
            cuts.add(range, kind);
        }
        let logins = cuts.places(Kind::Login);
        assert_eq!(logins, Places(vec![2..5, 10..16, 16..17]));
        let inside: Vec<_> = (0..40).filter(|at| logins.contain(*at)).collect();
        assert_eq!(inside, [2, 3, 4, 10, 11, 12, 13, 14, 15, 16]);
    }
}
