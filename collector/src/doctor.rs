//! `farol-collector doctor`: looks at everything that a collector with these settings depends on, and says of each thing how it is and what to do.
//!
//! It asks as the collector would, with its settings and credentials, and changes nothing but a file in the data folder that it takes away again.

use std::io::Write;
use std::path::Path;

use crate::config::{self, Config, Destination, DestinationKind, Given, Others};
use crate::export::probe;

mod clock;
mod cors;
mod disk;
mod finding;
mod running;

pub(crate) use finding::Report;

/// What is to be looked at beyond what the settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// An origin that shall be able to send.
    pub(crate) origin: Option<String>,
    /// For machines.
    pub(crate) json: bool,
}

/// Looks; false where something does not work.
pub(crate) async fn run(
    wanted: &Wanted,
    given: &Given,
    environment: Vec<(String, String)>,
    out: &mut dyn Write,
) -> bool {
    let mut report = Report::new(out, wanted.json);
    let file = given.file.as_deref();
    let next = next(file);
    match settings(given, environment) {
        Ok(config) => {
            let summary = config.summary();
            let said = summary.strip_prefix("the settings are valid: ");
            report.ok("settings", said.unwrap_or(&summary));
            for remark in config.remarks() {
                report.warn(remark.what, remark.found, remark.remedy);
            }
            look(&config, wanted, file, &mut report).await;
        }
        Err(line) => report.fail(
            "settings",
            line,
            "correct it; check-config reads them again",
        ),
    }
    report.end(&next)
}

fn settings(given: &Given, environment: Vec<(String, String)>) -> Result<Config, String> {
    let config = config::check(given, environment).map_err(|error| error.to_string())?;
    crate::reload::try_out(&config).map_err(|error| format!("{error:#}"))?;
    Ok(config)
}

async fn look(config: &Config, wanted: &Wanted, file: Option<&Path>, report: &mut Report<'_>) {
    disk::look(config, report);
    let runs = running::look(config, &command("", file), report).await;
    cors::look(config, wanted.origin.as_deref(), runs, report).await;
    for destination in &config.destinations {
        let what = format!("destination {}", destination.name);
        match &destination.kind {
            DestinationKind::OtlpFile(config::OtlpFile { path, .. })
            | DestinationKind::Parquet(config::Parquet::Folder(path)) => {
                disk::folder(&what, path, report);
            }
            DestinationKind::Terminal(_) => {
                report.ok(&what, "lines go to the collector's own terminal");
            }
            _ => servers(&what, destination, report).await,
        }
    }
    for source in &config.sources {
        probe::source(&format!("source {}", source.name), source, report).await;
    }
    clock::judge(report);
}

/// The server that a destination is, and those beside it.
async fn servers(what: &str, destination: &Destination, report: &mut Report<'_>) {
    probe::look(what, destination, report).await;
    let (Others::Fallbacks(others) | Others::Spread(others)) = &destination.others else {
        return;
    };
    for (n, endpoint) in others.iter().enumerate() {
        if let Some(kind) = destination.kind.at(endpoint) {
            let other = Destination {
                kind,
                ..destination.clone()
            };
            probe::look(&format!("{what}, server {}", n + 2), &other, report).await;
        }
    }
}

/// How the program is called with the same settings.
fn command(task: &str, file: Option<&Path>) -> String {
    let task = match task {
        "" => String::new(),
        task => format!(" {task}"),
    };
    match file {
        Some(file) => format!("farol-collector{task} --config {}", file.display()),
        None => format!("farol-collector{task}"),
    }
}

fn next(file: Option<&Path>) -> String {
    format!(
        "open a page that has the SDK, and watch `{}`",
        command("tail", file)
    )
}

#[cfg(test)]
mod tests;
