//! `farol-collector init`: asks a few questions, or takes flags, writes a first file of settings, and says what to do with it.
//!
//! What it writes is read as a start would read it before it is kept, so no answer leads to a file that the collector refuses.

use std::fs;
use std::io::{self, BufRead, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use lexopt::{Parser, ValueExt};

use crate::config::{self, Given};
use crate::sdk_files::SdkFiles;

mod ask;
mod file;
mod next;
mod offer;

use ask::Ask;
use file::Answers;
use offer::Goes;

/// The file where none is named.
const FILE: &str = "farol.toml";

/// Where the SDK's built files are where the collector was installed as docs/operating.md says.
const INSTALLED_SDK: &str = "/usr/local/share/farol/sdk";

/// Random bytes of a key: nobody guesses one, and it still fits a line of a page.
const KEY_BYTES: usize = 16;

/// Nobody else reads what may hold a secret.
const OWNER_ONLY: u32 = 0o600;

/// The options of `init` alone.
pub(super) const OPTIONS: [&str; 8] = [
    "app",
    "origin",
    "destination",
    "key",
    "url",
    "sdk-dir",
    "yes",
    "force",
];

/// What the command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    app: Option<String>,
    origins: Vec<String>,
    destinations: Vec<String>,
    key: Option<String>,
    url: Option<String>,
    sdk_dir: Option<PathBuf>,
    yes: bool,
    force: bool,
}

impl Options {
    /// Takes one of [`OPTIONS`].
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<(), lexopt::Error> {
        match name {
            "yes" => self.yes = true,
            "force" => self.force = true,
            "sdk-dir" => self.sdk_dir = Some(PathBuf::from(parser.value()?)),
            _ => {
                let value = parser.value()?.string()?;
                match name {
                    "app" => self.app = Some(value),
                    "origin" => self.origins.push(value),
                    "destination" => self.destinations.push(value),
                    "key" => self.key = Some(value),
                    _ => self.url = Some(value),
                }
            }
        }
        Ok(())
    }
}

/// Does it; an error is one line that says what is to be done instead. `questions` is the terminal, where there is one.
///
/// # Errors
/// When a flag is missing or wrong, the file is there already, or it cannot be written.
pub(super) fn run(
    options: &Options,
    given: &Given,
    questions: Option<&mut dyn BufRead>,
    out: &mut impl Write,
) -> Result<(), String> {
    let file = given.file.clone().unwrap_or_else(|| FILE.into());
    if file.exists() && !options.force {
        return Err(format!(
            "{} is there already and stays as it is; name another file by --config, or say --force to write it anew",
            file.display()
        ));
    }
    let known = Known {
        options,
        listen: argument(given, "listen"),
        admin_listen: argument(given, "admin_listen"),
        data_dir: argument(given, "data_dir"),
    };
    let answers = match questions {
        Some(lines) if !options.yes => known.asked(&mut Ask::new(lines, out))?,
        _ => known.unasked()?,
    };
    let text = file::write(&answers);
    config::check_text(&file, &text)
        .map_err(|error| format!("init: nothing is written: {}", error.placeless()))?;
    keep(&file, &text, options.force).map_err(|error| {
        let file = file.display();
        format!("{file}: cannot be written ({error}); name another file by --config")
    })?;
    // A closed pipe is the reader's decision.
    let _ = out.write_all(next::steps(&file, &answers).as_bytes());
    Ok(())
}

fn argument(given: &Given, key: &str) -> Option<String> {
    let mut all = given.arguments.iter().rev();
    all.find(|(name, _)| *name == key)
        .map(|(_, value)| value.clone())
}

/// Never over a file that came meanwhile; one that is to go is replaced as a whole, by one of the same mode and owner.
fn keep(file: &Path, text: &str, force: bool) -> io::Result<()> {
    let old = match force {
        true => match fs::metadata(file) {
            Ok(old) => old,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return fresh(file)?.write_all(text.as_bytes());
            }
            Err(error) => return Err(error),
        },
        false => return fresh(file)?.write_all(text.as_bytes()),
    };
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    // Left by one that was killed.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let replaced = replace(Path::new(&beside), &old, text).and_then(|()| fs::rename(&beside, file));
    if replaced.is_err() {
        let _ = fs::remove_file(&beside);
    }
    replaced
}

fn replace(beside: &Path, old: &fs::Metadata, text: &str) -> io::Result<()> {
    let mut new = fresh(beside)?;
    new.write_all(text.as_bytes())?;
    let made = new.metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        fchown(&new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(old.permissions())
}

/// A new file that its owner alone reads: an address, or what is added by hand, may hold a secret.
fn fresh(file: &Path) -> io::Result<fs::File> {
    let mut how = fs::OpenOptions::new();
    how.write(true).create_new(true).mode(OWNER_ONLY).open(file)
}

/// What is known before anybody is asked.
struct Known<'a> {
    options: &'a Options,
    listen: Option<String>,
    admin_listen: Option<String>,
    data_dir: Option<String>,
}

