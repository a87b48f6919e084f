//! `tracing` told to a client: events become logs, spans become spans.

use core::fmt::Debug;

use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes as NewSpan, Id, Record};
use tracing_core::{Event, Level as Severity, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::{Attributes, Farol, Level, Span, SpanOptions, Value};

/// The field that holds what an event says.
const MESSAGE: &str = "message";
/// The attribute that names the module an event or a span comes from, as `tracing` calls it.
const TARGET: &str = "target";

/// A layer that tells `farol`. It takes what it is given: a filter (`with_filter(LevelFilter::INFO)`) says what that is.
pub fn layer(farol: Farol) -> FarolLayer {
    FarolLayer { farol }
}

/// What `layer` gives.
#[derive(Debug, Clone, Copy)]
pub struct FarolLayer {
    farol: Farol,
}

/// Of one of the registry's spans, each client's: a registry may have several layers.
struct Spans(Vec<Span>);

impl Spans {
    fn of(&self, farol: Farol) -> Option<&Span> {
        self.0.iter().find(|one| one.farol == farol)
    }
}

impl FarolLayer {
    fn with<T, S: for<'a> LookupSpan<'a>>(
        self,
        span: &SpanRef<'_, S>,
        act: impl FnOnce(&Span) -> T,
    ) -> Option<T> {
        span.extensions().get::<Spans>()?.of(self.farol).map(act)
    }

    fn with_id<S: Subscriber + for<'a> LookupSpan<'a>>(
        self,
        id: &Id,
        context: &Context<'_, S>,
        act: impl FnOnce(&Span),
    ) {
        if let Some(span) = context.span(id) {
            self.with(&span, act);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for FarolLayer {
    fn on_new_span(&self, new: &NewSpan<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Another layer's, of the same client.
        if self.with(&span, |_| ()).is_some() {
            return;
        }
        let mut fields = Fields::of(new.metadata().target());
        new.record(&mut fields);
        // A root or a parent that was asked for; else the span that runs here, if any. The registry knows of none that is not `tracing`'s, and takes one that
        // a panic or an exception of JavaScript ended for the running one, for ever.
        let options = match span.parent() {
            _ if new.is_root() => SpanOptions::new().root(),
            Some(above) if !new.is_contextual() => self
                .with(&above, |parent| SpanOptions::new().parent(parent))
                .unwrap_or_default(),
            _ => SpanOptions::new(),
        };
        let started = self
            .farol
            .start_span_with(new.metadata().name(), &options.attributes(fields.0));
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<Spans>() {
            Some(spans) => spans.0.push(started),
            None => extensions.insert(Spans(vec![started])),
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields(Attributes::new());
        values.record(&mut fields);
        self.with_id(id, &context, |span| span.set_attributes(fields.0));
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.with_id(id, &context, Span::enter);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.with_id(id, &context, Span::exit);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::of(metadata.target());
        event.record(&mut fields);
        let message = match fields.0.take(MESSAGE) {
            Some(Value::Text(text)) => text,
            // An event may be nothing but fields; its name says where it stands.
            _ => metadata.name().to_owned(),
        };
        let level = match *metadata.level() {
            Severity::TRACE => Level::Trace,
            Severity::DEBUG => Level::Debug,
            Severity::INFO => Level::Info,
            Severity::WARN => Level::Warn,
            Severity::ERROR => Level::Error,
        };
        let log = || self.farol.log(level, &message, fields.0.clone());
        // The span that it names, which need not be the one that runs.
        let named = event.parent().and_then(|id| context.span(id));
        if named
            .and_then(|named| self.with(&named, |span| span.run(log)))
            .is_none()
        {
            log();
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let ended = span.extensions_mut().get_mut::<Spans>().and_then(|spans| {
            let at = spans.0.iter().position(|one| one.farol == self.farol)?;
            Some(spans.0.swap_remove(at))
        });
        // Ended behind the lock on the extensions.
        drop(ended);
    }
}

/// Fields as attributes.
struct Fields(Attributes);

impl Fields {
    fn of(target: &str) -> Self {
        Self(Attributes::new().with(TARGET, target))
    }

    fn keep(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.extend([(field.name(), value)]);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.keep(field, format!("{value:?}"));
    }
}
