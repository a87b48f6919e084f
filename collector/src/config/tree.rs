//! Settings as typed: a tree of values, each with the place where it was written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere.
    Default,
    /// In a file; line 0 is the file as a whole.
    File { name: Arc<str>, line: usize },
    /// In an environment variable.
    Variable(String),
    /// On the command line.
    Argument(String),
}

impl Place {
    /// A file, or a folder, as a whole.
    pub(super) fn file(path: &Path) -> Self {
        let name = path.display().to_string().into();
        Self::File { name, line: 0 }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("by default"),
            Self::File { name, line: 0 } => f.write_str(name),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Argument(name) => write!(f, "--{name}"),
        }
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: Place,
    pub(super) value: Value,
}

/// A value as typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// What no setting takes, as it was written: fractions, dates.
    Other(String),
}

impl Node {
    pub(super) fn table(at: Place) -> Self {
        let value = Value::Table(BTreeMap::new());
        Self { at, value }
    }

    pub(super) fn text(at: Place, text: String) -> Self {
        let value = Value::Text(text);
        Self { at, value }
    }

    /// Puts a value into a table; nothing happens to what is none.
    pub(super) fn insert(&mut self, key: &str, node: Self) {
        if let Value::Table(table) = &mut self.value {
            table.insert(key.to_owned(), node);
        }
    }

    /// A list in a table, made where it is missing; `None` where something else stands there.
    pub(super) fn list(&mut self, key: &str) -> Option<&mut Vec<Self>> {
        let Value::Table(table) = &mut self.value else {
            return None;
        };
        let at = self.at.clone();
        let node = table.entry(key.to_owned()).or_insert_with(|| Self {
            at,
            value: Value::List(Vec::new()),
        });
        match &mut node.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value as it would be shown.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) | Value::Other(text) => text.clone(),
            Value::Integer(n) => n.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(Node::shown).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Table(_) => "a table".into(),
        }
    }

    /// What an entry of a list is called in messages: its name, as people think of it, and its number while it has none.
    pub(super) fn called(&self, index: usize) -> String {
        let name = match &self.value {
            Value::Table(table) => table.get("name"),
            _ => None,
        };
        name.map_or_else(|| (index + 1).to_string(), Self::shown)
    }
}

/// Reads a TOML file.
pub(super) fn read_file(path: &Path) -> Result<Node, ConfigError> {
    let name: Arc<str> = path.display().to_string().into();
    let whole = Place::File {
        name: name.clone(),
        line: 0,
    };
    let text = fs::read_to_string(path).map_err(|e| {
        let problem = format!(
            "the file cannot be read ({}); name one that can with --config",
            e.kind()
        );
        ConfigError::new(&whole, "", None, problem)
    })?;
    read_text(&name, &text)
}

/// A text that stands in a file of this name.
pub(super) fn read_text(name: &Arc<str>, text: &str) -> Result<Node, ConfigError> {
    let whole = Place::File {
        name: name.clone(),
        line: 0,
    };
    let lines = Lines::of(name, text);
    let table = DeTable::parse(text).map_err(|e| {
        let place = e
            .span()
            .map_or(whole.clone(), |span| lines.place(span.start));
        let message = e.message().replace('\n', " ");
        ConfigError::new(
            &place,
            "",
            None,
            format!("this is no TOML: {message}; see https://toml.io"),
        )
    })?;
    Ok(Node {
        at: whole,
        value: from_table(table.into_inner(), &lines),
    })
}

fn from_table(table: DeTable<'_>, lines: &Lines) -> Value {
    let mut out = BTreeMap::new();
    for (key, value) in table {
        let at = lines.place(key.span().start);
        out.insert(key.into_inner().into_owned(), from_value(at, value, lines));
    }
    Value::Table(out)
}

fn from_value(at: Place, value: Spanned<DeValue<'_>>, lines: &Lines) -> Node {
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
            Ok(n) => Value::Integer(n),
            Err(_) => Value::Other(n.as_str().to_owned()),
        },
        DeValue::Float(n) => Value::Other(n.as_str().to_owned()),
        DeValue::Datetime(d) => Value::Other(d.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| from_value(lines.place(item.span().start), item, lines))
                .collect(),
        ),
        DeValue::Table(table) => from_table(table, lines),
    };
    Node { at, value }
}

/// Where the lines of a file begin.
struct Lines {
    name: Arc<str>,
    starts: Vec<usize>,
}

impl Lines {
    fn of(name: &Arc<str>, text: &str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.clone(),
            starts: std::iter::once(0).chain(starts).collect(),
        }
    }

    fn place(&self, offset: usize) -> Place {
        Place::File {
            name: self.name.clone(),
            line: self.starts.partition_point(|start| *start <= offset),
        }
    }
}
