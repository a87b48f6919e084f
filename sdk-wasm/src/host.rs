//! What the core needs of its surroundings, as a trait: the browser in `browser/`, a fake in tests.

/// The surroundings of one client.
pub trait Host {
    /// Tells JavaScript something (`abi::signal`). The meaning of the answer depends on the signal.
    fn emit(&mut self, signal: u32, bytes: &[u8]) -> f64;
    /// Writes a number as JavaScript does, at the beginning of `room`, which has at least 32 bytes; how many it took. `value` is
    /// finite.
    fn number(&self, value: f64, room: &mut [u8]) -> usize;
    /// The wall clock: epoch ms.
    fn wall(&self) -> f64;
    /// The answer to a `HOOK`: the first `len` bytes of the message buffer.
    fn answer(&self, len: usize) -> &[u8];
}
