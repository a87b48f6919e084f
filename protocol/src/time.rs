//! The times of items: ISO 8601 on the wire, nanoseconds since 1970 within.

use crate::read::{Key, Read, Seed};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// When an item was made, by its client's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Time {
    /// The item says nothing.
    #[default]
    Missing,
    /// Nanoseconds since 1970, UTC.
    At(u64),
    /// Something that is no time; the text is kept so that it can be found again.
    Unreadable(String),
}

impl Time {
    /// Nanoseconds since 1970, where there is a time.
    #[must_use]
    pub fn nanos(&self) -> Option<u64> {
        match self {
            Time::At(nanos) => Some(*nanos),
            _ => None,
        }
    }

    /// Reads ISO 8601 with a zone, or a bare number of seconds, milli-, micro- or nanoseconds since 1970.
    #[must_use]
    pub fn parse(text: &str) -> Time {
        match text.trim() {
            "" => Time::Missing,
            trimmed => match iso(trimmed.as_bytes()).or_else(|| digits(trimmed)) {
                Some(nanos) => Time::At(nanos),
                None => Time::Unreadable(text.to_owned()),
            },
        }
    }
}

/// The unit of a number is told by its size: each range covers the years 1973 to 5138 and none overlaps another.
fn number(value: u64) -> Option<u64> {
    let scale = match value {
        100_000_000..=99_999_999_999 => 1_000_000_000,
        100_000_000_000..=99_999_999_999_999 => 1_000_000,
        100_000_000_000_000..=99_999_999_999_999_999 => 1_000,
        100_000_000_000_000_000.. => 1,
        _ => return None,
    };
    value.checked_mul(scale)
}

fn digits(text: &str) -> Option<u64> {
    if let Ok(value) = text.parse::<u64>() {
        return number(value);
    }
    text.parse::<f64>().ok().and_then(float)
}

