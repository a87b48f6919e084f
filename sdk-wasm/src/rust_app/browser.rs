//! The page's client: the adapters' `App` object (npm/web/src/rust-app.ts), spoken to in JavaScript's values.

mod core;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Map, Value};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use super::hooks::{BeforeSend, Hooks, Item, OnDiagnostic, ScrubPage};
use super::page::{Failure, Page, Started, Waiting};
use super::settings::{Consent, ErrorInfo, Level, User};
use super::span::SpanOptions;
use super::{Attributes, Options};

#[wasm_bindgen(module = "/js/rust-app.js")]
extern "C" {
    // What throws in there answers nothing.
    #[derive(Debug)]
    type App;
    #[derive(Debug, Clone)]
    type JsSpan;

    fn open(
        options: &JsValue,
        memory: &JsValue,
        connect: &JsValue,
        buffer: &JsValue,
        put: &JsValue,
    ) -> App;

    #[wasm_bindgen(method)]
    fn event(this: &App, name: &str, attributes: &JsValue);
    #[wasm_bindgen(method)]
    fn log(this: &App, message: &str, options: &JsValue);
    #[wasm_bindgen(method)]
    fn measure(this: &App, kind: &str, values: &JsValue, options: &JsValue);
    #[wasm_bindgen(method, js_name = captureError)]
    fn capture_error(this: &App, error: &JsValue, info: &JsValue);
    #[wasm_bindgen(method)]
    fn failure(this: &App, kind: &str, message: &str, causes: Vec<String>, place: &str) -> JsValue;
    #[wasm_bindgen(method)]
    fn panicked(this: &App);
    #[wasm_bindgen(method)]
    fn misgiven(this: &App, what: &str);
    #[wasm_bindgen(method, js_name = startSpan)]
    fn start_span(this: &App, name: &str, options: &JsValue) -> JsSpan;
    #[wasm_bindgen(method)]
    fn enter(this: &App, span: &JsSpan);
    #[wasm_bindgen(method)]
    fn exit(this: &App, span: &JsSpan);
    #[wasm_bindgen(method, js_name = setUser)]
    fn set_user(this: &App, user: &JsValue);
    #[wasm_bindgen(method, js_name = setView)]
    fn set_view(this: &App, name: &str);
    #[wasm_bindgen(method, js_name = setAttributes)]
    fn set_attributes(this: &App, attributes: &JsValue);
    #[wasm_bindgen(method, js_name = setSessionAttributes)]
    fn set_session_attributes(this: &App, attributes: &JsValue);
    #[wasm_bindgen(method, js_name = setConsent)]
    fn set_consent(this: &App, consent: &JsValue);
    #[wasm_bindgen(method, js_name = endSession)]
    fn end_session(this: &App);
    #[wasm_bindgen(method, js_name = sessionId)]
    fn session_id(this: &App) -> Option<String>;
    #[wasm_bindgen(method)]
    fn sampled(this: &App) -> Option<bool>;
    #[wasm_bindgen(method, js_name = onSessionChange)]
    fn on_session_change(this: &App, callback: &JsValue) -> Option<js_sys::Function>;
    #[wasm_bindgen(method)]
    fn traceparent(this: &App) -> Option<String>;
    #[wasm_bindgen(method)]
    fn flush(this: &App) -> Option<js_sys::Promise>;
    #[wasm_bindgen(method)]
    fn shutdown(this: &App) -> Option<js_sys::Promise>;

    #[wasm_bindgen(method, getter, js_name = traceId)]
    fn trace_id(this: &JsSpan) -> String;
    #[wasm_bindgen(method, getter, js_name = spanId)]
    fn span_id(this: &JsSpan) -> String;
    #[wasm_bindgen(method, js_name = setAttributes)]
    fn set_attributes(this: &JsSpan, attributes: &JsValue);
    #[wasm_bindgen(method, js_name = setError)]
    fn set_error(this: &JsSpan, message: &str);
    #[wasm_bindgen(method)]
    fn run(this: &JsSpan, work: &mut dyn FnMut());
    #[wasm_bindgen(method)]
    fn traceparent(this: &JsSpan) -> String;
    #[wasm_bindgen(method)]
    fn end(this: &JsSpan);
}

/// Panics within so many ms of one whose batch was sealed wait for the next batch: one a frame, from then on, would be a request each.
const SEAL_MS: f64 = 1000.0;

/// The types of what JavaScript throws, as `wasm-bindgen` and `js-sys` have them.
const VALUES: [fn(&dyn Any) -> Option<&JsValue>; 13] = [
    value::<JsValue>,
    value::<js_sys::Error>,
    value::<js_sys::AggregateError>,
    value::<js_sys::EvalError>,
    value::<js_sys::RangeError>,
    value::<js_sys::ReferenceError>,
    value::<js_sys::SuppressedError>,
    value::<js_sys::SyntaxError>,
    value::<js_sys::TypeError>,
    value::<js_sys::UriError>,
    value::<js_sys::WebAssembly::CompileError>,
    value::<js_sys::WebAssembly::LinkError>,
    value::<js_sys::WebAssembly::RuntimeError>,
];

