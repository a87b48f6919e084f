//! PostgreSQL and Redis as private processes: on loopback, on free ports, their data in a new folder that goes with them. Whatever else of the
//! two runs on the machine is left alone.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};

use super::{free_port, temporary};
use crate::setup::apt;
use crate::{process, steps};

/// A store is up within a second or two; on a busy machine it may take some.
const PATIENCE: Duration = Duration::from_secs(60);

const REMEDY: &str = "install PostgreSQL and Redis by your system's packages (Debian: postgresql redis-server), or name the folder of postgres and initdb in FAROL_POSTGRES and that of redis-server in FAROL_REDIS";

pub fn at_hand() -> bool {
    postgres_folder().is_some() && redis_program().is_some()
}

pub fn setup() -> Result<()> {
    const STEP: &str = "PostgreSQL and Redis";
    if at_hand() {
        steps::there(STEP, "already there");
        return Ok(());
    }
    if !apt::usable() {
        bail!("no PostgreSQL or no Redis: {REMEDY}");
    }
    steps::step("PostgreSQL and Redis, by Debian's packages", || {
        apt::update()?;
        apt::install(&["postgresql", "redis-server"])?;
        if at_hand() { Ok(()) } else { bail!("{REMEDY}") }
    })
}

/// Which of PostgreSQL's are run, all of one folder.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];

/// Where they are. Debian keeps it out of PATH, a folder a version.
fn postgres_folder() -> Option<PathBuf> {
    let named = env::var_os("FAROL_POSTGRES").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|it| it.path().join("bin"))
        .collect();
    debian.sort_by_key(|it| version(it));
    named
        .into_iter()
        .chain(env::split_paths(&path))
        .chain(debian.into_iter().rev())
        .find(|it| PROGRAMS.iter().all(|name| it.join(name).is_file()))
}

/// 15 of `/usr/lib/postgresql/15/bin`.
fn version(bin: &Path) -> u32 {
    let name = bin.parent().and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().parse().unwrap_or(0)
}

fn redis_program() -> Option<PathBuf> {
    let named = env::var_os("FAROL_REDIS").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    named
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|it| it.join("redis-server"))
        .find(|it| it.is_file())
}

/// Both, running.
pub struct Stores {
    pub postgres: String,
    pub redis: String,
    _children: [Child; 2],
}

impl Stores {
    pub fn start() -> Result<Self> {
        let folder = temporary("stores")?;
        steps::step("PostgreSQL and Redis started", || {
            let (postgres, database) = start_postgres(&folder)?;
            let (redis, cache) = start_redis(&folder)?;
            // A backend that loses them says so at length.
            process::end_last(&database);
            process::end_last(&cache);
            Ok(Self {
                postgres,
                redis,
                _children: [database, cache],
            })
        })
    }
}

fn start_postgres(folder: &Path) -> Result<(String, Child)> {
    let bin = postgres_folder().context(REMEDY)?;
    let owner = owner()?;
    let data = folder.join("postgres");
    fs::create_dir(&data)?;
    if let Some(user) = &owner {
        chown(&data, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    let of_postgres = |name: &str| {
        let mut command = Command::new(bin.join(name));
        // Not the folder that we were called in, which its user may not enter.
        command.current_dir(&data);
        if let Some(user) = &owner {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    };
    // Who reaches loopback is let in: there is nothing here but goods and orders of a demo.
    process::output(
        of_postgres("initdb")
            .args(["--username=shop", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(&data),
        "initdb",
    )?;
    let port = free_port()?.to_string();
    let log = fs::File::create(folder.join("postgres.log"))?;
    let mut server = of_postgres("postgres");
    server
        .arg("-D")
        .arg(&data)
        .args(["-h", "127.0.0.1", "-k", "", "-p", &port])
        // What a board of slow queries asks; gone tomorrow, so nothing has to be synced.
        .args(["-c", "shared_preload_libraries=pg_stat_statements"])
        .args(["-c", "fsync=off"])
        .stdout(log.try_clone()?)
        .stderr(log);
    let mut child = process::spawn(&mut server, "postgres")?;
    let ask = |database: &str, statement: &str| {
        let mut psql = Command::new(bin.join("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &port, "-U", "shop", "-w", "-q"]);
        process::output(psql.args([database, "-c", statement]), "psql")
    };
    let made = until(&mut child, &folder.join("postgres.log"), || {
        ask("postgres", "CREATE DATABASE shop")
    });
    made.context("PostgreSQL")?;
    ask("shop", "CREATE EXTENSION pg_stat_statements")?;
    Ok((format!("postgres://shop@127.0.0.1:{port}/shop"), child))
}

fn start_redis(folder: &Path) -> Result<(String, Child)> {
    let port = free_port()?.to_string();
    let log = folder.join("redis.log");
    let mut server = Command::new(redis_program().context(REMEDY)?);
    server
        .args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port,
            "--save",
            "",
            "--dir",
        ])
        .arg(folder)
        .stdout(fs::File::create(&log)?)
        .stderr(Stdio::null());
    let mut child = process::spawn(&mut server, "redis-server")?;
    let address = format!("127.0.0.1:{port}");
    until(&mut child, &log, || {
        Ok(std::net::TcpStream::connect(&address)?)
    })
    .context("Redis")?;
    Ok((format!("redis://{address}"), child))
}

/// PostgreSQL refuses to run as root: then it is run as its own user, or as nobody.
fn owner() -> Result<Option<User>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(user));
        }
    }
    bail!("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

/// Tries until it works; a server that ends or stays silent is an error with what it said.
fn until<T>(child: &mut Child, log: &Path, mut ask: impl FnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        let error = match ask() {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if Instant::now() > end || child.try_wait()?.is_some() {
            let said = fs::read_to_string(log).unwrap_or_default();
            return Err(error.context(format!("it does not answer; it said:\n{said}")));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_debian_are_numbers_and_not_words() {
        let mut bins =
            ["9", "15", "8"].map(|it| PathBuf::from(format!("/usr/lib/postgresql/{it}/bin")));
        bins.sort_by_key(|it| version(it));
        assert_eq!(bins[2], Path::new("/usr/lib/postgresql/15/bin"));
    }
}
