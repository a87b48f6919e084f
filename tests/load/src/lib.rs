//! Load for the collector's benchmarks and tests: bodies, a generator, a sink, and attacks.

pub mod attack;
pub mod bodies;
pub mod busy;
pub mod deliver;
mod forward;
pub mod generate;
pub mod hold;
pub mod ids;
mod lake;
mod protobuf;
pub mod receipts;
pub mod serve;
pub mod sinks;
pub mod uids;
pub mod wire;
