//! What the typed API asks of the page's client, as a trait: the browser, or a test's stand-in; and where the clients are.
//!
//! JavaScript's objects belong to one thread, and what frameworks keep in contexts and signals has to be `Send`. So the clients stay in a
//! table of their thread, and a handle is a number.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::Attributes;
use super::settings::{Consent, ErrorInfo, Level, User};
use super::span::SpanOptions;

/// Ready once what waited was tried.
pub(super) type Waiting = Pin<Box<dyn Future<Output = ()>>>;

/// The client of one page. Spans have numbers, by which they are spoken of until they end.
pub(super) trait Page {
    fn event(&self, name: &str, attributes: &Attributes);
    fn log(&self, level: Level, message: &str, attributes: &Attributes);
    fn measure(&self, kind: &str, values: &[(&str, f64)], attributes: &Attributes);
    fn fail(&self, failure: &Failure<'_>);
    /// What JavaScript threw: a value of its, whose type is the browser's business.
    fn thrown(&self, thrown: &dyn Any, info: &ErrorInfo);
    /// An error that ends the app or a part of it: it is sealed now, because what comes next may be a trap.
    fn panic(&self, message: &str, place: &str, attributes: &Attributes);
    fn start_span(&self, name: &str, options: &SpanOptions) -> Started;
    fn set_span_attributes(&self, span: u32, attributes: &Attributes);
    fn set_span_error(&self, span: u32, message: &str);
    fn run_span(&self, span: u32, work: &mut dyn FnMut());
    fn enter_span(&self, span: u32);
    fn exit_span(&self, span: u32);
    fn span_traceparent(&self, span: u32) -> String;
    fn end_span(&self, span: u32);
    fn set_user(&self, user: Option<&User>);
    fn set_view(&self, name: &str);
    fn set_attributes(&self, attributes: &Attributes);
    fn set_session_attributes(&self, attributes: &Attributes);
    fn set_consent(&self, consent: Consent);
    fn end_session(&self);
    fn session_id(&self) -> String;
    fn sampled(&self) -> bool;
    /// Calls back until that number is ended.
    fn on_session_change(&self, callback: Rc<dyn Fn(&str)>) -> u32;
    fn end_callback(&self, callback: u32);
    fn traceparent(&self) -> String;
    fn flush(&self) -> Waiting;
    fn shutdown(&self) -> Waiting;
}

/// An error that the app caught.
#[derive(Debug)]
#[cfg_attr(
    not(any(all(target_arch = "wasm32", target_os = "unknown"), test)),
    expect(dead_code, reason = "no page reads it")
)]
pub(super) struct Failure<'a> {
    pub(super) kind: &'a str,
    pub(super) message: &'a str,
    pub(super) causes: &'a [String],
    pub(super) info: &'a ErrorInfo,
    /// Where the app told of it: `file:line:column`.
    pub(super) place: &'a str,
}

/// A span that has begun.
#[derive(Debug, Clone)]
pub(super) struct Started {
    pub(super) number: u32,
    pub(super) trace_id: String,
    pub(super) span_id: String,
}

thread_local! {
    /// One for each `init`. None is ever taken out: one that has ended does nothing, and its adapters may still call it.
    static PAGES: RefCell<Vec<Rc<dyn Page>>> = const { RefCell::new(Vec::new()) };
    /// What is waited for, by number, until it is ready or nobody waits any more.
    static WAITING: RefCell<HashMap<u32, Waiting>> = RefCell::default();
    static NEXT: Cell<u32> = const { Cell::new(0) };
}

/// Keeps a client; the answer is its place.
pub(super) fn add(page: Rc<dyn Page>) -> usize {
    PAGES.with_borrow_mut(|pages| {
        pages.push(page);
        pages.len() - 1
    })
}

/// Asks the client at that place. The table is not held meanwhile: what the client calls may ask again.
pub(super) fn with<T>(place: usize, ask: impl FnOnce(&(dyn Page + 'static)) -> T) -> Option<T> {
    // A thread that ends has no table any more.
    let page = PAGES
        .try_with(|pages| pages.try_borrow().ok()?.get(place).cloned())
        .ok()??;
    Some(ask(&*page))
}

/// Keeps what is to be waited for; the answer is its number, which any thread may hold.
pub(super) fn wait(waiting: Waiting) -> u32 {
    let number = NEXT.replace(NEXT.get().wrapping_add(1));
    WAITING.with_borrow_mut(|all| all.insert(number, waiting));
    number
}

/// Asks it; one that is not there (any more, or on this thread) is ready. The table is not held meanwhile.
pub(super) fn poll(number: u32, context: &mut Context<'_>) -> Poll<()> {
    let Some(mut waiting) = take(number) else {
        return Poll::Ready(());
    };
    let polled = waiting.as_mut().poll(context);
    if polled.is_pending() {
        WAITING.with_borrow_mut(|all| all.insert(number, waiting));
    }
    polled
}

/// Nobody waits for it any more.
pub(super) fn forget(number: u32) {
    drop(take(number));
}

fn take(number: u32) -> Option<Waiting> {
    WAITING
        .try_with(|all| all.try_borrow_mut().ok()?.remove(&number))
        .ok()?
}
