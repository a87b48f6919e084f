//! `cargo xtask interop`: the collector against the servers that people run. Each has a folder in tests/interop/servers with its recipe
//! (`build.sh`, which leaves a program of that name in the folder given, and `version.sh`) and a test file beside them.
//!
//! A server is taken from FAROL_INTEROP_BIN, then from PATH, then from the cache; what is in none of them is built into the cache, where the
//! command says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::counts::{self, Counts};
use crate::{backend, browser, build, e2e, paths, process, setup, steps};

const SERVERS: &str = "tests/interop/servers";

/// Tests that want several servers at once: a name for the command, which is their file's, and the servers.
const TOGETHER: &[(&str, &[&str])] = &[
    ("alerts", &["alertmanager", "prometheus"]),
    ("backends", &["jaeger"]),
    ("bucket", &["chdb", "versitygw"]),
    (
        "dashboards",
        &["loki", "postgres-exporter", "prometheus", "tempo"],
    ),
    ("faro", &["otelcol"]),
    ("kibana", &["opensearch"]),
    ("relay", &["kafka", "otelcol"]),
    ("parquet", &["chdb"]),
    ("manifests", &["helm", "kubernetes-validate", "kustomize"]),
];

/// Recipes whose tools judge what stands in deploy/: amtool is built beside Alertmanager, lokitool beside Loki, promtool beside Prometheus.
const JUDGES: &[&str] = &[
    "alertmanager",
    "helm",
    "k6",
    "kubernetes-validate",
    "kustomize",
    "loki",
    "prometheus",
];

/// A server with its recipe.
struct Server {
    name: String,
    recipe: PathBuf,
}

/// Runs those whose names are given, or all; what is not at hand is built.
pub fn run(root: &Path, names: &[String], full: bool) -> Result<bool> {
    setup::for_sdk(root)?;
    let counts = tests(root, names, true, full)?;
    println!("\n{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts.failed == 0)
}

/// The door of `cargo xtask test`: what is at hand runs, what is not is said; `full` builds it.
pub fn door(root: &Path, full: bool) -> Result<Counts> {
    tests(root, &[], full, full)
}

/// Builds those of the tools for tests/deploy that are not at hand.
pub fn judges(root: &Path) -> Result<()> {
    let names: Vec<_> = JUDGES.iter().map(|name| (*name).to_owned()).collect();
    for server in chosen(root, &names)? {
        if server.at_hand()?.is_none() {
            server.build()?;
        }
    }
    Ok(())
}

fn chosen(root: &Path, names: &[String]) -> Result<Vec<Server>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root.join(SERVERS)).context(SERVERS)? {
        let recipe = entry?.path();
        let name = recipe.file_name().unwrap_or_default().to_string_lossy();
        let name = name.into_owned();
        all.push(Server { name, recipe });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let mut known: Vec<_> = all.iter().map(|it| it.name.as_str()).collect();
    known.extend(TOGETHER.iter().map(|(name, _)| *name));
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!(
            "there is no server `{unknown}`; there are {}",
            known.join(", ")
        );
    }
    let together = TOGETHER.iter().filter(|(name, _)| wanted(names, name));
    let needed: Vec<_> = together.flat_map(|(_, needs)| *needs).collect();
    all.retain(|it| wanted(names, &it.name) || needed.contains(&&it.name.as_str()));
    Ok(all)
}

/// Whether it was asked for by its name, or nothing was named.
fn wanted(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|it| it == name)
}

