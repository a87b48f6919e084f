//! The page and view of the moment: which of them an instant belongs to.
//!
//! A vital is told long after what it measures: the largest paint belongs to the page that was loaded then, whatever has been
//! navigated to since.

use alloc::vec::Vec;

/// Pages and views that are remembered. A vital is looked up within its page's life; 32 navigations back the page of an
/// interaction is beyond what anyone assigns blame to, and the oldest stands in for it.
const MOMENTS: usize = 32;

/// The page and the view from an instant on, as JSON objects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moment {
    from: f64,
    pub(crate) page: Vec<u8>,
    pub(crate) view: Vec<u8>,
}

/// A bounded list of moments, the oldest overwritten first.
#[derive(Debug, Default)]
pub(crate) struct History {
    moments: Vec<Moment>,
    current: usize,
}

impl History {
    /// From `from` on it is this page and view.
    pub(crate) fn push(&mut self, from: f64, page: Vec<u8>, view: Vec<u8>) {
        let moment = Moment { from, page, view };
        self.current += usize::from(!self.moments.is_empty());
        if self.current >= MOMENTS {
            self.current = 0;
        }
        match self.moments.get_mut(self.current) {
            Some(place) => *place = moment,
            None => self.moments.push(moment),
        }
    }

    /// Where the moment of an instant is kept; the oldest one's where it is older than all; the present one's for `NaN`.
    pub(crate) fn at(&self, time: f64) -> usize {
        let mut at = self.current;
        for _ in 1..self.moments.len() {
            if !self.get(at).is_some_and(|moment| moment.from > time) {
                break;
            }
            at = at.checked_sub(1).unwrap_or(self.moments.len() - 1);
        }
        at
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Moment> {
        self.moments.get(at)
    }

    /// The present one's place.
    pub(crate) fn current(&self) -> usize {
        self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(history: &History, time: f64) -> &[u8] {
        &history.get(history.at(time)).unwrap().page
    }

    #[test]
    fn an_instant_belongs_to_the_page_of_its_time() {
        let mut history = History::default();
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
        let mut history = History::default();
        for n in 0..=255u8 {
            history.push(f64::from(n), [n].into(), Vec::new());
        }
        assert_eq!(history.moments.len(), MOMENTS);
        for n in 0..=255u8 {
            assert_eq!(page(&history, f64::from(n) + 0.5), [n.max(224)]);
        }
    }
}
