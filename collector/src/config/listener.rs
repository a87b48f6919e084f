//! How the listeners are reached: TLS, PROXY protocol, the path of the operator's choice, and the SDK's files.

use std::path::PathBuf;
use std::time::Duration;

use super::Network;

/// The public listener, beyond its address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublicListener {
    /// Set where it speaks TLS.
    pub tls: Option<ServerTls>,
    /// Proxies whose connections begin with a PROXY protocol header.
    pub proxy_protocol: Vec<Network>,
    /// A prefix below which all that is public is served as well: `/rum`. Empty for none.
    pub path: String,
    /// Whether what is public is served below `path` alone.
    pub path_only: bool,
    /// Files of the SDK to serve.
    pub sdk: Option<SdkFiles>,
}

/// TLS of the public listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    /// The chain of certificates, PEM, own one first.
    pub cert_file: PathBuf,
    /// Its key, PEM.
    pub key_file: PathBuf,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// Handshakes at once.
    pub handshakes: usize,
}

impl ServerTls {
    /// A phone on a bad network needs two or three round trips of a second each.
    pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
    /// A core makes some thousand a second; each holds about 40 KiB until it is done: 40 MiB at most.
    pub const HANDSHAKES: usize = 1000;
}

/// Files of the SDK to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdkFiles {
    /// The folder that holds them.
    pub dir: PathBuf,
    /// The path that they are below.
    pub path: String,
}

impl SdkFiles {
    /// Where the files are unless something else is said.
    pub const PATH: &'static str = "/sdk";
}
