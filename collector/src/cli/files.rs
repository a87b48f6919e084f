//! How many files, and so connections, this process may have open.

use crate::config::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open beside connections from clients: the queue, destinations, the runtime.
const OWN: u64 = 256;

/// Fewer connections than this are few for a site, whatever nobody asked for.
const FEW: u64 = 1_000;

/// Takes what the system allows; shells start programs with 1,024, however many more there may be. Says so where the connections that are
/// configured cannot be served with that.
pub(super) fn raise(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    let wanted = connections as u64 + OWN;
    let is_enough = |most: Option<u64>| most.is_none_or(|most| most >= wanted);
    if is_enough(limit.current) {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let most = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    if let Some(line) = most.and_then(|most| short(connections, most)) {
        tracing::warn!("{line}");
    }
}

/// The default is as many connections as there may be files, up to itself.
pub(super) fn fit(limits: &mut Limits) {
    if limits.connections == Limits::default().connections
        && let Some(files) = getrlimit(Resource::Nofile).current
        && let Some(most) = most(files)
    {
        limits.connections = limits.connections.min(most);
    }
}

/// Connections that so many files are enough for.
fn most(files: u64) -> Option<usize> {
    usize::try_from(files.saturating_sub(OWN).max(1)).ok()
}

/// What to say where `files` are too few for `connections`.
fn short(connections: usize, files: u64) -> Option<String> {
    let served = most(files).filter(|served| *served < connections)?;
    // What nobody asked for is missed where it is little.
    if connections == Limits::default().connections && served as u64 >= FEW {
        return None;
    }
    let wanted = connections as u64 + OWN;
    Some(format!(
        "limits.connections = {connections}: this process may have {files} files open, which serve {served} connections; raise its limit to {wanted} (LimitNOFILE={wanted} in the systemd unit, ulimit -n {wanted} in a shell), or set limits.connections to {served} or less"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_that_were_asked_for_and_cannot_be_served_are_worth_a_warning() {
        let default = Limits::default().connections;
        for files in [20_000, 20_255, 20_256, 1 << 20, 4_096] {
            assert_eq!(short(default, files), None, "{files}");
        }
        let line = short(default, 1_024).unwrap();
        assert!(line.contains("serve 768 connections"), "{line}");
        assert_eq!(short(30_000, 30_256), None);
        let line = short(30_000, 30_255).unwrap();
        assert!(line.starts_with("limits.connections = 30000: "), "{line}");
        assert!(
            line.contains("LimitNOFILE=30256") && line.contains("29999"),
            "{line}"
        );
    }
}
