//! The example backends: what each needs, and how it is started with its stores and its worker. `demo --backend` puts one behind the shop, `backend`
//! runs one alone, which is how the tests have it.

mod needs;
mod stores;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::demo::service::{self, Lines, Service};
use crate::{process, setup, steps};
use stores::Stores;

/// How soon telemetry leaves: a person, or a test, looks at it at once. OpenTelemetry's own defaults are for production.
pub const INTERVAL: u32 = 500;

const FOLDER: &str = "examples/backends";

/// One of the backends below examples/backends, by its folder's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Node,
    Python,
    Spring,
}

impl Backend {
    pub const ALL: [Self; 3] = [Self::Node, Self::Python, Self::Spring];

    pub fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|it| it.name() == name)
            .with_context(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                format!("there is no backend `{name}`; there are {names}")
            })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Spring => "spring",
        }
    }

    fn folder(self, root: &Path) -> PathBuf {
        root.join(FOLDER).join(self.name())
    }

    /// Gets what it needs; what is there is left alone.
    pub fn setup(self, root: &Path) -> Result<()> {
        stores::setup()?;
        let folder = self.folder(root);
        match self {
            Self::Node => setup::npm_in(&folder, "npm packages of the backend"),
            Self::Python => needs::python(&folder),
            Self::Spring => needs::spring(&folder),
        }
    }

    /// Whether `setup` would get nothing.
    pub fn ready(self, root: &Path) -> bool {
        let folder = self.folder(root);
        stores::at_hand()
            && match self {
                Self::Node => setup::npm_is_there(&folder),
                Self::Python => needs::python_is_there(&folder),
                Self::Spring => needs::spring_is_there(&folder),
            }
    }

    /// The API's process and the worker's, without what they are told by the environment.
    fn commands(self, root: &Path) -> Result<[Command; 2]> {
        let mut both = match self {
            Self::Node => ["src/server.js", "src/worker.js"].map(|file| {
                let mut node = Command::new("node");
                node.args(["--import", "./src/telemetry.js", file]);
                node
            }),
            Self::Python => {
                let program = needs::python_program()?;
                ["shop.serve", "shop.worker"].map(|module| {
                    let mut python = Command::new(&program);
                    // Nothing is written beside the sources.
                    python.env("PYTHONDONTWRITEBYTECODE", "1");
                    python.args(["-m", module]);
                    python
                })
            }
            Self::Spring => {
                let jar = needs::spring_jar()?;
                ["api", "worker"].map(|profile| {
                    let mut java = Command::new("java");
                    // Two small processes that start soon: what a server is told in production would be more.
                    java.args(["-Xmx192m", "-XX:TieredStopAtLevel=1", "-jar"]);
                    java.arg(&jar);
                    java.arg(format!("--spring.profiles.active={profile}"));
                    java
                })
            }
        };
        for command in &mut both {
            command.current_dir(self.folder(root));
        }
        Ok(both)
    }
}

/// A backend that runs, with its stores.
pub struct Running {
    pub url: String,
    pub services: Vec<Service>,
    pub stores: Stores,
}

/// Where a backend listens and what it tells to whom.
pub struct Wanted<'a> {
    /// 0 takes a free one.
    pub port: u16,
    /// A receiver of OTLP over HTTP.
    pub otlp: Option<&'a str>,
    /// How soon its spans, logs and metrics leave, in milliseconds.
    pub interval: u32,
}

pub fn start(root: &Path, backend: Backend, wanted: &Wanted<'_>, lines: &Lines) -> Result<Running> {
    let name = backend.name();
    let stores = Stores::start()?;
    let [mut api, mut worker] = backend.commands(root)?;
    for (command, service) in [
        (&mut api, format!("shop-{name}")),
        (&mut worker, format!("shop-{name}-worker")),
    ] {
        command
            .env("DATABASE_URL", &stores.postgres)
            .env("REDIS_URL", &stores.redis)
            .env("OTEL_SERVICE_NAME", service)
            .env(
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=demo",
            )
            .env("OTEL_BSP_SCHEDULE_DELAY", wanted.interval.to_string())
            .env("OTEL_BLRP_SCHEDULE_DELAY", wanted.interval.to_string())
            .env(
                "OTEL_METRIC_EXPORT_INTERVAL",
                (wanted.interval * 5).to_string(),
            )
            .env(
                "OTEL_METRIC_EXPORT_TIMEOUT",
                (wanted.interval * 5).to_string(),
            );
        if let Some(otlp) = wanted.otlp {
            command
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", otlp)
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        }
    }
    // A runtime that cannot say which port the system chose is given one that was free a moment ago.
    let port = match wanted.port {
        0 => free_port()?,
        port => port,
    };
    api.env("PORT", port.to_string());
    let mut api = Service::start(api, "backend", lines.clone())?;
    let url = api.address()?;
    let worker = Service::start(worker, "worker", lines.clone())?;
    Ok(Running {
        url,
        services: vec![api, worker],
        stores,
    })
}

/// `cargo xtask backend`: one alone, until it is ended.
pub fn run(root: &Path, backend: Backend, wanted: &Wanted<'_>) -> Result<bool> {
    backend.setup(root)?;
    let running = start(root, backend, wanted, &service::shown())?;
    steps::there(
        "backend",
        format!("{} is on {}", backend.name(), running.url),
    );
    let stores = &running.stores;
    steps::there("stores", format!("{} {}", stores.postgres, stores.redis));
    let ended = service::first_to_end(running.services)?;
    bail!("the {ended} ended by itself")
}

/// Tells tests which backends there are to start, and by what: those that are set up, and Node's; `all` sets up the others too. Whether there is one.
pub fn hand_on(root: &Path, all: bool) -> Result<bool> {
    let mut ready = Vec::new();
    if let Some(why) = setup::or_why(stores::setup(), all)? {
        steps::not_run(format!("the example backends: {why}"));
    } else {
        for backend in Backend::ALL {
            if all || backend == Backend::Node {
                backend.setup(root)?;
            }
            let name = backend.name();
            if backend.ready(root) {
                ready.push(name);
            } else {
                steps::not_run(format!(
                    "the example backend {name}: not set up; cargo xtask backend {name} does it"
                ));
            }
        }
    }
    process::hand_on("FAROL_BACKENDS", &ready.join(","));
    process::hand_on_xtask()?;
    Ok(!ready.is_empty())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// A new folder below the system's own for such, gone at the end.
fn temporary(name: &str) -> Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("farol-{name}-{}", std::process::id()));
    fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
    process::remove_at_end(&path);
    Ok(path)
}
