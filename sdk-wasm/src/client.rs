//! The one stateful object: session, vitals and batch, moved on by messages.

use alloc::vec::Vec;

use crate::abi::{op, signal};
use crate::host::Host;
use crate::message::Message;

/// One client. `H` is the browser, or a test's stand-in for it.
#[derive(Debug)]
pub struct Client<H> {
    host: H,
    items: Vec<u8>,
}

impl<H: Host> Client<H> {
    /// A client that has seen no message yet.
    pub fn new(host: H) -> Self {
        Self { host, items: Vec::new() }
    }

    /// Takes one message and says when to be called again (ms on the `performance.now()` clock).
    pub fn put(&mut self, op: u32, now: f64, bytes: &[u8]) -> f64 {
        let mut message = Message::new(bytes);
        if self.take(op, now, &mut message).is_none() { /* grows: diagnostic BAD_MESSAGE */ }
        f64::INFINITY
    }

    fn take(&mut self, op: u32, now: f64, message: &mut Message<'_>) -> Option<()> {
        match op {
            op::EVENT => {
                self.items.extend_from_slice(message.text()?);
                self.host.number(now, &mut self.items);
            }
            op::FLUSH => {
                self.host.emit(signal::BATCH, &self.items);
                self.items.clear();
            }
            _ => {}
        }
        Some(())
    }
}
