//! Reads fields one after the other and remembers whether all were there: asking after each would cost more bytes than
//! all the rules in this folder.

use alloc::vec::Vec;

use crate::message::Message;

#[derive(Debug)]
pub(super) struct Fields<'m, 'a> {
    pub(super) message: &'m mut Message<'a>,
    /// A field was missing; what was read since is made up.
    pub(super) lost: bool,
}

impl<'m, 'a> Fields<'m, 'a> {
    pub(super) fn new(message: &'m mut Message<'a>) -> Self {
        Self {
            message,
            lost: false,
        }
    }

    fn or_lost<T: Default>(&mut self, field: Option<T>) -> T {
        self.lost |= field.is_none();
        field.unwrap_or_default()
    }

    #[inline(never)]
    pub(super) fn u8(&mut self) -> u8 {
        let field = self.message.u8();
        self.or_lost(field)
    }

    #[inline(never)]
    pub(super) fn f64(&mut self) -> f64 {
        let field = self.message.f64();
        self.or_lost(field)
    }

    /// As many numbers as there is room for.
    #[inline(never)]
    pub(super) fn fill(&mut self, numbers: &mut [f64]) {
        for number in numbers {
            *number = self.f64();
        }
    }

    /// A text as JavaScript's encoder wrote it: UTF-8.
    #[inline(never)]
    pub(super) fn text(&mut self) -> &'a [u8] {
        let field = self.message.text();
        self.or_lost(field)
    }

    /// A text to be kept.
    #[inline(never)]
    pub(super) fn own(&mut self) -> Vec<u8> {
        self.text().to_vec()
    }

    /// The length of a list: `let mut left = f.count(); while f.more(&mut left) { … }`.
    #[inline(never)]
    pub(super) fn count(&mut self) -> u32 {
        let field = self.message.u32();
        self.or_lost(field)
    }

    pub(super) fn more(&self, left: &mut u32) -> bool {
        let more = *left > 0 && !self.lost;
        *left = left.wrapping_sub(1);
        more
    }
}
