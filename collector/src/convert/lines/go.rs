//! Values in the spelling of Go's standard library, which both receivers are written in.

use farol_protocol::time::{Time, civil};

/// `time.Time.String()`: fraction without trailing zeros, and the zero time for none.
pub(super) fn time_string(time: &Time) -> String {
    match time.nanos() {
        None => "0001-01-01 00:00:00 +0000 UTC".to_owned(),
        Some(nanos) => {
            let t = civil(nanos);
            let fraction = trimmed(format!("{:09}", t.nanos));
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
            let fraction = trimmed(format!("{:03}", t.nanos / 1_000_000));
            let (y, mo, d, h, mi, s) = (t.year, t.month, t.day, t.hour, t.minute, t.second);
            format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}{fraction}Z")
        }
    }
}

fn trimmed(digits: String) -> String {
    match digits.trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    }
}

/// `%f`: six decimals.
pub(super) fn fixed(value: f64) -> String {
    format!("{value:.6}")
}

/// `%v`: the shortest digits, with an exponent below 1e-4 and from 1e21.
pub(super) fn shortest(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-4..1e21).contains(&magnitude) {
        return value.to_string();
    }
    let spelled = format!("{value:e}");
    match spelled.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => spelled,
    }
}
