//! The collector's command line: arguments → configuration → sockets → [`farol_collector::run`] → exit code.

use std::process::ExitCode;

use farol_collector::cli;

/// A payload is some hundred small allocations, made on one thread and often freed on another. glibc's allocator took a fifth of the time
/// under load, musl's, which the static build would have, takes far more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // mimalloc asks the system for pages of 2 MiB. Of each a few blocks are used while the load changes: three times the memory, and a
    // tenth of the time goes into clearing it. A kernel that cannot leave it costs that and nothing else.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    // SAFETY: it works on the calling thread's own heap, and asks nothing of its caller.
    farol_collector::memory::give_back_by(|| unsafe { libmimalloc_sys::mi_collect(true) });
    cli::main(std::env::args_os().skip(1).collect())
}
