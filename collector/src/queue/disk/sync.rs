//! The primitives that `group.rs` waits with. A test of its own puts others in their place that try every order.

pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
