//! Names as Prometheus' OTLP receiver spells them unless told otherwise: escaped, with unit and `_total`.

use crate::telemetry::proto::{COUNTER, GAUGE};

/// UCUM's units that OpenTelemetry's conventions use, by Prometheus' words.
const UNITS: [(&str, &str); 20] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
];
/// What stands behind "per".
const PER: [(&str, &str); 5] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
];

/// A metric's name.
pub(super) fn metric(name: &str, unit: &str, kind: i32) -> String {
    let mut words: Vec<String> = words(name);
    let mut append = |word: String| {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    };
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    append(spelled(main, &UNITS));
    let per = spelled(per, &PER);
    if !per.is_empty() {
        append(format!("per_{per}"));
    }
    if unit == "1" && kind == GAUGE {
        append("ratio".to_owned());
    }
    if kind == COUNTER {
        words.retain(|word| word != "total");
        words.push("total".to_owned());
    }
    let name = words.join("_");
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// A label's name.
pub(super) fn label(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let label: String = name.chars().map(plain).collect();
    match label.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("key_{label}"),
        false => label,
    }
}

fn words(name: &str) -> Vec<String> {
    let divides = |c: char| !(c.is_ascii_alphanumeric() || c == ':');
    let words = name.split(divides).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A unit by its word; one in braces is a remark and none.
fn spelled(unit: &str, table: &[(&str, &str)]) -> String {
    let unit = unit.trim();
    if unit.contains(['{', '}']) {
        return String::new();
    }
    let known = table.iter().find(|(short, _)| *short == unit);
    known.map_or_else(|| words(unit).join("_"), |(_, word)| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use farol_protocol::metrics::{FAMILIES, Kind};

    use super::*;
    use crate::telemetry::proto::HISTOGRAM;

    #[test]
    fn the_names_are_those_of_the_table() {
        for family in &FAMILIES {
            let kind = match family.kind {
                Kind::Counter => COUNTER,
                Kind::Histogram => HISTOGRAM,
            };
            assert_eq!(metric(family.name, family.unit, kind), family.prometheus);
        }
    }

    #[test]
    fn units_and_signs_become_words() {
        for (name, unit, kind, want) in [
            (
                "http.server.duration",
                "s",
                HISTOGRAM,
                "http_server_duration_seconds",
            ),
            ("disk.read.bytes", "By", COUNTER, "disk_read_bytes_total"),
            ("a.total", "", COUNTER, "a_total"),
            ("cpu use", "1", GAUGE, "cpu_use_ratio"),
            ("speed", "m/s", GAUGE, "speed_meters_per_second"),
            ("requests", "{request}", COUNTER, "requests_total"),
            ("1st", "", GAUGE, "_1st"),
        ] {
            assert_eq!(metric(name, unit, kind), want);
        }
        assert_eq!(label("url.template"), "url_template");
        assert_eq!(label("1st"), "key_1st");
    }
}
