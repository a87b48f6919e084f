//! The collector's command line: arguments → configuration → sockets → [`farol_collector::run`] → exit code.

use std::process::ExitCode;

use farol_collector::cli;

/// A payload is some hundred small allocations, made on one thread and often freed on another. glibc's allocator took a fifth of the time
/// under load, musl's, which the static build would have, takes far more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main(std::env::args_os().skip(1).collect())
}