impl Known<'_> {
    /// From a person, who is asked for what no flag says.
    fn asked(&self, ask: &mut Ask<'_>) -> Result<Answers, String> {
        let options = self.options;
        let app = match &options.app {
            Some(app) => app.clone(),
            None => ask.one(
                "Name of the site (it becomes service.name)",
                file::APP,
                file::is_app,
            )?,
        };
        let origins = match options.origins.is_empty() {
            false => options.origins.clone(),
            true => ask.several(
                "Origins of its pages, such as https://shop.example; several divided by commas",
                file::ORIGIN,
                file::is_origin,
            )?,
        };
        let destinations = match options.destinations.is_empty() {
            false => destinations(&options.destinations)?,
            true => {
                ask.say(&offer::list())?;
                let chosen = ask.several(
                    "Where the data goes: TYPE or TYPE=ADDRESS; several divided by commas",
                    offer::DEFAULT,
                    |text| Goes::parse(text).map(drop),
                )?;
                destinations(&chosen)?
            }
        };
        let listen = match &self.listen {
            Some(listen) => listen.clone(),
            None => ask.one(
                "Address that browsers send to; 0.0.0.0:12347 for all of this machine's",
                file::LISTEN,
                config::check_address,
            )?,
        };
        let data_dir = match &self.data_dir {
            Some(folder) => folder.clone(),
            None => ask.one(
                "Folder for what the collector keeps",
                config::DEFAULT_DATA_DIR,
                file::is_text,
            )?,
        };
        self.complete(Answers {
            app,
            origins,
            destinations,
            listen,
            data_dir,
            ..Answers::default()
        })
    }

    /// From flags alone; `--yes` lets defaults stand for what they leave out.
    fn unasked(&self) -> Result<Answers, String> {
        let options = self.options;
        let missing: Vec<_> = [
            (options.app.is_none(), "--app NAME"),
            (options.origins.is_empty(), "--origin ORIGIN"),
            (
                options.destinations.is_empty(),
                "--destination TYPE[=ADDRESS]",
            ),
        ]
        .into_iter()
        .filter_map(|(missing, flag)| missing.then_some(flag))
        .collect();
        if !missing.is_empty() && !options.yes {
            return Err(format!(
                "init: there is no terminal to ask at; say {}, or --yes for the defaults",
                missing.join(" and ")
            ));
        }
        let or = |given: &[String], default: &str| match given.is_empty() {
            true => vec![default.to_owned()],
            false => given.to_vec(),
        };
        self.complete(Answers {
            app: options.app.clone().unwrap_or_else(|| file::APP.into()),
            origins: or(&options.origins, file::ORIGIN),
            destinations: destinations(&or(&options.destinations, offer::DEFAULT))?,
            listen: self.listen.clone().unwrap_or_else(|| file::LISTEN.into()),
            data_dir: self
                .data_dir
                .clone()
                .unwrap_or_else(|| config::DEFAULT_DATA_DIR.into()),
            ..Answers::default()
        })
    }

    /// What nobody is asked for.
    fn complete(&self, answers: Answers) -> Result<Answers, String> {
        file::is_app(&answers.app).map_err(|problem| format!("--app: {problem}"))?;
        for origin in &answers.origins {
            file::is_origin(origin).map_err(|problem| format!("--origin {origin}: {problem}"))?;
        }
        config::check_address(&answers.listen).map_err(|problem| format!("--listen: {problem}"))?;
        let key = match &self.options.key {
            Some(key) => {
                file::is_plain(key).map_err(|problem| format!("--key: {problem}"))?;
                key.clone()
            }
            None => random_key()?,
        };
        if let Some(url) = &self.options.url {
            file::is_url(url).map_err(|problem| format!("--url: {problem}"))?;
        }
        let sdk_dir = match &self.options.sdk_dir {
            Some(folder) => {
                holds_script(folder).map_err(|problem| format!("--sdk-dir: {problem}"))?;
                Some(folder.clone())
            }
            None => installed_sdk(),
        };
        Ok(Answers {
            key,
            sdk_dir,
            admin_listen: self
                .admin_listen
                .clone()
                .unwrap_or_else(|| file::ADMIN_LISTEN.into()),
            url: match &self.options.url {
                Some(url) => url.trim_end_matches('/').to_owned(),
                None => next::url_of(&answers.listen),
            },
            ..answers
        })
    }
}

/// Each with a name of its own.
fn destinations(texts: &[String]) -> Result<Vec<Goes>, String> {
    let mut all: Vec<Goes> = Vec::new();
    for text in texts {
        let mut goes = Goes::parse(text).map_err(|problem| format!("--destination {problem}"))?;
        let first = goes.name.clone();
        let mut n = 1;
        while all.iter().any(|other| other.name == goes.name) {
            n += 1;
            goes.name = format!("{first}-{n}");
        }
        all.push(goes);
    }
    Ok(all)
}

/// The folder, where the SDK's files lie where they are put.
fn installed_sdk() -> Option<PathBuf> {
    let folder = PathBuf::from(INSTALLED_SDK);
    folder.join("farol.js").is_file().then_some(folder)
}

/// The tag that is shown asks for it. What a start refuses of the folder is said with the settings.
fn holds_script(folder: &Path) -> Result<(), String> {
    let files = config::SdkFiles {
        dir: folder.to_owned(),
        path: config::SdkFiles::PATH.into(),
    };
    match SdkFiles::look(&files) {
        Ok(found) if !found.has_farol_js() => {
            let remedy = found.script(folder);
            let remedy = remedy.unwrap_or_else(|| "name the folder that does".into());
            Err(format!("it holds no farol.js; {remedy}"))
        }
        _ => Ok(()),
    }
}

fn random_key() -> Result<String, String> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|_| "this machine gives no random numbers; name a key by --key KEY".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
