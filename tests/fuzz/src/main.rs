//! `farol-fuzz-targets DIR`: writes each target's seeds to a folder of its name below DIR, and prints the names.
#![expect(clippy::print_stdout, reason = "xtask reads the names")]

use std::path::PathBuf;
use std::{env, fs, io};

use farol_fuzz_targets::TARGETS;

fn main() -> io::Result<()> {
    let usage = || io::Error::other("say which folder the seeds are written to");
    let folder = env::args_os().nth(1).map(PathBuf::from).ok_or_else(usage)?;
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (n, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{n}")), seed)?;
        }
        println!("{}", target.name);
    }
    Ok(())
}
