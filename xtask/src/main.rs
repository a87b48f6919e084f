//! `cargo xtask`: everything that one does with this repository, for people and CI alike.
//!
//! cli (what was asked) → setup (what it needs) → one module a command. Every process that a command starts goes through
//! `process`, which ends it by its id when the command ends, however it ends.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its user"
)]
#![allow(unreachable_pub, reason = "a binary has no outside")]

mod backend;
mod bench;
mod browser;
mod build;
mod cli;
mod counts;
mod demo;
mod dist;
mod e2e;
mod fuzz;
mod interop;
mod licences;
mod paths;
mod process;
mod rust_app;
mod sdk;
mod setup;
mod size;
mod steps;
mod test;
mod tidy;
mod toolchain;

use std::process::ExitCode;

use cli::Command;

fn main() -> ExitCode {
    let code = match cli::parse(std::env::args_os()) {
        Ok(command) => run(&command),
        Err(error) => {
            eprintln!("error: {error}\n\n{}", cli::HELP);
            ExitCode::from(2)
        }
    };
    process::end_all();
    code
}

fn run(command: &Command) -> ExitCode {
    process::end_all_on_signals();
    let root = paths::root();
    let done = match command {
        Command::Help(text) => {
            println!("{text}");
            Ok(true)
        }
        Command::Setup { engines } => setup::all(&root, engines)
            .and_then(|()| setup::tools())
            .map(|()| true),
        Command::Demo(options) => demo::run(&root, options),
        Command::Backend { which, port, otlp } => {
            let otlp = otlp.as_deref();
            let wanted = backend::Wanted {
                port: *port,
                otlp,
                interval: backend::INTERVAL,
            };
            backend::run(&root, *which, &wanted)
        }
        Command::Check => test::check(&root),
        Command::Test(options) => test::run(&root, options),
        Command::RustApp => setup::for_sdk(&root)
            .and_then(|()| build::rust_app(&root))
            .map(|()| true),
        Command::Sdk => setup::for_sdk(&root)
            .and_then(|()| sdk::build(&root))
            .map(|()| true),
        Command::Fuzz { runs, names } => fuzz::run(&root, *runs, names).map(|counts| {
            println!("\n{} passed, {} failed", counts.passed, counts.failed);
            counts.failed == 0
        }),
        Command::Dist => dist::run(&root).map(|()| true),
        Command::Size(format) => size::run(&root, *format).map(|()| true),
        Command::Bench { what, rest } => bench::run(&root, what, rest),
        Command::E2e(options) => e2e::run(&root, options),
        Command::Interop { full, names } => interop::run(&root, names, *full),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
