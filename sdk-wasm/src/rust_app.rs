//! The client for apps whose front end is Rust (Leptos, Yew, plain `wasm-bindgen`): docs/rust.md tells its users.
//!
//! The core is compiled into the app's own Wasm, and the same TypeScript adapters as everywhere (observers, delivery, the one timer) come
//! along as one file that wasm-bindgen carries. Here is the typed API over them; `browser.rs` is the only part that touches the page, so
//! that all else is tested on the host, where a client does nothing (as an app rendered on a server wants it).

mod attributes;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod browser;
#[cfg(test)]
mod fake;
mod hooks;
mod options;
mod page;
mod panics;
mod settings;
mod span;
#[cfg(test)]
mod tests;
#[cfg(feature = "tracing")]
mod tracing;

use core::error::Error;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::rc::Rc;

pub use attributes::{Attributes, Value};
pub use hooks::{Item, Kind};
pub use options::Options;
pub use settings::{
    AppInfo, BatchOptions, Capture, Consent, ErrorInfo, Frames, Level, Limits, Marks, Pattern,
    Patterns, PrivacyControl, Protocol, Rates, Report, Reports, ResourceOptions, Resources, Route,
    Routes, Sampling, Scrub, SessionOptions, Storage, User,
};
pub use span::{InSpan, Span, SpanOptions};
#[cfg(feature = "tracing")]
pub use tracing::{FarolLayer, layer};

use page::{Failure, Page};

/// Causes of one error that are kept, as many as the adapters keep.
const CAUSES: usize = 8;

