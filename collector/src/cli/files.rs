//! How many files, and so connections, this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open beside connections from clients: the queue, destinations, the runtime.
const OWN: u64 = 256;

/// Takes what the system allows; shells start programs with 1,024, however many more there may be. Says so where that is not enough.
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
    if setrlimit(Resource::Nofile, raised).is_err() || !is_enough(limit.maximum) {
        tracing::warn!(
            connections,
            files = limit.maximum,
            "limits.connections is more than this process may have open files; raise LimitNOFILE (ulimit -n)"
        );
    }
}
