//! The settings as they come out of file, environment and arguments, as a file again: each with where it was written, secrets hidden,
//! and what is not set as a comment with its default.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::read::SECRET;
use super::settings::{Setting, TABLE};
use super::tree::{Node, Value};

/// What stands for a secret.
const HIDDEN: &str = "\"(hidden)\"";

/// The whole tree.
pub(super) fn print(root: &Node) -> String {
    let mut out = String::new();
    section(&mut out, "", "", root);
    out
}

/// One table: its values first, then the tables below it, as TOML wants it. `pattern` is its path in the table of settings.
fn section(out: &mut String, path: &str, pattern: &str, node: &Node) {
    let Value::Table(table) = &node.value else {
        return;
    };
    let mut tables: BTreeSet<&str> = BTreeSet::new();
    let below = settings_below(pattern);
    for setting in &below {
        let rest = rest(setting, pattern);
        match rest.split_once(['.', '[']) {
            Some((table, _)) => drop(tables.insert(table)),
            None => match table.get(rest) {
                Some(node) => value(out, rest, node),
                None => drop(writeln!(out, "# {rest} = {}", setting.default)),
            },
        }
    }
    // Free keys, and what is a table only here.
    for (key, node) in table {
        let known = below.iter().any(|s| rest(s, pattern) == key);
        match &node.value {
            Value::Table(_) => drop(tables.insert(key)),
            _ if known || tables.contains(key.as_str()) => {}
            _ => value(out, key, node),
        }
    }
    for key in tables {
        let (path, pattern) = (join(path, &quoted(key)), join(pattern, key));
        match table.get(key).map(|node| &node.value) {
            // It was written as a value.
            Some(Value::List(_)) if SECRET.contains(&key) => {}
            Some(Value::List(entries)) => {
                for entry in entries {
                    let _ = writeln!(out, "\n[[{path}]] # {}", entry.at);
                    section(out, &path, &format!("{pattern}[]"), entry);
                }
            }
            Some(Value::Table(table)) if SECRET.contains(&key) => {
                let _ = writeln!(out, "\n[{path}]");
                for key in table.keys() {
                    let _ = writeln!(out, "{} = {HIDDEN}", quoted(key));
                }
            }
            Some(_) => {
                let _ = writeln!(out, "\n[{path}]");
                section(out, &path, &pattern, &table[key]);
            }
            // A list without entries, or a table of free keys: nothing has a default there.
            None if settings_below(&pattern)
                .iter()
                .all(|s| rest(s, &pattern).starts_with(['[', '*'])) => {}
            None => {
                let _ = writeln!(out, "\n# [{path}]");
                for setting in settings_below(&pattern) {
                    let _ = writeln!(out, "# {} = {}", rest(setting, &pattern), setting.default);
                }
            }
        }
    }
}

fn value(out: &mut String, key: &str, node: &Node) {
    let shown = match SECRET.contains(&key) {
        true => match &node.value {
            Value::List(items) => {
                // A table in it hides what is secret by itself.
                let item = |item: &Node| match &item.value {
                    Value::Table(_) => toml_value(item),
                    _ => HIDDEN.to_owned(),
                };
                let items: Vec<_> = items.iter().map(item).collect();
                format!("[{}]", items.join(", "))
            }
            _ => HIDDEN.to_owned(),
        },
        false => toml_value(node),
    };
    let _ = writeln!(out, "{} = {shown} # {}", quoted(key), node.at);
}

fn toml_value(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => string(&super::url::shown(text)),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(toml_value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let pairs = table
                .iter()
                .map(|(k, v)| match SECRET.contains(&k.as_str()) {
                    true => format!("{} = {HIDDEN}", quoted(k)),
                    false => format!("{} = {}", quoted(k), toml_value(v)),
                });
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        _ => node.shown(),
    }
}

fn settings_below(pattern: &str) -> Vec<&'static Setting> {
    let all = TABLE.iter();
    all.filter(|s| !rest(s, pattern).is_empty()).collect()
}

/// The path of a setting behind `pattern`; empty where it is not below it.
fn rest(setting: &'static Setting, pattern: &str) -> &'static str {
    if pattern.is_empty() {
        return setting.path;
    }
    let rest = setting.path.strip_prefix(pattern).unwrap_or_default();
    match rest.as_bytes().first() {
        Some(b'.') => &rest[1..],
        Some(b'[') => rest,
        _ => "",
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn quoted(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match !key.is_empty() && key.chars().all(plain) {
        true => key.to_owned(),
        false => string(key),
    }
}

/// A basic string of TOML: what JSON escapes it takes, but for DEL.
fn string(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007F")
}
