//! What options are made of, by the names that docs/sdk.md gives them: each serialises to what the adapters' `init` takes.

use serde::Serialize;

use super::Attributes;

/// A group of options: all optional, each with the method that sets it.
macro_rules! settings {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $(#[serde(skip_serializing_if = "Option::is_none")] pub(super) $field: Option<$type>,)*
        }

        impl $name {
            /// Nothing chosen: all defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$doc])*
            #[must_use]
            pub fn $field(mut self, value: impl Into<$type>) -> Self {
                self.$field = Some(value.into());
                self
            })*
        }
    };
}

/// A choice of words.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $word:ident),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$doc])* $word,)*
        }

    };
}

words! {
    /// How severe a log is.
    Level {
        /// Finer than `Debug`.
        Trace,
        /// For who looks for a fault.
        Debug,
        /// What happens.
        Info,
        /// What `console.log` says.
        Log,
        /// What should not be.
        Warn,
        /// What went wrong.
        Error,
    }
}

words! {
    /// What the visitor agreed to.
    Consent {
        /// Not asked yet: items wait in memory, and nothing is stored or sent.
        Pending,
        /// Yes.
        Granted,
        /// No: nothing is kept.
        Denied,
    }
}

words! {
    /// The wire.
    Protocol {
        /// Farol's own.
        Farol,
        /// Plain Faro, for Grafana Alloy, the OpenTelemetry Collector and Grafana Cloud.
        Faro,
    }
}

words! {
    /// What the browser's Global Privacy Control does.
    PrivacyControl {
        /// Nothing.
        Ignore,
        /// No user, and no id that outlives the page.
        Anonymous,
        /// As if the visitor had said no, until `set_consent` says otherwise.
        Off,
    }
}

words! {
    /// Whose a session is.
    Storage {
        /// The tab's: in its `sessionStorage`.
        Tab,
        /// The visitor's, with all tabs of the origin: in `localStorage`.
        Visitor,
        /// Nowhere.
        None,
    }
}

settings! {
    /// `app`: what the page is.
    AppInfo {
        /// `service.name`
        name: String,
        /// `service.version`
        version: String,
        /// `deployment.environment.name`
        environment: String,
        /// `service.namespace`
        namespace: String,
        /// The release.
        release: String,
    }
}

settings! {
    /// `session`: how long one is, and where it is kept.
    SessionOptions {
        /// Idle time in ms after which a new session starts.
        idle_ms: f64,
        /// Longest life of a session in ms.
        lifetime_ms: f64,
        /// Where it survives a reload.
        storage: Storage,
        /// Attributes of the session.
        attributes: Attributes,
    }
}

settings! {
    /// `batch`: when one is full.
    BatchOptions {
        /// Items that fill it.
        items: f64,
        /// Bytes that fill it.
        bytes: f64,
        /// Age in ms at which it is sent though it is not full.
        age_ms: f64,
    }
}

settings! {
    /// `limits`: most items of a kind in one session.
    Limits {
        /// Logs.
        logs: f64,
        /// Errors.
        exceptions: f64,
        /// Measurements, vitals among them.
        measurements: f64,
        /// Events.
        events: f64,
        /// Spans.
        spans: f64,
    }
}

settings! {
    /// `sampling`: what is captured beside the sample.
    Sampling {
        /// Keep the last of what a session outside of the sample does, and send it when something goes wrong.
        ring: bool,
        /// How far back that goes, in ms.
        ring_ms: f64,
        /// And how many bytes.
        ring_bytes: f64,
        /// For some kinds the share of sessions of which they are kept.
        rates: Rates,
    }
}

settings! {
    /// `sampling.rates`: shares of the sessions, 0 to 1.
    Rates {
        /// Of which logs are kept.
        log: f64,
        /// Of which errors are kept.
        exception: f64,
        /// Of which measurements are kept, vitals among them.
        measurement: f64,
        /// Of which events are kept.
        event: f64,
        /// Of which spans are kept.
        span: f64,
    }
}

settings! {
    /// Who uses the page; nothing is collected that is not given here.
    User {
        /// The user's id.
        id: String,
        /// The short name.
        username: String,
        /// The mail address.
        email: String,
        /// The name in full.
        full_name: String,
        /// A hash that stands for the user.
        hash: String,
        /// Roles, separated by commas.
        roles: String,
        /// Anything else.
        attributes: Attributes,
    }
}

settings! {
    /// What the app knows of an error.
    ErrorInfo {
        /// What it was doing.
        context: Attributes,
        /// The same, by the name that other items have for it; what is in both is taken from here.
        attributes: Attributes,
        /// Whether the app could go on (default).
        handled: bool,
        /// The page ended with it.
        fatal: bool,
    }
}

