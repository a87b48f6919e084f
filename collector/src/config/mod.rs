//! Settings, in two stages: as typed (`tree`, from file, environment and arguments), then as valid. Only the second goes further.
//!
//! A wrong setting is one line that names where it stands, the key, the value and the remedy, and nothing is started.

use std::path::PathBuf;

mod build;
mod environment;
mod error;
mod listener;
mod nearest;
mod network;
mod read;
mod secret;
pub mod settings;
mod tree;
pub mod valid;

pub use error::ConfigError;
pub use secret::Secret;
pub use valid::*;

use tree::{Node, Place};

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// Settings given as arguments, by key.
    pub arguments: Vec<(&'static str, String)>,
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
    let environment: Vec<_> = environment.into_iter().collect();
    let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
    if given.file.is_none() && named.is_some_and(|(_, file)| file.is_empty()) {
        let place = Place::Variable(FILE_VARIABLE.into());
        let problem = "it is empty; name a file, or leave it out";
        return Err(ConfigError::new(&place, "", None, problem));
    }
    let file = given
        .file
        .clone()
        .or_else(|| named.map(|(_, file)| PathBuf::from(file)));
    let mut root = match file {
        Some(file) => tree::read_file(&file)?,
        None => Node::table(Place::Default),
    };
    environment::overlay(&mut root, environment)?;
    for (key, value) in &given.arguments {
        let place = Place::Argument(key.replace('_', "-"));
        root.insert(key, Node::text(place, value.clone()));
    }
    build::build(&root)
}

#[cfg(test)]
mod tests;
