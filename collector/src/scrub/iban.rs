//! Numbers of bank accounts: a country with its length, and the remainder of ISO 7064.

use std::ops::Range;

use super::digits::is_word;

/// Countries that have IBANs, with the length of theirs.
const COUNTRIES: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// The lengths by country; 0 where there is none.
const LENGTHS: [usize; 26 * 26] = {
    let mut lengths = [0; 26 * 26];
    let mut i = 0;
    while i < COUNTRIES.len() {
        lengths[place(*COUNTRIES[i].0)] = COUNTRIES[i].1;
        i += 1;
    }
    lengths
};

/// Where two capital letters stand in a table.
const fn place(country: [u8; 2]) -> usize {
    (country[0] - b'A') as usize * 26 + (country[1] - b'A') as usize
}

/// The IBAN whose check digits stand at `at`.
pub(super) fn at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at.checked_sub(2)?;
    let country = [
        bytes[start].to_ascii_uppercase(),
        bytes[start + 1].to_ascii_uppercase(),
    ];
    // Most runs of digits stand behind something else than two letters.
    if !country.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let length = &LENGTHS[place(country)];
    if *length == 0 || is_word(start.checked_sub(1).map(|i| &bytes[i])) {
        return None;
    }
    let mut all = [0_u8; 40];
    let (mut count, mut end) = (0, start);
    while count < *length {
        match bytes.get(end)? {
            byte if byte.is_ascii_alphanumeric() => {
                all[count] = *byte;
                count += 1;
                end += 1;
            }
            // Groups, as on paper.
            b' ' | b'-' | b'+' | b'.' if count >= 4 && bytes[end - 1].is_ascii_alphanumeric() => {
                end += 1;
            }
            0xc2 if count >= 4 && bytes.get(end + 1) == Some(&0xa0) => end += 2,
            _ => return None,
        }
    }
    (!is_word(bytes.get(end)) && remainder(&all[..count]) == 1).then_some(start..end)
}

/// The number that the letters and digits make, country and check digits last, modulo 97.
fn remainder(all: &[u8]) -> u32 {
    let turned = all[4..].iter().chain(&all[..4]);
    turned.fold(0, |sum, byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        _ => (sum * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    })
}
