//! `farol-collector setup`: makes in a server what a destination there needs, says what it did, and changes nothing where all is as it should be.

use std::io::Write;

use anyhow::{Context as _, Result, ensure};

use super::{clickhouse, elasticsearch};
use crate::config::{Destination, DestinationKind};

/// What of all that there is to set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The type of destinations.
    pub(crate) kind: String,
    /// One by name; all of the type where there is none.
    pub(crate) destination: Option<String>,
    /// Says what there would be to do, and does nothing.
    pub(crate) dry_run: bool,
}

/// The types that there is something to set up for.
pub(crate) const KINDS: [&str; 2] = ["clickhouse", "elasticsearch"];

/// What became of one thing that has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Made,
    Changed,
    Unchanged,
}

impl Done {
    pub(super) fn word(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Made, false) => "made",
            (Self::Changed, false) => "changed",
            (Self::Made, true) => "would be made",
            (Self::Changed, true) => "would be changed",
            (Self::Unchanged, _) => "as it should be",
        }
    }
}

/// Sets up every destination that is wanted.
///
/// # Errors
/// When there is none, when a server cannot be reached or says no, when nothing can be written.
pub(crate) async fn run(
    destinations: &[Destination],
    wanted: &Wanted,
    out: &mut impl Write,
) -> Result<()> {
    let of_kind = destinations
        .iter()
        .filter(|it| it.kind.as_str() == wanted.kind);
    let name = wanted.destination.as_deref();
    let chosen: Vec<_> = of_kind
        .filter(|it| name.is_none_or(|name| it.name == name))
        .collect();
    ensure!(
        !chosen.is_empty(),
        "no destination of type {}{} is in these settings; name the file with --config",
        wanted.kind,
        name.map_or_else(String::new, |name| format!(" and name {name}"))
    );
    for destination in chosen {
        let mut say =
            |what: &str, word: &str| writeln!(out, "{}: {what}: {word}", destination.name);
        let done = match &destination.kind {
            DestinationKind::Elasticsearch(settings) => {
                elasticsearch::setup::run(settings, wanted.dry_run, &mut say).await
            }
            DestinationKind::ClickHouse(settings) => {
                clickhouse::setup::run(settings, wanted.dry_run, &mut say).await
            }
            _ => Ok(()),
        };
        done.with_context(|| format!("destination {:?}", destination.name))?;
    }
    Ok(())
}

/// Says what became of something.
pub(super) type Say<'a> = dyn FnMut(&str, &str) -> std::io::Result<()> + 'a;
