//! Load for the collector's benchmarks and tests: bodies, a generator, a sink, and attacks.

pub mod attack;
pub mod bodies;
pub mod busy;
pub mod generate;
pub mod receipts;
pub mod serve;
pub mod wire;
