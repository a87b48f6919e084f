//! What operators install: the collector as one static program, the SDK's files that it can serve, and how to run it as a service or
//! in a container, in one archive. It is tried before it is packed: in an empty root, by a user who may write to nothing but the data.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::setup::{self, apt};
use crate::{build, paths, process, steps, toolchain};

/// Nobody in particular; the same as in the container description.
const USER: u32 = 65_532;

/// Beside the collector in the archive: what, and in which folder of it. Pages come whole, so that their links lead somewhere.
const FILES: [(&str, &str); 13] = [
    ("LICENSE", ""),
    ("CHANGELOG.md", ""),
    ("docs", ""),
    ("deploy/systemd", ""),
    ("deploy/container", "deploy"),
    ("deploy/prometheus", "deploy"),
    ("deploy/alertmanager", "deploy"),
    ("deploy/loki", "deploy"),
    ("deploy/grafana/dashboards", "deploy/grafana"),
    ("deploy/grafana/provisioning", "deploy/grafana"),
    ("deploy/helm/farol", "deploy/helm"),
    ("deploy/kubernetes", "deploy"),
    ("deploy/kibana/farol.ndjson", "deploy/kibana"),
];

/// Makes target/dist and says what is there.
pub fn run(root: &Path) -> Result<()> {
    setup::for_sdk(root)?;
    build::sdk(root)?;
    let program = collector(root)?;
    let dist = paths::target(root).join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    let image = dist.join("image");
    fs::create_dir_all(image.join("data"))?;
    fs::copy(&program, image.join("farol-collector"))?;
    steps::step("static, and it runs in an empty root", || try_out(&image))?;
    let archive = pack(root, &dist, &program)?;
    for path in [image.join("farol-collector"), archive] {
        let size = fs::metadata(&path)?.len();
        println!("{}  {:.1} MB", path.display(), size as f64 / 1e6);
    }
    Ok(())
}

/// The target of this machine's architecture that links everything in.
fn target() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// The program, built without anything to be found at run time.
pub fn collector(root: &Path) -> Result<PathBuf> {
    ensure!(
        cfg!(target_os = "linux"),
        "a static collector is built on Linux; here use `cargo build --release -p farol-collector`"
    );
    let target = target();
    rust_target(&target)?;
    let compiler = c_compiler()?;
    steps::step("static collector, release", || {
        let mut cargo = build::cargo(root);
        cargo.args(["build", "--quiet", "--release", "--locked"]);
        cargo.args(["-p", "farol-collector", "--target", &target]);
        cargo.env(format!("CC_{}", target.replace('-', "_")), compiler);
        process::run(&mut cargo, "cargo build")
    })?;
    Ok(paths::target(root)
        .join(target)
        .join("release/farol-collector"))
}

fn rust_target(target: &str) -> Result<()> {
    if toolchain::has_library("rustc".as_ref(), target) {
        steps::there(target, "already there");
        return Ok(());
    }
    steps::step(target, || {
        process::output(
            Command::new("rustup").args(["target", "add", target]),
            "rustup target add",
        )
        .map(drop)
        .with_context(|| format!("run `rustup target add {target}`"))
    })
}

/// For the parts in C (zstd, ring). Debian calls the compiler that knows musl's headers so.
fn c_compiler() -> Result<&'static str> {
    const NAME: &str = "musl-gcc";
    if setup::in_path(NAME) {
        steps::there(NAME, "already there");
    } else if apt::usable() {
        steps::step("musl-gcc, by Debian's packages", || {
            apt::update()?;
            apt::install(&["musl-tools"])
        })?;
    } else {
        bail!(
            "no {NAME}: install musl's compiler wrapper (Debian and its children: `apt-get install musl-tools`)"
        );
    }
    Ok(NAME)
}

