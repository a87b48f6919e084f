//! Settings, in two stages: as typed (`typed`), then as valid (`valid`). Only the second goes further.

mod secret;
pub mod valid;

pub use secret::Secret;
pub use valid::*;
