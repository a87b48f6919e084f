//! The last few of something, each with its time: what the trail and the history of pages are kept in.

use alloc::vec::Vec;

/// One of them.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) at: f64,
    pub(crate) kind: u8,
    pub(crate) text: Vec<u8>,
}

/// At most so many; the oldest gives way.
#[derive(Debug)]
pub(crate) struct Lately {
    pub(crate) list: Vec<Past>,
    most: usize,
}

impl Lately {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            list: Vec::new(),
            most,
        }
    }

    #[inline(never)]
    pub(crate) fn push(&mut self, at: f64, kind: u8, text: Vec<u8>) {
        if self.list.len() >= self.most {
            self.list.remove(0);
        }
        self.list.push(Past { at, kind, text });
    }

    /// What was so at an instant; the oldest where it is older than all.
    pub(crate) fn then(&self, time: f64) -> &[u8] {
        let mut found: &[u8] = b"";
        for past in self.list.iter().rev() {
            found = &past.text;
            if past.at <= time {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_belongs_to_what_was_so_then() {
        let mut pages = Lately::new(32);
        for (from, name) in [(0.0, "a"), (100.0, "b"), (200.0, "c")] {
            pages.push(from, 0, name.into());
        }
        assert_eq!(
            [0.0, 99.9, 100.0, 150.0, 1e9, f64::INFINITY].map(|t| pages.then(t)),
            [b"a", b"a", b"b", b"b", b"c", b"c"]
        );
    }

    #[test]
    fn the_oldest_stands_in_for_what_is_forgotten() {
        let mut pages = Lately::new(32);
        for n in 0..=255u8 {
            pages.push(f64::from(n), 0, [n].into());
        }
        assert_eq!(pages.list.len(), 32);
        for n in 0..=255u8 {
            assert_eq!(pages.then(f64::from(n) + 0.5), [n.max(224)]);
        }
    }
}