/// Starts it as the container would: nothing around it, a root that it cannot write to, a data folder of its own.
fn try_out(image: &Path) -> Result<()> {
    let program = fs::read(image.join("farol-collector"))?;
    ensure!(
        !has_interpreter(&program)?,
        "the collector asks for a dynamic linker, so it is not static"
    );
    // With nothing around it, as in the container.
    let program_in = |words: &[&str]| {
        let mut command = match geteuid().is_root() {
            true => {
                let mut command = Command::new("chroot");
                command.arg(format!("--userspec={USER}:{USER}")).arg(image);
                command.arg("/farol-collector");
                command
            }
            false => Command::new(image.join("farol-collector")),
        };
        // Settings of this machine's own do not count; PATH is for chroot to be found by.
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.args(words).env_clear().env("PATH", path);
        command
    };
    if geteuid().is_root() {
        chown(image.join("data"), Some(USER), Some(USER))?;
        fs::set_permissions(image, fs::Permissions::from_mode(0o555))?;
    }
    let data = match geteuid().is_root() {
        true => PathBuf::from("/data"),
        false => image.join("data"),
    };
    let mut command = program_in(&["--data-dir"]);
    command.arg(data);
    command.args(["--listen", "127.0.0.1:0"]);
    let mut child = process::spawn(command.stdout(Stdio::piped()), "the collector")?;
    let mut ready = String::new();
    let stdout = child.stdout.take().context("no standard output")?;
    BufReader::new(stdout).read_line(&mut ready)?;
    let address = ready
        .split_once("http://")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .with_context(|| format!("the collector did not say that it is ready, but `{ready}`"))?;
    let answer = get(address, "/-/ready")?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "not ready: {answer}");
    let mut healthy = program_in(&["healthy", "--listen", address]);
    process::output(&mut healthy, "farol-collector healthy")?;
    kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
    let status = child.wait()?;
    ensure!(status.success(), "the collector ended with {status}");
    let data = image.join("data");
    fs::set_permissions(image, fs::Permissions::from_mode(0o755))?;
    fs::remove_dir_all(&data)?;
    Ok(fs::create_dir(data)?)
}

fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Whether a 64-bit little-endian ELF file has a PT_INTERP program header: the name of a dynamic linker.
/// <https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html>
fn has_interpreter(file: &[u8]) -> Result<bool> {
    const PT_INTERP: u32 = 3;
    ensure!(file.starts_with(b"\x7fELF\x02\x01"), "no 64-bit ELF file");
    let number = |at: usize, bytes: usize| -> Result<usize> {
        let part = file.get(at..at + bytes).context("the file ends early")?;
        Ok(part
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | usize::from(*byte)))
    };
    let (offset, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    for index in 0..count {
        if number(offset + index * size, 4)? == PT_INTERP as usize {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One archive with one folder in it.
fn pack(root: &Path, dist: &Path, program: &Path) -> Result<PathBuf> {
    let name = format!("farol-collector-{}-{}", env!("CARGO_PKG_VERSION"), target());
    let folder = dist.join(&name);
    fs::create_dir(&folder)?;
    fs::copy(program, folder.join("farol-collector"))?;
    for (file, into) in FILES {
        let into = folder.join(into);
        fs::create_dir_all(&into)?;
        copy(&root.join(file), &into)?;
    }
    let served = folder.join("sdk");
    fs::create_dir(&served)?;
    for entry in fs::read_dir(root.join("npm/web/dist"))? {
        copy(&entry?.path(), &served)?;
    }
    let archive = dist.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--owner=0", "--group=0", "--numeric-owner", "--sort=name"]);
    tar.arg("-czf").arg(&archive).arg("-C").arg(dist).arg(&name);
    process::output(&mut tar, "tar")?;
    Ok(archive)
}

/// A file, or a folder of files, into a folder.
fn copy(from: &Path, into: &Path) -> Result<()> {
    let name = from.file_name().context("a path without a name")?;
    let to = into.join(name);
    if from.is_dir() {
        fs::create_dir(&to)?;
        for entry in fs::read_dir(from)? {
            copy(&entry?.path(), &to)?;
        }
        return Ok(());
    }
    fs::copy(from, &to)
        .map(drop)
        .with_context(|| from.display().to_string())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn every_link_of_a_page_leads_to_what_is_in_the_archive() {
        let root = paths::root();
        let there = |path: &Path| {
            let path = path.strip_prefix(&root).unwrap();
            FILES.iter().any(|(packed, _)| path.starts_with(packed))
        };
        let (mut folders, mut links) = (vec![root.join("docs")], 0);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                if path.extension().is_none_or(|it| it != "md") {
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for rest in text.split("](").skip(1) {
                    let link = rest.split([')', '#']).next().unwrap();
                    if link.is_empty() || link.contains("://") || link.contains([' ', '\n']) {
                        continue;
                    }
                    let to = path.parent().unwrap().join(link);
                    let to = to.canonicalize();
                    let to = to.unwrap_or_else(|_| panic!("{}: {link}", path.display()));
                    assert!(there(&to), "{}: {link}", path.display());
                    links += 1;
                }
            }
        }
        assert!(links > 50, "{links}");
        for (file, _) in FILES {
            assert!(root.join(file).exists(), "{file}");
        }
    }

    #[test]
    fn a_dynamic_program_is_told_from_others() {
        // This test runs from one that cargo linked for the machine at hand.
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(has_interpreter(&own).unwrap(), cfg!(target_env = "gnu"));
        assert!(has_interpreter(b"#!/bin/sh").is_err());
        assert!(has_interpreter(&own[..40]).is_err());
    }
}
