//! Builds the browser SDK: Rust → Wasm → glue → bundles in npm/web/dist.
//!
//! cargo (profile `wasm`) → wasm-bindgen (as a library, so that our lock file pins it) → glue.rs (one instance a client)
//! → wasm-opt → pack.rs → npm/web/build.mjs (esbuild, declarations). The wasm2js core takes the same road and leaves it before the end.

mod glue;
mod module;
mod pack;
mod trap;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{paths, process, toolchain};

/// Neither reference types (the browser floor, wasm2js) nor multi-value: rustc has both on by default. A stack of 64 KiB instead of
/// 1 MiB: the core does not recurse, and each page would hold the rest for nothing.
const FLAGS: &str = "-C target-feature=-reference-types,-multivalue";

/// The core: package, file, flags of its own.
const CORE: Part = Part {
    package: "farol-sdk-wasm",
    file: "farol_sdk.wasm",
    flags: "-C link-arg=-zstack-size=65536",
    exports: &["memory", "buffer", "put"],
};

/// What unpacks it, in memory of 4 pages: the packed text has the second, what comes of it the third and fourth (`load.ts`).
const UNPACK: Part = Part {
    package: "farol-unpack",
    file: "farol_unpack.wasm",
    flags: "-C link-arg=-zstack-size=16 -C link-arg=--initial-memory=262144",
    exports: &["memory", "unpack"],
};

/// A crate that becomes a module.
struct Part {
    package: &'static str,
    file: &'static str,
    flags: &'static str,
    /// What JavaScript uses of it.
    exports: &'static [&'static str],
}

/// What the features above leave on for the browser floor (Chrome 90, Firefox 90, Safari 15.1).
const WASM_FEATURES: [&str; 4] = [
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-mutable-globals",
];

/// What has one caller becomes part of it only up to this size, in bytes and about. Without a bound nearly all of the core is one function, and
/// browsers, which compile a function when it is first called, have to compile all of it for the first message.
const INLINED: &str = "--one-caller-inline-max-function-size=200";

/// Builds everything under npm/web/dist.
pub fn build(root: &Path) -> Result<()> {
    let work = root.join("target/sdk");
    fs::create_dir_all(&work)?;
    let bound = bind(compile(root, &CORE)?)?;
    let bound_path = work.join("bound.wasm");
    fs::write(&bound_path, &bound.wasm)?;
    let core = work.join("core.wasm");
    optimise(root, &bound_path, &core)?;
    let bytes = fs::read(&core)?;
    fs::write(work.join("core.packed"), pack::pack(&bytes)?)?;

    let unpack = module::export_only(&compile(root, &UNPACK)?, UNPACK.exports)?;
    let whole = work.join("unpack-whole.wasm");
    fs::write(&whole, unpack)?;
    optimise(root, &whole, &work.join("unpack.wasm"))?;

    let used = module::imports(&bytes)?;
    let gen_dir = root.join("npm/web/gen");
    fs::create_dir_all(&gen_dir)?;
    fs::write(gen_dir.join("glue.js"), glue::wrap(&bound.glue, &used)?)?;

    wasm2js(root, &work, &bound_path)?;
    process::run(
        Command::new("node")
            .arg("build.mjs")
            .current_dir(root.join("npm/web")),
        "npm/web/build.mjs",
    )
}

fn optimise(root: &Path, input: &Path, output: &Path) -> Result<()> {
    // What can be known of the contents of variables takes 1.5 % off, rebuilt control flow half of that again.
    let passes = [
        "-Oz",
        "--gufa-optimizing",
        "--flatten",
        "--rereloop",
        "-Oz",
        "-Oz",
        "--converge",
        INLINED,
        "--strip-producers",
        "--strip-target-features",
    ];
    let args = [&passes[..], &WASM_FEATURES].concat();
    binaryen(root, "wasm-opt", &args, input, output)
}

/// The core without Wasm, for pages whose CSP forbids it.
fn wasm2js(root: &Path, work: &Path, bound: &Path) -> Result<()> {
    let lowered = work.join("lowered.wasm");
    let lower = [
        "--signext-lowering",
        "--llvm-nontrapping-fptoint-lowering",
        "--llvm-memory-copy-fill-lowering",
        "-Oz",
        "--converge",
        "--strip-producers",
        "--strip-target-features",
    ];
    binaryen(
        root,
        "wasm-opt",
        &[&lower[..], &WASM_FEATURES[..]].concat(),
        bound,
        &lowered,
    )?;
    let script = work.join("core.wasm2js.js");
    binaryen(
        root,
        "wasm2js",
        &["-Oz", "--enable-mutable-globals"],
        &lowered,
        &script,
    )?;
    let text = fs::read_to_string(&script)?;
    fs::write(
        root.join("npm/web/gen/core-js.js"),
        glue::wrap_wasm2js(&text)?,
    )?;
    Ok(())
}

fn compile(root: &Path, part: &Part) -> Result<Vec<u8>> {
    let mut cargo = toolchain::wasm()?.build();
    cargo
        .args([
            "--quiet",
            "--locked",
            "-p",
            part.package,
            "--profile",
            "wasm",
        ])
        .env("RUSTFLAGS", flags(part))
        .current_dir(root);
    process::run(&mut cargo, part.package)?;
    let path = paths::target(root)
        .join(toolchain::TARGET)
        .join("wasm")
        .join(part.file);
    fs::read(&path).with_context(|| format!("reading {}", path.display()))
}

/// The places of a panic are part of the file: what stands before them on this machine is nobody's business, and not reproducible.
fn flags(part: &Part) -> String {
    let mut flags = format!("{FLAGS} {}", part.flags);
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    let sysroot = process::output(
        Command::new("rustc").args(["--print", "sysroot"]),
        "rustc --print sysroot",
    );
    for folder in [
        Some(home),
        sysroot.ok().map(|text| PathBuf::from(text.trim())),
    ]
    .into_iter()
    .flatten()
    {
        flags.push_str(&format!(" --remap-path-prefix={}=", folder.display()));
    }
    flags
}

struct Bound {
    glue: String,
    wasm: Vec<u8>,
}

fn bind(mut bytes: Vec<u8>) -> Result<Bound> {
    // The standard library's objects were compiled with these features and say so in the module, though none of ours uses
    // them; wasm-bindgen goes by what the module says.
    for feature in [&b"+\x0freference-types"[..], b"+\x0amultivalue"] {
        if let Some(at) = bytes
            .windows(feature.len())
            .position(|window| window == feature)
        {
            bytes[at] = b'-';
        }
    }
    let mut output = wasm_bindgen_cli_support::Bindgen::new()
        .input_bytes("core", bytes)
        .typescript(false)
        .web(true)?
        .generate_output()?;
    let wasm = module::export_only(&output.wasm_mut().emit_wasm(), CORE.exports)?;
    Ok(Bound {
        glue: output.js().to_owned(),
        wasm: module::rename_imports(&trap::at_once(&wasm)?, glue::MODULE, glue::short)?,
    })
}

fn binaryen(root: &Path, tool: &str, args: &[&str], input: &Path, output: &Path) -> Result<()> {
    let path = root.join("node_modules/binaryen/bin").join(tool);
    ensure!(
        path.exists(),
        "{} is missing: run `cargo xtask setup`",
        path.display()
    );
    process::run(
        Command::new("node")
            .arg(path)
            .args(args)
            .arg(input)
            .arg("-o")
            .arg(output),
        tool,
    )
}
