//! Builds the front end in Rust (`examples/yew`) as its users' tools do: cargo for wasm32, then wasm-bindgen, which brings the SDK's
//! adapters along. What comes of it is in target/yew/app.

use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow};

use crate::{paths, process, toolchain};

/// Package and file.
const APP: &str = "farol-yew";

pub fn build(root: &Path) -> Result<()> {
    let example = root.join("examples/yew");
    // A folder of its own: it shares hardly a crate with the workspace, and would wait for its lock.
    let target = paths::target(root).join("yew");
    let mut cargo = toolchain::wasm()?.build();
    cargo
        .args(["--quiet", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(&example);
    process::run(&mut cargo, APP)?;

    let out = target.join("app");
    fs::create_dir_all(&out)?;
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(
            target
                .join(toolchain::TARGET)
                .join("debug")
                .join(APP)
                .with_extension("wasm"),
        )
        .typescript(false)
        .web(true)?
        .omit_default_module_path(false)
        .generate(&out)
        .map_err(|error| {
            anyhow!(
                "{error:#}\n`wasm-bindgen` in examples/yew/Cargo.lock has to be the version of the one in Cargo.lock: \
                 `cargo update -p wasm-bindgen --precise <version>` there"
            )
        })
}
