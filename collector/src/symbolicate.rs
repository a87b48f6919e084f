//! Between queue and conversion: stacks as the bundler left them → stacks as they were written, and grouping.
//!
//! The step is here from the start so that destinations read through it. Source maps come later; until then it passes everything through.

use farol_protocol::payload::Payload;

/// Puts a payload's stacks right.
pub fn symbolicate(_payload: &mut Payload) {}
