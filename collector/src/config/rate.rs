//! How much may come in a second.

use std::time::Duration;

/// A limit on requests and on bytes of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second; `None` for as many as come.
    pub requests: Option<u64>,
    /// Bytes of bodies a second, as sent; `None` for as many as come.
    pub bytes: Option<u64>,
    /// How much time's worth may come at once.
    pub burst: Duration,
    /// Counts what would be refused, and takes it.
    pub observe: bool,
}

impl Rate {
    /// No limit.
    pub const NONE: Self = Self {
        requests: None,
        bytes: None,
        // A page that comes back online sends what it kept; ten seconds' worth lets an office do so.
        burst: Duration::from_secs(10),
        observe: false,
    };

    /// Of one client address: a page sends a request in some seconds, so this is an office of some hundred people, or a carrier's gateway of
    /// some thousand phones. Behind a proxy that is not trusted all clients are one address.
    pub const ADDRESS: Self = Self {
        requests: Some(100),
        bytes: Some(4 << 20),
        ..Self::NONE
    };
}
