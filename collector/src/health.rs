//! Whether the collector lives, and whether it can take data. The second depends on nothing else: a destination that is down is no
//! reason to send browsers away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::outcome::Refusal;
use crate::queue::Queue;

/// Where the collector stands in its life. Cloning gives another handle.
#[derive(Debug, Clone, Default)]
pub struct Life(Arc<AtomicU8>);

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const STOPPING: u8 = 2;

impl Life {
    /// All is wired.
    pub fn running(&self) {
        self.0.store(RUNNING, Ordering::Release);
    }

    /// It is to stop. Balancers are told first, requests are refused after.
    pub fn stopping(&self) {
        self.0.store(STOPPING, Ordering::Release);
    }

    /// Whether it is to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.load(Ordering::Acquire) == STOPPING
    }

    /// Why nothing can be taken.
    pub fn reason(&self, queue: &Queue) -> Option<&'static str> {
        match self.0.load(Ordering::Acquire) {
            STARTING => Some("starting\n"),
            STOPPING => Some("stopping\n"),
            _ if queue.trouble() == Some(Refusal::Storage) => Some("the queue cannot be written\n"),
            _ if queue.trouble().is_some() => Some("the disk is nearly full\n"),
            _ if !queue.has_room() => Some("the queue is full\n"),
            _ => None,
        }
    }
}

/// `/-/healthy`.
pub fn healthy() -> Response {
    (StatusCode::OK, "healthy\n").into_response()
}

/// `/-/ready`.
pub fn ready(life: &Life, queue: &Queue) -> Response {
    match life.reason(queue) {
        None => (StatusCode::OK, "ready\n").into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}
