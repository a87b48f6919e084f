//! Licences and sources of every dependency. cargo-deny holds all of deny.toml where it is installed; because it takes minutes to
//! build, `test` does without it and looks here at the two things that matter most, from the same deny.toml: every crate comes
//! from the registry, and its licence is one that we allow. `check` installs cargo-deny.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{build, process, setup, steps};

/// The quick look; an error names every crate that is not right.
pub fn quick(root: &Path) -> Result<()> {
    let settings = fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let allowed = allowed(&settings)?;
    let metadata = process::output(
        build::cargo(root).args(["metadata", "--format-version", "1", "--locked"]),
        "cargo metadata",
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let wrong: Vec<String> = metadata["packages"]
        .as_array()
        .context("packages")?
        .iter()
        .filter_map(|package| problem(package, &allowed))
        .collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// cargo-deny itself; the advisories need a database from the network, so where it cannot be fetched that part alone is left out,
/// and said to be.
pub fn deny(root: &Path) -> Result<()> {
    if !setup::in_path("cargo-deny") {
        steps::step("cargo-deny, by cargo install", || {
            process::output(
                build::cargo(root).args(["install", "--locked", "cargo-deny"]),
                "cargo install cargo-deny",
            )
        })?;
    }
    process::run(
        build::cargo(root).args([
            "deny",
            "--offline",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ]),
        "cargo deny",
    )?;
    let mut advisories = Command::new("cargo-deny");
    advisories
        .args(["check", "--hide-inclusion-graph", "advisories"])
        .current_dir(root);
    match process::output(&mut advisories, "cargo deny check advisories") {
        Err(error) if format!("{error:#}").contains("advisory database") => {
            println!("  the advisory database is out of reach: advisories were not checked");
            Ok(())
        }
        other => other.map(drop),
    }
}

fn problem(package: &Value, allowed: &[String]) -> Option<String> {
    let name = package["name"].as_str().unwrap_or("?");
    // None is ours: a path in this workspace.
    let source = package["source"].as_str()?;
    if !source.starts_with("registry+") && !source.starts_with("sparse+") {
        return Some(format!("{name} comes from {source}, not from the registry"));
    }
    let licence = package["license"].as_str().unwrap_or("");
    (!licensed(licence, allowed))
        .then(|| format!("{name} is under `{licence}`, which deny.toml does not allow"))
}

/// Whether an SPDX expression can be met with the allowed licences: one side of an OR, every side of an AND. `/` is how old
/// crates write OR; brackets are resolved from the inside.
fn licensed(expression: &str, allowed: &[String]) -> bool {
    let mut text = expression.replace('/', " OR ");
    while let Some(open) = text.rfind('(') {
        let Some(length) = text[open..].find(')') else {
            return false;
        };
        let inner = if simple(&text[open + 1..open + length], allowed) {
            YES
        } else {
            NO
        };
        text.replace_range(open..=open + length, inner);
    }
    simple(&text, allowed)
}

const YES: &str = "+yes+";
const NO: &str = "+no+";

fn simple(expression: &str, allowed: &[String]) -> bool {
    expression.split(" OR ").any(|side| {
        side.split(" AND ")
            .map(str::trim)
            .all(|one| one == YES || allowed.iter().any(|licence| licence == one))
    })
}

/// The list `allow` under `[licenses]`.
fn allowed(settings: &str) -> Result<Vec<String>> {
    let list = settings
        .split_once("[licenses]")
        .and_then(|(_, rest)| rest.split_once("allow = ["))
        .and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.context("deny.toml has no list `allow` under [licenses]")?;
    Ok(list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_by_the_allowed_licences() {
        let allowed =
            allowed("[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0\",\n  \"Unicode-3.0\"\n]\n")
                .unwrap();
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "GPL-2.0 OR (MIT AND Apache-2.0)",
        ] {
            assert!(licensed(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND OpenSSL",
            "(MIT",
        ] {
            assert!(!licensed(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn a_crate_from_a_git_address_is_a_problem_and_ours_are_not() {
        let allowed = vec!["MIT".to_owned()];
        let package =
            |source: Value| serde_json::json!({ "name": "a", "license": "MIT", "source": source });
        assert!(problem(&package("git+https://example.org/a".into()), &allowed).is_some());
        assert!(problem(&package(Value::Null), &allowed).is_none());
    }
}
