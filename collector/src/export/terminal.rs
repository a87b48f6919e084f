//! The terminal: one readable line an item, as it comes in.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::Batch;
use super::destination::{Attempt, Destination, Outcome, Reason};
use crate::config::Terminal as Settings;
use crate::convert::Otlp;

mod by_app;
mod captured;
mod item;
mod line;
mod text;

pub(crate) use by_app::by_app;
use line::{Look, Paint};
pub(crate) use text::safe;

/// Where the output is no terminal there is no width to keep; a line is still no page.
const UNKNOWN_WIDTH: usize = 240;

/// Lines on standard output.
pub(crate) struct Terminal {
    out: Arc<Mutex<Box<dyn Write + Send>>>,
    paint: Paint,
    zone: TimeZone,
    width: fn() -> usize,
}

impl Terminal {
    pub(crate) fn new(settings: &Settings) -> Self {
        let tty = io::stdout().is_terminal();
        // https://no-color.org: set and not empty.
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        Self {
            out: Arc::new(Mutex::new(Box::new(io::stdout()))),
            paint: Paint(settings.color.unwrap_or(tty && !unwanted)),
            zone: TimeZone::system(),
            width,
        }
    }
}

/// Asked anew for each batch: people resize windows.
fn width() -> usize {
    match terminal_size::terminal_size() {
        Some((width, _)) => usize::from(width.0),
        None => UNKNOWN_WIDTH,
    }
}

impl Destination for Terminal {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let look = Look {
                paint: self.paint,
                width: (self.width)(),
                zone: self.zone.clone(),
            };
            let lines = lines(batch, &look);
            let out = Arc::clone(&self.out);
            // Off the runtime's threads: a terminal can be stopped by a key.
            let written = tokio::task::spawn_blocking(move || {
                let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                out.write_all(lines.as_bytes())?;
                out.flush()
            });
            match written.await {
                Ok(Ok(())) => Outcome::accepted(),
                _ => Outcome::retry(Reason::code("terminal closed")),
            }
        })
    }
}

fn lines(batch: &Batch, look: &Look) -> String {
    story(batch.logs(), batch.spans(), look)
}

/// The same lines without a terminal: no colours, long ones not cut.
pub(crate) fn told(otlp: &Otlp) -> String {
    let look = Look {
        paint: Paint(false),
        width: UNKNOWN_WIDTH,
        zone: TimeZone::system(),
    };
    let logs = otlp.logs.iter().flat_map(|it| &it.scope_logs);
    let spans = otlp.traces.iter().flat_map(|it| &it.scope_spans);
    story(
        logs.flat_map(|it| &it.log_records),
        spans.flat_map(|it| &it.spans),
        &look,
    )
}

/// In order of time: within a batch people read a story, whatever order the payload had.
fn story<'a>(
    logs: impl Iterator<Item = &'a LogRecord>,
    spans: impl Iterator<Item = &'a Span>,
    look: &Look,
) -> String {
    let logs = logs.map(|it| (it.time_unix_nano, item::log(it)));
    let spans = spans.map(|it| (it.start_time_unix_nano, item::span(it)));
    let mut all: Vec<_> = logs.chain(spans).collect();
    all.sort_by_key(|(time, _)| *time);
    let mut out = String::new();
    for (time, line) in all {
        line.write(time, look, &mut out);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
