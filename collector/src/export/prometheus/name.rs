//! Names as Prometheus' OTLP receiver spells them unless told otherwise: escaped, with unit and `_total`.

/// What a kind of data puts behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suffix {
    /// What only goes up: `total`.
    Total,
    /// What is measured: `ratio`, where it has no unit.
    Ratio,
    /// Histograms, and counts that go up and down.
    None,
}

/// UCUM's units that OpenTelemetry's conventions use, by Prometheus' words.
const UNITS: [(&str, &str); 26] = [
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
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
];
/// What stands behind "per".
const PER: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// A metric's name. Empty where there is nothing in it that a name may have.
pub(super) fn metric(name: &str, unit: &str, suffix: Suffix) -> String {
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
    let last = match suffix {
        Suffix::Total => "total",
        Suffix::Ratio if unit == "1" => "ratio",
        Suffix::Ratio | Suffix::None => "",
    };
    if !last.is_empty() {
        words.retain(|word| word != last);
        words.push(last.to_owned());
    }
    let name = words.join("_");
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// A label's name. Those that begin with two underscores stay as they are; one that is empty, no series may have.
pub(super) fn label(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let label: String = name.chars().map(plain).collect();
    let digit = label.starts_with(|c: char| c.is_ascii_digit());
    if digit || label.is_empty() {
        return format!("key_{label}");
    }
    match label.starts_with('_') && !label.starts_with("__") {
        true => format!("key{label}"),
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
    #[test]
    fn the_names_are_those_of_the_table() {
        for family in &FAMILIES {
            let suffix = match family.kind {
                Kind::Counter => Suffix::Total,
                Kind::Histogram => Suffix::None,
            };
            assert_eq!(metric(family.name, family.unit, suffix), family.prometheus);
        }
    }

    #[test]
    fn units_and_signs_become_words() {
        for (name, unit, suffix, want) in [
            (
                "http.server.duration",
                "s",
                Suffix::None,
                "http_server_duration_seconds",
            ),
            (
                "disk.read.bytes",
                "By",
                Suffix::Total,
                "disk_read_bytes_total",
            ),
            ("a.total", "", Suffix::Total, "a_total"),
            ("cpu use", "1", Suffix::Ratio, "cpu_use_ratio"),
            ("speed", "m/s", Suffix::Ratio, "speed_meters_per_second"),
            ("requests", "{request}", Suffix::Total, "requests_total"),
            ("1st", "", Suffix::Ratio, "_1st"),
            ("items", "1", Suffix::None, "items"),
            ("power", "W", Suffix::Ratio, "power_watts"),
            ("charge", "A", Suffix::Ratio, "charge_amperes"),
            ("work", "J", Suffix::Ratio, "work_joules"),
            ("weight", "g", Suffix::Ratio, "weight_grams"),
            ("disk", "TBy", Suffix::Ratio, "disk_terabytes"),
            ("memory", "TiBy", Suffix::Ratio, "memory_tibibytes"),
            ("orders", "1/mo", Suffix::None, "orders_per_month"),
            ("orders", "1/y", Suffix::None, "orders_per_year"),
            ("ratio.of.hits", "1", Suffix::Ratio, "of_hits_ratio"),
        ] {
            assert_eq!(metric(name, unit, suffix), want);
        }
        assert_eq!(label("url.template"), "url_template");
        assert_eq!(label("1st"), "key_1st");
        assert_eq!(label("_tenant"), "key_tenant");
        assert_eq!(label("__tenant"), "__tenant");
        assert_eq!(label(""), "key_");
    }
}
