//! The whole JS ABI of the core: two exports, no logic.
//!
//! JavaScript writes a message into the buffer that `buffer` hands out (`abi.rs` gives its form), then names it with
//! `put`. What the core has to say goes out through one import (`browser/`). `put` answers with the next deadline: a time
//! on the `performance.now()` clock in ms at which JavaScript has to send `TICK`, or infinity.
//!
//! With the feature `rust-app` the crate is a client for apps in Rust instead: `rust_app.rs`.
#![cfg_attr(
    all(
        target_arch = "wasm32",
        target_os = "unknown",
        not(feature = "rust-app")
    ),
    no_std
)]

extern crate alloc;

pub mod abi;
pub mod client;
pub mod host;
pub mod message;
pub mod options;
#[cfg(feature = "rust-app")]
pub mod rust_app;
pub mod vitals;

mod attributes;
mod batch;
mod clock;
mod exception;
#[cfg(test)]
mod fake;
mod item;
mod json;
mod meta;
mod past;
mod pen;
mod random;
mod sampling;
mod scrub;
mod session;
mod sheet;
mod span;
mod stack;
mod text;
mod time;

#[cfg(all(
    target_arch = "wasm32",
    target_os = "unknown",
    not(feature = "rust-app")
))]
mod browser;

#[cfg(all(
    target_arch = "wasm32",
    target_os = "unknown",
    not(feature = "rust-app")
))]
pub mod exports {
    //! What JavaScript calls.
    use wasm_bindgen::prelude::wasm_bindgen;

    /// The address of a buffer for a message of `len` bytes; while `put` runs, of one for the answer to a hook.
    #[wasm_bindgen]
    pub fn buffer(len: usize) -> usize {
        crate::browser::buffer(len)
    }

    /// Takes the message in the buffer, made at `now` when the wall clock showed `wall`; answers the next deadline.
    #[wasm_bindgen]
    pub fn put(op: u32, now: f64, wall: f64, len: usize) -> f64 {
        crate::browser::put(op, now, wall, len)
    }
}
