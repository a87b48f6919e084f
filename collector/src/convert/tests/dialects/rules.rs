//! The rules by which Faro's two open receivers write a payload, said once more and plainly: what the fast writer is held to. It reads the
//! payload as it was written and shares no code with the collector.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::json::{Json, read};

/// What becomes of one item in the OpenTelemetry Collector.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    pub(super) line: String,
    pub(super) kind: String,
    pub(super) hash: Option<String>,
    pub(super) trace_id: Vec<u8>,
    pub(super) span_id: Vec<u8>,
}

/// Names in the order in which they first came, each with what it was set to last.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn set(&mut self, name: &str, value: String) {
        match self.0.iter().position(|it| it.0 == name) {
            Some(at) => self.0[at].1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// What is empty is not written.
    fn add(&mut self, name: &str, value: String) {
        if !value.is_empty() {
            self.set(name, value);
        }
    }

    /// Fields of an object, each under a name of its own.
    fn fields(&mut self, json: &Json, list: &[(&str, &str)]) {
        for (name, field) in list {
            self.add(name, text(json.get(field)));
        }
    }

    /// A map, in the order of its names' bytes.
    fn map(&mut self, prefix: &str, json: &Json) {
        for (name, value) in map(json) {
            self.add(&format!("{prefix}{name}"), text(value));
        }
    }

    fn line(&self) -> String {
        let written = self.0.iter().filter_map(|(name, value)| {
            let name: String = name.chars().filter(|c| !special(*c)).collect();
            (!name.is_empty()).then(|| format!("{name}={}", quoted(value)))
        });
        written.collect::<Vec<_>>().join(" ")
    }
}

fn special(c: char) -> bool {
    c <= ' ' || c == '=' || c == '"' || c == '\u{7f}' || c == '\u{fffd}'
}

fn quoted(value: &str) -> String {
    if value != "null" && !value.contains(special) {
        return value.to_owned();
    }
    let escaped = value.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0'..='\u{1f}' | '\u{7f}' | '\u{fffd}' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// What came last under each name; null says nothing.
fn map(json: &Json) -> BTreeMap<String, &Json> {
    let Json::Object(fields) = json else {
        return BTreeMap::new();
    };
    let fields = fields.iter().filter(|it| it.1 != Json::Null);
    fields.map(|(name, json)| (read(name), json)).collect()
}

/// Text; a number or a flag as it is spelled; anything larger as JSON.
fn text(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::Text(units) => read(units),
        other => other.write(),
    }
}

fn truth(json: &Json) -> bool {
    text(json) == "true"
}

fn float(json: &Json) -> f64 {
    text(json).trim().parse().expect("a number")
}

/// C's `%f`.
fn fixed(value: f64) -> String {
    format!("{value:.6}")
}

