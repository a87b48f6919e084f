//! The demo: collector, shop and a person, or a browser in the person's place.

pub mod service;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::backend::{self, Backend};
use crate::{build, paths, process, setup, steps};
use service::{Lines, Service};

/// Where collector and shop listen when nobody else does: the collector's default, and what people type for a local shop.
const COLLECTOR_PORT: u16 = 12347;
const SHOP_PORT: u16 = 8080;

/// What was asked of the demo.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A headless browser in a person's place.
    pub drive: bool,
    /// Another backend behind the shop than its own.
    pub backend: Option<Backend>,
    /// Where the collector sends everything too, by OTLP over HTTP.
    pub otlp: Option<String>,
}

pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let drive = options.drive;
    if drive {
        setup::all(root, &["chromium".to_owned()])?;
    } else {
        setup::for_sdk(root)?;
    }
    if let Some(backend) = options.backend {
        backend.setup(root)?;
    }
    if std::env::var_os(process::BUILT).is_none() {
        build::all(root)?;
    }
    let data = DataFolder::new()?;

    let mut collector = Service::start(
        collector(root, &data.0, options),
        "collector",
        quiet_if(drive),
    )?;
    let collector_url = collector.address()?;
    let mut behind = Vec::new();
    let mut api = None;
    if let Some(backend) = options.backend {
        let wanted = backend::Wanted {
            port: 0,
            otlp: Some(&collector_url),
            interval: backend::INTERVAL,
        };
        let running = backend::start(root, backend, &wanted, &quiet_if(drive))?;
        steps::there(backend.name(), &running.url);
        api = Some(running.url.clone());
        behind.push(running);
    }
    let shop = shop(root, &collector_url, api.as_deref(), drive);
    let mut shop = Service::start(shop, "shop", service::unseen())?;
    let shop_url = shop.address()?;
    steps::there("collector", &collector_url);
    steps::there("shop", &shop_url);

    if drive {
        let mut driver = build::node(root);
        driver
            .arg("tests/e2e/drive.ts")
            .args(["--shop", &shop_url])
            .arg("--data")
            .arg(&data.0);
        if let Some(backend) = options.backend {
            driver.args(["--backend", backend.name()]);
        }
        return Ok(process::status(&mut driver, "the headless person")?.success());
    }
    println!("\n  The shop is at {shop_url}: open it and click about; what arrives is shown here.");
    println!("  OTLP files: {}", data.0.join("otlp").display());
    println!("  Ctrl-C ends all.\n");
    let mut all = vec![collector, shop];
    for running in &mut behind {
        all.append(&mut running.services);
    }
    let ended = service::first_to_end(all)?;
    bail!("the {ended} ended by itself")
}

/// The collector with no configuration file, in a folder of its own. What makes items show live is what a person would set too.
fn collector(root: &Path, data: &Path, options: &Options) -> Command {
    let drive = options.drive;
    let mut command = Command::new(paths::release(root, "farol-collector"));
    command
        .args([
            "--listen",
            &format!("127.0.0.1:{}", free(COLLECTOR_PORT, drive)),
        ])
        .arg("--data-dir")
        .arg(data)
        .current_dir(data);
    if !drive {
        command.env("FAROL_DESTINATIONS__terminal__TYPE", "terminal");
    }
    if let Some(otlp) = &options.otlp {
        command.env("FAROL_DESTINATIONS__otlp__TYPE", "otlp_http");
        command.env("FAROL_DESTINATIONS__otlp__ENDPOINT", otlp);
    }
    // Naming a destination replaces the embedded default, so that is named too.
    command.env("FAROL_DESTINATIONS__files__TYPE", "otlp_file");
    command
}

fn shop(root: &Path, collector: &str, api: Option<&str>, drive: bool) -> Command {
    let mut command = Command::new(paths::release(root, "farol-shop"));
    command.args([
        "--quiet",
        "--listen",
        &format!("127.0.0.1:{}", free(SHOP_PORT, drive)),
        "--collector",
        collector,
    ]);
    if let Some(api) = api {
        command.args(["--api", api]);
    }
    command
        .arg("--static")
        .arg(root.join("examples/spa/dist"))
        .current_dir(root);
    command
}

/// The wanted port where it is free, else 0, which lets the system choose. A drive always lets it choose: it may run beside a demo.
fn free(wanted: u16, drive: bool) -> u16 {
    if !drive && TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).is_ok() {
        wanted
    } else {
        0
    }
}

fn quiet_if(drive: bool) -> Lines {
    if drive {
        service::unseen()
    } else {
        service::shown()
    }
}

/// A new folder for the collector's data, gone when the demo has ended.
struct DataFolder(PathBuf);

impl DataFolder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("farol-demo-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        process::remove_at_end(&path);
        Ok(Self(path))
    }
}