settings! {
    /// `capture`: what is captured without a call. docs/sdk.md says what each does and what is on by default.
    Capture {
        /// The five Web Vitals.
        vitals: bool,
        /// Uncaught errors and unhandled rejections of the page's JavaScript. (For panics see `Options::panics`.)
        errors: bool,
        /// Spans of `fetch`, and `traceparent` where it may go.
        fetch: bool,
        /// Spans of `XMLHttpRequest`, the same.
        xhr: bool,
        /// Changes of the URL.
        navigation: bool,
        /// Clicks for the trail of an error.
        clicks: bool,
        /// Failed loads.
        loads: bool,
        /// User actions.
        actions: bool,
        /// Rage, dead and error clicks.
        frustration: bool,
        /// CSS selectors of the elements whose text may be told.
        element_text: Vec<String>,
        /// Long animation frames: whether, or from how many ms on.
        frames: Frames,
        /// What the browser reports: whether, or which types.
        reports: Reports,
        /// Timings of resources: whether, or which.
        resources: Resources,
        /// The timing of the page's load.
        load: bool,
        /// The page's own marks and measures: whether, or which.
        user_timing: Marks,
        /// The JavaScript heap whenever the page is hidden.
        memory: bool,
        /// Levels of the console that become logs.
        console: Vec<Level>,
        /// The trace that the server answered in, from `traceresponse`.
        trace_response: bool,
        /// Forms that were begun and left.
        forms: bool,
    }
}

/// A text that is looked for, or a regular expression of JavaScript's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Pattern {
    /// The text.
    Text(String),
    /// The expression's source.
    Regex {
        /// As between the slashes.
        regex: String,
    },
}

impl Pattern {
    /// An expression, as JavaScript writes it between slashes.
    pub fn regex(source: impl Into<String>) -> Self {
        Self::Regex {
            regex: source.into(),
        }
    }
}

impl<T: Into<String>> From<T> for Pattern {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// Several patterns: one of them is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Patterns(Vec<Pattern>);

impl<T: Into<Pattern>, const N: usize> From<[T; N]> for Patterns {
    fn from(list: [T; N]) -> Self {
        Self(list.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Pattern>> From<Vec<T>> for Patterns {
    fn from(list: Vec<T>) -> Self {
        Self(list.into_iter().map(Into::into).collect())
    }
}

/// Addresses of one view: `/products/:id`, where `:id` is any one part, and `*` (`/docs/*`) the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Route {
    /// The view is called as the pattern is.
    Pattern(String),
    /// A pattern and the view's name.
    Named(String, String),
}

impl From<&str> for Route {
    fn from(pattern: &str) -> Self {
        Self::Pattern(pattern.to_owned())
    }
}

impl From<(&str, &str)> for Route {
    fn from((pattern, name): (&str, &str)) -> Self {
        Self::Named(pattern.to_owned(), name.to_owned())
    }
}

/// Several routes: the first that an address fits names its view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Routes(Vec<Route>);

impl<T: Into<Route>, const N: usize> From<[T; N]> for Routes {
    fn from(list: [T; N]) -> Self {
        Self(list.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Route>> From<Vec<T>> for Routes {
    fn from(list: Vec<T>) -> Self {
        Self(list.into_iter().map(Into::into).collect())
    }
}

settings! {
    /// `scrub`: query parameters by name, letter case aside.
    Scrub {
        /// Their values stay, whatever they look like and whatever their name says.
        allow: Vec<String>,
        /// Their values become `REDACTED`, whatever else is said of them.
        deny: Vec<String>,
    }
}

/// Whether at all, or in detail.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Or<T> {
    All(bool),
    Only(T),
}

/// A choice that is made by a truth or by a detail.
macro_rules! either {
    ($(#[$about:meta])* $name:ident: $detail:ty) => {
        $(#[$about])*
        #[derive(Debug, Clone, Serialize)]
        #[serde(transparent)]
        pub struct $name(Or<$detail>);

        impl From<bool> for $name {
            fn from(all: bool) -> Self {
                Self(Or::All(all))
            }
        }

        impl From<$detail> for $name {
            fn from(detail: $detail) -> Self {
                Self(Or::Only(detail))
            }
        }
    };
}

words! {
    /// What a browser reports.
    Report {
        /// A violation of the page's Content-Security-Policy.
        CspViolation,
        /// Something that the browser did otherwise than the page wanted.
        Intervention,
        /// Something that will go away.
        Deprecation,
    }
}

settings! {
    /// Which resources are told.
    ResourceOptions {
        /// Share of the page loads of which they are told, 0 to 1.
        rate: f64,
        /// Addresses that are left out.
        ignore: Patterns,
        /// Those of other sites, too.
        third_party: bool,
        /// Only those that took at least so many ms.
        min_ms: f64,
    }
}

either! {
    /// Long frames: whether, or from how many ms on.
    Frames: f64
}

either! {
    /// Reports: whether, or which types.
    Reports: Vec<Report>
}

either! {
    /// Resources: whether, or which.
    Resources: ResourceOptions
}

either! {
    /// Marks and measures: whether, or those whose name fits.
    Marks: Patterns
}
