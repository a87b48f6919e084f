//! Spans of the app's own. What is ambient is so while code runs, never across an await: a future's span is the running one in each poll.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use serde::Serialize;

use super::page::{Page, Started};
use super::{Attributes, Farol};

/// Options of a span.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpanOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Attributes>,
    /// `None`: the running one; `Some(None)`: none at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<Option<Parent>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<f64>,
}

/// As much of another span as its children have to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parent {
    trace_id: String,
    pub(super) span_id: String,
}

impl SpanOptions {
    /// Nothing chosen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Attributes from the start.
    #[must_use]
    pub fn attributes(mut self, attributes: impl Into<Attributes>) -> Self {
        self.attributes = Some(attributes.into());
        self
    }

    /// The span that this one belongs to. Default: the running one.
    #[must_use]
    pub fn parent(mut self, parent: &Span) -> Self {
        self.parent = Some(parent.started.as_ref().map(|started| Parent {
            trace_id: started.trace_id.clone(),
            span_id: started.span_id.clone(),
        }));
        self
    }

    /// The first of a trace of its own.
    #[must_use]
    pub fn root(mut self) -> Self {
        self.parent = Some(None);
        self
    }

    /// Start in ms on the `performance.now()` clock. Default: now.
    #[must_use]
    pub fn start_time(mut self, ms: f64) -> Self {
        self.start_time = Some(ms);
        self
    }
}

/// A piece of the app's own work. It is delivered once it has ended, which it does when dropped.
#[derive(Debug)]
#[must_use = "it ends when dropped"]
pub struct Span {
    pub(super) farol: Farol,
    /// Nothing where there is no page, and once it has ended.
    started: Option<Started>,
}

impl Span {
    pub(super) fn start(farol: Farol, name: &str, options: &SpanOptions) -> Self {
        Self {
            farol,
            started: farol.with(|page| page.start_span(name, options)),
        }
    }

    /// 32 hex digits; empty where there is no page.
    pub fn trace_id(&self) -> &str {
        self.started.as_ref().map_or("", |one| &one.trace_id)
    }

    /// 16 hex digits; empty where there is no page.
    pub fn span_id(&self) -> &str {
        self.started.as_ref().map_or("", |one| &one.span_id)
    }

    /// Adds attributes.
    pub fn set_attributes(&self, attributes: impl Into<Attributes>) {
        self.with(|page, number| page.set_span_attributes(number, &attributes.into()));
    }

    /// Marks it as failed.
    pub fn set_error(&self, message: &str) {
        self.with(|page, number| page.set_span_error(number, message));
    }

    /// Runs `work` with this span as the parent of what starts inside.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut work = Some(work);
        let mut result = None;
        self.with(|page, number| {
            page.run_span(number, &mut || {
                result = work.take().map(|work| work());
            });
        });
        match (result, work) {
            (Some(result), _) => result,
            // No page, or none that called.
            (None, Some(work)) => work(),
            (None, None) => unreachable!("what was called has given a result"),
        }
    }

    /// The future with this span as the running one whenever it is polled; the span ends with it.
    pub fn instrument<F: Future>(self, future: F) -> InSpan<F> {
        InSpan {
            span: self,
            future: Box::pin(future),
        }
    }

    /// The `traceparent` header for a request of this span; empty where none may be sent.
    pub fn traceparent(&self) -> String {
        self.with(Page::span_traceparent).unwrap_or_default()
    }

    /// Ends it now.
    pub fn end(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        self.with(Page::end_span);
        self.started = None;
    }

    /// It is the running one until `exit`: for code that has no function to `run`.
    #[cfg_attr(
        not(feature = "tracing"),
        expect(dead_code, reason = "the tracing layer's")
    )]
    pub(super) fn enter(&self) {
        self.with(Page::enter_span);
    }

    #[cfg_attr(
        not(feature = "tracing"),
        expect(dead_code, reason = "the tracing layer's")
    )]
    pub(super) fn exit(&self) {
        self.with(Page::exit_span);
    }

    fn with<T>(&self, ask: impl FnOnce(&(dyn Page + 'static), u32) -> T) -> Option<T> {
        let number = self.started.as_ref()?.number;
        self.farol.with(|page| ask(page, number))
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A future in its span.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct InSpan<F> {
    span: Span,
    future: Pin<Box<F>>,
}

impl<F> InSpan<F> {
    /// The span.
    pub fn span(&self) -> &Span {
        &self.span
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { span, future } = self.get_mut();
        let polled = span.run(|| future.as_mut().poll(context));
        if polled.is_ready() {
            // What is told of it ends here, even if the future is kept.
            span.finish();
        }
        polled
    }
}