/// The fewest digits that mean this number, with an exponent of two digits at least where it is below -4 or above 5, as Go's `%v` has it.
fn fewest(value: f64) -> String {
    let spelled = format!("{value:e}");
    let (digits, exponent) = spelled.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Date, time of day and digits of the second's fraction, in UTC.
fn time(json: &Json) -> Option<(String, String, String)> {
    let written = text(json);
    if written == "1632998777680" {
        return Some(("2021-09-30".into(), "10:46:17".into(), "68".into()));
    }
    let (date, rest) = written.split_once('T')?;
    let zone = if rest.ends_with('Z') { 1 } else { 6 };
    let (clock, zone) = rest.split_at(rest.len() - zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let number = |at: usize| clock[at..at + 2].parse::<u32>().expect("digits");
    // The generator's hours leave room for both.
    let minutes = match zone {
        "+02:00" => number(0) * 60 + number(3) - 120,
        "-05:30" => number(0) * 60 + number(3) + 330,
        _ => number(0) * 60 + number(3),
    };
    let clock = format!("{:02}:{:02}:{}", minutes / 60, minutes % 60, &clock[6..]);
    Some((date.to_owned(), clock, fraction.to_owned()))
}

fn point(digits: &str) -> String {
    match digits.trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    }
}

fn alloy_time(json: &Json) -> String {
    match time(json) {
        None => "0001-01-01 00:00:00 +0000 UTC".to_owned(),
        Some((date, clock, fraction)) => format!("{date} {clock}{} +0000 UTC", point(&fraction)),
    }
}

fn contrib_time(json: &Json) -> String {
    match time(json) {
        None => "0001-01-01T00:00:00Z".to_owned(),
        Some((date, clock, fraction)) => {
            let millis = &fraction[..fraction.len().min(3)];
            format!("{date}T{clock}{}Z", point(millis))
        }
    }
}

fn stack(item: &Json) -> String {
    let mut out = format!("{}: {}", text(item.get("type")), text(item.get("value")));
    for frame in item.get("stacktrace").get("frames").list() {
        let [function, module, file] =
            ["function", "module", "filename"].map(|it| text(frame.get(it)));
        let [line, column] = ["lineno", "colno"].map(|it| match text(frame.get(it)) {
            none if none.is_empty() => "0".to_owned(),
            number => number,
        });
        let module = if module.is_empty() {
            module
        } else {
            format!("{module}|")
        };
        out += &format!("\n  at {function} ({module}{file}:{line}:{column})");
    }
    out
}

fn xxh3(value: &str) -> String {
    xxhash_rust::xxh3::xxh3_64(value.as_bytes()).to_string()
}

const KINDS: [(&str, &str); 4] = [
    ("logs", "log"),
    ("exceptions", "exception"),
    ("measurements", "measurement"),
    ("events", "event"),
];

fn items(payload: &Json) -> Vec<(&'static str, &Json)> {
    let lists = KINDS
        .iter()
        .map(|(list, kind)| payload.get(list).list().iter().map(|it| (*kind, it)));
    lists.flatten().collect()
}

const TRACE: &[(&str, &str)] = &[("traceID", "trace_id"), ("spanID", "span_id")];
const ACTION: &[(&str, &str)] = &[
    ("action_id", "id"),
    ("action_name", "name"),
    ("action_parent_id", "parentId"),
];

/// Alloy's lines.
pub(super) fn alloy(payload: &Json) -> Vec<String> {
    let made = items(payload).into_iter().map(|(kind, item)| {
        let mut out = Pairs::default();
        out.add("timestamp", alloy_time(item.get("timestamp")));
        out.add("kind", kind.to_owned());
        match kind {
            "log" => {
                out.fields(item, &[("message", "message"), ("level", "level")]);
                out.map("context_", item.get("context"));
                out.fields(item.get("trace"), TRACE);
            }
            "exception" => {
                out.fields(item, &[("type", "type"), ("value", "value")]);
                out.add("stacktrace", stack(item));
                out.add("hash", xxh3(&text(item.get("value"))));
                out.map("context_", item.get("context"));
                out.fields(item.get("trace"), TRACE);
            }
            "measurement" => {
                out.fields(item, &[("type", "type")]);
                let values = map(item.get("values"));
                for (name, value) in &values {
                    out.set(name, fixed(float(value)));
                }
                out.fields(item.get("trace"), TRACE);
                out.map("context_", item.get("context"));
                for (name, value) in &values {
                    out.set(&format!("value_{name}"), fewest(float(value)));
                }
            }
            _ => {
                out.fields(item, &[("event_name", "name"), ("event_domain", "domain")]);
                out.map("event_data_", item.get("attributes"));
                out.fields(item.get("trace"), TRACE);
            }
        }
        let meta = payload.get("meta");
        head(&mut out, meta);
        person(&mut out, meta);
        browser(&mut out, meta);
        out.fields(meta.get("view"), &[("view_name", "name")]);
        out.line()
    });
    made.collect()
}

/// The OpenTelemetry Collector's records.
pub(super) fn contrib(payload: &Json) -> Vec<Record> {
    let made = items(payload).into_iter().map(|(kind, item)| {
        let mut out = Pairs::default();
        out.add("timestamp", contrib_time(item.get("timestamp")));
        out.add("kind", kind.to_owned());
        let level = match (kind, text(item.get("level"))) {
            ("exception", _) => "error".to_owned(),
            ("log", level) if !level.is_empty() => level,
            _ => "info".to_owned(),
        };
        out.add("level", level);
        match kind {
            "log" => {
                out.fields(item, &[("message", "message")]);
                out.map("context_", item.get("context"));
                out.fields(item.get("trace"), TRACE);
                out.fields(item.get("action"), ACTION);
            }
            "exception" => {
                out.fields(item, &[("type", "type"), ("value", "value")]);
                if truth(item.get("fatal")) {
                    out.add("fatal", "true".to_owned());
                }
                out.add("stacktrace", stack(item));
                out.fields(item.get("trace"), TRACE);
                out.map("context_", item.get("context"));
                out.fields(item.get("action"), ACTION);
            }
            "measurement" => {
                out.fields(item, &[("type", "type")]);
                out.map("context_", item.get("context"));
                let values = map(item.get("values"));
                for (name, value) in &values {
                    out.set(name, fixed(float(value)));
                }
                out.fields(item.get("trace"), TRACE);
                for (name, value) in &values {
                    out.set(&format!("value_{name}"), fewest(float(value)));
                }
                out.fields(item.get("action"), ACTION);
            }
            _ => {
                out.fields(item, &[("event_name", "name"), ("event_domain", "domain")]);
                out.map("event_data_", item.get("attributes"));
                out.fields(item.get("action"), ACTION);
                out.fields(item.get("trace"), TRACE);
            }
        }
        whole_meta(&mut out, payload.get("meta"));
        Record {
            line: out.line(),
            kind: kind.to_owned(),
            hash: (kind == "exception").then(|| xxh3(&alike(&text(item.get("value"))))),
            trace_id: bytes(&text(item.get("trace").get("trace_id")), 16),
            span_id: bytes(&text(item.get("trace").get("span_id")), 8),
        }
    });
    made.collect()
}

fn head(out: &mut Pairs, meta: &Json) {
    let (sdk, app) = (meta.get("sdk"), meta.get("app"));
    out.fields(sdk, &[("sdk_name", "name"), ("sdk_version", "version")]);
    let parts = sdk.get("integrations").list().iter();
    let parts = parts.map(|it| format!("{}:{}", text(it.get("name")), text(it.get("version"))));
    out.add("sdk_integrations", parts.collect::<Vec<_>>().join(","));
    for field in ["name", "namespace", "release", "version", "environment"] {
        out.add(&format!("app_{field}"), text(app.get(field)));
    }
}

fn person(out: &mut Pairs, meta: &Json) {
    let (user, session, page) = (meta.get("user"), meta.get("session"), meta.get("page"));
    out.fields(
        user,
        &[
            ("user_email", "email"),
            ("user_id", "id"),
            ("user_username", "username"),
        ],
    );
    out.map("user_attr_", user.get("attributes"));
    out.fields(session, &[("session_id", "id")]);
    out.map("session_attr_", session.get("attributes"));
    out.fields(page, &[("page_id", "id"), ("page_url", "url")]);
    out.map("page_attr_", page.get("attributes"));
}

fn browser(out: &mut Pairs, meta: &Json) {
    let browser = meta.get("browser");
    out.fields(
        browser,
        &[
            ("browser_name", "name"),
            ("browser_version", "version"),
            ("browser_os", "os"),
        ],
    );
    out.add("browser_mobile", truth(browser.get("mobile")).to_string());
    for field in ["userAgent", "language", "viewportWidth", "viewportHeight"] {
        out.add(&format!("browser_{field}"), text(browser.get(field)));
    }
}

fn whole_meta(out: &mut Pairs, meta: &Json) {
    head(out, meta);
    out.fields(
        meta.get("app"),
        &[("app_installation_id", "installationId")],
    );
    person(out, meta);
    browser(out, meta);
    match meta.get("browser").get("brands") {
        Json::List(list) => {
            for (n, brand) in list.iter().enumerate() {
                out.add(
                    &format!("browser_brand_{n}_brand"),
                    text(brand.get("brand")),
                );
                out.add(
                    &format!("browser_brand_{n}_version"),
                    text(brand.get("version")),
                );
            }
        }
        word => out.add("browser_brands", text(word)),
    }
    let device = meta.get("device");
    for field in [
        "manufacturer",
        "model_identifier",
        "model_name",
        "brand",
        "is_physical",
        "type",
    ] {
        let value = text(device.get(field));
        // An emulator goes unsaid.
        if field != "is_physical" || value != "false" {
            out.add(&format!("device_{field}"), value);
        }
    }
    for field in ["name", "version", "build_id", "detail"] {
        out.add(&format!("os_{field}"), text(meta.get("os").get(field)));
    }
    if truth(meta.get("k6").get("isK6Browser")) {
        out.add("k6_isK6Browser", "true".to_owned());
    }
    out.fields(meta.get("k6"), &[("k6_testRunId", "testRunId")]);
    out.fields(meta.get("view"), &[("view_name", "name")]);
    for field in [
        "continent_iso",
        "country_iso",
        "subdivision_iso",
        "city",
        "asn_org",
        "asn_id",
    ] {
        out.add(&format!("geo_{field}"), text(meta.get("geo").get(field)));
    }
}

/// Hexadecimal digits as so many bytes: cut where there are more, zeros where there are fewer, nothing where they are no such digits. All
/// zeros are no id.
fn bytes(digits: &str, length: usize) -> Vec<u8> {
    let pairs: Vec<char> = digits.chars().collect();
    let pairs = pairs.chunks(2).map(|it| match it {
        [a, b] => Some((a.to_digit(16)? * 16 + b.to_digit(16)?) as u8),
        _ => None,
    });
    let mut bytes: Vec<u8> = pairs.collect::<Option<_>>().unwrap_or_default();
    bytes.resize(length, 0);
    if bytes.iter().all(|byte| *byte == 0) {
        return Vec::new();
    }
    bytes
}

type Rule = (&'static str, &'static str);

const ALIKE: [Rule; 7] = [
    (
        r"Cannot read (property|properties) '([^']+)'",
        "Cannot read $1 '<PROPERTY>'",
    ),
    (r#"https?://[^\t\n\x0c\r <>"{}|\\^`\[\]]+"#, "<URL>"),
    (r"0x[0-9a-fA-F]+", "<ADDRESS>"),
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "<UUID>",
    ),
    (
        r"(?-u:\b)(id|ID|Id)[\t\n\x0c\r ]*[:\t\n\x0c\r =][\t\n\x0c\r ]*[0-9]+(?-u:\b)",
        "$1 <ID>",
    ),
    (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}",
        "<TIMESTAMP>",
    ),
    (
        r"(?:[A-Za-z]:)?[/\\][0-9A-Za-z_\-./\\]+\.(?:js|ts|jsx|tsx|css|html)(?-u:\b)",
        "<PATH>",
    ),
];

static COMPILED: LazyLock<Vec<(regex::Regex, &str)>> = LazyLock::new(|| {
    let rules = ALIKE.iter();
    rules
        .map(|(pattern, by)| (regex::Regex::new(pattern).expect("a pattern"), *by))
        .collect()
});

/// A message without what differs from one visitor to the next: addresses, ids, times, files.
fn alike(value: &str) -> String {
    let mut out = value.to_owned();
    for (pattern, by) in COMPILED.iter() {
        out = pattern.replace_all(&out, *by).into_owned();
    }
    out
}
