//! The only place that names browser crates: the imports, the instance's one client, memory.
#![expect(
    clippy::deref_addrof,
    reason = "a raw pointer is how edition 2024 reaches a `static mut`; the lint would have a reference instead"
)]

mod memory;

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::client::Client;
use crate::host::Host;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = host)]
    fn emit(signal: u32, pointer: usize, len: usize) -> f64;
    #[wasm_bindgen(js_namespace = host)]
    fn number(value: f64, pointer: usize) -> usize;
}

#[derive(Debug)]
struct Browser;

impl Host for Browser {
    fn emit(&mut self, signal: u32, bytes: &[u8]) -> f64 {
        emit(signal, bytes.as_ptr() as usize, bytes.len())
    }

    fn number(&self, value: f64, room: &mut [u8]) -> usize {
        // The longest is `-2.2250738585072014e-308`.
        if room.len() < 32 {
            0
        } else {
            number(value, room.as_mut_ptr() as usize)
        }
    }

    fn wall(&self) -> f64 {
        // SAFETY: one thread, and `put` writes it before the client runs.
        unsafe { *(&raw const WALL) }
    }

    fn answer(&self, len: usize) -> &[u8] {
        // SAFETY: JavaScript wrote `len` bytes there after asking `buffer(len)` for room, while `put` ran.
        unsafe { core::slice::from_raw_parts((*(&raw const ANSWER)).as_ptr(), len) }
    }
}

/// One instance is one client (house rule): its state is the module's.
static mut CLIENT: Client<Browser> = Client::new(Browser);
/// The message, and the answer to a hook: two, because the message is still read while a hook is asked.
static mut IN: Vec<u8> = Vec::new();
static mut ANSWER: Vec<u8> = Vec::new();
static mut BUSY: bool = false;
/// What the wall clock showed when the message was made: JavaScript reads both clocks at once, which costs less than an import.
static mut WALL: f64 = 0.0;

pub(crate) fn buffer(len: usize) -> usize {
    // SAFETY: Wasm here has one thread. While `put` runs, the message is not touched: JavaScript gets the other buffer then,
    // and what the core read of that one is copied before it asks again.
    let buffer = unsafe {
        if BUSY {
            &mut *(&raw mut ANSWER)
        } else {
            &mut *(&raw mut IN)
        }
    };
    buffer.clear();
    buffer.reserve(len);
    buffer.as_ptr() as usize
}

pub(crate) fn put(op: u32, now: f64, wall: f64, len: usize) -> f64 {
    // SAFETY: one thread, and JavaScript never enters `put` while it runs (core.ts `busy`), so this is the only reference.
    let client = unsafe { &mut *(&raw mut CLIENT) };
    // SAFETY: JavaScript wrote `len` bytes after `buffer(len)`.
    let message = unsafe { core::slice::from_raw_parts((*(&raw const IN)).as_ptr(), len) };
    // SAFETY: one thread.
    unsafe {
        BUSY = true;
        WALL = wall;
    }
    let due = client.put(op, now, message);
    // SAFETY: one thread.
    unsafe { BUSY = false };
    due
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