/// Starts a client. Where there is no page (on a server, in a test) it does nothing.
pub fn init(options: Options) -> Farol {
    let panics = options.panics;
    let farol = Farol(open(options).map(page::add));
    if panics && farol.0.is_some() {
        panics::watch(farol);
    }
    farol
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn open(options: Options) -> Option<Rc<dyn Page>> {
    Some(browser::start(options))
}

#[cfg(not(any(all(target_arch = "wasm32", target_os = "unknown"), test)))]
fn open(_: Options) -> Option<Rc<dyn Page>> {
    None
}

#[cfg(all(not(all(target_arch = "wasm32", target_os = "unknown")), test))]
fn open(options: Options) -> Option<Rc<dyn Page>> {
    fake::open(options)
}

/// One running client: a handle that can be copied, kept in a context and used from any callback. It is of the thread that `init` ran on;
/// on others it does nothing. No method panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farol(Option<usize>);

impl Farol {
    /// Records a custom event.
    pub fn event(&self, name: &str, attributes: impl Into<Attributes>) {
        self.with(|page| page.event(name, &attributes.into()));
    }

    /// Records a log.
    pub fn log(&self, level: Level, message: &str, attributes: impl Into<Attributes>) {
        self.with(|page| page.log(level, message, &attributes.into()));
    }

    /// Records a measurement: named numbers of one type.
    pub fn measure<'a>(
        &self,
        kind: &str,
        values: impl IntoIterator<Item = (&'a str, f64)>,
        attributes: impl Into<Attributes>,
    ) {
        self.with(|page| {
            let values: Vec<_> = values.into_iter().collect();
            page.measure(kind, &values, &attributes.into());
        });
    }

    /// Records an error that the app caught, with its sources. Its type is that of `error`; its stack, that of this call, with the caller's place in the
    /// source on top.
    #[track_caller]
    pub fn capture_error<E: Error + ?Sized>(&self, error: &E) {
        self.capture_error_with(error, &ErrorInfo::default());
    }

    /// The same, with what the app knows of it.
    #[track_caller]
    pub fn capture_error_with<E: Error + ?Sized>(&self, error: &E, info: &ErrorInfo) {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source
            && causes.len() < CAUSES
        {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let name = core::any::type_name::<E>().trim_start_matches('&');
        let place = Location::caller().to_string();
        self.with(|page| {
            page.fail(&Failure {
                // Behind `dyn Error` nobody knows.
                kind: if name.starts_with("dyn ") {
                    "Error"
                } else {
                    name
                },
                message: &error.to_string(),
                causes: &causes,
                info,
                place: &place,
            });
        });
    }

    /// Records what JavaScript threw: a `JsValue`, as `web-sys` and `js-sys` give it in an `Err`, or one of `js-sys`'s errors (`js_sys::Error`, `TypeError` and their like). Of
    /// another type (`web_sys::DomException`) give `&JsValue::from(error)`: what is none of these is left out, and told to `on_diagnostic` as a `bad-message`.
    pub fn capture_js_error(&self, thrown: &dyn core::any::Any, info: &ErrorInfo) {
        self.with(|page| page.thrown(thrown, info));
    }

    /// Starts a span.
    pub fn start_span(&self, name: &str) -> Span {
        self.start_span_with(name, &SpanOptions::default())
    }

    /// The same, with attributes, a parent of one's choice, a start in the past.
    pub fn start_span_with(&self, name: &str, options: &SpanOptions) -> Span {
        Span::start(*self, name, options)
    }

    /// Runs `work` in a new span, which ends when it returns.
    pub fn with_span<T>(&self, name: &str, work: impl FnOnce(&Span) -> T) -> T {
        let span = self.start_span(name);
        span.run(|| work(&span))
    }

    /// The future in a new span, which is the running one whenever the future is polled, and ends with it.
    pub fn in_span<F: Future>(&self, name: &str, future: F) -> InSpan<F> {
        self.start_span(name).instrument(future)
    }

    /// Sets the user of all items from now on; `None`: nobody.
    pub fn set_user(&self, user: Option<&User>) {
        self.with(|page| page.set_user(user));
    }

    /// Names the view that the visitor sees from now on.
    pub fn set_view(&self, name: &str) {
        self.with(|page| page.set_view(name));
    }

    /// Replaces the attributes of all items from now on.
    pub fn set_attributes(&self, attributes: impl Into<Attributes>) {
        self.with(|page| page.set_attributes(&attributes.into()));
    }

    /// Replaces the attributes of the session.
    pub fn set_session_attributes(&self, attributes: impl Into<Attributes>) {
        self.with(|page| page.set_session_attributes(&attributes.into()));
    }

    /// Tells what the visitor agreed to.
    pub fn set_consent(&self, consent: Consent) {
        self.with(|page| page.set_consent(consent));
    }

    /// Ends the session: what follows belongs to another.
    pub fn end_session(&self) {
        self.with(Page::end_session);
    }

    /// The id of the session; empty where there is none.
    pub fn session_id(&self) -> String {
        self.with(Page::session_id).unwrap_or_default()
    }

    /// Whether the session is captured.
    pub fn sampled(&self) -> bool {
        self.with(Page::sampled).unwrap_or_default()
    }

    /// Calls back with the id of each next session, as long as the page lives or until what it gives back is ended.
    pub fn on_session_change(&self, callback: impl Fn(&str) + 'static) -> Callback {
        Callback {
            farol: *self,
            number: self.with(|page| page.on_session_change(Rc::new(callback))),
        }
    }

    /// The `traceparent` header for a request or a message of the app's own, below the running span; empty where none may be sent. Where no span runs, one
    /// is recorded for it.
    pub fn traceparent(&self) -> String {
        self.with(Page::traceparent).unwrap_or_default()
    }

    /// Sends what waits, at once. The future is ready once all of it was tried; nobody has to wait for it.
    pub fn flush(&self) -> Tried {
        Tried(self.with(Page::flush).map(page::wait))
    }

    /// Sends what waits and ends the client. The future is as `flush` gives it.
    pub fn shutdown(&self) -> Tried {
        Tried(self.with(Page::shutdown).map(page::wait))
    }

    fn with<T>(self, ask: impl FnOnce(&(dyn Page + 'static)) -> T) -> Option<T> {
        page::with(self.0?, ask)
    }
}

/// A callback that is there until it is ended. Dropped, it stays for as long as the page lives.
#[derive(Debug)]
pub struct Callback {
    farol: Farol,
    number: Option<u32>,
}

impl Callback {
    /// It is called no more, and what it holds is let go.
    pub fn end(self) {
        if let Some(number) = self.number {
            self.farol.with(|page| page.end_callback(number));
        }
    }
}

/// Ready once what waited was tried, which goes on whether it is awaited or not. It can be sent anywhere, and on another thread than the client's is
/// ready at once.
#[derive(Debug)]
pub struct Tried(Option<u32>);

impl Future for Tried {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0
            .map_or(Poll::Ready(()), |number| page::poll(number, context))
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            page::forget(number);
        }
    }
}
