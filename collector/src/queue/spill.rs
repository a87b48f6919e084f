//! What was not exported when the collector stopped: written to the data folder, read at start.
