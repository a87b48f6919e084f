//! The files in the folder: which there are, and that each is in it.

use std::collections::BTreeMap;
use std::fs;
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
}

/// Looks through a folder. Names that begin with a dot are passed over, and so is what no page loads.
pub(super) fn files(folder: &Path) -> Result<Found> {
    let root = folder.canonicalize().map_err(|error| {
        let kind = error.kind();
        anyhow!("it cannot be read ({kind}); name the folder that holds farol.js")
    })?;
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
