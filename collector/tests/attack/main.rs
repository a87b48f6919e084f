//! The program itself under attack: what it answers, and that its memory stays bounded. The counts here are small; `cargo xtask bench
//! attack` has the large ones, beside what others feel of them.
#![expect(
    clippy::print_stdout,
    reason = "the rates and the memory, beside what failed"
)]

mod program;
mod strange;
mod volume;
mod words;