fn value<T: AsRef<JsValue> + 'static>(thrown: &dyn Any) -> Option<&JsValue> {
    thrown.downcast_ref::<T>().map(AsRef::as_ref)
}

/// A client over the core that it brings along.
struct Browser {
    app: App,
    /// Those that have not ended, by number.
    spans: RefCell<HashMap<u32, JsSpan>>,
    /// Callbacks that have not been ended, by number.
    callbacks: RefCell<HashMap<u32, Registered>>,
    next: Cell<u32>,
    /// When a batch was last sealed for a panic, ms since 1970.
    sealed: Cell<f64>,
}

/// What is called back; nothing: it was ended.
type Slot = Rc<RefCell<Option<Rc<dyn Fn(&str)>>>>;

/// What ends it in JavaScript, and what is called.
struct Registered(Option<js_sys::Function>, Slot);

/// Starts the adapters over a core of this module.
pub(super) fn start(options: Options) -> Rc<dyn Page> {
    let given = js(&options);
    let Hooks {
        scrub_page,
        before_send,
        on_diagnostic,
    } = options.hooks;
    if let Some(hook) = scrub_page {
        let scrub = js_sys::Reflect::get(&given, &"scrub".into())
            .ok()
            .filter(JsValue::is_object)
            .unwrap_or_else(|| js_sys::Object::new().into());
        set(&scrub, "page", &changed(hook));
        set(&given, "scrub", &scrub);
    }
    if let Some(hook) = before_send {
        set(&given, "beforeSend", &seen(hook));
    }
    if let Some(hook) = on_diagnostic {
        set(&given, "onDiagnostic", &told(hook));
    }
    let ways = core::ways();
    Rc::new(Browser {
        app: open(
            &given,
            &wasm_bindgen::memory(),
            &ways.connect,
            &ways.buffer,
            &ways.put,
        ),
        spans: RefCell::default(),
        callbacks: RefCell::default(),
        next: Cell::new(0),
        sealed: Cell::default(),
    })
}

impl Browser {
    /// The span of that number, if it has not ended. The table is not held: what JavaScript calls may come back here.
    fn span(&self, number: u32) -> Option<JsSpan> {
        self.spans.borrow().get(&number).cloned()
    }

    fn number(&self) -> u32 {
        self.next.replace(self.next.get().wrapping_add(1))
    }
}

impl Page for Browser {
    fn event(&self, name: &str, attributes: &Attributes) {
        self.app.event(name, &js(attributes));
    }

