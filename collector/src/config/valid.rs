//! Settings that were checked. Nothing here can be wrong in a way that shows only later.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use super::queue::{MinFree, QueueSettings, QueueType};
use super::{App, AppData, Rate, Secret};
use crate::client_address::TrustedProxies;

pub use super::destination::*;
pub use super::kafka::*;
pub use super::listener::{PublicListener, SdkFiles, ServerTls};
pub use super::loki::*;
pub use super::network::Network;
pub use super::parquet::*;
pub use super::receivers::*;
pub use super::remote::*;
pub use super::remote_write::*;
pub use super::source::Source;
pub use crate::convert::Dialect;

/// Everything the collector is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where browsers reach it.
    pub listen: SocketAddr,
    /// Where `/metrics` and `/-/` are, when not at `listen`.
    pub admin_listen: Option<SocketAddr>,
    /// How browsers reach it, beyond the address: TLS, proxies, paths, the SDK's files.
    pub public: PublicListener,
    /// Proxies whose connections to `admin_listen` begin with a PROXY protocol header.
    pub admin_proxy_protocol: Vec<Network>,
    /// The folder for all that it keeps.
    pub data_dir: PathBuf,
    /// Declared apps; none means open.
    pub apps: Vec<App>,
    /// Proxies whose word on a client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Where the data goes.
    pub destinations: Vec<Destination>,
    /// Where records are read from, beside what browsers send.
    pub sources: Vec<Source>,
    /// What is done with the data where no app says otherwise.
    pub data: AppData,
    /// What is left out before the queue.
    pub filters: Vec<crate::filter::Rule>,
    /// Attributes that are put on what a condition holds for.
    pub attributes: Vec<crate::enrich::add::Rule>,
    /// Where clients are looked up.
    pub geo: crate::enrich::geo::Settings,
    /// Bounds on what clients may do.
    pub limits: Limits,
    /// The queue between receiving and exporting.
    pub queue: QueueSettings,
    /// How long stopping may take.
    pub shutdown_timeout: Duration,
    /// How often metrics go out at most.
    pub metrics_interval: Duration,
    /// How long CLS and INP of a visit wait for a later report before they count.
    pub metrics_hold: Duration,
    /// What the collector says of itself.
    pub telemetry: Telemetry,
    /// Files that settings name and that a change of is a change of the settings: secrets, certificates.
    pub files: Vec<PathBuf>,
}

impl Default for Config {
    /// What runs without a file: loopback, and OTLP files in the data folder.
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            admin_listen: None,
            public: PublicListener::default(),
            admin_proxy_protocol: Vec::new(),
            data_dir: PathBuf::from(DEFAULT_DATA_DIR),
            apps: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            destinations: vec![Destination::embedded(&PathBuf::from(DEFAULT_DATA_DIR))],
            sources: Vec::new(),
            data: AppData::default(),
            filters: Vec::new(),
            attributes: Vec::new(),
            geo: crate::enrich::geo::Settings::default(),
            limits: Limits::default(),
            queue: QueueSettings::default(),
            shutdown_timeout: Duration::from_secs(10),
            metrics_interval: crate::aggregate::INTERVAL,
            metrics_hold: crate::aggregate::HOLD,
            telemetry: Telemetry::default(),
            files: Vec::new(),
        }
    }
}

/// The address that Alloy's faro.receiver has, so that a page set up for it finds this one.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 12347);

/// Beside where it was started.
pub const DEFAULT_DATA_DIR: &str = "./farol-data";

/// Bounds on what clients may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a body as sent.
    pub body: usize,
    /// The most bytes of a body once inflated.
    pub inflated: usize,
    /// The most bytes of bodies that are read or worked on at once.
    pub in_flight: usize,
    /// The most bytes of a request's head.
    pub header_bytes: usize,
    /// How long a request's head may take.
    pub header_timeout: Duration,
    /// How long a body may take.
    pub body_timeout: Duration,
    /// The least bytes a second that a body comes with.
    pub body_rate: usize,
    /// How long a body has before its rate is looked at.
    pub body_grace: Duration,
    /// How long a connection may idle.
    pub idle_timeout: Duration,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_address: usize,
    /// HTTP/2 requests at once on a connection.
    pub streams: u32,
    /// The largest window that a body in zstd may ask for; a power of two.
    pub zstd_window: usize,
    /// Bounds on what a payload holds.
    pub content: crate::decode::Limits,
    /// How much may come in all.
    pub rate: Rate,
    /// How much may come from one address.
    pub address_rate: Rate,
}

impl Default for Limits {
    /// A browser's keepalive request is at most 64 KiB and Faro's largest body known to us 2 MB uncompressed: 1 MiB and 5 MiB (Alloy's own bound) leave room.
    /// The time-outs are what a phone on a bad network needs, several times over; GPRS brought 4 KiB a second. Browsers open 100 streams at most.
    fn default() -> Self {
        Self {
            body: 1 << 20,
            inflated: 5 << 20,
            in_flight: 64 << 20,
            header_bytes: 32 << 10,
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(15),
            body_rate: 1024,
            body_grace: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            connections: 20_000,
            connections_per_address: 1_000,
            streams: 100,
            // What RFC 8878 wants decoders to take.
            zstd_window: 8 << 20,
            content: crate::decode::Limits::default(),
            rate: Rate::NONE,
            address_rate: Rate::ADDRESS,
        }
    }
}

/// What the collector says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// What goes to standard error: a filter as of tracing's `EnvFilter`.
    pub log: String,
    /// Where its own traces go, OTLP/HTTP; `None` for nowhere.
    pub traces_endpoint: Option<http::Uri>,
    /// The share that is traced, 0 to 1.
    pub traces_ratio: f64,
    /// Headers of those requests.
    pub traces_headers: Vec<(http::HeaderName, Secret)>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            log: "info".into(),
            traces_endpoint: None,
            traces_ratio: 1.0,
            traces_headers: Vec::new(),
        }
    }
}

impl Config {
    /// Files that a part of it reads by itself: where one changes, that is a change of the settings.
    pub(super) fn read_by_parts(&self) -> Vec<PathBuf> {
        let remotes = self.destinations.iter().filter_map(|d| d.kind.remote());
        let remotes = remotes.flat_map(|remote| remote.tls.files().cloned());
        let own = self.public.tls.iter();
        let own = own.flat_map(|tls| [tls.cert_file.clone(), tls.key_file.clone()]);
        let geo = self.geo.files().cloned();
        remotes.chain(own).chain(geo).collect()
    }

    /// What it comes to, in one line.
    pub fn summary(&self) -> String {
        let destinations: Vec<_> = self
            .destinations
            .iter()
            .map(|d| format!("{} ({})", d.name, d.kind.as_str()))
            .collect();
        let apps: Vec<_> = self.apps.iter().map(|app| app.name.as_str()).collect();
        let apps = if apps.is_empty() {
            "none, open".to_owned()
        } else {
            apps.join(", ")
        };
        format!(
            "the settings are valid: listen {}, data {}, apps: {apps}, destinations: {}",
            self.listen,
            self.data_dir.display(),
            destinations.join(", ")
        )
    }
}
