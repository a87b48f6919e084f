//! From the tree to typed values, with errors that say what would have been right.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::ConfigError;
use super::nearest;
use super::tree::{Node, Place, Value};

/// A table that is being read. It notes every key that is asked for, so that what is left over is known to be wrong.
pub(super) struct Section<'a> {
    path: String,
    /// The same in the table of settings, where entries of lists have no names.
    known: String,
    node: &'a Node,
    table: Option<&'a BTreeMap<String, Node>>,
    asked: RefCell<Vec<&'static str>>,
}

/// An entry of a list of texts and tables.
pub(super) enum Entry<'a> {
    Text(String),
    Table(Section<'a>),
}

type Read<T> = Result<Option<T>, ConfigError>;

impl<'a> Section<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self::of(String::new(), String::new(), node)
    }

    fn of(path: String, known: String, node: &'a Node) -> Self {
        let table = match &node.value {
            Value::Table(table) => Some(table),
            _ => None,
        };
        Self {
            path,
            known,
            node,
            table,
            asked: RefCell::default(),
        }
    }

    /// Where the section stands.
    pub(super) fn at(&self) -> &Place {
        &self.node.at
    }

    /// An error about one of its keys, with its value.
    pub(super) fn wrong(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        match self.table.and_then(|t| t.get(key)) {
            Some(node) => ConfigError::new(&node.at, self.full(key), Some(&node.shown()), problem),
            None => ConfigError::new(self.at(), self.full(key), None, problem),
        }
    }

    /// An error about a key that must be there. Where a slip of it is there instead, the error is about that.
    pub(super) fn missing(&self, key: &'static str, problem: &str) -> ConfigError {
        let asked = self.asked.borrow();
        let strangers = self
            .table
            .into_iter()
            .flatten()
            .filter(|(k, _)| !asked.contains(&k.as_str()));
        for (stranger, node) in strangers {
            if nearest::meant(stranger, &[key]).is_some() {
                let problem = format!("no such setting here; did you mean {key}?");
                return ConfigError::new(&node.at, self.full(stranger), None, problem);
            }
        }
        ConfigError::new(
            self.at(),
            self.full(key),
            None,
            format!("it is missing; {problem}"),
        )
    }

    /// An error about one of its keys whose value is nobody's business.
    pub(super) fn wrong_secret(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        let at = self
            .table
            .and_then(|t| t.get(key))
            .map_or(self.at(), |n| &n.at);
        ConfigError::new(at, self.full(key), None, problem)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|t| t.contains_key(key))
    }

    pub(super) fn text(&self, key: &'static str) -> Read<String> {
        self.read(key, "a text", |node| match &node.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    pub(super) fn flag(&self, key: &'static str) -> Read<bool> {
        self.read(key, "true or false", |node| match &node.value {
            Value::Flag(flag) => Some(*flag),
            Value::Text(text) if is_loose(node) => text.parse().ok(),
            _ => None,
        })
    }

    pub(super) fn number(&self, key: &'static str) -> Read<u64> {
        self.read(key, "a whole number", |node| match &node.value {
            Value::Integer(n) => u64::try_from(*n).ok(),
            Value::Text(text) if is_loose(node) => text.parse().ok(),
            _ => None,
        })
    }

    /// A part of all.
    pub(super) fn share(&self, key: &'static str) -> Read<f64> {
        self.read(key, "a number from 0 to 1", |node| {
            let share: f64 = match &node.value {
                Value::Integer(n) => *n as f64,
                Value::Other(text) => text.parse().ok()?,
                Value::Text(text) if is_loose(node) => text.parse().ok()?,
                _ => return None,
            };
            (0.0..=1.0).contains(&share).then_some(share)
        })
    }

    pub(super) fn size(&self, key: &'static str) -> Read<usize> {
        let beyond = |node: &Node| matches!(&node.value, Value::Text(text) if is_beyond(text));
        let wanted = match self.table.and_then(|t| t.get(key)).is_some_and(beyond) {
            true => "less; no machine has so many bytes",
            false => "a size such as \"1 MiB\" or \"500 kB\"",
        };
        self.read(key, wanted, |node| match &node.value {
            Value::Integer(n) => usize::try_from(*n).ok(),
            Value::Text(text) => parse_size(text),
            _ => None,
        })
    }

    pub(super) fn duration(&self, key: &'static str) -> Read<Duration> {
        self.read(
            key,
            "a duration such as \"500ms\", \"10s\" or \"2m\"",
            |node| match &node.value {
                Value::Text(text) => parse_duration(text),
                _ => None,
            },
        )
    }

    pub(super) fn address(&self, key: &'static str) -> Read<SocketAddr> {
        self.read(
            key,
            "an address such as 127.0.0.1:12347 or [::]:12347",
            |node| match &node.value {
                Value::Integer(port) => {
                    Some(SocketAddr::new(LOCALHOST, u16::try_from(*port).ok()?))
                }
                Value::Text(text) => parse_address(text),
                _ => None,
            },
        )
    }

    /// An `http` or `https` URL with a host.
    pub(super) fn url(&self, key: &'static str) -> Read<http::Uri> {
        self.address_of(key, ["http", "https"])
    }

    /// A URL with one of two schemes and a host.
    pub(super) fn address_of(&self, key: &'static str, schemes: [&str; 2]) -> Read<http::Uri> {
        let credentials =
            |node: &Node| matches!(&node.value, Value::Text(text) if text.contains('@'));
        if self.table.and_then(|t| t.get(key)).is_some_and(credentials) {
            self.ask(key);
            return Err(self.wrong_secret(key, NO_USER));
        }
        let [plain, secure] = schemes;
        let wanted =
            format!("a URL with {plain}:// or {secure}://, a host, and no port above 65535");
        self.read(key, &wanted, |node| match &node.value {
            Value::Text(text) => text.parse().ok().filter(|uri| reachable(uri, schemes)),
            _ => None,
        })
    }

    /// One of some words.
    pub(super) fn word<T: Clone>(&self, key: &'static str, words: &[(&str, T)]) -> Read<T> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(meaning.clone()));
        }
        let all: Vec<_> = words.iter().map(|(w, _)| *w).collect();
        Err(self.wrong(
            key,
            format!(
                "no such word{}; use one of {}",
                meant(&text, &all),
                all.join(", ")
            ),
        ))
    }

    /// A text; of a number its digits.
    pub(super) fn digits(&self, key: &'static str, wanted: &str) -> Read<String> {
        self.read(key, wanted, |node| match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(n) => Some(n.to_string()),
            _ => None,
        })
    }

    /// A list of texts. In a variable they are divided by commas.
    pub(super) fn texts(&self, key: &'static str) -> Read<Vec<String>> {
        self.read(key, "a list of texts", |node| match &node.value {
            Value::List(items) => items
                .iter()
                .map(|item| match &item.value {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            Value::Text(text) if is_loose(node) => {
                Some(text.split(',').map(|t| t.trim().to_owned()).collect())
            }
            _ => None,
        })
    }

    /// A list of texts and tables.
    pub(super) fn mixed(&self, key: &'static str) -> Read<Vec<Entry<'a>>> {
        self.ask(key);
        let Some(node) = self.table.and_then(|t| t.get(key)) else {
            return Ok(None);
        };
        let Value::List(items) = &node.value else {
            let texts = self.texts(key)?.unwrap_or_default();
            return Ok(Some(texts.into_iter().map(Entry::Text).collect()));
        };
        let path = format!("{}[]", self.full(key));
        let known = format!("{}[]", below(&self.known, key));
        let entry = |item: &'a Node| match &item.value {
            Value::Text(text) => Some(Entry::Text(text.clone())),
            Value::Table(_) => Some(Entry::Table(Section::of(path.clone(), known.clone(), item))),
            _ => None,
        };
        match items.iter().map(entry).collect::<Option<_>>() {
            Some(entries) => Ok(Some(entries)),
            None => Err(self.wrong_secret(key, "write a list of texts, or of tables")),
        }
    }

    /// A day or a time, as a text or as TOML's own kind.
    pub(super) fn moment(&self, key: &'static str) -> Read<String> {
        self.read(key, "a day or a time", |node| match &node.value {
            Value::Text(text) | Value::Other(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// A table of any keys with texts.
    pub(super) fn pairs(&self, key: &'static str) -> Read<Vec<(String, String)>> {
        if let Some(wrong) = self.no_text(key) {
            self.ask(key);
            return Err(wrong);
        }
        self.read(key, "a table of texts", |node| match &node.value {
            Value::Table(table) => table
                .iter()
                .map(|(key, node)| match &node.value {
                    Value::Text(text) => Some((key.clone(), text.clone())),
                    _ => None,
                })
                .collect(),
            _ => None,
        })
    }

    /// What is wrong with the first entry of a table that is no text. Its value is not shown: it may be a secret that stands too deep.
    fn no_text(&self, key: &str) -> Option<ConfigError> {
        let Value::Table(table) = &self.table?.get(key)?.value else {
            return None;
        };
        let mut entries = table.iter();
        let (name, node) = entries.find(|(_, node)| !matches!(node.value, Value::Text(_)))?;
        let problem = match SECRET.contains(&key) {
            true => "write a text in quotes, or { file = \"/run/secrets/…\" }",
            false => "write a text in quotes",
        };
        let key = below(&self.full(key), name);
        Some(ConfigError::new(&node.at, key, None, problem))
    }

    /// A table within; an empty one where it is missing.
    pub(super) fn section(&self, key: &'static str) -> Result<Section<'a>, ConfigError> {
        self.ask(key);
        let known = below(&self.known, key);
        let Some(node) = self.table.and_then(|t| t.get(key)) else {
            return Ok(Section::of(self.full(key), known, &EMPTY));
        };
        let problem = format!("this is a table; write [{}]", self.full(key));
        match node.value {
            Value::Table(_) => Ok(Section::of(self.full(key), known, node)),
            _ if OF_SECRETS.contains(&key) => Err(self.wrong_secret(key, problem)),
            _ => Err(self.wrong(key, problem)),
        }
    }

    /// The entries of a list of tables; `None` where it is missing.
    pub(super) fn entries(&self, key: &'static str) -> Read<Vec<Section<'a>>> {
        self.ask(key);
        let Some(node) = self.table.and_then(|t| t.get(key)) else {
            return Ok(None);
        };
        let wrong = || self.wrong(key, format!("this is a list of tables; write [[{key}]]"));
        let Value::List(items) = &node.value else {
            return Err(wrong());
        };
        let mut sections = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let Value::Table(_) = &item.value else {
                return Err(wrong());
            };
            let path = format!("{key}.{}", item.called(i));
            let known = format!("{}[]", below(&self.known, key));
            sections.push(Section::of(path, known, item));
        }
        Ok(Some(sections))
    }

    /// Every key must have been asked for by now.
    pub(super) fn finish(self) -> Result<Vec<&'static str>, ConfigError> {
        let asked = self.asked.into_inner();
        for (key, node) in self.table.into_iter().flatten() {
            if !asked.contains(&key.as_str()) {
                let problem = format!(
                    "no such setting here{}; docs/collector.md lists them",
                    meant(key, &asked)
                );
                return Err(ConfigError::new(
                    &node.at,
                    below(&self.path, key),
                    None,
                    problem,
                ));
            }
        }
        Ok(asked)
    }

    fn read<T>(
        &self,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&Node) -> Option<T>,
    ) -> Read<T> {
        self.ask(key);
        let Some(node) = self.table.and_then(|t| t.get(key)) else {
            return Ok(None);
        };
        match read(node) {
            Some(value) => Ok(Some(value)),
            None if SECRET.contains(&key) => Err(self.wrong_secret(key, format!("write {wanted}"))),
            None => Err(self.wrong(key, format!("write {wanted}"))),
        }
    }

    fn ask(&self, key: &'static str) {
        debug_assert!(
            self.is_documented(key),
            "{} is not in the table of settings",
            self.full(key)
        );
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
    }

    /// Whether the table of settings has the key, or something below it.
    fn is_documented(&self, key: &str) -> bool {
        let path = below(&self.known, key);
        let covers = |s: &str| {
            s.strip_prefix(&path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        super::settings::TABLE.iter().any(|s| covers(s.path))
    }

    fn full(&self, key: &str) -> String {
        below(&self.path, key)
    }
}

fn below(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// Settings whose values are never shown.
pub(super) const SECRET: [&str; 12] = [
    "access_key_id",
    "bearer",
    "hash_key",
    "headers",
    "item_headers",
    "key",
    "keys",
    "password",
    "secret_access_key",
    "session_token",
    "shared_key",
    "traces_headers",
];

/// Tables of such settings: a text in the place of one is what should stand in it.
const OF_SECRETS: [&str; 2] = ["auth", "basic"];

/// Of any URL, so that it is in none that is shown.
pub(super) const NO_USER: &str = "a URL holds no user or password here; write them as a header";

/// `http::Uri` takes any digits for a port, and none behind the colon; nothing can be reached there.
pub(super) fn reachable(uri: &http::Uri, schemes: [&str; 2]) -> bool {
    let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else {
        return false;
    };
    let port = uri.port_u16().is_some_and(|port| port > 0);
    uri.scheme_str().is_some_and(|it| schemes.contains(&it))
        && !host.is_empty()
        && (port || authority.as_str() == host)
}

static EMPTY: Node = Node {
    at: Place::Default,
    value: Value::Table(BTreeMap::new()),
};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Variables and arguments have no types but text.
fn is_loose(node: &Node) -> bool {
    matches!(node.at, Place::Variable(_) | Place::Argument(_))
}

fn meant(name: &str, all: &[&str]) -> String {
    match nearest::meant(name, all) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    }
    .replace("?;", "?")
}

pub(super) fn parse_address(text: &str) -> Option<SocketAddr> {
    if let Ok(port) = text.parse::<u16>() {
        return Some(SocketAddr::new(LOCALHOST, port));
    }
    match text.strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::new(LOCALHOST, port.parse().ok()?)),
        None => text.parse().ok(),
    }
}

pub(super) fn parse_size(text: &str) -> Option<usize> {
    let (number, unit) = sized(text)?;
    let bytes = number.parse::<u64>().ok()?.checked_mul(unit)?;
    // No file and no memory is larger than an offset can say.
    usize::try_from(isize::try_from(bytes).ok()?).ok()
}

/// As [`parse_size`] reads it, in the largest unit that says it.
pub(super) fn written_size(bytes: usize) -> String {
    match bytes {
        0 => "0 bytes".into(),
        n if n % (1 << 20) == 0 => format!("{} MiB", n >> 20),
        n if n % (1 << 10) == 0 => format!("{} KiB", n >> 10),
        n => format!("{n} bytes"),
    }
}

/// Whether it is a size, and larger than any.
pub(super) fn is_beyond(text: &str) -> bool {
    sized(text).is_some() && parse_size(text).is_none()
}

/// The digits of a size, and what one of its unit is.
fn sized(text: &str) -> Option<(&str, u64)> {
    let (number, unit) = split_unit(text);
    let unit = match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    (!number.is_empty()).then_some((number, unit))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_have_units() {
        assert_eq!(parse_size("1 MiB"), Some(1 << 20));
        assert_eq!(parse_size("5kB"), Some(5000));
        assert_eq!(parse_size("77"), Some(77));
        assert_eq!(
            (
                parse_size("1 mib"),
                parse_size("-1"),
                parse_size("999999999999 GiB")
            ),
            (None, None, None)
        );
        assert_eq!(parse_size("2 TiB"), Some(2 << 40));
        for (text, beyond) in [
            ("99999999 TiB", true),
            ("99999999999999999999", true),
            ("9 EiB", false),
            ("TiB", false),
        ] {
            assert_eq!(
                (parse_size(text), is_beyond(text)),
                (None, beyond),
                "{text}"
            );
        }
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
        assert_eq!(
            (
                parse_duration("5"),
                parse_duration("s"),
                parse_duration("1.5s")
            ),
            (None, None, None)
        );
    }

    #[test]
    fn an_address_is_a_port_a_pair_or_localhost() {
        assert_eq!(parse_address("80").unwrap().to_string(), "127.0.0.1:80");
        assert_eq!(
            parse_address("localhost:80").unwrap().to_string(),
            "127.0.0.1:80"
        );
        assert_eq!(parse_address("[::]:80").unwrap().to_string(), "[::]:80");
        assert!(parse_address("collector.example:80").is_none());
    }
}