    fn log(&self, level: Level, message: &str, attributes: &Attributes) {
        #[derive(Serialize)]
        struct More<'a> {
            level: Level,
            attributes: &'a Attributes,
        }
        self.app.log(message, &js(&More { level, attributes }));
    }

    fn measure(&self, kind: &str, values: &[(&str, f64)], attributes: &Attributes) {
        #[derive(Serialize)]
        struct More<'a> {
            attributes: &'a Attributes,
        }
        let named = js_sys::Object::new().into();
        for (name, value) in values {
            set(&named, name, &JsValue::from_f64(*value));
        }
        self.app.measure(kind, &named, &js(&More { attributes }));
    }

    fn fail(&self, failure: &Failure<'_>) {
        let error = self.app.failure(
            failure.kind,
            failure.message,
            failure.causes.to_vec(),
            failure.place,
        );
        self.app.capture_error(&error, &js(failure.info));
    }

    fn thrown(&self, thrown: &dyn Any, info: &ErrorInfo) {
        if let Some(thrown) = VALUES.iter().find_map(|value| value(thrown)) {
            self.app.capture_error(thrown, &js(info));
        } else {
            self.app.misgiven("capture_js_error");
        }
    }

    fn panic(&self, message: &str, place: &str, attributes: &Attributes) {
        let error = self.app.failure("panic", message, Vec::new(), place);
        let info = ErrorInfo::new().handled(false).context(attributes.clone());
        self.app.capture_error(&error, &js(&info));
        self.app.panicked();
        // The core is in the memory that has just panicked: once sealed, the batch is JavaScript's. What panics time and again did not end there.
        let now = js_sys::Date::now();
        if (now - self.sealed.get()).abs() >= SEAL_MS {
            self.sealed.set(now);
            drop(self.app.flush());
        }
    }

    fn start_span(&self, name: &str, options: &SpanOptions) -> Started {
        let span = self.app.start_span(name, &js(options));
        let number = self.number();
        let started = Started {
            number,
            trace_id: span.trace_id(),
            span_id: span.span_id(),
        };
        self.spans.borrow_mut().insert(number, span);
        started
    }

    fn set_span_attributes(&self, number: u32, attributes: &Attributes) {
        if let Some(span) = self.span(number) {
            span.set_attributes(&js(attributes));
        }
    }

    fn set_span_error(&self, number: u32, message: &str) {
        if let Some(span) = self.span(number) {
            span.set_error(message);
        }
    }

    fn run_span(&self, number: u32, work: &mut dyn FnMut()) {
        if let Some(span) = self.span(number) {
            span.run(&mut || work());
        }
    }

    fn enter_span(&self, number: u32) {
        if let Some(span) = self.span(number) {
            self.app.enter(&span);
        }
    }

    fn exit_span(&self, number: u32) {
        if let Some(span) = self.span(number) {
            self.app.exit(&span);
        }
    }

    fn span_traceparent(&self, number: u32) -> String {
        self.span(number)
            .map(|span| span.traceparent())
            .unwrap_or_default()
    }

    fn end_span(&self, number: u32) {
        let span = self.spans.borrow_mut().remove(&number);
        if let Some(span) = span {
            span.end();
        }
    }

    fn set_user(&self, user: Option<&User>) {
        self.app.set_user(&js(&user));
    }

    fn set_view(&self, name: &str) {
        self.app.set_view(name);
    }

    fn set_attributes(&self, attributes: &Attributes) {
        self.app.set_attributes(&js(attributes));
    }

    fn set_session_attributes(&self, attributes: &Attributes) {
        self.app.set_session_attributes(&js(attributes));
    }

    fn set_consent(&self, consent: Consent) {
        self.app.set_consent(&js(&consent));
    }

    fn end_session(&self) {
        self.app.end_session();
    }

    fn session_id(&self) -> String {
        self.app.session_id().unwrap_or_default()
    }

    fn sampled(&self) -> bool {
        self.app.sampled().unwrap_or_default()
    }

    fn on_session_change(&self, callback: Rc<dyn Fn(&str)>) -> u32 {
        let slot: Slot = Rc::new(RefCell::new(Some(callback)));
        let called = Rc::clone(&slot);
        // Not held while it is called: it may end itself.
        let function = Closure::<dyn Fn(String)>::new(move |id: String| {
            let callback = called.borrow().clone();
            if let Some(callback) = callback {
                callback(&id);
            }
        });
        let ends = self.app.on_session_change(&kept(function));
        let number = self.number();
        self.callbacks
            .borrow_mut()
            .insert(number, Registered(ends, slot));
        number
    }

    fn end_callback(&self, number: u32) {
        let registered = self.callbacks.borrow_mut().remove(&number);
        let Some(Registered(ends, slot)) = registered else {
            return;
        };
        if let Some(ends) = ends {
            drop(ends.call0(&JsValue::UNDEFINED));
        }
        let callback = slot.take();
        drop(callback);
    }

    fn traceparent(&self) -> String {
        self.app.traceparent().unwrap_or_default()
    }

    fn flush(&self) -> Waiting {
        tried(self.app.flush())
    }

    fn shutdown(&self) -> Waiting {
        tried(self.app.shutdown())
    }
}

/// As a hook of the adapters: anything else than an object or null keeps the item as it was.
fn seen(mut hook: BeforeSend) -> JsValue {
    kept(Closure::<dyn FnMut(JsValue) -> JsValue>::new(
        move |item: JsValue| match read(&item) {
            Some(item) => hook(item).map_or(JsValue::NULL, |item| written(&item)),
            None => JsValue::UNDEFINED,
        },
    ))
}

/// By way of text, as the core has them: whatever the app's crates switch on in `serde_json` holds on both ways, and a number that JavaScript has not
/// becomes the nearest one.
fn read(item: &JsValue) -> Option<Item> {
    let text = String::from(js_sys::JSON::stringify(item).ok()?);
    let mut fields: Map<String, Value> = serde_json::from_str(&text).ok()?;
    let kind = serde_json::from_value(fields.remove("kind")?).ok()?;
    Some(Item { kind, fields })
}

/// Its fields: no change of the kind counts.
fn written(item: &Item) -> JsValue {
    let text = serde_json::to_string(&item.fields).unwrap_or_default();
    js_sys::JSON::parse(&text).unwrap_or_default()
}

fn changed(hook: ScrubPage) -> JsValue {
    kept(Closure::<dyn FnMut(String) -> String>::new(hook))
}

fn told(mut hook: OnDiagnostic) -> JsValue {
    kept(Closure::<dyn FnMut(String, String)>::new(
        move |code: String, detail: String| hook(&code, &detail),
    ))
}

/// A function that lives as long as the page: its client does.
fn kept<T: ?Sized + wasm_bindgen::closure::WasmClosure>(closure: Closure<T>) -> JsValue {
    closure.into_js_value()
}

/// Objects for maps, `null` for nothing. What cannot be a value of JavaScript's is `undefined`, and counts as not given.
fn js(value: &(impl Serialize + ?Sized)) -> JsValue {
    value
        .serialize(&Serializer::json_compatible())
        .unwrap_or_default()
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    // It fails for what is no object, and this is one of ours.
    drop(js_sys::Reflect::set(object, &name.into(), value));
}

/// The promises of the adapters are never rejected.
fn tried(promise: Option<js_sys::Promise>) -> Waiting {
    Box::pin(async move {
        if let Some(promise) = promise {
            drop(JsFuture::from(promise).await);
        }
    })
}
