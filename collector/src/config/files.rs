//! What the settings take from other files: apps from `apps.d/`, and secrets that stand in files of their own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::read::SECRET;
use super::tree::{self, Node, Place, Value};

/// Beside the file of settings; each file in it adds apps, so that a deployment can add one without editing what others wrote.
pub(super) const APPS_FOLDER: &str = "apps.d";

/// The files of the folder of apps beside `file`, in the order of their names.
pub(super) fn apps_files(file: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = apps_folder(file);
    let wrong = |kind: ErrorKind| {
        let place = Place::file(&folder);
        let problem = format!("the folder cannot be read ({kind}); make it readable, or remove it");
        ConfigError::new(&place, "", None, problem)
    };
    let entries = match fs::read_dir(&folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| wrong(e.kind()))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| wrong(e.kind()))?.path();
        let hidden = path
            .file_name()
            .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The folder of apps beside `file`.
pub(super) fn apps_folder(file: &Path) -> PathBuf {
    file.with_file_name(APPS_FOLDER)
}

/// Adds the apps of the files to those of the tree.
pub(super) fn add_apps(root: &mut Node, files: &[PathBuf]) -> Result<(), ConfigError> {
    for file in files {
        let Value::Table(mut table) = tree::read_file(file)?.value else {
            continue;
        };
        let more = table.remove("apps");
        table.remove("version");
        if let Some((key, stranger)) = table.first_key_value() {
            let problem =
                format!("only [[apps]] stand in files of {APPS_FOLDER}; move it to the main file");
            return Err(ConfigError::new(&stranger.at, key, None, problem));
        }
        let Some(more) = more else { continue };
        let Value::List(more) = more.value else {
            let problem = "this is a list of tables; write [[apps]]";
            return Err(ConfigError::new(&more.at, "apps", None, problem));
        };
        match root.list("apps") {
            Some(apps) => apps.extend(more),
            // What stands there is no list, which is said when the tree is read.
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Files and folders that the settings name and that a start reads, whether or not they are there.
pub(super) fn named(root: &Node) -> Vec<PathBuf> {
    let mut files = Vec::new();
    name("", root, &mut files);
    files
}

fn name(path: &str, node: &Node, files: &mut Vec<PathBuf>) {
    let reads =
        path.ends_with("_file") || ["geo.database", "geo.networks", "sdk.dir"].contains(&path);
    match &node.value {
        Value::Text(file) if reads => files.push(PathBuf::from(file)),
        Value::Table(table) => {
            files.extend(named_file(node));
            for (key, node) in table {
                name(&below(path, key), node, files);
            }
        }
        Value::List(items) => items.iter().for_each(|node| name(path, node, files)),
        _ => {}
    }
}

/// The path of what stands in a table.
fn below(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// Puts secrets that are written as `{ file = "…" }` into the tree; returns the files. A list of them may be one file, one a line.
pub(super) fn resolve_secrets(node: &mut Node) -> Result<Vec<PathBuf>, ConfigError> {
    let mut files = Vec::new();
    resolve("", false, node, &mut files)?;
    Ok(files)
}

fn resolve(
    path: &str,
    secret: bool,
    node: &mut Node,
    files: &mut Vec<PathBuf>,
) -> Result<(), ConfigError> {
    if secret && let Some(file) = named_file(node) {
        let text = fs::read_to_string(&file).map_err(|e| {
            let from = match file.is_relative() {
                true => " from the folder that the collector was started in",
                false => "",
            };
            let problem = format!(
                "the file cannot be read{from} ({}); name one that can",
                e.kind()
            );
            ConfigError::new(&node.at, path, file.to_str(), problem)
        })?;
        if text.trim().is_empty() {
            let problem = "nothing stands in the file; write the secret into it";
            return Err(ConfigError::new(&node.at, path, file.to_str(), problem));
        }
        node.value = match path.ends_with(".keys") {
            true => Value::List(
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(|line| Node::text(node.at.clone(), line.to_owned()))
                    .collect(),
            ),
            // Editors end a file with a line break that is no part of the secret.
            false => Value::Text(text.trim_end_matches(['\n', '\r']).to_owned()),
        };
        files.push(file);
        return Ok(());
    }
    match &mut node.value {
        Value::Table(table) => {
            for (key, node) in table {
                let secret = secret || SECRET.contains(&key.as_str());
                resolve(&below(path, key), secret, node, files)?;
            }
        }
        Value::List(items) => {
            for (i, node) in items.iter_mut().enumerate() {
                resolve(&below(path, &node.called(i)), secret, node, files)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// `{ file = "…" }` and nothing else.
fn named_file(node: &Node) -> Option<PathBuf> {
    let Value::Table(table) = &node.value else {
        return None;
    };
    match (table.len(), &table.get("file")?.value) {
        (1, Value::Text(file)) => Some(PathBuf::from(file)),
        _ => None,
    }
}
