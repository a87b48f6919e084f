//! The wire between the two ends.
