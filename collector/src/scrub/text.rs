//! Everything that is looked for in one text.

use super::cut::Cuts;
use super::names::Names;
use super::rules::Query;
use super::shape::{self, Shape};
use super::{digits, encoded, ip, mail, pairs, token, url};

/// No text below this holds anything: `a@b.cd`.
const SHORTEST: usize = 6;

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) names: &'a Names,
    pub(super) query: &'a Query,
    /// The text is this of an address, and no more.
    pub(super) part: Option<url::Part>,
    /// The text is one address, which may be relative.
    pub(super) address: &'a dyn Fn() -> bool,
    /// Network addresses are looked for. Both are asked only where it matters: nearly all texts hold nothing that could be one.
    pub(super) ips: &'a dyn Fn() -> bool,
}

impl Search<'_> {
    /// Finds all.
    pub(super) fn find(self, text: &str, cuts: &mut Cuts) {
        self.within(text, 0, cuts);
    }

    fn within(self, text: &str, depth: usize, cuts: &mut Cuts) {
        let policy = url::Policy {
            names: self.names,
            query: self.query,
        };
        if let (0, Some(part)) = (depth, self.part) {
            url::part(text, part, policy, cuts);
        }
        if text.len() < SHORTEST {
            return;
        }
        let shape = Shape::of(text);
        // Addresses first: what stands as a user in one is no mail address.
        if shape.colons > 0 {
            url::within(text, policy, cuts);
        }
        if depth == 0 && shape.has(shape::QUERY | shape::AT) && (self.address)() {
            url::whole(text, policy, cuts);
        }
        if shape.has(shape::AT | shape::ESCAPE) {
            mail::find(text, shape.has(shape::AT), shape.has(shape::ESCAPE), cuts);
        }
        if shape.digits >= 4 && (shape.dots >= 3 || shape.digits >= 10) {
            let ips = shape.dots >= 3 && (self.ips)();
            digits::find(text, shape.digits, ips, cuts);
        }
        if shape.colons >= 2 && (self.ips)() {
            ip::find_v6(text, cuts);
        }
        if shape.has(shape::EQUALS | shape::COLON) {
            pairs::find(text, self.names, cuts);
        }
        token::find(text, shape, cuts);
        if shape.has(shape::PERCENT) {
            encoded::find(text, depth, cuts, |plain, depth, cuts| {
                self.within(plain, depth, cuts);
            });
        }
    }
}
