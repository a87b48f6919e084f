//! The browser tests: every `*.test.ts` below tests/e2e, one file after the other (two browsers at once on two cores disturb each
//! other's timings), once for each engine. Which case runs in which engine stands in tests/e2e/cases.tsv.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::E2eOptions;
use crate::counts::{self, Counts};
use crate::{browser, build, process, setup};

/// What hangs ends after this many milliseconds; long runs of `--full` get more. Node 20 gives them to a file, not to a test: a file whose
/// cases together could take as long on a slow machine is made two.
const PATIENCE: &str = "360000";
const PATIENCE_FULL: &str = "1800000";

pub fn run(root: &Path, options: &E2eOptions) -> Result<bool> {
    setup::all(root, &options.engines)?;
    build::all(root)?;
    build::rust_app(root)?;
    let counts = tests(root, options, true)?;
    println!("\n{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts.failed == 0)
}

/// Runs the tests in one engine after the other; what they need has been built. `with_others`: those that need no browser run too, with the
/// first engine.
pub fn tests(root: &Path, options: &E2eOptions, with_others: bool) -> Result<Counts> {
    let mut all = files(&root.join("tests/e2e"));
    if !options.names.is_empty() {
        all.retain(|file| {
            options
                .names
                .iter()
                .any(|name| file_name(file).contains(name.as_str()))
        });
    }
    if all.is_empty() {
        bail!(
            "no browser test's file name contains {}",
            options.names.join(" or ")
        );
    }
    for engine in &options.engines {
        browser::setup(root, engine)?;
    }
    process::hand_on(process::BUILT, "1");
    process::hand_on_xtask()?;
    let table = fs::read_to_string(root.join(CASES)).context(CASES)?;
    let mut counts = Counts::default();
    for (n, engine) in options.engines.iter().enumerate() {
        let files: Vec<PathBuf> = match n {
            0 if with_others => all.clone(),
            // What needs no browser has run with the first.
            _ => all
                .iter()
                .filter(|file| has_cases(&table, file))
                .cloned()
                .collect(),
        };
        if options.engines.len() > 1 {
            println!("\n{engine}:");
        }
        process::hand_on("FAROL_ENGINES", engine);
        if !files.is_empty() {
            counts.add(node_tests(root, &files, options.full, Some(1))?);
        }
    }
    Ok(counts)
}

/// Which case of the suite runs in which engine. The tests themselves read it.
const CASES: &str = "tests/e2e/cases.tsv";

/// Whether a file has cases in the table: others need no browser.
fn has_cases(table: &str, file: &Path) -> bool {
    let name = file_name(file);
    table
        .lines()
        .any(|row| row.split('\t').next() == Some(&*name))
}

fn file_name(file: &Path) -> Cow<'_, str> {
    file.file_name().unwrap_or_default().to_string_lossy()
}

/// Runs node's test runner over files and counts.
pub fn node_tests(
    root: &Path,
    files: &[PathBuf],
    full: bool,
    at_once: Option<u32>,
) -> Result<Counts> {
    let mut command = build::node(root);
    command.args([
        "--test",
        "--test-reporter=spec",
        "--test-timeout",
        if full { PATIENCE_FULL } else { PATIENCE },
    ]);
    if let Some(at_once) = at_once {
        command.args(["--test-concurrency", &at_once.to_string()]);
    }
    command.args(files);
    if full {
        command.env("FAROL_FULL", "1");
    }
    counts::watch(&mut command, "node --test")
}

/// Every test file below a folder, in the order of their names.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["node_modules", "dist", ".out", "gen"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(".test.ts") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
