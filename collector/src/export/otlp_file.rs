//! OTLP/JSON lines in files that rotate within a bound: what the OpenTelemetry Collector's otlpjsonfile receiver reads.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::destination::{Attempt, Destination, Outcome, Reason};
use super::pack::aside_for_long;
use super::rolling::Rolling;
use super::{Batch, Signal};
use crate::config::OtlpFile as Settings;

/// The Collector's file readers take lines of 1 MiB (`max_log_size`) unless told otherwise, and cut longer ones to pieces.
const MAX_LINE: usize = 1 << 20;

/// Three files, one for each signal.
pub(crate) struct OtlpFile {
    files: [Arc<Mutex<Rolling>>; 3],
}

impl OtlpFile {
    /// Opens no file yet, but makes the folder, so that a wrong one shows at start.
    pub(crate) fn new(settings: &Settings) -> io::Result<Self> {
        super::rolling::make_folder(&settings.path)?;
        let file = |signal: Signal| {
            Arc::new(Mutex::new(Rolling::new(
                &settings.path,
                signal.as_str(),
                settings.max_bytes,
                settings.max_files,
            )))
        };
        Ok(Self {
            files: [
                file(Signal::Logs),
                file(Signal::Traces),
                file(Signal::Metrics),
            ],
        })
    }
}

impl Destination for OtlpFile {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let file = Arc::clone(&self.files[batch.signal() as usize]);
            let batch = batch.clone();
            let written = aside_for_long(move || {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                write(&batch, &mut file)
            });
            match written.await {
                Ok(Ok(())) => Outcome::accepted(),
                Ok(Err(error)) => Outcome::retry(Reason::new(
                    format!("file {}", error.kind()),
                    error.to_string(),
                )),
                Err(outcome) => outcome,
            }
        })
    }
}

/// Writes a batch, a line after the other, so that no file grows beyond its bound by a large one. After an error the lines before it stay: the next
/// try brings them again, as all that is tried again may.
fn write(batch: &Batch, file: &mut Rolling) -> io::Result<()> {
    lines(batch, &mut |line| file.write(line))
}

/// The batch as one line, or as several where one would be too long. A single item has its line whatever its length.
fn lines(batch: &Batch, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut line = batch.json();
    if line.len() >= MAX_LINE
        && let Some((left, right)) = batch.split()
    {
        drop(line);
        lines(&left, take)?;
        return lines(&right, take);
    }
    line.push(b'\n');
    take(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::batch::Source;
    use crate::export::samples;

    fn logs(bodies: impl Iterator<Item = String>) -> Batch {
        let sources = bodies.map(|body| Source::Record(samples::log("shop", &body).into()));
        Batch::new(Signal::Logs, sources.collect())
    }

    #[tokio::test]
    async fn each_batch_is_one_line_in_its_signals_file() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::in_folder(folder.path().join("otlp"));
        let destination = OtlpFile::new(&settings).unwrap();
        let batch = logs(["a", "b"].map(String::from).into_iter());
        assert_eq!(destination.send(&batch).await, Outcome::accepted());
        let metrics = Batch::new(
            Signal::Metrics,
            vec![Source::Metrics(samples::metrics().into())],
        );
        assert_eq!(destination.send(&metrics).await, Outcome::accepted());
        let read = |name| std::fs::read(settings.path.join(name)).unwrap();
        assert_eq!(read("logs.jsonl"), [&batch.json()[..], b"\n"].concat());
        assert_eq!(read("metrics.jsonl"), [&metrics.json()[..], b"\n"].concat());
        assert!(!settings.path.join("traces.jsonl").exists());
    }

    #[test]
    fn no_line_is_longer_than_a_reader_takes_unless_one_item_is() {
        let batch = logs((0..8).map(|_| "x".repeat(300_000)));
        let lines = |batch: &Batch| {
            let mut lengths = Vec::new();
            let mut take = |line: &[u8]| {
                assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
                lengths.push(line.len());
                Ok(())
            };
            super::lines(batch, &mut take).unwrap();
            lengths
        };
        let lengths = lines(&batch);
        assert_eq!(lengths.len(), 4);
        assert!(lengths.iter().all(|length| *length <= MAX_LINE));
        assert_eq!(lines(&logs(["y".repeat(2 << 20)].into_iter())).len(), 1);
    }

    #[tokio::test]
    async fn a_large_batch_rotates_within_itself() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            max_bytes: 2 << 20,
            max_files: 10,
            ..Settings::in_folder(folder.path().join("otlp"))
        };
        let destination = OtlpFile::new(&settings).unwrap();
        let batch = logs((0..20).map(|_| "x".repeat(300_000)));
        assert_eq!(destination.send(&batch).await, Outcome::accepted());
        let mut sizes = Vec::new();
        for file in std::fs::read_dir(&settings.path).unwrap() {
            sizes.push(file.unwrap().metadata().unwrap().len());
        }
        assert!(
            sizes.len() >= 3 && sizes.iter().all(|size| *size <= 2 << 20),
            "{sizes:?}"
        );
        assert!(sizes.iter().sum::<u64>() > 20 * 300_000);
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_tried_again_and_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::in_folder(folder.path().join("otlp"));
        let destination = OtlpFile::new(&settings).unwrap();
        std::fs::remove_dir_all(&settings.path).unwrap();
        std::fs::write(&settings.path, "in the way").unwrap();
        let batch = logs(["a".to_owned()].into_iter());
        let outcome = destination.send(&batch).await;
        assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
        std::fs::remove_file(&settings.path).unwrap();
        assert_eq!(destination.send(&batch).await, Outcome::accepted());
    }
}
