//! The files in the folder: which there are, and that each is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};

use super::name::content_type;

/// A release of the SDK has about ten files; a folder of more than this is not one of its releases.
const MOST_FILES: usize = 256;
/// A release has less than 2 MiB, and all of it stays in memory.
const MOST_BYTES: u64 = 16 << 20;
/// Folders within folders.
const MOST_DEPTH: usize = 4;

/// What to do where there is no script of the SDK's.
pub(super) const NAME_IT: &str = "name the folder dist of @farol/web, which holds farol.js (cargo xtask sdk makes npm/web/dist; in a release's archive it is sdk/)";

/// What was found: paths by name, `/` between folders.
#[derive(Debug, Default)]
pub struct Found {
    /// Files to serve.
    pub(super) plain: BTreeMap<String, PathBuf>,
    /// The same, packed: what ends in `.br` or `.gz` beside one of them.
    pub(super) packed: BTreeMap<String, PathBuf>,
    seen: Fingerprint,
    bytes: u64,
}

/// What tells one state of the folder from another.
pub(super) type Fingerprint = Vec<(String, u64, u64, i64, i64)>;

impl Found {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.seen.clone()
    }

    /// What to do where the script-tag file is not there. In a folder of its own, such as one for each version, it is as good.
    pub(crate) fn script(&self, dir: &Path) -> Option<String> {
        let is_script = |name: &str| name.starts_with("farol") && name.ends_with("js");
        let in_dist = self.plain.contains_key("dist/farol.js");
        let there = self.plain.keys().any(|name| match name.rsplit_once('/') {
            None => is_script(name),
            Some((_, name)) => is_script(name) && !in_dist,
        });
        (!there).then(|| match in_dist {
            true => format!("did you mean {}?", dir.join("dist").display()),
            false => NAME_IT.to_owned(),
        })
    }

    /// Whether the file that `init` puts into pages is there.
    pub(crate) fn has_farol_js(&self) -> bool {
        self.plain.contains_key("farol.js")
    }
}

/// Looks through a folder. Names that begin with a dot are passed over, and so is what no page loads.
pub(super) fn files(folder: &Path) -> Result<Found> {
    let unreadable = |error: Error| {
        let from = match folder.is_relative().then(std::env::current_dir) {
            Some(Ok(from)) => format!(" (looked for from {})", from.display()),
            _ => String::new(),
        };
        let problem = match error.kind() {
            ErrorKind::NotFound => "there is no such folder".to_owned(),
            ErrorKind::NotADirectory => "it is no folder".to_owned(),
            kind => format!("it cannot be read ({kind})"),
        };
        anyhow!("{problem}{from}; {NAME_IT}")
    };
    let root = folder.canonicalize().map_err(unreadable)?;
    fs::read_dir(&root).map_err(unreadable)?;
    let mut found = Found::default();
    look(&root, &root, "", 0, &mut found)?;
    Ok(found)
}

fn look(root: &Path, folder: &Path, prefix: &str, depth: usize, found: &mut Found) -> Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        // What is no UTF-8 has no plain name in a URL.
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let name = format!("{prefix}{name}");
        let path = entry.path().canonicalize()?;
        let meta = fs::metadata(&path)?;
        if meta.is_dir() && depth < MOST_DEPTH && path.starts_with(root) {
            look(root, &path, &format!("{name}/"), depth + 1, found)?;
        }
        let plain = content_type(&name).is_some();
        let packed = name
            .strip_suffix(".br")
            .or_else(|| name.strip_suffix(".gz"));
        let packed = packed.is_some_and(|name| content_type(name).is_some());
        if !meta.is_file() || !(plain || packed) {
            continue;
        }
        if !path.starts_with(root) {
            bail!("{name} is a link that leads out of the folder; copy the file into it");
        }
        found.bytes += meta.len();
        found.seen.push((
            name.clone(),
            meta.ino(),
            meta.len(),
            meta.mtime(),
            meta.mtime_nsec(),
        ));
        if found.seen.len() > MOST_FILES || found.bytes > MOST_BYTES {
            bail!(
                "it holds more than {MOST_FILES} files or {} MiB; name the folder of built SDK files alone",
                MOST_BYTES >> 20
            );
        }
        let kind = if plain {
            &mut found.plain
        } else {
            &mut found.packed
        };
        kind.insert(name, path);
    }
    Ok(())
}
