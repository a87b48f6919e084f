//! Takes what is a person's out of the dead letters. No destination may be at work: each file is written anew and takes its place as one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use serde_json::Value;
use serde_json::value::RawValue;

use super::FOLDER;
use crate::export::rolling::private;
use crate::forget::{Person, Whose};

/// The three trees of resource → scope → item, as OTLP/JSON names them.
const TREES: [[&str; 3]; 3] = [
    ["resourceLogs", "scopeLogs", "logRecords"],
    ["resourceSpans", "scopeSpans", "spans"],
    ["resourceMetrics", "scopeMetrics", "metrics"],
];

/// What went.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) items: u64,
    /// Bytes of lines that cannot be read: nobody can tell whose they are.
    pub(crate) cleared: u64,
}

/// Erases from all dead letters of a data folder.
pub(crate) fn forget(data_dir: &Path, person: &Person) -> io::Result<Gone> {
    let folder = data_dir.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Gone::default()),
        entries => entries?,
    };
    let mut gone = Gone::default();
    for entry in entries {
        let path = entry?.path();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("jsonl") => {
                let of_file = anew(&path, person)?;
                gone.items += of_file.items;
                gone.cleared += of_file.cleared;
            }
            // What an erasure left that did not come to its end.
            Some("draft") => fs::remove_file(&path)?,
            _ => {}
        }
    }
    File::open(&folder)?.sync_all()?;
    Ok(gone)
}

fn anew(path: &Path, person: &Person) -> io::Result<Gone> {
    let draft = path.with_extension("draft");
    let file = private().write(true).truncate(true).open(&draft)?;
    let (mut out, mut gone, mut same) = (BufWriter::new(file), Gone::default(), true);
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        let mut line = line?;
        let named = person.is_named_in(&line);
        let letter = match named {
            true => serde_json::from_slice(&line).ok().filter(Value::is_object),
            false => readable(&line).then_some(Value::Null),
        };
        let Some(mut letter) = letter else {
            // Torn or damaged: nobody can say whose it is, and nobody can send it again.
            (gone.cleared, same) = (gone.cleared + line.len() as u64, false);
            continue;
        };
        if named {
            match without(&mut letter, person) {
                Rest::Same => {}
                Rest::Nothing(n) => {
                    (gone.items, same) = (gone.items + n, false);
                    continue;
                }
                Rest::Some(n) => {
                    (gone.items, same) = (gone.items + n, false);
                    line = letter.to_string().into_bytes();
                }
            }
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    if same {
        fs::remove_file(&draft)?;
        return Ok(gone);
    }
    out.into_inner()?.sync_all()?;
    fs::rename(&draft, path)?;
    Ok(gone)
}

/// Whether a line is a letter as far as it goes: nearly all are, and name somebody else.
fn readable(line: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<String, &RawValue>>(line).is_ok()
}

/// What is left of a letter, and how many items went.
enum Rest {
    Same,
    Some(u64),
    Nothing(u64),
}

/// Takes what is theirs out of a letter.
fn without(letter: &mut Value, person: &Person) -> Rest {
    let said = letter["detail"].as_str();
    let quoted = said.is_some_and(|said| said.contains(person.id()));
    if quoted {
        letter["detail"] = "(erased)".into();
    }
    let (mut gone, mut left) = (0, 0);
    if let Some(request) = letter.get_mut("request") {
        for [roots, scopes, items] in TREES {
            for root in list(request, roots) {
                let theirs = says(&root["resource"], person);
                for scope in list(root, scopes) {
                    let items = list(scope, items);
                    let before = items.len();
                    items.retain(|item| !theirs && !says(item, person));
                    gone += (before - items.len()) as u64;
                    left += items.len();
                }
            }
        }
    }
    match (gone, left) {
        (0, _) if quoted => Rest::Some(0),
        (0, _) => Rest::Same,
        (gone, 0) => Rest::Nothing(gone),
        (gone, left) => {
            letter["items"] = left.into();
            Rest::Some(gone)
        }
    }
}

fn list<'a>(of: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    let list = &mut of[name];
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    match list {
        Value::Array(list) => list,
        _ => unreachable!("it was made one"),
    }
}

/// Whether an attribute anywhere in it names them, or a line that it holds does.
fn says(value: &Value, person: &Person) -> bool {
    match value {
        Value::Array(list) => list.iter().any(|it| says(it, person)),
        Value::Object(fields) => {
            let key = fields.get("key").and_then(Value::as_str);
            let told = fields
                .get("value")
                .map(|v| (&v["stringValue"], &v["intValue"]));
            if let (Some(key), Some((text, number))) = (key, told)
                && person.names().contains(&key)
            {
                return text == person.id() || number == person.id();
            }
            let line = fields
                .get("body")
                .and_then(|body| body["stringValue"].as_str());
            line.is_some_and(|line| is_in_line(line, person))
                || fields.values().any(|it| says(it, person))
        }
        _ => false,
    }
}

/// Whether a line of the dialects that are lines (logfmt) is theirs.
fn is_in_line(line: &str, person: &Person) -> bool {
    let keys: &[&str] = match person.whose {
        Whose::Session(_) => &["session_id="],
        Whose::User(_) => &["user_id=", "user_username=", "user_email="],
    };
    let quoted = Value::from(person.id()).to_string();
    keys.iter().any(|key| {
        let places = line.match_indices(key);
        places
            .filter(|(at, _)| *at == 0 || line[..*at].ends_with(' '))
            .any(|(at, _)| {
                let value = &line[at + key.len()..];
                let bare = value.split(' ').next() == Some(person.id());
                bare || value.starts_with(&quoted)
            })
    })
}

#[cfg(test)]
mod tests;
