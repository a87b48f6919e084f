//! What is found by its digits: payment cards, bank accounts, IPv4 addresses. One walk over the runs of digits.

use super::card;
use super::cut::{Cuts, Kind};
use super::iban;
use super::ip;

/// Fewer digits in a text are no card's and no account's.
const LONG: usize = 10;

/// Looks at each run of digits. `ips` says whether addresses are looked for.
pub(super) fn find(text: &str, digits: usize, ips: bool, cuts: &mut Cuts) {
    let bytes = text.as_bytes();
    let long = digits >= LONG;
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let run = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if long && let Some(range) = iban::at(bytes, at) {
            at = range.end;
            cuts.add(range, Kind::Iban);
        } else if long && let Some(range) = card::at(bytes, at, run) {
            at = range.end;
            cuts.add(range, Kind::Card);
        } else if ips
            && run <= 3
            && bytes.get(at + run) == Some(&b'.')
            && let Some(range) = ip::v4(text, at)
        {
            at = range.end;
            cuts.add(range, Kind::Ip);
        } else {
            at += run;
        }
    }
}

/// Whether a byte could belong to the same word.
pub(super) fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
}
