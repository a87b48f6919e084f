//! Which collector this is: an id in the data folder, made once. Replicas count apart by it, a restart goes on under it.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Reads the id, or makes it.
pub(crate) fn id(data_dir: &Path) -> io::Result<String> {
    let path = data_dir.join("instance-id");
    mend(&path);
    if let Ok(text) = fs::read_to_string(&path)
        && let id = text.trim()
        && id.len() == LENGTH
        && id.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Ok(id.to_owned());
    }
    let id = random();
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true).mode(MODE);
    let mut file = options.open(&path)?;
    writeln!(file, "{id}")?;
    Ok(id)
}

const LENGTH: usize = 32;

/// As all files of the data folder.
const MODE: u32 = 0o600;

/// A file of a version that let others read it.
fn mend(path: &Path) {
    if fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o777 != MODE) {
        // It is no secret: where this cannot be, nothing is lost.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(MODE));
    }
}

/// 128 bits. The standard library seeds each `RandomState` from the system; uniqueness is all that is asked of it.
fn random() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = id(folder.path()).unwrap();
        assert_eq!(first.len(), LENGTH);
        assert_eq!(id(folder.path()).unwrap(), first);
        fs::write(folder.path().join("instance-id"), "torn").unwrap();
        let second = id(folder.path()).unwrap();
        assert_ne!(second, first);
        assert_eq!(id(folder.path()).unwrap(), second);
    }

    #[test]
    fn nobody_else_may_read_it_nor_one_of_an_earlier_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("instance-id");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let first = id(folder.path()).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(id(folder.path()).unwrap(), first);
        assert_eq!(mode(), 0o600);
    }
}