fn tests(root: &Path, names: &[String], may_build: bool, full: bool) -> Result<Counts> {
    let servers = chosen(root, names)?;
    let (mut files, mut ready, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
    let mut counts = Counts::default();
    for server in &servers {
        let (program, version) = match server.ready(may_build) {
            Ok(Some(ready)) => ready,
            Ok(None) => {
                lacking.push(server.name.as_str());
                continue;
            }
            // One that cannot be had keeps no other from its tests.
            Err(error) => {
                counts.add(counts::broken(&server.name, &error));
                continue;
            }
        };
        steps::there(&server.name, format!("{version}, {}", program.display()));
        let variable = server.name.to_uppercase().replace('-', "_");
        process::hand_on(
            &format!("FAROL_INTEROP_{variable}"),
            &program.to_string_lossy(),
        );
        process::hand_on(&format!("FAROL_INTEROP_{variable}_VERSION"), &version);
        let test = root.join(format!("tests/interop/{}.test.ts", server.name));
        // Some servers are there for the tests of several alone.
        if wanted(names, &server.name) && test.exists() {
            files.push(test);
        }
        ready.push(server.name.as_str());
    }
    for (name, needs) in TOGETHER.iter().filter(|(name, _)| wanted(names, name)) {
        match needs.iter().find(|it| !ready.contains(it)) {
            None => {
                let with_backend = ["backends", "dashboards"].contains(name);
                if !with_backend || backend::hand_on(root, may_build)? {
                    files.push(root.join(format!("tests/interop/{name}.test.ts")));
                }
            }
            Some(missing) => steps::not_run(format!("interop {name}: {missing} is not at hand")),
        }
    }
    if !lacking.is_empty() {
        steps::not_run(format!(
            "against servers that are not at hand ({}): cargo xtask interop NAME builds one",
            lacking.join(", ")
        ));
    }
    if files.is_empty() {
        return Ok(counts);
    }
    if std::env::var_os("FAROL_COLLECTOR").is_none() {
        build::servers(root)?;
    }
    driven(root)?;
    // One server after the other: they are large, and each test asks for both cores.
    counts.add(e2e::node_tests(root, &files, full, Some(1))?);
    Ok(counts)
}

/// Every server gets what a driven browser sent from the shop; the first test that wants it drives, and leaves it for the others.
fn driven(root: &Path) -> Result<()> {
    browser::setup(root, "chromium")?;
    build::sdk(root)?;
    build::spa(root)?;
    let folder = std::env::temp_dir().join(format!("farol-interop-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    process::remove_at_end(&folder);
    let session = folder.join("session.json");
    process::hand_on("FAROL_INTEROP_SESSION", &session.to_string_lossy());
    Ok(())
}

impl Server {
    /// Its program and version; nothing where it is not at hand and must not be built.
    fn ready(&self, may_build: bool) -> Result<Option<(PathBuf, String)>> {
        let program = match self.at_hand()? {
            Some(program) => program,
            None if may_build => self.build()?,
            None => return Ok(None),
        };
        let version = self.version(&program)?;
        Ok(Some((program, version)))
    }

    fn at_hand(&self) -> Result<Option<PathBuf>> {
        if let Some(folder) = std::env::var_os("FAROL_INTEROP_BIN") {
            let program = PathBuf::from(folder).join(&self.name);
            if program.is_file() {
                return Ok(Some(program));
            }
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = std::env::split_paths(&path).map(|it| it.join(&self.name));
        if let Some(program) = folders.find(|it| it.is_file()) {
            return Ok(Some(program));
        }
        let folder = self.cache()?;
        let program = folder.join(&self.name);
        let same = fs::read(folder.join(STAMP)).is_ok_and(|it| it == self.written());
        Ok((same && program.is_file()).then_some(program))
    }

    fn build(&self) -> Result<PathBuf> {
        let folder = self.cache()?;
        steps::step(&format!("{} built", self.name), || {
            fs::create_dir_all(&folder)?;
            // Servers take minutes and both cores; what else goes on here goes first.
            let mut build = Command::new("nice");
            build.args(["-n", "19", "sh", "build.sh"]).arg(&folder);
            process::run(build.current_dir(&self.recipe), "build.sh")?;
            fs::write(folder.join(STAMP), self.written())?;
            Ok(())
        })?;
        Ok(folder.join(&self.name))
    }

    fn version(&self, program: &Path) -> Result<String> {
        let mut ask = Command::new("sh");
        ask.arg("version.sh").arg(program).current_dir(&self.recipe);
        Ok(process::output(&mut ask, "version.sh")?.trim().to_owned())
    }

    /// Outside the repository: `FAROL_INTEROP_CACHE`, else in the user's cache.
    fn cache(&self) -> Result<PathBuf> {
        Ok(paths::cache("farol-interop", "FAROL_INTEROP_CACHE")?.join(&self.name))
    }

    /// The recipe's files, one behind the other: a program that another recipe made is not at hand.
    fn written(&self) -> Vec<u8> {
        let mut files: Vec<_> = (fs::read_dir(&self.recipe).into_iter().flatten().flatten())
            .map(|it| it.path())
            .filter(|it| it.is_file())
            .collect();
        files.sort();
        let read = files.iter().map(|it| fs::read(it).unwrap_or_default());
        read.collect::<Vec<_>>().concat()
    }
}

/// A copy of the recipe beside what it made.
const STAMP: &str = ".recipe";
