//! Browsers for the tests. Where one is looked for stands in one place, tests/e2e/driver/executable.ts, because the tests look too
//! when they are run by hand; here is what to do when none is found, and the environment that hands on the find.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::apt;
use crate::{process, steps};

/// What an engine's tests run: the variable that names the program, and the packages that bring it.
struct Engine {
    name: &'static str,
    variable: &'static str,
    packages: &'static [&'static str],
}

/// Chromium and Firefox are driven over their own protocols; WebKitGTK needs its driver, and a screen to draw on.
const ENGINES: [Engine; 3] = [
    Engine {
        name: "chromium",
        variable: "FAROL_CHROMIUM",
        packages: &["chromium", "fonts-liberation"],
    },
    Engine {
        name: "firefox",
        variable: "FAROL_FIREFOX",
        packages: &["firefox-esr", "fonts-liberation"],
    },
    Engine {
        name: "webkitgtk",
        variable: "FAROL_WEBKIT",
        packages: &["webkit2gtk-driver", "xvfb", "fonts-liberation"],
    },
];

/// As `setup`; of an engine that need not be there, why it is not.
pub fn at_hand(root: &Path, name: &str, wanted: bool) -> Result<Option<String>> {
    crate::setup::or_why(setup(root, name), wanted)
}

/// Finds the browser, installs it where that is allowed, and puts it into the environment of every process started later.
pub fn setup(root: &Path, name: &str) -> Result<()> {
    let engine = ENGINES
        .iter()
        .find(|engine| engine.name == name)
        .with_context(|| format!("there is no engine `{name}`"))?;
    let not_found = match find(root, engine) {
        Ok(path) => return there(engine, &path),
        Err(error) => error,
    };
    let remedy = format!(
        "Remedy: install it, or set {} to its program{}",
        engine.variable,
        if cfg!(target_os = "linux") {
            format!(
                "; on Debian and its children, as root: apt-get install {}",
                engine.packages.join(" ")
            )
        } else {
            String::new()
        }
    );
    if std::env::var_os(engine.variable).is_some() || !apt::usable() {
        bail!("{not_found:#}\n{remedy}");
    }
    steps::step(&format!("{name}, by apt"), || {
        apt::update()?;
        apt::install(engine.packages)
    })
    .with_context(|| remedy.clone())?;
    there(engine, &find(root, engine).context(remedy)?)
}

fn there(engine: &Engine, path: &str) -> Result<()> {
    steps::there(engine.name, path);
    process::hand_on(engine.variable, path);
    Ok(())
}

fn find(root: &Path, engine: &Engine) -> Result<String> {
    let script = root.join("tests/e2e/driver/executable.ts");
    let found = process::output(
        Command::new("node")
            .args(["--import", "tsx"])
            .arg(script)
            .arg(engine.name)
            .current_dir(root),
        "looking for a browser",
    );
    found
        .map(|path| path.trim().to_owned())
        // What the finder says, without what we say about starting it.
        .map_err(|error| {
            let text = error.to_string();
            anyhow::anyhow!(
                "{}",
                text.split_once("): ").map_or(&*text, |(_, said)| said)
            )
        })
}
