//! Out: one file per destination; batching, retry, drain and accounting are shared by all.

mod answer;
mod batch;
mod client;
mod dead_letters;
mod destination;
mod driver;
mod group;
mod json;
mod lane;
mod otlp_grpc;
mod otlp_http;
mod protobuf;
mod retry;
mod rolling;
#[cfg(test)]
mod samples;
mod stats;
mod tally;
mod tls;

pub use batch::{Batch, Signal};
pub use destination::{Attempt, Destination, Outcome, Reason};
pub use stats::Stats;
