//! `cargo xtask test`: every door, one after the other, and a summary. A door that fails does not keep the next from being tried,
//! except where it builds what they need.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::cli::{self, E2eOptions, TestOptions};
use crate::counts::{self, Counts};
use crate::{
    backend, browser, build, e2e, fuzz, interop, licences, process, setup, size, steps, tidy,
    toolchain,
};

/// A door: a name for `--only`, and what it does.
struct Door {
    name: &'static str,
    /// Doors that build what this one needs; asked for alone, it opens them too.
    needs: &'static [&'static str],
    run: fn(&Path, &TestOptions) -> Result<Counts>,
}

/// Cheap ones first: what is wrong is said early.
const DOORS: &[Door] = &[
    Door {
        name: "format",
        needs: &[],
        run: format,
    },
    Door {
        name: "tidy",
        needs: &[],
        run: tidy_up,
    },
    Door {
        name: "licences",
        needs: &[],
        run: licence,
    },
    Door {
        name: "lint",
        needs: &[],
        run: lint,
    },
    Door {
        name: "rust",
        needs: &[],
        run: rust,
    },
    Door {
        name: "sdk",
        needs: &[],
        run: sdk,
    },
    Door {
        name: "types",
        needs: &["sdk"],
        run: types,
    },
    Door {
        name: "node",
        needs: &["sdk"],
        run: node,
    },
    Door {
        name: "size",
        needs: &["sdk"],
        run: sizes,
    },
    Door {
        name: "packaging",
        needs: &["sdk"],
        run: packaging,
    },
    Door {
        name: "e2e",
        needs: &["sdk"],
        run: browsers,
    },
    Door {
        name: "backends",
        needs: &["sdk"],
        run: example_backends,
    },
    Door {
        name: "long",
        needs: &[],
        run: long,
    },
    Door {
        name: "interop",
        needs: &[],
        run: servers,
    },
    Door {
        name: "fuzz",
        needs: &[],
        run: fuzzer,
    },
];

/// What a door without tests of its own counts for.
const ONE: Counts = Counts {
    passed: 1,
    failed: 0,
};

