//! The page and view of the moment: which of them an instant belongs to.
//!
//! A vital is told long after what it measures: the largest paint belongs to the page that was loaded then, whatever has been
//! navigated to since.

use alloc::vec::Vec;

/// Pages and views that are remembered. A vital is looked up within its page's life; 32 navigations back the page of an
/// interaction is beyond what anyone assigns blame to, and the oldest stands in for it.
const MOMENTS: usize = 32;

/// The page and the view from an instant on, as JSON objects.
#[derive(Debug)]
pub(crate) struct Moment {
    from: f64,
    pub(crate) page: Vec<u8>,
    pub(crate) view: Vec<u8>,
}

/// A bounded list of moments, the oldest overwritten first.
#[derive(Debug)]
pub(crate) struct History {
    moments: Vec<Moment>,
    current: usize,
}

impl History {
    pub(crate) const fn new() -> Self {
        Self {
            moments: Vec::new(),
            current: 0,
        }
    }

    /// From `from` on it is this page and view.
    pub(crate) fn push(&mut self, from: f64, page: Vec<u8>, view: Vec<u8>) {
        let moment = Moment { from, page, view };
        if self.moments.len() < MOMENTS {
            self.current = self.moments.len();
            self.moments.push(moment);
        } else {
            self.current = (self.current + 1) % MOMENTS;
            if let Some(place) = self.moments.get_mut(self.current) {
                *place = moment;
            }
        }
    }

    /// The moment of an instant; the oldest one where it is older than all; the present one for `NaN`.
    #[inline(never)]
    pub(crate) fn at(&self, time: f64) -> Option<&Moment> {
        let mut at = self.current;
        let mut found = self.moments.get(at)?;
        for _ in 1..self.moments.len() {
            if found.from <= time || time.is_nan() {
                break;
            }
            at = (at + MOMENTS - 1) % MOMENTS;
            found = self.moments.get(at)?;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(history: &History, time: f64) -> &[u8] {
        &history.at(time).unwrap().page
    }

    #[test]
    fn an_instant_belongs_to_the_page_of_its_time() {
        let mut history = History::new();
        for (from, name) in [(0.0, "a"), (100.0, "b"), (200.0, "c")] {
            history.push(from, name.into(), Vec::new());
        }
        assert_eq!(
            [0.0, 99.9, 100.0, 150.0, 1e9, f64::NAN].map(|t| page(&history, t)),
            [b"a", b"a", b"b", b"b", b"c", b"c"]
        );
    }

    #[test]
    fn the_oldest_stands_in_for_what_is_forgotten() {
        let mut history = History::new();
        for n in 0..=255u8 {
            history.push(f64::from(n), [n].into(), Vec::new());
        }
        assert_eq!(history.moments.len(), MOMENTS);
        for n in 0..=255u8 {
            assert_eq!(page(&history, f64::from(n) + 0.5), [n.max(224)]);
        }
    }
}
