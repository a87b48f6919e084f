//! Out: one file per destination; batching, retry, drain and accounting are shared by all.

mod batch;
mod group;
mod json;
mod protobuf;
#[cfg(test)]
mod samples;

pub use batch::{Batch, Signal};
