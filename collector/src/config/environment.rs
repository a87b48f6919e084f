//! Environment variables over the file: `FAROL_LISTEN`, `FAROL_LIMITS__BODY`, and for entries of lists
//! `FAROL_DESTINATIONS__<name>__ENDPOINT`.

use std::net::IpAddr;

use super::ConfigError;
use super::nearest::nearest;
use super::settings::TABLE;
use super::tree::{Node, Place, Value};

const PREFIX: &str = "FAROL_";
const LISTS: [&str; 5] = ["apps", "attributes", "destinations", "filters", "sources"];

/// Puts every variable that is a setting into the tree.
pub(super) fn overlay(
    root: &mut Node,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    let mut settings: Vec<_> = environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), name, value)))
        .collect();
    settings.sort();
    for (path, name, value) in settings {
        if is_of_kubernetes(&name, &value) {
            continue;
        }
        let node = Node::text(Place::Variable(name.clone()), value);
        let segments: Vec<String> = path.split("__").map(str::to_owned).collect();
        match segments.as_slice() {
            [list, entry, rest @ ..] if LISTS.iter().any(|l| l.eq_ignore_ascii_case(list)) => {
                if let Some(entry) = entry_of(root, &list.to_ascii_lowercase(), entry, &node.at) {
                    set(entry, rest, node);
                }
            }
            _ if is_setting(&segments) => set(root, &segments, node),
            _ => refuse_slip(&segments, &node.at)?,
        }
    }
    Ok(())
}

/// Beside a Service that is called `farol`, or begins so, Kubernetes puts `FAROL_PORT=tcp://10.0.0.1:80`, `FAROL_SERVICE_HOST=10.0.0.1` and more like
/// them into every container of the namespace.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    if name.contains("__") {
        return false;
    }
    let scheme = value.split_once("://").map(|(scheme, _)| scheme);
    let port = |text: &str| text.parse::<u16>().is_ok();
    let named = name.contains("_SERVICE_PORT_") || name.ends_with("_SERVICE_PORT");
    let protocol = ["_TCP", "_UDP", "_SCTP"].iter().find_map(|protocol| {
        let (front, rest) = name.rsplit_once(protocol)?;
        let number = front.rsplit_once("_PORT_")?.1;
        (port(number) && matches!(rest, "" | "_ADDR" | "_PORT" | "_PROTO")).then_some(())
    });
    name.ends_with("_PORT") && matches!(scheme, Some("tcp" | "udp" | "sctp"))
        || name.ends_with("_SERVICE_HOST") && value.parse::<IpAddr>().is_ok()
        || named && port(value)
        || protocol.is_some()
}

/// Other programs may use the prefix too, so a variable is wrong only where it is close to a setting, or is below one of ours.
fn refuse_slip(segments: &[String], at: &Place) -> Result<(), ConfigError> {
    let name = variable(&segments.join("."));
    if let Some(meant) = entry_slip(&name) {
        let problem = format!(
            "entries of lists go by name, levels divided by two underscores, such as {meant}"
        );
        return Err(ConfigError::new(at, "", None, problem));
    }
    if let Some(meant) = list_slip(segments) {
        let problem = format!("no such setting; did you mean {meant}?");
        return Err(ConfigError::new(at, "", None, problem));
    }
    let flat = TABLE
        .iter()
        .filter(|s| !s.path.contains("[]"))
        .map(|s| variable(s.path));
    let names: Vec<String> = flat.collect();
    let section = segments.len() > 1
        && names
            .iter()
            .any(|n| n.starts_with(&format!("{PREFIX}{}__", segments[0])));
    match nearest(&name, names.iter().map(String::as_str)) {
        Some(meant) => Err(ConfigError::new(
            at,
            "",
            None,
            format!("no such setting; did you mean {meant}?"),
        )),
        None if section => Err(ConfigError::new(
            at,
            "",
            None,
            "no such setting; docs/collector.md lists them",
        )),
        None => Ok(()),
    }
}

/// What was meant by a slip in a list's own name: `FAROL_APP__SHOP__KEYS`.
fn list_slip(segments: &[String]) -> Option<String> {
    let [list, _, ..] = segments else {
        return None;
    };
    let list = nearest(list, LISTS)?.to_ascii_uppercase();
    Some(format!("{PREFIX}{list}__{}", segments[1..].join("__")))
}

/// What was meant by a list's variable that names no entry: `FAROL_APPS`, or `FAROL_APPS_SHOP_KEYS` with one underscore for two.
fn entry_slip(name: &str) -> Option<String> {
    let meant = TABLE.iter().find(|setting| {
        let Some((list, key)) = setting.path.split_once("[].") else {
            return false;
        };
        let rest = name.strip_prefix(&variable(list));
        rest.is_some_and(|rest| {
            let key = format!("_{}", key.replace('.', "_").to_ascii_uppercase());
            rest.is_empty()
                || (rest.starts_with('_') && rest.ends_with(&key) && rest.len() > key.len())
        })
    });
    meant.map(|setting| variable(setting.path))
}

fn is_setting(segments: &[String]) -> bool {
    let path = segments.join(".").to_ascii_lowercase();
    let map = |s: &str| {
        s.strip_suffix(".*")
            .is_some_and(|front| path.strip_prefix(front).is_some_and(|k| k.starts_with('.')))
    };
    TABLE.iter().any(|s| s.path == path || map(s.path))
}

/// The variable of a setting.
pub(super) fn variable(path: &str) -> String {
    format!(
        "{PREFIX}{}",
        path.replace("[]", ".<name>")
            .replace('.', "__")
            .to_ascii_uppercase()
            .replace("<NAME>", "<name>")
    )
}

/// The entry of a list whose name the variable spells; a new one where there is none. Nothing where the file has no list there: that
/// is said when the tree is read.
fn entry_of<'a>(root: &'a mut Node, list: &str, name: &str, at: &Place) -> Option<&'a mut Node> {
    let Value::Table(table) = &mut root.value else {
        return None;
    };
    let list = table.entry(list.to_owned()).or_insert_with(|| Node {
        at: at.clone(),
        value: Value::List(Vec::new()),
    });
    let Value::List(entries) = &mut list.value else {
        return None;
    };
    let found = entries.iter().position(|entry| match &entry.value {
        Value::Table(t) => t
            .get("name")
            .is_some_and(|n| spelled(&n.shown()) == spelled(name)),
        _ => false,
    });
    let found = found.unwrap_or_else(|| {
        let mut entry = Node::table(at.clone());
        entry.insert("name", Node::text(at.clone(), name.to_ascii_lowercase()));
        entries.push(entry);
        entries.len() - 1
    });
    entries.get_mut(found)
}

/// Names as variables can spell them.
fn spelled(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    name.chars().map(letter).collect()
}

fn set(node: &mut Node, segments: &[String], value: Node) {
    let Value::Table(table) = &mut node.value else {
        // A table over what is none: the variable counts, and what it misses is said later.
        *node = Node::table(value.at.clone());
        return set(node, segments, value);
    };
    match segments {
        [] => {}
        [last] => {
            table.insert(last.to_ascii_lowercase(), value);
        }
        [first, rest @ ..] => {
            let at = value.at.clone();
            let inner = table
                .entry(first.to_ascii_lowercase())
                .or_insert_with(|| Node::table(at));
            set(inner, rest, value);
        }
    }
}
