//! The collector: takes what browsers send and passes it on as OpenTelemetry.
//!
//! Modules in the order that data flows.

pub mod condition;
pub mod config;
pub mod live;

pub mod router;
pub mod sdk_config;
pub mod sdk_files;
pub mod serve;

pub mod receive;

pub mod admit;
pub mod client_address;
pub mod dedupe;
pub mod inflate;
pub mod memory;

pub mod decode;
pub mod enrich;
pub mod filter;
pub mod rules;
pub mod scrub;

pub mod forget;
pub mod queue;
pub mod record;

pub mod symbolicate;

pub mod convert;

pub mod aggregate;
pub mod export;
mod kafka;

pub mod outcome;

pub mod error;
pub mod health;
pub mod status;
pub mod telemetry;

mod address;
mod background;
mod boot;
pub mod cli;
mod data_folder;
mod doctor;
mod hex;
mod operate;
mod path;
mod protobuf;
pub mod reload;
mod seldom;
pub mod source;
pub mod tail;

pub use boot::{Listeners, run, run_reloading};
