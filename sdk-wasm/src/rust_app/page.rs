//! What the typed API asks of the page's client, as a trait: the browser, or a test's stand-in; and where the clients are.
//!
//! JavaScript's objects belong to one thread, and what frameworks keep in contexts and signals has to be `Send`. So the clients stay in a
//! table of their thread, and a handle is a number.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::settings::{Consent, ErrorInfo, Level, User};
use super::span::SpanOptions;
use super::{Attributes, Tried};

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
    /// Whether it was entered, and not left: what unwinds in JavaScript leaves nothing here.
    fn runs_span(&self, span: u32) -> bool;
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
    fn on_session_change(&self, callback: Box<dyn Fn(&str)>);
    fn traceparent(&self) -> String;
    fn flush(&self) -> Tried;
    fn shutdown(&self) -> Tried;
}

/// An error that the app caught.
#[derive(Debug)]
#[cfg_attr(
    not(any(target_arch = "wasm32", test)),
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
