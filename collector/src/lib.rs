//! The collector: takes what browsers send and passes it on as OpenTelemetry.
//!
//! Modules in the order that data flows.

pub mod config;

pub mod decode;
pub mod scrub;

pub mod queue;
pub mod record;

pub mod convert;

pub mod export;

pub mod outcome;

mod boot;

pub use boot::{Listeners, run};
