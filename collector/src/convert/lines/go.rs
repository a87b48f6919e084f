//! Values in the spelling of Go's standard library, which both receivers are written in.

use farol_protocol::time::{Time, civil};

/// `time.Time.String()`: fraction without trailing zeros, and the zero time for none.
pub(super) fn time_string(time: &Time) -> String {
    match time.nanos() {
        None => "0001-01-01 00:00:00 +0000 UTC".to_owned(),
        Some(nanos) => {
            let t = civil(nanos);
            let fraction = trimmed(&format!("{:09}", t.nanos));
            let (y, mo, d, h, mi, s) = (t.year, t.month, t.day, t.hour, t.minute, t.second);
            format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}{fraction} +0000 UTC")
        }
    }
}

/// `time.Time.Format("2006-01-02T15:04:05.999Z")`.
pub(super) fn time_millis(time: &Time) -> String {
    match time.nanos() {
        None => "0001-01-01T00:00:00Z".to_owned(),
        Some(nanos) => {
            let t = civil(nanos);
            let fraction = trimmed(&format!("{:03}", t.nanos / 1_000_000));
            let (y, mo, d, h, mi, s) = (t.year, t.month, t.day, t.hour, t.minute, t.second);
            format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}{fraction}Z")
        }
    }
}

fn trimmed(digits: &str) -> String {
    match digits.trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    }
}

/// `%f`: six decimals.
pub(super) fn fixed(value: f64) -> String {
    format!("{value:.6}")
}

/// `%v`: the shortest digits, with an exponent below 1e-4 and from 1e6.
pub(super) fn shortest(value: f64) -> String {
    let spelled = format!("{value:e}");
    let Some((digits, exponent)) = spelled.split_once('e') else {
        return spelled;
    };
    match exponent.parse::<i32>() {
        Ok(-4..=5) | Err(_) => value.to_string(),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fixed, shortest, time_millis, time_string};
    use crate::convert::lines::{Line, logfmt};
    use farol_protocol::time::Time;
    use serde_json::Value;

    fn rows(kind: &str) -> Vec<Value> {
        let file = include_str!("../../../../tests/fixtures/go.json");
        let mut file: Value = serde_json::from_str(file).expect("a JSON file");
        serde_json::from_value(file[kind].take()).expect("a list")
    }

    fn text<'a>(row: &'a Value, name: &str) -> &'a str {
        row[name].as_str().expect("a text")
    }

    #[test]
    fn numbers_are_spelled_as_go_spells_them() {
        for row in rows("floats") {
            let value = f64::from_bits(text(&row, "bits").parse().expect("bits"));
            assert_eq!(
                (&*fixed(value), &*shortest(value)),
                (text(&row, "fixed"), text(&row, "shortest"))
            );
        }
    }

    #[test]
    fn times_are_spelled_as_go_spells_them() {
        for row in rows("times") {
            let time = Time::At(text(&row, "nanos").parse().expect("nanoseconds"));
            assert_eq!(
                (&*time_string(&time), &*time_millis(&time)),
                (text(&row, "string"), text(&row, "millis"))
            );
        }
    }

    #[test]
    fn names_and_values_are_quoted_as_the_library_quotes_them() {
        let line = |name: &str, value: &str| {
            let mut line = Line::default();
            line.set(name, value.to_owned());
            logfmt::write(&line)
        };
        for row in rows("values") {
            assert_eq!(line("k", text(&row, "value")), text(&row, "line"));
            let hash = xxhash_rust::xxh3::xxh3_64(text(&row, "value").as_bytes());
            assert_eq!(hash.to_string(), text(&row, "hash"));
        }
        for row in rows("keys") {
            assert_eq!(line(text(&row, "value"), "v"), text(&row, "line"));
        }
    }
}