pub fn run(root: &Path, options: &TestOptions) -> Result<bool> {
    for name in &options.only {
        if !DOORS.iter().any(|door| door.name == name) {
            bail!(
                "there is no door `{name}`; there are {}",
                DOORS
                    .iter()
                    .map(|door| door.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
    }
    let wanted =
        |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let doors: Vec<&Door> = DOORS
        .iter()
        .filter(|door| {
            wanted(door.name)
                || DOORS
                    .iter()
                    .any(|other| wanted(other.name) && other.needs.contains(&door.name))
        })
        .collect();

    let start = Instant::now();
    headline("setup");
    if doors
        .iter()
        .any(|door| ["packaging", "e2e", "backends"].contains(&door.name))
    {
        setup::all(root, &["chromium".to_owned()])?;
    } else {
        setup::for_sdk(root)?;
    }

    let mut results: Vec<(&str, Counts, Duration)> = Vec::new();
    for door in doors {
        headline(door.name);
        let begun = Instant::now();
        let broken = door.needs.iter().find(|need| {
            results
                .iter()
                .any(|(name, counts, _)| name == *need && counts.failed > 0)
        });
        let counts = match broken {
            Some(need) => Err(anyhow::anyhow!("not tried, because {need} failed")),
            None => (door.run)(root, options),
        };
        let counts = counts.unwrap_or_else(|error| counts::broken(door.name, &error));
        results.push((door.name, counts, begun.elapsed()));
    }
    Ok(summary(&results, start.elapsed()))
}

/// Everything that needs no test to run.
pub fn check(root: &Path) -> Result<bool> {
    setup::for_sdk(root)?;
    let doors = [
        (
            "format",
            format as fn(&Path, &TestOptions) -> Result<Counts>,
        ),
        ("tidy", tidy_up),
        ("licences", deny),
        ("lint", lint),
        ("sdk", sdk),
        ("types", types),
    ];
    let start = Instant::now();
    let mut results = Vec::new();
    for (name, door) in doors {
        headline(name);
        let begun = Instant::now();
        let counts = door(root, &TestOptions::default());
        let counts = counts.unwrap_or_else(|error| counts::broken(name, &error));
        results.push((name, counts, begun.elapsed()));
    }
    Ok(summary(&results, start.elapsed()))
}

fn headline(name: &str) {
    println!("\n── {name} ──");
}

/// The table of doors, and the closing line that machines read: alone, plain, last.
fn summary(results: &[(&str, Counts, Duration)], time: Duration) -> bool {
    let mut all = Counts::default();
    println!("\n{:<12}{:>8}{:>8}   time", "door", "passed", "failed");
    for (name, counts, time) in results {
        all.add(*counts);
        println!(
            "{name:<12}{:>8}{:>8}   {}",
            counts.passed,
            counts.failed,
            steps::seconds(*time)
        );
    }
    println!(
        "{:<12}{:>8}{:>8}   {}\n",
        "all",
        all.passed,
        all.failed,
        steps::seconds(time)
    );
    for why in counts::all_failures() {
        println!("{why}\n");
    }
    for what in steps::all_not_run() {
        println!("not run: {what}");
    }
    println!("{} passed, {} failed", all.passed, all.failed);
    all.failed == 0
}

/// Workspaces of their own.
const APART: [&str; 3] = ["examples/yew", "fuzz", "tests/bench/queue"];

fn format(root: &Path, _: &TestOptions) -> Result<Counts> {
    toolchain::RUSTFMT.setup()?;
    process::run(
        build::cargo(root).args(["fmt", "--all", "--check"]),
        "cargo fmt",
    )
    .context("run `cargo fmt --all`")?;
    for apart in APART {
        let manifest = format!("{apart}/Cargo.toml");
        process::run(
            build::cargo(root).args(["fmt", "--check", "--manifest-path", &manifest]),
            &format!("cargo fmt, {apart}"),
        )
        .with_context(|| format!("run `cargo fmt --manifest-path {manifest}`"))?;
    }
    Ok(ONE)
}

fn tidy_up(root: &Path, _: &TestOptions) -> Result<Counts> {
    let findings = tidy::findings(root)?;
    ensure!(findings.is_empty(), "\n{}", findings.join("\n"));
    Ok(ONE)
}

fn licence(root: &Path, options: &TestOptions) -> Result<Counts> {
    licences::quick(root)?;
    if options.full || setup::in_path("cargo-deny") {
        licences::deny(root)?;
    }
    Ok(ONE)
}

fn deny(root: &Path, _: &TestOptions) -> Result<Counts> {
    licences::quick(root)?;
    licences::deny(root)?;
    Ok(ONE)
}

fn lint(root: &Path, _: &TestOptions) -> Result<Counts> {
    toolchain::CLIPPY.setup()?;
    process::run(
        build::cargo(root).args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]),
        "clippy",
    )?;
    sdk_clippy(root, &["--all-targets", "--features", RUST_APP])?;
    // What only a browser compiles is linted for wasm32, where the toolchain in use has a clippy for it.
    if toolchain::wasm()?.env.is_empty() {
        sdk_clippy(root, &["--target", toolchain::TARGET])?;
        sdk_clippy(
            root,
            &["--target", toolchain::TARGET, "--features", RUST_APP],
        )?;
    }
    Ok(ONE)
}

/// Features of the SDK's crate that the rest of the workspace leaves off: all of its API for apps in Rust.
const RUST_APP: &str = "tracing";

fn sdk_clippy(root: &Path, args: &[&str]) -> Result<()> {
    process::run(
        build::cargo(root)
            .args(["clippy", "--quiet", "-p", "farol-sdk-wasm", "--locked"])
            .args(args)
            .args(["--", "-D", "warnings"]),
        &format!("clippy {}", args.join(" ")),
    )
}

fn rust(root: &Path, options: &TestOptions) -> Result<Counts> {
    let test = || {
        let mut command = build::cargo(root);
        command.args(["test", "--quiet", "--workspace", "--locked"]);
        if options.full {
            command.args(["--profile", "lives"]);
        }
        command
    };
    steps::step("tests built", || {
        process::run(test().arg("--no-run"), "cargo test --no-run")
    })?;
    let mut command = test();
    command.arg("--no-fail-fast");
    if options.full {
        command.env("FAROL_FULL", "1");
    }
    let mut with_feature = build::cargo(root);
    with_feature.args(["test", "--quiet", "-p", "farol-sdk-wasm", "--lib"]);
    with_feature.args(["--features", RUST_APP, "--locked", "rust_app"]);
    let mut counts = Counts::default();
    for command in [&mut command, &mut with_feature] {
        counts.add(counts::watch(command, "cargo test")?);
    }
    ensure!(counts.passed > 0 || counts.failed > 0, "no test ran");
    Ok(counts)
}

/// What apps in Rust carry of npm/web is kept in git, and was what the build makes of it.
fn sdk(root: &Path, _: &TestOptions) -> Result<Counts> {
    const CARRIED: &str = "sdk-wasm/js/rust-app.js";
    let before = fs::read(root.join(CARRIED)).unwrap_or_default();
    build::sdk(root)?;
    ensure!(
        before == fs::read(root.join(CARRIED))?,
        "{CARRIED} was not what npm/web/src makes of it; it is now, and wants to be committed"
    );
    Ok(ONE)
}

/// The type checker over every TypeScript project; that of tests/e2e has tests/bench and tests/packaging in it.
fn types(root: &Path, _: &TestOptions) -> Result<Counts> {
    let mut counts = Counts::default();
    for project in [
        "npm/web",
        "npm/web/test",
        "tests/e2e",
        "tests/long",
        "tests/backends",
        "tests/interop",
        "tests/deploy",
        "examples/spa",
    ] {
        process::run(
            build::node(root)
                .arg("node_modules/typescript/bin/tsc")
                .args(["--noEmit", "-p", project]),
            &format!("tsc -p {project}"),
        )?;
        counts.passed += 1;
    }
    Ok(counts)
}

/// Tests that need no browser.
fn node(root: &Path, options: &TestOptions) -> Result<Counts> {
    let mut files = e2e::files(&root.join("npm"));
    files.extend(e2e::files(&root.join("examples")));
    files.extend(e2e::files(&root.join("tests/deploy")));
    files.extend(e2e::files(&root.join("tests/bench")));
    if options.full {
        interop::judges(root)?;
    }
    e2e::node_tests(root, &files, options.full, None)
}

fn sizes(root: &Path, _: &TestOptions) -> Result<Counts> {
    size::check(root)?;
    // What docs/sdk.md says that each part weighs: built once without each.
    let mut prices = build::node(root);
    prices.current_dir(root.join("npm/web"));
    process::run(prices.args(["prices.mjs", "--check"]), "prices.mjs")?;
    Ok(ONE)
}

fn packaging(root: &Path, options: &TestOptions) -> Result<Counts> {
    e2e::node_tests(
        root,
        &e2e::files(&root.join("tests/packaging")),
        options.full,
        Some(1),
    )
}

/// Chromium whole; the other engines the smoke tests, with `--full` all of theirs.
fn browsers(root: &Path, options: &TestOptions) -> Result<Counts> {
    build::spa(root)?;
    build::rust_app(root)?;
    build::servers(root)?;
    let mut counts = Counts::default();
    // What one engine lacks is said before the first test, and keeps no other from its tests.
    let mut engines = Vec::new();
    for engine in cli::ENGINES {
        match browser::at_hand(root, engine, options.full || engine == "chromium") {
            Ok(None) => engines.push(engine),
            Ok(Some(why)) => steps::not_run(format!("{engine}: {why}")),
            Err(error) => counts.add(counts::broken(engine, &error)),
        }
    }
    for (n, &engine) in engines.iter().enumerate() {
        let names = match engine {
            "chromium" => Vec::new(),
            _ if options.full => Vec::new(),
            _ => vec!["smoke".to_owned()],
        };
        let options = E2eOptions {
            engines: vec![engine.to_owned()],
            full: options.full,
            names,
        };
        counts.add(
            e2e::tests(root, &options, n == 0)
                .unwrap_or_else(|error| counts::broken(engine, &error)),
        );
    }
    Ok(counts)
}

/// The shop's other backends: those that are set up; with `--full`, all.
fn example_backends(root: &Path, options: &TestOptions) -> Result<Counts> {
    if !backend::hand_on(root, options.full)? {
        return Ok(Counts::default());
    }
    build::servers(root)?;
    let files = e2e::files(&root.join("tests/backends"));
    e2e::node_tests(root, &files, options.full, Some(1))
}

/// What only shows in time: collectors that die behind a balancer, and a soak.
fn long(root: &Path, options: &TestOptions) -> Result<Counts> {
    let mut files = e2e::files(&root.join("tests/long"));
    if let Some(why) = setup::or_why(setup::haproxy(), options.full)? {
        steps::not_run(format!("collectors behind a balancer: {why}"));
        files.retain(|file| !file.ends_with("balancer.test.ts"));
    }
    build::servers(root)?;
    e2e::node_tests(root, &files, options.full, Some(1))
}

/// The servers that are at hand.
fn servers(root: &Path, options: &TestOptions) -> Result<Counts> {
    interop::door(root, options.full)
}

/// The fuzzer itself; without `--full` the rust door replays its seeds, and this says so.
fn fuzzer(root: &Path, options: &TestOptions) -> Result<Counts> {
    if options.full {
        return fuzz::run(root, fuzz::FULL_RUNS, &[]);
    }
    steps::not_run("the fuzzer: only with --full; the rust door replays its seeds".to_owned());
    Ok(Counts::default())
}
