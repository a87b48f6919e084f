//! The program itself under attack: what it answers, and that its memory stays bounded. The counts here are small, and with FAROL_FULL those
//! of `cargo xtask bench attack`, which shows what others feel of them.
#![expect(
    clippy::print_stdout,
    reason = "the rates and the memory, beside what failed"
)]

mod program;
mod strange;
mod volume;
mod words;
