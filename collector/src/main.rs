//! The collector's command line: arguments → configuration → sockets → [`farol_collector::run`] → exit code.

use std::process::ExitCode;

use farol_collector::cli;
use farol_collector::memory::How;

/// A payload is some hundred small allocations, made on one thread and often freed on another. glibc's allocator took a fifth of the time
/// under load, musl's, which the static build would have, takes far more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// mimalloc's `mi_option_purge_delay`, which the crate has no name for.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    // mimalloc asks the system for pages of 2 MiB. Of each a few blocks are used while the load changes: three times the memory, and a
    // tenth of the time goes into clearing it. A kernel that cannot leave it costs that and nothing else.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    // mimalloc's own second would hold bodies of a megabyte by the hundred. What the environment says goes before what is said here.
    farol_collector::memory::keep_by(|time| {
        let ms = std::ffi::c_long::try_from(time.as_millis()).unwrap_or(std::ffi::c_long::MAX);
        // SAFETY: it sets a number that threads read as they find it.
        unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, ms) };
    });
    farol_collector::memory::give_back_by(|how| {
        // SAFETY: it works on the calling thread's own heap, and asks nothing of its caller.
        unsafe { libmimalloc_sys::mi_collect(how == How::Thorough) }
    });
    cli::main(std::env::args_os().skip(1).collect())
}
