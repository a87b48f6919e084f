//! Out: one file per destination; batching, retry, drain and accounting are shared by all.

mod batch;
mod dead_letters;
mod destination;
mod driver;
mod group;
mod json;
mod lane;
mod protobuf;
mod retry;
mod rolling;
#[cfg(test)]
mod samples;
mod stats;
mod tally;

pub use batch::{Batch, Signal};
pub use destination::{Attempt, Destination, Outcome, Reason};
pub use stats::Stats;
