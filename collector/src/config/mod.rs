//! Settings, in two stages: as typed (`tree`, from file, environment and arguments), then as valid. Only the second goes further.
//!
//! A wrong setting is one line that names where it stands, the key, the value and the remedy, and nothing is started.

use std::path::{Path, PathBuf};

mod app;
mod build;
mod check;
mod destination;
mod environment;
mod error;
mod files;
mod kafka;
mod listener;
mod loki;
mod nearest;
mod network;
mod parquet;
mod print;
mod queue;
mod rate;
mod read;
mod receivers;
mod remark;
mod remote;
mod remote_write;
mod secret;
pub mod settings;
mod source;
mod tree;
mod url;
pub mod valid;

pub(crate) use app::counts_at;
pub use app::{App, AppData, AppKey, Origin};
pub use error::ConfigError;
pub use rate::Rate;
pub use remark::Remark;
pub use secret::Secret;
pub use valid::*;

pub(crate) use url::shown;

use tree::{Node, Place};

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// Settings given as arguments, by key.
    pub arguments: Vec<(&'static str, String)>,
    /// `--no-sources`: those of the settings are checked, and none of them read.
    pub no_sources: bool,
}

/// The environment variable that names the file where no argument does.
const FILE_VARIABLE: &str = "FAROL_CONFIG";

/// Reads the settings: the file, the environment over it, arguments over both.
///
/// # Errors
/// When one of them is wrong.
pub fn load(
    given: &Given,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let (root, files) = typed(given, environment)?;
    let mut config = build::build(&root)?;
    config.files.extend(files);
    config.files.extend(config.read_by_parts());
    if given.no_sources {
        config.sources.clear();
    }
    Ok(config)
}

/// Reads the settings, and looks at the folders and addresses that they name as a start would.
///
/// # Errors
/// When one of them is wrong.
pub fn check(
    given: &Given,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let (root, _) = typed(given, environment)?;
    let config = build::build(&root)?;
    check::check(&root, &config)?;
    Ok(config)
}

/// The same of a text that is to become a file, by itself: no environment, no files beside it.
///
/// # Errors
/// When one of its settings is wrong.
pub(crate) fn check_text(file: &Path, text: &str) -> Result<Config, ConfigError> {
    let name = file.to_string_lossy();
    let mut root = tree::read_text(&(&*name).into(), text)?;
    files::resolve_secrets(&mut root)?;
    let config = build::build(&root)?;
    check::check(&root, &config)?;
    Ok(config)
}

/// Whether a text is an address to listen at.
pub(crate) fn check_address(text: &str) -> Result<(), String> {
    match read::parse_address(text) {
        Some(_) => Ok(()),
        None => Err("write an address such as 127.0.0.1:12347 or [::]:12347".to_owned()),
    }
}

/// The settings that hold, as a file with a comment on each that says where it was written. Secrets are hidden.
///
/// # Errors
/// When one of them is wrong.
pub fn print(
    given: &Given,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<String, ConfigError> {
    let (root, _) = typed(given, environment)?;
    build::build(&root)?;
    Ok(print::print(&root))
}

/// The door for fuzzers: any text as a file of settings.
#[doc(hidden)]
pub fn fuzz(text: &str) {
    if let Ok(root) = tree::read_text(&"farol.toml".into(), text) {
        match build::build(&root) {
            Ok(_) => drop(print::print(&root)),
            Err(error) => assert!(!error.to_string().contains('\n'), "one line: {error}"),
        }
    }
}

/// Files and folders that the settings are read from, whether or not what is in them is right.
pub fn sources(given: &Given, environment: &[(String, String)]) -> Vec<PathBuf> {
    let Ok(Some(file)) = named_file(given, environment) else {
        return Vec::new();
    };
    let apps = files::apps_files(&file).unwrap_or_default();
    let folder = files::apps_folder(&file);
    [file, folder].into_iter().chain(apps).collect()
}

/// What the settings name beside that, whether or not it is there and they are right.
pub fn named(
    given: &Given,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Vec<PathBuf> {
    written(given, environment).map_or_else(|_| Vec::new(), |root| files::named(&root))
}

/// The settings as typed, and the files that they name for secrets.
fn typed(
    given: &Given,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<(Node, Vec<PathBuf>), ConfigError> {
    let mut root = written(given, environment)?;
    let files = files::resolve_secrets(&mut root)?;
    Ok((root, files))
}

/// The settings as typed; what stands in files of its own is still to be read.
fn written(
    given: &Given,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Node, ConfigError> {
    let environment: Vec<_> = environment.into_iter().collect();
    let mut root = match named_file(given, &environment)? {
        Some(file) => {
            let mut root = tree::read_file(&file)?;
            files::add_apps(&mut root, &files::apps_files(&file)?)?;
            root
        }
        None => Node::table(Place::Default),
    };
    environment::overlay(&mut root, environment)?;
    for (key, value) in &given.arguments {
        let place = Place::Argument(key.replace('_', "-"));
        root.insert(key, Node::text(place, value.clone()));
    }
    Ok(root)
}

fn named_file(
    given: &Given,
    environment: &[(String, String)],
) -> Result<Option<PathBuf>, ConfigError> {
    let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
    if given.file.is_none() && named.is_some_and(|(_, file)| file.is_empty()) {
        let place = Place::Variable(FILE_VARIABLE.into());
        let problem = "it is empty; name a file, or leave it out";
        return Err(ConfigError::new(&place, "", None, problem));
    }
    let named = named.map(|(_, file)| PathBuf::from(file));
    Ok(given.file.clone().or(named))
}

#[cfg(test)]
mod tests;
