//! The collector as clients and operators meet it: through its socket, with a backend that the tests hold in their hand.

mod admission;
mod bad_input;
mod connections;
mod cors;
mod duplicates;
mod enrich;
mod everything;
mod filters;
mod harness;
mod ledgers;
mod limits;
mod listeners;
mod metrics;
mod mmdb;
mod operate;
mod otlp;
mod pressure;
mod rates;
mod reload;
mod restart;
mod routes;
mod sdk_config;
mod sdk_files;
mod settings;
mod tail;
mod traces;
