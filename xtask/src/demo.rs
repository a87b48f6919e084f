//! The demo: collector, shop and a person, or a browser in the person's place.

mod service;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{build, paths, process, setup, steps};
use service::Service;

/// Where collector and shop listen when nobody else does: the collector's default, and what people type for a local shop.
const COLLECTOR_PORT: u16 = 12347;
const SHOP_PORT: u16 = 8080;

pub fn run(root: &Path, drive: bool) -> Result<bool> {
    if drive {
        setup::all(root, &["chromium".to_owned()])?;
    } else {
        setup::for_sdk(root)?;
    }
    build::all(root)?;
    let data = DataFolder::new()?;

    let mut collector = Service::start(
        collector(root, &data.0, drive),
        "collector",
        quiet_if(drive),
    )?;
    let collector_url = collector.address()?;
    let mut shop = Service::start(shop(root, &collector_url, drive), "shop", Box::new(|_| {}))?;
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
        return Ok(process::status(&mut driver, "the headless person")?.success());
    }
    println!("\n  The shop is at {shop_url}: open it and click about; what arrives is shown here.");
    println!("  OTLP files: {}", data.0.join("otlp").display());
    println!("  Ctrl-C ends all.\n");
    let ended = service::first_to_end(vec![collector, shop])?;
    bail!("the {ended} ended by itself")
}

/// The collector with no configuration file, in a folder of its own. What makes items show live is what a person would set too.
fn collector(root: &Path, data: &Path, drive: bool) -> Command {
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
        // Naming a destination replaces the embedded default, so both are named.
        command.env("FAROL_DESTINATIONS__terminal__TYPE", "terminal");
        command.env("FAROL_DESTINATIONS__files__TYPE", "otlp_file");
    }
    command
}

fn shop(root: &Path, collector: &str, drive: bool) -> Command {
    let mut command = Command::new(paths::release(root, "farol-shop"));
    command.args([
        "--quiet",
        "--listen",
        &format!("127.0.0.1:{}", free(SHOP_PORT, drive)),
        "--collector",
        collector,
    ]);
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

fn quiet_if(drive: bool) -> Box<dyn Fn(&str) + Send> {
    if drive {
        Box::new(|_| {})
    } else {
        Box::new(|line| println!("{line}"))
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
