//! Files of whole lines, rotated within a bound.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// How much is read at a time on the way back to the last whole line.
const STEP: u64 = 64 * 1024;

/// One file that is written, `NAME.jsonl`, and rotated ones beside it, `NAME-000001.jsonl` and on.
#[derive(Debug)]
pub(crate) struct Rolling {
    folder: PathBuf,
    name: String,
    max_bytes: u64,
    max_files: usize,
    current: Option<(File, u64)>,
    removed: u64,
}

impl Rolling {
    /// Nothing is opened before the first line.
    pub(crate) fn new(
        folder: impl Into<PathBuf>,
        name: impl Into<String>,
        max_bytes: u64,
        max_files: usize,
    ) -> Self {
        Self {
            folder: folder.into(),
            name: name.into(),
            max_bytes,
            max_files,
            current: None,
            removed: 0,
        }
    }

    /// How many rotated files were removed to stay within the bound.
    #[cfg(test)]
    pub(crate) fn removed(&self) -> u64 {
        self.removed
    }

    /// Opens the file, and cuts off a line that an earlier run did not finish. Done by the first write too; at start it makes a
    /// folder that cannot be written show early.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        if self.current.is_none() {
            make_folder(&self.folder)?;
            let mut file = private().append(true).open(self.path())?;
            let size = whole_lines(&mut file)?;
            file.set_len(size)?;
            self.current = Some((file, size));
        }
        Ok(())
    }

    /// Appends whole lines with one write. After an error nothing of them is there.
    pub(crate) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        debug_assert_eq!(lines.last(), Some(&b'\n'));
        self.open()?;
        if let Some((_, size)) = self.current
            && size > 0
            && size + lines.len() as u64 > self.max_bytes
        {
            self.rotate()?;
            self.open()?;
        }
        let Some((file, size)) = &mut self.current else {
            return Err(io::Error::other("the file is not open"));
        };
        match file.write_all(lines) {
            Ok(()) => {
                *size += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // The disk may be full within a line. Should cutting fail too, the next open mends it.
                let _ = file.set_len(*size);
                self.current = None;
                Err(error)
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.jsonl", self.name))
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.current = None;
        let mut old = self.rotated()?;
        let number = old.last().map_or(1, |last| last + 1);
        if self.max_files == 0 {
            fs::remove_file(self.path())?;
            self.removed += 1;
            return Ok(());
        }
        fs::rename(self.path(), self.numbered(number))?;
        old.push(number);
        let surplus = old.len().saturating_sub(self.max_files);
        for number in &old[..surplus] {
            fs::remove_file(self.numbered(*number))?;
            self.removed += 1;
        }
        if surplus > 0 {
            tracing::info!(
                file = self.name,
                files = self.removed,
                "rotated files were removed to stay within the bound"
            );
        }
        Ok(())
    }

    fn numbered(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{}-{number:06}.jsonl", self.name))
    }

    /// Numbers of rotated files, oldest first.
    fn rotated(&self) -> io::Result<Vec<u64>> {
        let mut numbers: Vec<u64> = fs::read_dir(&self.folder)?
            .filter_map(|entry| {
                let name = entry.ok()?.file_name();
                let rest = name.to_str()?.strip_prefix(self.name.as_str())?;
                number(rest.strip_prefix('-')?.strip_suffix(".jsonl")?)
            })
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// How much lies in the files of a name, by what stands in the folder now.
pub(crate) fn bytes(folder: &Path, name: &str) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut sum = 0;
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name();
        let rest = file.to_str().and_then(|file| {
            let rest = file.strip_suffix(".jsonl")?;
            rest.strip_prefix(name)
        });
        let own = rest.is_some_and(|rest| match rest.strip_prefix('-') {
            Some(behind) => number(behind).is_some(),
            None => rest.is_empty(),
        });
        if own {
            sum += entry.metadata().map_or(0, |it| it.len());
        }
    }
    Ok(sum)
}

/// Whether a file of one name is called as a rotated one of the other.
pub(crate) fn clash(name: &str, other: &str) -> bool {
    let behind = |a: &str, b: &str| number(a.strip_prefix(b)?.strip_prefix('-')?);
    behind(name, other).or(behind(other, name)).is_some()
}

/// A rotated file's number, as it is written: the file of a destination `loki-2` is not one of `loki`'s.
fn number(text: &str) -> Option<u64> {
    let number = text.parse().ok()?;
    (format!("{number:06}") == text).then_some(number)
}

/// The length of the file up to its last line end.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut buffer = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        (&mut *file).take(end - start).read_to_end(&mut buffer)?;
        if let Some(at) = buffer.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// What is kept about visitors is for the collector's user alone.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_longer_name_is_none_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut other = Rolling::new(folder.path(), "loki-2", 8, 1);
        other.write(b"other\n").unwrap();
        let mut lines = Rolling::new(folder.path(), "loki", 8, 1);
        for _ in 0..4 {
            lines.write(b"letter\n").unwrap();
        }
        let want = ["loki-000003.jsonl", "loki-2.jsonl", "loki.jsonl"];
        assert_eq!(names(folder.path()), want);
        assert!(clash("loki-000001", "loki") && clash("loki", "loki-000001"));
        assert!(!clash("loki-2", "loki") && !clash("loki", "loki"));
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_stay_within_the_bound_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = Rolling::new(folder.path(), "logs", 20, 2);
        for n in 0..9 {
            file.write(format!("line {n:03}\n").as_bytes()).unwrap();
        }
        assert_eq!(
            names(folder.path()),
            ["logs-000003.jsonl", "logs-000004.jsonl", "logs.jsonl"]
        );
        assert_eq!(file.removed(), 2);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("logs-000004.jsonl"), "line 006\nline 007\n");
        assert_eq!(read("logs.jsonl"), "line 008\n");
    }

    #[test]
    fn numbers_go_on_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            let mut file = Rolling::new(folder.path(), "logs", 1, 5);
            file.write(b"a\n").unwrap();
        }
        assert_eq!(
            names(folder.path()),
            ["logs-000001.jsonl", "logs-000002.jsonl", "logs.jsonl"]
        );
    }

    #[test]
    fn a_torn_last_line_is_cut_off_at_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.jsonl");
        let torn = "x".repeat(200_000);
        fs::write(&path, format!("whole\n{torn}")).unwrap();
        let mut file = Rolling::new(folder.path(), "logs", 1 << 30, 1);
        file.write(b"next\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nnext\n");

        fs::write(&path, &torn).unwrap();
        let mut file = Rolling::new(folder.path(), "logs", 1 << 30, 1);
        file.open().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn a_line_larger_than_a_file_is_still_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = Rolling::new(folder.path(), "logs", 4, 1);
        file.write(b"larger than four\n").unwrap();
        file.write(b"b\n").unwrap();
        assert_eq!(names(folder.path()), ["logs-000001.jsonl", "logs.jsonl"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("otlp");
        Rolling::new(&inner, "logs", 9, 1).write(b"a\n").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&inner.join("logs.jsonl")), 0o600);
        assert_eq!(mode(&inner), 0o700);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("logs.jsonl")).unwrap();
        let mut file = Rolling::new(folder.path(), "logs", 1 << 20, 1);
        assert!(file.write(b"a\n").is_err());
    }
}
