//! The collector's command line: arguments → configuration → sockets → [`farol_collector::run`] → exit code.

use std::process::ExitCode;

use farol_collector::cli;

fn main() -> ExitCode {
    cli::main(std::env::args_os().skip(1).collect())
}
