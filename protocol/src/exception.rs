//! Exceptions: stacks, causes, and what went before.

mod frames;

pub use frames::Frames;

use crate::item::{Action, Own, TraceContext};
use crate::map::Attributes;
use crate::time::Time;

object! {
    /// An error, thrown or reported.
    pub struct Exception {
        /// Its type.
        pub kind: String = "type",
        /// Its message.
        pub value: String = "value",
        /// Its stack.
        pub stacktrace: Stacktrace = "stacktrace",
        /// Attributes.
        pub context: Attributes = "context",
        /// Whether the page ended with it.
        pub fatal: Option<bool> = "fatal",
        /// The key by which its client groups it.
        pub fingerprint: String = "fingerprint",
        /// How many identical ones it stands for, where more than one.
        pub count: Option<u64> = "count",
        /// Whether the page's code caught it.
        pub handled: Option<bool> = "handled",
        /// How it was seen: `onerror`, `onunhandledrejection`, `console`, `api`.
        pub mechanism: String = "mechanism",
        /// Causes, or the errors of an aggregate.
        pub causes: Vec<Cause> = "causes",
        /// What happened before it, oldest first.
        pub trail: Vec<Crumb> = "trail",
        /// When.
        pub timestamp: Time = "timestamp",
        /// The span around it.
        pub trace: TraceContext = "trace",
        /// The user action around it.
        pub action: Action = "action",
        /// Its own page, view, user, session.
        pub farol: Own = "farol",
    }
}

object! {
    /// A stack.
    pub struct Stacktrace {
        /// Its frames, innermost first.
        pub frames: Frames = "frames",
    }
}

object! {
    /// A frame of a stack.
    pub struct Frame {
        /// The file's address.
        pub filename: String = "filename",
        /// The function's name; `?` where the browser tells none.
        pub function: String = "function",
        /// Line from 1.
        pub lineno: Option<u64> = "lineno",
        /// Column from 1.
        pub colno: Option<u64> = "colno",
        /// The module.
        pub module: String = "module",
        /// The bundle.
        pub bundle_id: String = "bundleid" | "bundleId",
        /// The release that the file belongs to.
        pub release: String = "release",
        /// The id by which a bundler names the file and its source map.
        pub debug_id: String = "debugId",
    }
}

object! {
    /// A cause of an exception, or one of the errors of an aggregate.
    pub struct Cause {
        /// Its type.
        pub kind: String = "type",
        /// Its message.
        pub value: String = "value",
        /// Its stack.
        pub stacktrace: Stacktrace = "stacktrace",
    }
}

object! {
    /// A step of the trail.
    pub struct Crumb {
        /// When.
        pub time: Time = "t",
        /// `navigation`, `fetch`, `click`, `log`, `event` or `error`.
        pub kind: String = "k",
        /// In a few words.
        pub message: String = "m",
    }
}

/// The stack as text, in the form that Faro's receivers write: type and message, then a line for each frame.
#[must_use]
pub fn stack_text(kind: &str, value: &str, stack: &Stacktrace) -> String {
    use std::fmt::Write;
    let mut out = format!("{kind}: {value}");
    for frame in stack.frames.iter() {
        let bar = if frame.module.is_empty() { "" } else { "|" };
        let (line, column) = (frame.lineno.unwrap_or(0), frame.colno.unwrap_or(0));
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n  at {} ({}{bar}{}:{line}:{column})",
            frame.function, frame.module, frame.filename
        );
    }
    out
}
