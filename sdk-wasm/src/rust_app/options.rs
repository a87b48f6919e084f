//! The options of `init`, by the names that docs/sdk.md gives them. Only the address is needed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Attributes;
use super::hooks::{Hooks, Item};
use super::settings::{
    AppInfo, BatchOptions, Capture, Consent, Limits, Patterns, PrivacyControl, Protocol, Routes,
    Sampling, Scrub, SessionOptions, User,
};

/// Options that are values: each with the method that sets it.
macro_rules! options {
    ($($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?) => {
        /// What `init` is given. One that is out of bounds is told to `on_diagnostic` by name, and its default taken.
        #[derive(Debug, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct Options {
            url: String,
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$type>,)*
            #[serde(skip)]
            pub(super) hooks: Hooks,
            #[serde(skip)]
            pub(super) panics: bool,
        }

        impl Options {
            /// All defaults, for the collector at that address.
            pub fn new(url: impl Into<String>) -> Self {
                Self { url: url.into(), $($field: None,)* hooks: Hooks::default(), panics: true }
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

options! {
    /// The app key, where the collector asks for one.
    key: String,
    /// What the page is.
    app: AppInfo,
    /// Share of the sessions that are captured, 0 to 1.
    sample_rate: f64,
    /// What is captured beside the sample.
    sampling: Sampling,
    /// Other origins that get `traceparent`.
    propagate_to: Patterns,
    /// Members of the `baggage` header, sent where `traceparent` may go.
    baggage: BTreeMap<String, String>,
    /// Send `traceparent` with the flag `00` for sessions that are not sampled.
    unsampled_header: bool,
    /// Errors whose `Type: message` fits are dropped.
    ignore_errors: Patterns,
    /// Errors whose topmost file fits are dropped.
    deny_urls: Patterns,
    /// Keep the errors of browser extensions.
    extension_errors: bool,
    /// The wire.
    protocol: Protocol,
    /// What the visitor agreed to.
    consent: Consent,
    /// What the browser's Global Privacy Control does.
    privacy_control: PrivacyControl,
    /// How long a session is, and where it is kept.
    session: SessionOptions,
    /// Follow the collector's configuration document.
    remote_config: bool,
    /// Keep batches in the browser until the collector has them.
    outbox: bool,
    /// Tell the collector how the SDK itself fares.
    self_report: bool,
    /// When a batch is full.
    batch: BatchOptions,
    /// Most items of a kind in one session.
    limits: Limits,
    /// Name of the first view.
    view: String,
    /// Names of views by address.
    routes: Routes,
    /// What of a query is taken out of addresses, beside what docs/privacy.md lists.
    scrub: Scrub,
    /// Who uses the page.
    user: User,
    /// Attributes of every item.
    attributes: Attributes,
    /// What is captured without a call.
    capture: Capture,
}

impl Options {
    /// Sees each item after scrubbing and before it is kept: gives it back (changed or not), or `None` to drop it.
    #[must_use]
    pub fn before_send(mut self, hook: impl FnMut(Item) -> Option<Item> + 'static) -> Self {
        self.hooks.before_send = Some(Box::new(hook));
        self
    }

    /// Is given the page's address, and gives back the one by which the page is told; an empty one is none.
    #[must_use]
    pub fn scrub_page(mut self, hook: impl FnMut(String) -> String + 'static) -> Self {
        self.hooks.scrub_page = Some(Box::new(hook));
        self
    }

    /// Is told what could not be done: a code of docs/sdk.md, and its detail as text.
    #[must_use]
    pub fn on_diagnostic(mut self, hook: impl FnMut(&str, &str) + 'static) -> Self {
        self.hooks.on_diagnostic = Some(Box::new(hook));
        self
    }

    /// Record panics as errors (default): by a panic hook, which calls the one before it.
    #[must_use]
    pub fn panics(mut self, on: bool) -> Self {
        self.panics = on;
        self
    }
}
