#![cfg_attr(not(feature = "decode"), no_std)]
//! The wire between the two ends.
