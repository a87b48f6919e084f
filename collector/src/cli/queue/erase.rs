//! `queue erase`: takes out what one session or one user left, and says what only others can.

use std::io::{self, Write};

use anyhow::Result;

use super::{admin, json};
use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::forget::{Person, Whose};
use crate::operate::{Forgotten, Task, forget};
use crate::queue::disk;

/// Erases, in the folder itself or through the collector that uses it.
///
/// # Errors
/// When something cannot be read or written anew, or the collector cannot be asked.
pub(super) fn erase(
    config: &Config,
    person: &Person,
    for_machines: bool,
    out: &mut impl Write,
) -> Result<()> {
    let forgotten = match DataFolder::unused(&config.data_dir)? {
        Some(data) => forget(person, &config.data_dir, |rewrite| {
            disk::erase::erase(&data, rewrite)
        })?,
        None => serde_json::from_str(&admin::ask(config, &Task::Erase(person.clone()))?)?,
    };
    match for_machines {
        true => json(&forgotten, out)?,
        false => tell(person, &forgotten, out)?,
    }
    Ok(())
}

fn tell(person: &Person, forgotten: &Forgotten, out: &mut impl Write) -> io::Result<()> {
    let whose = match person.whose {
        Whose::Session(_) => "session",
        Whose::User(_) => "user",
    };
    writeln!(
        out,
        "{whose} {}: {} items in {} records erased from the queue, {} from the dead letters",
        person.id(),
        forgotten.items,
        forgotten.records,
        forgotten.dead_letters
    )?;
    for share in &forgotten.destinations {
        writeln!(
            out,
            "{}: {} erased before they went, {} it was through with: erase there those of them that it took",
            share.name, share.not_gone, share.had
        )?;
    }
    if forgotten.cleared_bytes + forgotten.removed_files > 0 {
        writeln!(
            out,
            "damaged: {} bytes cleared and {} files kept aside removed, because nobody can tell whose they are",
            forgotten.cleared_bytes, forgotten.removed_files
        )?;
    }
    writeln!(
        out,
        "what a destination had and is no longer kept here nobody here knows of: have each one erase {} = {} too",
        person.names().join(" or "),
        person.id()
    )
}
