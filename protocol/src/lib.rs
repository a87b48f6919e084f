#![cfg_attr(not(any(test, feature = "decode")), no_std)]
//! The wire between the two ends: what a browser may say and what the collector understands.
//!
//! Without features this crate is constants and pure functions, small enough for the browser core. The feature `decode`
//! adds the owned payload types, which only the collector needs. No clock, no randomness, no input or output here.

pub mod grouping;
pub mod kind;
pub mod limits;
pub mod metrics;
pub mod names;
pub mod sampling;

#[cfg(feature = "decode")]
#[macro_use]
mod fields;
#[cfg(feature = "decode")]
mod base64;
#[cfg(feature = "decode")]
pub mod event;
#[cfg(feature = "decode")]
pub mod exception;
#[cfg(feature = "decode")]
pub mod item;
#[cfg(feature = "decode")]
pub mod key_values;
#[cfg(feature = "decode")]
pub mod log;
#[cfg(feature = "decode")]
pub mod map;
#[cfg(feature = "decode")]
pub mod measurement;
#[cfg(feature = "decode")]
pub mod meta;
#[cfg(feature = "decode")]
pub mod parse;
#[cfg(feature = "decode")]
pub mod payload;
#[cfg(feature = "decode")]
pub mod read;
#[cfg(feature = "decode")]
pub mod signals;
#[cfg(feature = "decode")]
pub mod span;
#[cfg(feature = "decode")]
pub mod time;
#[cfg(feature = "decode")]
pub mod value;
#[cfg(feature = "decode")]
pub mod walk;
#[cfg(feature = "decode")]
pub mod write;

pub use kind::Kind;