/// A fraction is kept to the nearest microsecond: a double of this size holds no more, and is mostly a little short of what was meant.
fn float(value: f64) -> Option<u64> {
    if !(0.0..1.8e19).contains(&value) {
        return None;
    }
    let whole = number(value.trunc() as u64)?;
    let scale = whole / (value.trunc() as u64).max(1);
    let micros = (value.fract() * scale as f64 / 1_000.0).round();
    Some(whole.saturating_add(micros as u64 * 1_000))
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`.
fn iso(text: &[u8]) -> Option<u64> {
    let two = |at: usize| -> Option<u64> {
        let (a, b) = (*text.get(at)?, *text.get(at + 1)?);
        (a.is_ascii_digit() && b.is_ascii_digit())
            .then(|| u64::from(a - b'0') * 10 + u64::from(b - b'0'))
    };
    let is = |at: usize, any: &[u8]| text.get(at).is_some_and(|byte| any.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let year = two(0)? * 100 + two(2)?;
    let (month, day) = (two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    // Second 60 is a leap second, which Unix time repeats.
    if !(1970..=2554).contains(&year)
        || !(1..=12).contains(&month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    if day == 0 || day > days_in(year, month) {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0u64;
    if is(at, b".,") {
        at += 1;
        let start = at;
        let mut scale = 100_000_000;
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            nanos += u64::from(digit - b'0') * scale;
            scale /= 10;
            at += 1;
        }
        if at == start {
            return None;
        }
    }
    let offset = match text.get(at)? {
        b'Z' | b'z' if text.len() == at + 1 => 0,
        sign @ (b'+' | b'-') => {
            let minutes_at = if is(at + 3, b":") { at + 4 } else { at + 3 };
            let (h, m) = (two(at + 1)?, two(minutes_at)?);
            if text.len() != minutes_at + 2 || h > 23 || m > 59 {
                return None;
            }
            let offset = (h * 60 + m) as i64 * 60;
            if *sign == b'+' { -offset } else { offset }
        }
        _ => return None,
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = u64::try_from(i64::try_from(seconds).ok()? + offset).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // Years counted from March put the leap day last, so that a month's start is one formula.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1;
    // 1970-01-01 in the same count.
    days - 719_468
}

/// Date and time of day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: u64,
    /// Month from 1.
    pub month: u64,
    /// Day from 1.
    pub day: u64,
    /// Hour.
    pub hour: u64,
    /// Minute.
    pub minute: u64,
    /// Second.
    pub second: u64,
    /// Nanosecond within the second.
    pub nanos: u64,
}

/// Splits nanoseconds since 1970 into date and time of day.
#[must_use]
pub fn civil(nanos: u64) -> Civil {
    let seconds = nanos / 1_000_000_000;
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let month = if m < 10 { m + 3 } else { m - 9 };
    Civil {
        year: year_of_era + era * 400 + u64::from(month <= 2),
        month,
        day: of_year - (153 * m + 2) / 5 + 1,
        hour: seconds / 3_600 % 24,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        nanos: nanos % 1_000_000_000,
    }
}

/// ISO 8601 in UTC: milliseconds, more digits only where they say something.
#[must_use]
pub fn to_iso(nanos: u64) -> String {
    let t = civil(nanos);
    let (y, mo, d, h, mi, s) = (t.year, t.month, t.day, t.hour, t.minute, t.second);
    let mut out = Vec::with_capacity(30);
    // Each item that is stored has a time; the formatting of the standard library takes five times as long.
    for (value, digits, sign) in [
        (y, 4, b'-'),
        (mo, 2, b'-'),
        (d, 2, b'T'),
        (h, 2, b':'),
        (mi, 2, b':'),
        (s, 2, b'.'),
    ] {
        push_digits(&mut out, value, digits);
        out.push(sign);
    }
    match t.nanos.is_multiple_of(1_000_000) {
        true => push_digits(&mut out, t.nanos / 1_000_000, 3),
        false => push_digits(&mut out, t.nanos, 9),
    }
    out.push(b'Z');
    String::from_utf8(out).expect("digits and signs")
}

/// The last so many decimal digits of a number.
fn push_digits(out: &mut Vec<u8>, mut value: u64, digits: usize) {
    let start = out.len();
    out.resize(start + digits, b'0');
    for place in out[start..].iter_mut().rev() {
        *place += (value % 10) as u8;
        value /= 10;
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Time::Missing => serializer.serialize_unit(),
            Time::At(nanos) => serializer.serialize_str(&to_iso(*nanos)),
            Time::Unreadable(text) => serializer.serialize_str(text),
        }
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time")
    }

    fn visit_str<E>(self, text: &str) -> Result<Time, E> {
        Ok(Time::parse(text))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Time, E> {
        Ok(number(value).map_or_else(|| Time::Unreadable(value.to_string()), Time::At))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Time, E> {
        Ok(Time::Unreadable(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Time, E> {
        Ok(float(value).map_or_else(|| Time::Unreadable(value.to_string()), Time::At))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Time, E> {
        Ok(Time::Unreadable(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Time, E> {
        Ok(Time::Missing)
    }
}

impl Read for Time {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

/// A time of a span: nanoseconds since 1970, as OTLP/JSON writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nanos(pub Time);

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Time::At(nanos) => serializer.serialize_str(&nanos.to_string()),
            other => other.serialize(serializer),
        }
    }
}

impl Read for Nanos {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NanosVisitor).map(Nanos)
    }
}

struct NanosVisitor;

impl<'de> Visitor<'de> for NanosVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nanoseconds since 1970")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
        match text.parse::<u64>() {
            Ok(nanos) => self.visit_u64(nanos),
            Err(_) => Ok(Time::parse(text)),
        }
    }

    fn visit_u64<E>(self, value: u64) -> Result<Time, E> {
        // OTLP says that 0 is unknown.
        Ok(if value == 0 {
            Time::Missing
        } else {
            Time::At(value)
        })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Time, E> {
        TimeVisitor.visit_i64(value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Time, E> {
        TimeVisitor.visit_f64(value)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Time, E> {
        TimeVisitor.visit_bool(value)
    }

    fn visit_unit<E>(self) -> Result<Time, E> {
        Ok(Time::Missing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Time, A::Error> {
        // Older OpenTelemetry JavaScript writes 64 bits as two halves.
        let (mut low, mut high) = (0u64, 0u64);
        while let Some(key) = entries.next_key_seed(Key)? {
            match &*key {
                "low" => low = entries.next_value_seed(Seed::<u64>::new())?,
                "high" => high = entries.next_value_seed(Seed::<u64>::new())?,
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.visit_u64(high << 32 | low & 0xffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::{Time, civil, to_iso};

    #[test]
    fn iso_times_are_read_to_the_nanosecond_and_written_back() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-20T03:34:26.814Z", 1_795_145_666_814_000_000),
            ("2026-11-20T04:34:26.814+01:00", 1_795_145_666_814_000_000),
            ("2026-11-19t22:04:26.814-0530", 1_795_145_666_814_000_000),
            ("2024-02-29T23:59:59.123456789Z", 1_709_251_199_123_456_789),
            ("2100-03-01 00:00:00Z", 4_107_542_400_000_000_000),
        ] {
            assert_eq!(Time::parse(text), Time::At(nanos), "{text}");
            assert_eq!(Time::parse(&to_iso(nanos)), Time::At(nanos), "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        for day in 0..146_097u64 {
            let nanos = day * 86_400_000_000_000 + 1_000_000;
            assert_eq!(Time::parse(&to_iso(nanos)), Time::At(nanos));
        }
        assert_eq!(civil(0).year, 1970);
    }

    #[test]
    fn numbers_are_told_apart_by_their_size() {
        for text in [
            "1795145666",
            "1795145666000",
            "1795145666000000",
            "1795145666000000000",
            "1795145666000.0",
        ] {
            assert_eq!(
                Time::parse(text),
                Time::At(1_795_145_666_000_000_000),
                "{text}"
            );
        }
        assert_eq!(
            Time::parse("1795145666000.5"),
            Time::At(1_795_145_666_000_500_000)
        );
    }

    #[test]
    fn a_fraction_that_a_double_is_short_of_is_the_one_that_was_meant() {
        for (text, micros) in [
            ("1795410000.123", 1_795_410_000_123_000),
            ("1795410000.999999", 1_795_410_000_999_999),
            ("1795410000.9999999", 1_795_410_001_000_000),
            ("1795410000123.4", 1_795_410_000_123_400),
        ] {
            assert_eq!(Time::parse(text), Time::At(micros * 1_000), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_keeps_its_text() {
        for text in [
            "yesterday",
            "42",
            "-1",
            "NaN",
            "2026-02-30T00:00:00Z",
            "2026-11-20T03:34:26.814",
            "2026-11-20",
            "1969-12-31T23:59:59Z",
            "2026-11-20T03:34:26.Z",
            "2026-11-20T03:34:26Z!",
            "1e300",
        ] {
            assert_eq!(Time::parse(text), Time::Unreadable(text.into()));
        }
        assert_eq!(Time::parse("  "), Time::Missing);
    }
}
