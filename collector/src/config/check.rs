//! What a start would see of the machine beside the settings themselves: folders, databases and addresses. Looked at and not touched, so that
//! `check-config` can run beside a collector, and before there is a folder.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use rustix::fs::{Access, access};

use super::ConfigError;
use super::read::Section;
use super::tree::Node;
use super::valid::{Config, QueueType};
use crate::data_folder::DataFolder;
use crate::queue::disk;

/// The first thing that a start would refuse.
pub(super) fn check(root: &Node, config: &Config) -> Result<(), ConfigError> {
    let root = Section::root(root);
    let wrong_folder = |problem: &str| format!("{problem}; name a folder that can be written");
    if let Err(problem) = folder(&config.data_dir) {
        return Err(root.wrong("data_dir", wrong_folder(problem)));
    }
    let queue = DataFolder::queue_of(&config.data_dir);
    if config.queue.kind == QueueType::Memory
        && disk::holds_something(&queue)
        // A collector that runs there may have delivered it by the time that it ends.
        && matches!(DataFolder::unused(&config.data_dir), Ok(Some(_)))
    {
        let problem = "the queue on disk holds what is not delivered; start with \"disk\" until it is empty, or name another data_dir";
        return Err(root.section("queue")?.wrong("type", problem));
    }
    for (section, destination) in root
        .entries("destinations")?
        .unwrap_or_default()
        .iter()
        .zip(&config.destinations)
    {
        if let Some(path) = destination.kind.folder()
            && let Err(problem) = folder(path)
        {
            return Err(section.wrong("path", wrong_folder(problem)));
        }
    }
    let geo = root.section("geo")?;
    for (key, path) in [
        ("database", &config.geo.database),
        ("networks", &config.geo.networks),
    ] {
        if let Some(path) = path {
            let wrong = |error: anyhow::Error| geo.wrong(key, format!("{error:#}"));
            crate::enrich::geo::check(path).map_err(wrong)?;
        }
    }
    address(config.listen).map_err(|problem| root.wrong("listen", problem))?;
    match config.admin_listen {
        Some(admin) => address(admin).map_err(|problem| root.wrong("admin_listen", problem)),
        None => Ok(()),
    }
}

/// Whether a folder can be written, or made.
fn folder(path: &Path) -> Result<(), &'static str> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = whole.ancestors().find(|it| it.symlink_metadata().is_ok());
    let Some(there) = there else {
        return Err("it cannot be made");
    };
    if !there.is_dir() {
        return Err(match there == whole {
            true => "it is no folder",
            false => "it cannot be made: a file stands in its way",
        });
    }
    // /proc and the like let root do everything and do nothing of it.
    let may = access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let odd = there.starts_with("/proc") || there.starts_with("/sys");
    match may && !odd {
        true => Ok(()),
        false if there == whole => Err("it cannot be written"),
        false => Err("it cannot be made: permission denied"),
    }
}

/// Whether this process could listen there, if nobody did.
fn address(address: SocketAddr) -> Result<(), &'static str> {
    match TcpListener::bind(address).map_err(|e| e.kind()) {
        // The collector itself, as likely as not.
        Ok(_) | Err(ErrorKind::AddrInUse) => Ok(()),
        Err(ErrorKind::AddrNotAvailable) => Err("this machine has no such address; name another"),
        Err(ErrorKind::PermissionDenied) => Err(
            "permission denied; name a port above 1023, or allow it (AmbientCapabilities=CAP_NET_BIND_SERVICE)",
        ),
        Err(_) => Err("it cannot be listened at; name another"),
    }
}
