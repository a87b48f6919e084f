//! Numbers of payment cards: digits in the groups that cards are printed in, an issuer's first digits, and Luhn's sum.

use std::ops::Range;

use super::digits::is_word;

/// How cards are printed, and how people type them.
const GROUPS: &[&[usize]] = &[
    &[4, 4, 4, 4],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 4, 3],
    &[4, 4, 4, 1],
    &[6, 13],
    &[4, 4, 4, 2],
    &[4, 4, 4, 3],
    &[8, 8],
];

/// The most digits that a card has.
const MOST: usize = 19;

/// The card that begins with the run of digits at `at`.
pub(super) fn at(bytes: &[u8], at: usize, run: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1).map(|i| &bytes[i]);
    // The digits behind a point are a fraction's.
    let fraction = before == Some(&b'.') && at > 1 && bytes[at - 2].is_ascii_digit();
    // Ids of web vitals are a time and a random number of 13 digits, `v6-1795285314913-4844181056315`; cards of 13 are of the last century.
    let counted = run == 13 && before == Some(&b'-') && at > 1 && bytes[at - 2].is_ascii_digit();
    if is_word(before) || fraction || counted || !matches!(bytes[at], b'2'..=b'6' | b'8') {
        return None;
    }
    if (13..=MOST).contains(&run) {
        let end = at + run;
        let fine = !is_word(bytes.get(end)) && is_card(&bytes[at..end]);
        return fine.then_some(at..end);
    }
    if !matches!(run, 4 | 6 | 8) {
        return None;
    }
    grouped(bytes, at, run)
}

fn grouped(bytes: &[u8], at: usize, first: usize) -> Option<Range<usize>> {
    let mut digits = [0; MOST];
    digits[..first].copy_from_slice(&bytes[at..at + first]);
    let (mut count, mut end) = (first, at + first);
    let (mut sizes, mut groups) = ([first, 0, 0, 0, 0], 1);
    let separator = separator(&bytes[end..])?;
    let chained = |byte: Option<&u8>| is_word(byte) && separator != b" ";
    // In the middle of a chain such as a UUID stands no card.
    if bytes[..at].ends_with(separator)
        && chained(
            at.checked_sub(separator.len() + 1)
                .and_then(|i| bytes.get(i)),
        )
    {
        return None;
    }
    while groups < sizes.len() && bytes[end..].starts_with(separator) {
        let from = end + separator.len();
        let run = bytes[from..]
            .iter()
            .take(MOST + 1)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if run == 0 || count + run > MOST {
            break;
        }
        digits[count..count + run].copy_from_slice(&bytes[from..from + run]);
        count += run;
        end = from + run;
        sizes[groups] = run;
        groups += 1;
        // A date of expiry may follow, so a card may end before the digits do.
        let goes_on = is_word(bytes.get(end))
            || bytes[end..].starts_with(separator) && chained(bytes.get(end + separator.len()));
        if !goes_on && GROUPS.contains(&&sizes[..groups]) && is_card(&digits[..count]) {
            return Some(at..end);
        }
    }
    None
}

/// What divides the groups: a space (also as `+` or a no-break space), a hyphen, a point.
fn separator(rest: &[u8]) -> Option<&'static [u8]> {
    const ALL: [&[u8]; 6] = [
        b" ",
        b"-",
        b"+",
        b".",
        "\u{a0}".as_bytes(),
        "\u{202f}".as_bytes(),
    ];
    ALL.into_iter().find(|sign| rest.starts_with(sign))
}

fn is_card(digits: &[u8]) -> bool {
    is_issued(digits) && luhn(digits)
}

/// The first digits of the networks' ranges, with the lengths that they have.
fn is_issued(digits: &[u8]) -> bool {
    let front = |n: usize| {
        let digits = digits.iter().take(n);
        digits.fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    let length = digits.len();
    match front(4) {
        // Visa
        4000..=4999 => matches!(length, 13 | 16 | 19),
        // Mastercard
        5100..=5599 | 2221..=2720 => length == 16,
        // American Express
        3400..=3499 | 3700..=3799 => length == 15,
        // Diners Club
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => matches!(length, 14 | 16),
        // JCB
        3528..=3589 => (16..=19).contains(&length),
        // Discover
        6011 | 6440..=6599 => matches!(length, 16 | 19),
        // UnionPay
        6200..=6299 | 8100..=8171 => (16..=19).contains(&length),
        // Maestro, Elo, RuPay, Mir
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761 | 6762 | 6763 => (16..=19).contains(&length),
        5066 | 5067 | 5090 | 6362 | 6363 | 6069 | 6080 | 6081 | 2200..=2204 => length == 16,
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| match (i % 2, u32::from(digit - b'0')) {
            (0, digit) => digit,
            (_, digit) => digit * 2 - if digit > 4 { 9 } else { 0 },
        })
        .sum();
    sum.is_multiple_of(10)
}
