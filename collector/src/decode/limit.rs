//! Holds a payload to its limits.

use super::{Decoded, Limits};

pub(super) fn apply(_decoded: &mut Decoded, _limits: &Limits) {}
