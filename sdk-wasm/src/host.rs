//! What the core needs of its surroundings, as a trait: the browser in `browser/`, a fake in tests.

use alloc::vec::Vec;

/// The surroundings of one client.
pub trait Host {
    /// Tells JavaScript something (`abi::signal`). The meaning of the answer depends on the signal.
    fn emit(&mut self, signal: u32, bytes: &[u8]) -> f64;
    /// Appends a number as JavaScript writes it. `value` is finite.
    fn number(&self, value: f64, out: &mut Vec<u8>);
    /// The wall clock: epoch ms.
    fn wall(&self) -> f64;
    /// The answer to a `HOOK`: the first `len` bytes of the message buffer.
    fn answer(&self, len: usize) -> &[u8];
}
