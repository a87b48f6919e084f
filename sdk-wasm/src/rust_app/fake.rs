//! A page for tests: it writes down what it is asked, a line each.

use core::fmt::Write as _;
use core::task::Poll;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::page::{Failure, Page, Started, Waiting};
use super::settings::{Consent, ErrorInfo, Level, User};
use super::span::SpanOptions;
use super::{Attributes, Options};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// The spans whose code is on the stack.
    static RUNNING: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// What was written down on this thread since it was last asked.
pub(super) fn lines() -> Vec<String> {
    LINES.take()
}

/// Something has unwound what was on the stack, and left nothing.
#[cfg(feature = "tracing")]
pub(super) fn unwound() {
    RUNNING.take();
}

fn note(line: String) {
    LINES.with_borrow_mut(|lines| lines.push(line));
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("JSON")
}

/// Spans are numbered from 1; the trace of a root is its number, and a child tells its parent's.
#[derive(Default)]
struct Fake {
    spans: Cell<u32>,
}

pub(super) fn open(options: Options) -> Option<Rc<dyn Page>> {
    note(format!("open {}", json(&options)));
    // Its hooks are never called.
    drop(options);
    Some(Rc::new(Fake::default()))
}

impl Fake {
    fn now(&self) -> String {
        RUNNING.with_borrow(|running| {
            running
                .last()
                .map_or(String::new(), |span| format!(" in {span}"))
        })
    }
}

impl Page for Fake {
    fn event(&self, name: &str, attributes: &Attributes) {
        note(format!("event {name} {}{}", json(attributes), self.now()));
    }

    fn log(&self, level: Level, message: &str, attributes: &Attributes) {
        note(format!(
            "log {} {message} {}{}",
            json(&level),
            json(attributes),
            self.now()
        ));
    }

    fn measure(&self, kind: &str, values: &[(&str, f64)], attributes: &Attributes) {
        note(format!("measure {kind} {values:?} {}", json(attributes)));
    }

    fn fail(&self, failure: &Failure<'_>) {
        note(format!(
            "fail {} {} {:?} {} at {}",
            failure.kind,
            failure.message,
            failure.causes,
            json(failure.info),
            failure.place
        ));
    }

    fn thrown(&self, _: &dyn Any, info: &ErrorInfo) {
        note(format!("thrown {}", json(info)));
    }

    fn panic(&self, message: &str, place: &str, attributes: &Attributes) {
        note(format!("panic {message} at {place} {}", json(attributes)));
    }

    fn start_span(&self, name: &str, options: &SpanOptions) -> Started {
        let number = self.spans.get() + 1;
        self.spans.set(number);
        let mut line = format!("start {number} {name} {}", json(options));
        let _ = write!(line, "{}", self.now());
        note(line);
        Started {
            number,
            trace_id: format!("t{number}"),
            span_id: format!("s{number}"),
        }
    }

    fn set_span_attributes(&self, span: u32, attributes: &Attributes) {
        note(format!("attributes {span} {}", json(attributes)));
    }

    fn set_span_error(&self, span: u32, message: &str) {
        note(format!("error {span} {message}"));
    }

    fn run_span(&self, span: u32, work: &mut dyn FnMut()) {
        RUNNING.with_borrow_mut(|running| running.push(span));
        work();
        RUNNING.with_borrow_mut(Vec::pop);
    }

    fn enter_span(&self, span: u32) {
        RUNNING.with_borrow_mut(|running| running.push(span));
    }

    fn exit_span(&self, span: u32) {
        RUNNING.with_borrow_mut(|running| running.retain(|other| *other != span));
    }

    fn span_traceparent(&self, span: u32) -> String {
        format!("00-t{span}-s{span}-01")
    }

    fn end_span(&self, span: u32) {
        note(format!("end {span}"));
    }

    fn set_user(&self, user: Option<&User>) {
        note(format!("user {}", json(&user)));
    }

    fn set_view(&self, name: &str) {
        note(format!("view {name}"));
    }

    fn set_attributes(&self, attributes: &Attributes) {
        note(format!("attributes {}", json(attributes)));
    }

    fn set_session_attributes(&self, attributes: &Attributes) {
        note(format!("session {}", json(attributes)));
    }

    fn set_consent(&self, consent: Consent) {
        note(format!("consent {}", json(&consent)));
    }

    fn end_session(&self) {
        note("end session".to_owned());
    }

    fn session_id(&self) -> String {
        "id".to_owned()
    }

    fn sampled(&self) -> bool {
        true
    }

    fn on_session_change(&self, callback: Rc<dyn Fn(&str)>) -> u32 {
        callback("next");
        7
    }

    fn end_callback(&self, callback: u32) {
        note(format!("end callback {callback}"));
    }

    fn traceparent(&self) -> String {
        "00-t-s-01".to_owned()
    }

    fn flush(&self) -> Waiting {
        note("flush".to_owned());
        // Asked twice.
        Box::pin(async {
            let mut asked = false;
            core::future::poll_fn(|_| match core::mem::replace(&mut asked, true) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
            note("tried".to_owned());
        })
    }

    fn shutdown(&self) -> Waiting {
        note("shutdown".to_owned());
        Box::pin(core::future::ready(()))
    }
}
