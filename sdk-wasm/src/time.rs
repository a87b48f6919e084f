//! Times as the wire writes them, in 32-bit arithmetic: 64-bit division is slow and large where Wasm becomes JavaScript.

use crate::host::Host;
use crate::pen::Pen;

/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;

/// The last millisecond of the year 9999: four digits are all that ISO 8601 has without agreement.
const LAST: f64 = 253_402_300_799_999.0;

/// Bytes of a time in ISO 8601.
pub(crate) const ISO_BYTES: usize = 24;

impl<H: Host> Pen<H> {
    /// `2026-01-02T03:04:05.678Z`
    #[inline(never)]
    pub(crate) fn iso(&mut self, epoch_ms: f64) {
        let ms = epoch_ms.clamp(0.0, LAST);
        let days = (ms / DAY) as u32;
        let rest = (ms - f64::from(days) * DAY) as u32;

        // The proleptic Gregorian calendar, with years that begin in March so that the leap day comes last.
        let z = days + 719_468;
        let era = z / 146_097;
        let day_of_era = z % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let early = u32::from(shifted >= 10);

        self.part(era * 400 + year_of_era + early, 4, b'-');
        self.part(shifted + 3 - 12 * early, 2, b'-');
        self.part(day_of_year - (153 * shifted + 2) / 5 + 1, 2, b'T');
        self.part(rest / 3_600_000, 2, b':');
        self.part(rest / 60_000 % 60, 2, b':');
        self.part(rest / 1_000 % 60, 2, b'.');
        self.part(rest % 1_000, 3, b'Z');
    }

    #[inline(never)]
    fn part(&mut self, value: u32, width: u32, behind: u8) {
        self.digits(value, width);
        self.byte(behind);
    }

    /// A member whose value is a time in ISO 8601; `at` is on the clock of `performance.now()`.
    #[inline(never)]
    pub(crate) fn iso_field(&mut self, key: &[u8], at: f64) {
        self.key(key);
        self.byte(b'"');
        self.iso(at + self.offset);
        self.byte(b'"');
    }

    /// A member whose value is a time in nanoseconds, as OTLP/JSON has it: a decimal number in a string. Browsers tell 5 µs at best, and an
    /// epoch as a float no more than a fourth of one: what is below a microsecond would be noise.
    #[inline(never)]
    pub(crate) fn nanos_field(&mut self, key: &[u8], at: f64) {
        self.key(key);
        self.byte(b'"');
        let rest = self.millis(at + self.offset);
        self.digits((rest * 1e3) as u32, 3);
        self.raw(b"000\"");
    }

    /// Whole milliseconds of an epoch, in two parts that fit 32 bits, 13 digits at least. The answer is the fraction.
    #[inline(never)]
    pub(crate) fn millis(&mut self, epoch_ms: f64) -> f64 {
        let ms = epoch_ms.clamp(0.0, LAST);
        let high = (ms / 1e6) as u32;
        let low = ms - f64::from(high) * 1e6;
        let whole = low as u32;
        self.digits(high, 7);
        self.digits(whole, 6);
        low - f64::from(whole)
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use proptest::prelude::*;

    use super::*;
    use crate::fake::Fake;

    fn written(write: impl FnOnce(&mut Pen<Fake>)) -> String {
        let mut pen = Pen::new(Fake::default());
        pen.start(usize::MAX);
        write(&mut pen);
        String::from_utf8(pen.take()).unwrap()
    }

    #[test]
    fn known_instants_read_as_the_calendar_says() {
        for (ms, text) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599_999.9, "2025-12-31T23:59:59.999Z"),
            (4_107_542_400_000.0, "2100-03-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
            (f64::NAN, "1970-01-01T00:00:00.000Z"),
            (f64::INFINITY, "9999-12-31T23:59:59.999Z"),
            (-5.0, "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(written(|pen| pen.iso(ms)), text);
        }
    }

    proptest! {
        #[test]
        fn every_day_follows_the_day_before(day in 0u32..2_900_000) {
            let (a, b) = (written(|p| p.iso(f64::from(day) * DAY)), written(|p| p.iso(f64::from(day + 1) * DAY)));
            prop_assert!(a < b, "{} {}", a, b);
        }

        #[test]
        fn nanoseconds_are_the_milliseconds_times_a_million(ms in 0.0f64..4e12) {
            let text = written(|p| p.nanos_field(b"t", ms));
            let nanos: u128 = text.trim_start_matches("\"t\":\"").trim_end_matches('"').parse().unwrap();
            let exact = (ms * 1024.0) as u128 * 1_000_000 / 1024;
            prop_assert!(nanos.is_multiple_of(1_000) && nanos.abs_diff(exact) < 2_000, "{} {} {}", ms, nanos, exact);
        }
    }
}
