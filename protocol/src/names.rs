//! Every name that leaves or enters Farol, once: events, attributes, vitals, scopes, metrics. In OpenTelemetry's spelling
//! where it has one, under `farol.` where it has none.

/// The OpenTelemetry schema that the attribute names below are taken from.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// Events as a browser sends them.
pub mod event {
    /// A session began.
    pub const SESSION_START: &str = "session_start";
    /// A stored session was found again on a new page.
    pub const SESSION_RESUME: &str = "session_resume";
    /// A session was replaced by a new one; the attribute `previousSession` names the old.
    pub const SESSION_EXTEND: &str = "session_extend";
    /// The page ended the session.
    pub const SESSION_END: &str = "session_end";
    /// The view changed.
    pub const VIEW_CHANGED: &str = "view_changed";
    /// A navigation within the document, as Farol's SDK and OpenTelemetry name it.
    pub const NAVIGATION: &str = "browser.navigation";
    /// A navigation within the document, as Faro names it.
    pub const FARO_NAVIGATION: &str = "faro.navigation";
    /// Another route of Faro's integration of React's router.
    pub const FARO_ROUTE_CHANGE: &str = "route_change";
    /// The timing of a page load, as Faro sends it.
    pub const FARO_NAVIGATION_TIMING: &str = "faro.performance.navigation";
    /// The timing of a resource, as Faro sends it.
    pub const FARO_RESOURCE_TIMING: &str = "faro.performance.resource";
    /// A user action with the work that it caused.
    pub const FARO_USER_ACTION: &str = "faro.user.action";
    /// A copy of a fetch span's attributes.
    pub const FARO_TRACING_FETCH: &str = "faro.tracing.fetch";
    /// A copy of an XMLHttpRequest span's attributes.
    pub const FARO_TRACING_XHR: &str = "faro.tracing.xml-http-request";
    /// An image, a script, a style, a font or a medium that did not come. Ours: OpenTelemetry has no name for it.
    pub const FAILED_LOAD: &str = "farol.failed_load";
    /// One of the page's own marks and measures.
    pub const USER_TIMING: &str = "farol.user_timing";
    /// What the browser reports of the page: a refusal by its policy, an intervention, a deprecation.
    pub const REPORT: &str = "farol.report";
    /// A form that was begun and left.
    pub const FORM_ABANDONED: &str = "farol.form_abandoned";
    /// A measurement of the SDK by itself: what was told to `onDiagnostic` by its code, `errors_only_counted`, `requests`, `retries`, `bytes`,
    /// `main_thread_ms`.
    pub const SELF: &str = "farol.sdk";
    /// A measurement of the JavaScript heap.
    pub const MEMORY: &str = "farol.memory";
    /// A frame that took long, with the script that took longest in it. Ours: OpenTelemetry has no name for it.
    pub const LONG_FRAME: &str = "farol.long_frame";
    /// A rage, dead or error click.
    pub const FRUSTRATION: &str = "farol.frustration";
    /// Prefix of the user actions `click`, `keydown` and `submit`, as opentelemetry-browser names the first.
    pub const USER_ACTION: &str = "browser.user_action.";
    /// A refusal by the content security policy.
    pub const SECURITY_POLICY_VIOLATION: &str = "securitypolicyviolation";
}

/// Events as OpenTelemetry names them on a log record.
pub mod otel_event {
    /// A session began.
    pub const SESSION_START: &str = "session.start";
    /// A session ended.
    pub const SESSION_END: &str = "session.end";
    /// A navigation.
    pub const NAVIGATION: &str = "browser.navigation";
    /// The timing of a page load.
    pub const NAVIGATION_TIMING: &str = "browser.navigation_timing";
    /// The timing of a resource.
    pub const RESOURCE_TIMING: &str = "browser.resource_timing";
    /// A Web Vital.
    pub const WEB_VITAL: &str = "browser.web_vital";
    /// An exception.
    pub const EXCEPTION: &str = "exception";
    /// A measurement that is no vital. Ours: OpenTelemetry has no event for free numbers.
    pub const MEASUREMENT: &str = "farol.measurement";
}

/// Web Vitals, as measurements on the wire.
pub mod vital {
    /// The type of the measurement that carries a vital.
    pub const TYPE: &str = "web-vitals";
    /// Cumulative Layout Shift.
    pub const CLS: &str = "cls";
    /// Interaction to Next Paint.
    pub const INP: &str = "inp";
    /// The names of the vitals; each is also the key of its value.
    pub const ALL: [&str; 5] = [CLS, "fcp", INP, "lcp", TTFB];
    /// The one that a server answers for.
    pub const TTFB: &str = "ttfb";
    /// A vital that other senders may still report.
    pub const FID: &str = "fid";
    /// The value's change since it was last reported.
    pub const DELTA: &str = "delta";
    /// Context: identifies the vital on its page.
    pub const ID: &str = "id";
    /// Context: `good`, `needs-improvement` or `poor`.
    pub const RATING: &str = "rating";
    /// Context: how the page was reached.
    pub const NAVIGATION_TYPE: &str = "navigation_type";
    /// Its value where the document stayed.
    pub const SOFT_NAVIGATION: &str = "soft-navigation";
}

/// Instrumentation scopes.
pub mod scope {
    /// What the collector makes out of payload items.
    pub const COLLECTOR: &str = "farol.collector";
    /// Spans that the page's own code started.
    pub const CUSTOM: &str = "farol";
    /// Spans of `fetch`.
    pub const FETCH: &str = "farol.fetch";
    /// Spans of `XMLHttpRequest`.
    pub const XHR: &str = "farol.xhr";
}

/// Attributes, OpenTelemetry's first, ours after.
pub mod attr {
    /// The service's name: the app's.
    pub const SERVICE_NAME: &str = "service.name";
    /// The namespace that the app belongs to.
    pub const SERVICE_NAMESPACE: &str = "service.namespace";
    /// The app's version.
    pub const SERVICE_VERSION: &str = "service.version";
    /// Where the app is deployed.
    pub const DEPLOYMENT_ENVIRONMENT: &str = "deployment.environment.name";
    /// The SDK that made the telemetry.
    pub const TELEMETRY_SDK_NAME: &str = "telemetry.sdk.name";
    /// The SDK's language: `webjs`, or `dart`.
    pub const TELEMETRY_SDK_LANGUAGE: &str = "telemetry.sdk.language";
    /// The SDK's version.
    pub const TELEMETRY_SDK_VERSION: &str = "telemetry.sdk.version";
    /// The build that is running.
    pub const APP_BUILD_ID: &str = "app.build_id";
    /// The installation of the app.
    pub const APP_INSTALLATION_ID: &str = "app.installation.id";
    /// The session.
    pub const SESSION_ID: &str = "session.id";
    /// The session before it.
    pub const SESSION_PREVIOUS_ID: &str = "session.previous_id";
    /// The user's id.
    pub const USER_ID: &str = "user.id";
    /// The user's short name.
    pub const USER_NAME: &str = "user.name";
    /// The user's mail address.
    pub const USER_EMAIL: &str = "user.email";
    /// The user's name in full.
    pub const USER_FULL_NAME: &str = "user.full_name";
    /// A hash that stands for the user.
    pub const USER_HASH: &str = "user.hash";
    /// The user's roles.
    pub const USER_ROLES: &str = "user.roles";
    /// The user agent string as sent.
    pub const USER_AGENT_ORIGINAL: &str = "user_agent.original";
    /// The browser's name.
    pub const USER_AGENT_NAME: &str = "user_agent.name";
    /// The browser's version.
    pub const USER_AGENT_VERSION: &str = "user_agent.version";
    /// Name and version of the brands that the browser goes by.
    pub const BROWSER_BRANDS: &str = "browser.brands";
    /// The operating system that the browser names.
    pub const BROWSER_PLATFORM: &str = "browser.platform";
    /// Whether the browser says that it runs on a mobile device.
    pub const BROWSER_MOBILE: &str = "browser.mobile";
    /// The browser's language.
    pub const BROWSER_LANGUAGE: &str = "browser.language";
    /// The address of the document.
    pub const DOCUMENT_URL: &str = "browser.document.url.full";
    /// A full address: the page's, or the one that the item is about.
    pub const URL_FULL: &str = "url.full";
    /// The template that an address was made of.
    pub const URL_TEMPLATE: &str = "url.template";
    /// Where something happened in a program's source: the file.
    pub const CODE_FILE_PATH: &str = "code.file.path";
    /// The line in it.
    pub const CODE_LINE_NUMBER: &str = "code.line.number";
    /// The column in it.
    pub const CODE_COLUMN_NUMBER: &str = "code.column.number";
    /// Operating system: name.
    pub const OS_NAME: &str = "os.name";
    /// Operating system: version.
    pub const OS_VERSION: &str = "os.version";
    /// Operating system: build.
    pub const OS_BUILD_ID: &str = "os.build_id";
    /// Operating system: free text.
    pub const OS_DESCRIPTION: &str = "os.description";
    /// Device: id, which its app or its system gave it.
    pub const DEVICE_ID: &str = "device.id";
    /// Device: manufacturer.
    pub const DEVICE_MANUFACTURER: &str = "device.manufacturer";
    /// Device: model, as its maker identifies it.
    pub const DEVICE_MODEL_IDENTIFIER: &str = "device.model.identifier";
    /// Device: model, as people call it.
    pub const DEVICE_MODEL_NAME: &str = "device.model.name";
    /// Geography: continent.
    pub const GEO_CONTINENT: &str = "geo.continent.code";
    /// Geography: country.
    pub const GEO_COUNTRY: &str = "geo.country.iso_code";
    /// Geography: region.
    pub const GEO_REGION: &str = "geo.region.iso_code";
    /// Geography: place.
    pub const GEO_LOCALITY: &str = "geo.locality.name";
    /// Exception: type.
    pub const EXCEPTION_TYPE: &str = "exception.type";
    /// Exception: message.
    pub const EXCEPTION_MESSAGE: &str = "exception.message";
    /// Exception: stack as text.
    pub const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";
    /// The record's unique id: the same on every retry and every replica.
    pub const LOG_RECORD_UID: &str = "log.record.uid";
    /// Web Vital: name in lower case.
    pub const VITAL_NAME: &str = "browser.web_vital.name";
    /// Web Vital: value.
    pub const VITAL_VALUE: &str = "browser.web_vital.value";
    /// Web Vital: change since last reported.
    pub const VITAL_DELTA: &str = "browser.web_vital.delta";
    /// Web Vital: id on its page.
    pub const VITAL_ID: &str = "browser.web_vital.id";
    /// Web Vital: rating.
    pub const VITAL_RATING: &str = "browser.web_vital.rating";
    /// Web Vital: how the page was reached.
    pub const VITAL_NAVIGATION_TYPE: &str = "browser.web_vital.navigation_type";
    /// Navigation: within the same document.
    pub const NAVIGATION_SAME_DOCUMENT: &str = "browser.navigation.same_document";
    /// Navigation: the fragment alone changed.
    pub const NAVIGATION_HASH_CHANGE: &str = "browser.navigation.hash_change";
    /// Navigation: `push`, `replace`, `reload`, `traverse`.
    pub const NAVIGATION_TYPE: &str = "browser.navigation.type";

    /// The commit that the app was built from.
    pub const VCS_REVISION: &str = "vcs.ref.head.revision";
    /// What is kept of the client's address.
    pub const CLIENT_ADDRESS: &str = "client.address";
    /// `test` where a machine drives the browser.
    pub const USER_AGENT_SYNTHETIC: &str = "user_agent.synthetic.type";
    /// The port of the other side.
    pub const SERVER_PORT: &str = "server.port";
    /// How an environment was named before; resources of some SDKs still carry it.
    pub const DEPLOYMENT_ENVIRONMENT_OLD: &str = "deployment.environment";

    /// The kind of item that a record was made of.
    pub const ITEM_KIND: &str = "farol.item.kind";
    /// The SDK instance that made the item.
    pub const CLIENT_ID: &str = "farol.client.id";
    /// The item's place in what its client ever sent.
    pub const ITEM_SEQUENCE: &str = "farol.item.sequence";
    /// The app's name as the browser gave it, where the collector knows another.
    pub const APP_NAME: &str = "farol.app.name";
    /// The app's release.
    pub const APP_RELEASE: &str = "farol.app.release";
    /// The SDK's parts, each `name:version`.
    pub const SDK_INTEGRATIONS: &str = "farol.sdk.integrations";
    /// Prefix of what the page says of the user.
    pub const USER_ATTRIBUTE: &str = "farol.user.attribute.";
    /// Prefix of the session's attributes.
    pub const SESSION_ATTRIBUTE: &str = "farol.session.attribute.";
    /// The service that the session asks to be booked on.
    pub const SESSION_OVERRIDE_SERVICE: &str = "farol.session.override.service_name";
    /// Whether the session allows to be located.
    pub const SESSION_OVERRIDE_GEO: &str = "farol.session.override.geo_location";
    /// The page's id.
    pub const PAGE_ID: &str = "farol.page.id";
    /// Prefix of the page's attributes.
    pub const PAGE_ATTRIBUTE: &str = "farol.page.attribute.";
    /// The view that the item belongs to.
    pub const VIEW_NAME: &str = "farol.view.name";
    /// Width of the viewport in CSS pixels.
    pub const VIEWPORT_WIDTH: &str = "farol.browser.viewport.width";
    /// Height of the viewport in CSS pixels.
    pub const VIEWPORT_HEIGHT: &str = "farol.browser.viewport.height";
    /// The device's brand.
    pub const DEVICE_BRAND: &str = "farol.device.brand";
    /// Whether the device is no emulator.
    pub const DEVICE_IS_PHYSICAL: &str = "farol.device.is_physical";
    /// The device's kind; in metrics one of `mobile`, `tablet`, `desktop`, `other`.
    pub const DEVICE_TYPE: &str = "farol.device.type";
    /// Who runs the network.
    pub const GEO_AS_ORGANIZATION: &str = "farol.geo.as.organization";
    /// The network's number.
    pub const GEO_AS_NUMBER: &str = "farol.geo.as.number";
    /// Whether k6 drives the browser.
    pub const K6_BROWSER: &str = "farol.k6.browser";
    /// The test run of k6.
    pub const K6_TEST_RUN: &str = "farol.k6.test_run_id";
    /// The share of sessions that is sampled.
    pub const SAMPLING_RATE: &str = "farol.sampling.rate";
    /// The session's sampling state.
    pub const SAMPLING_STATE: &str = "farol.sampling.state";
    /// Prefix of the rates by kind.
    pub const SAMPLING_KEPT: &str = "farol.sampling.kept.";
    /// The kinds of which the batch holds the session's first.
    pub const BATCH_FIRST: &str = "farol.batch.first";
    /// Whether the batch waited for a later page.
    pub const BATCH_DEFERRED: &str = "farol.batch.deferred";
    /// The time as the client gave it, where another stands on the record.
    pub const TIME_CLIENT: &str = "farol.time.client";
    /// Why another time stands on the record: `missing`, `unreadable`, `future`, `past`.
    pub const TIME_REPLACED: &str = "farol.time.replaced";
    /// The user action's id, on the action itself.
    pub const ACTION_ID: &str = "farol.action.id";
    /// The user action's name.
    pub const ACTION_NAME: &str = "farol.action.name";
    /// The user action that the item belongs to.
    pub const ACTION_PARENT: &str = "farol.action.parent_id";
    /// A trace id that OTLP cannot hold.
    pub const BAD_TRACE_ID: &str = "farol.trace.trace_id";
    /// A span id that OTLP cannot hold.
    pub const BAD_SPAN_ID: &str = "farol.trace.span_id";
    /// A parent's id that OTLP cannot hold.
    pub const BAD_PARENT_ID: &str = "farol.trace.parent_span_id";
    /// Where an event's name belongs.
    pub const EVENT_DOMAIN: &str = "farol.event.domain";
    /// The name that the browser gave an event, where OpenTelemetry has another for it.
    pub const EVENT_NAME: &str = "farol.event.name";
    /// Prefix of a vital's attribution.
    pub const VITAL_ATTRIBUTION: &str = "farol.web_vital.";
    /// A measurement's type.
    pub const MEASUREMENT_TYPE: &str = "farol.measurement.type";
    /// Prefix of a measurement's numbers.
    pub const MEASUREMENT_VALUE: &str = "farol.measurement.value.";
    /// The address that a navigation left.
    pub const NAVIGATION_FROM: &str = "farol.navigation.from_url";
    /// How long a navigation took, in milliseconds.
    pub const NAVIGATION_DURATION: &str = "farol.navigation.duration";
    /// A navigation's type where OpenTelemetry has none for it.
    pub const NAVIGATION_KIND: &str = "farol.navigation.type";
    /// The page load that a timing belongs to.
    pub const NAVIGATION_ID: &str = "farol.navigation.id";
    /// The page load before it.
    pub const NAVIGATION_PREVIOUS: &str = "farol.navigation.previous_id";
    /// The resource that a timing is of.
    pub const RESOURCE_ID: &str = "farol.resource.id";
    /// Prefix of a page load's timing.
    pub const NAVIGATION_TIMING: &str = "browser.navigation_timing.";
    /// Prefix of a resource's timing.
    pub const RESOURCE_TIMING: &str = "browser.resource_timing.";
    /// Prefix of the parts of a timing that OpenTelemetry has no name for.
    pub const TIMING: &str = "farol.timing.";
    /// The stack's frames.
    pub const EXCEPTION_FRAMES: &str = "farol.exception.frames";
    /// How many identical exceptions one record stands for.
    pub const EXCEPTION_COUNT: &str = "farol.exception.count";
    /// The key by which equal exceptions are grouped.
    pub const EXCEPTION_FINGERPRINT: &str = "farol.exception.fingerprint";
    /// Whether the page's code caught it.
    pub const EXCEPTION_HANDLED: &str = "farol.exception.handled";
    /// Whether the page ended with it.
    pub const EXCEPTION_FATAL: &str = "farol.exception.fatal";
    /// How it was seen.
    pub const EXCEPTION_MECHANISM: &str = "farol.exception.mechanism";
    /// Its causes.
    pub const EXCEPTION_CAUSES: &str = "farol.exception.causes";
    /// What happened before it.
    pub const EXCEPTION_TRAIL: &str = "farol.exception.trail";
    /// Prefix of an attribute whose own name stands for something else on the record.
    pub const CLASH: &str = "farol.attribute.";
    /// Prefix of what a payload carries that nothing here names.
    pub const EXTRA: &str = "farol.extra.";

    /// How many equal things an event stands for, where it is more than one.
    pub const COUNT: &str = "farol.count";
    /// What was loaded: `image`, `script`, `style`, `font`, `media`, `frame`, `other`.
    pub const RESOURCE_KIND: &str = "farol.resource.kind";
    /// Whose it is: `first` (the page's site), `third`.
    pub const RESOURCE_PARTY: &str = "farol.resource.party";
    /// The family that a font belongs to.
    pub const FONT_FAMILY: &str = "farol.font.family";
    /// The element's tag, as opentelemetry-browser names it.
    pub const TAG_NAME: &str = "browser.tag_name";

    /// What the page calls an element, else its role, else its tag.
    pub const ELEMENT_NAME: &str = "farol.element.name";
    /// An element's text, where the page lists it.
    pub const ELEMENT_TEXT: &str = "farol.element.text";
    /// `rage_click`, `dead_click`, `error_click`.
    pub const FRUSTRATION_TYPE: &str = "farol.frustration.type";
    /// Milliseconds from a user action to the last that followed from it.
    pub const ACTION_DURATION: &str = "farol.action.duration";
    /// Requests that followed.
    pub const ACTION_REQUESTS: &str = "farol.action.requests";
    /// Those of them that failed.
    pub const ACTION_FAILED_REQUESTS: &str = "farol.action.failed_requests";
    /// Errors that followed and that nobody handled.
    pub const ACTION_ERRORS: &str = "farol.action.errors";
    /// Long animation frames that followed.
    pub const ACTION_LONG_FRAMES: &str = "farol.action.long_frames";
    /// The key that acted: `Enter`, `Escape`.
    pub const ACTION_KEY: &str = "farol.action.key";

    /// The trace and the span in which a server answered a request, as its `traceresponse` says.
    pub const ANSWER_TRACE: &str = "farol.answer.trace_id";
    /// See above.
    pub const ANSWER_SPAN: &str = "farol.answer.span_id";

    /// The name of the worker in which an error happened.
    pub const WORKER_NAME: &str = "farol.worker.name";
    /// Prefix of what the server says of its own time, in milliseconds.
    pub const SERVER_TIMING: &str = "farol.server_timing.";
    /// A mark's or measure's name.
    pub const MARK_NAME: &str = "farol.user_timing.name";
    /// `mark` or `measure`.
    pub const MARK_TYPE: &str = "farol.user_timing.entry_type";
    /// Milliseconds of a measure.
    pub const MARK_DURATION: &str = "farol.user_timing.duration";
    /// The console's method, as opentelemetry-browser names it.
    pub const CONSOLE_METHOD: &str = "browser.console.method";
    /// What stood beside an error that was written to the console.
    pub const CONSOLE_TEXT: &str = "browser.console.text";
    /// `csp-violation`, `intervention`, `deprecation`, `crash` and the browser's others.
    pub const REPORT_TYPE: &str = "farol.report.type";
    /// The browser's name of what it reports.
    pub const REPORT_ID: &str = "farol.report.id";
    /// What it says.
    pub const REPORT_MESSAGE: &str = "farol.report.message";
    /// The directive that refused.
    pub const REPORT_DIRECTIVE: &str = "farol.report.directive";
    /// `enforce`, `report`.
    pub const REPORT_DISPOSITION: &str = "farol.report.disposition";
    /// What was refused.
    pub const REPORT_BLOCKED: &str = "farol.report.blocked.url";
    /// The file that is to blame,
    pub const REPORT_SOURCE: &str = "farol.report.source.url";
    /// its line
    pub const REPORT_LINE: &str = "farol.report.line";
    /// and column.
    pub const REPORT_COLUMN: &str = "farol.report.column";
    /// Of a crash: `oom`, `unresponsive`; none: the browser does not say.
    pub const REPORT_REASON: &str = "farol.report.reason";
    /// Of a page that did not answer: where its script was.
    pub const REPORT_STACK: &str = "farol.report.stack";
    /// Of a crash: whether the page was looked at (`visible`, `hidden`).
    pub const REPORT_VISIBILITY: &str = "farol.report.visibility";
    /// What the page's author calls the form.
    pub const FORM_NAME: &str = "farol.form.name";
    /// The field that was changed last.
    pub const FORM_FIELD: &str = "farol.form.last_field";
    /// How many fields were changed.
    pub const FORM_FIELDS: &str = "farol.form.fields";
    /// Milliseconds from the first change to the end.
    pub const FORM_DURATION: &str = "farol.form.duration";
    /// The browser's type of entry: `long-animation-frame`, `longtask`.
    pub const FRAME_TYPE: &str = "farol.frame.entry_type";
    /// Milliseconds that the frame took.
    pub const FRAME_DURATION: &str = "farol.frame.duration";
    /// Those for which nothing else could run.
    pub const FRAME_BLOCKING: &str = "farol.frame.blocking_duration";
    /// Those of rendering, its callbacks included.
    pub const FRAME_RENDER: &str = "farol.frame.render_duration";
    /// Those of style and layout.
    pub const FRAME_STYLE: &str = "farol.frame.style_duration";
    /// How many scripts ran.
    pub const FRAME_SCRIPTS: &str = "farol.frame.scripts";
    /// Milliseconds that they took together.
    pub const FRAME_SCRIPT_TIME: &str = "farol.frame.script_duration";
    /// The script that took longest: its address.
    pub const SCRIPT_URL: &str = "farol.script.url";
    /// Its function.
    pub const SCRIPT_FUNCTION: &str = "farol.script.function";
    /// The place in its file, in characters.
    pub const SCRIPT_POSITION: &str = "farol.script.position";
    /// What called it.
    pub const SCRIPT_INVOKER: &str = "farol.script.invoker";
    /// The kind of what called it.
    pub const SCRIPT_INVOKER_TYPE: &str = "farol.script.invoker_type";
    /// Milliseconds that it took.
    pub const SCRIPT_DURATION: &str = "farol.script.duration";
    /// Those in which it made the browser lay out.
    pub const SCRIPT_FORCED: &str = "farol.script.forced_style_duration";

    /// A request's method.
    pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
    /// A response's status.
    pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
    /// What an operation failed with.
    pub const ERROR_TYPE: &str = "error.type";
    /// Metrics: the class of a response's status, `2xx` to `5xx`, or `error` where none came.
    pub const HTTP_STATUS_CLASS: &str = "farol.http.status_class";
    /// Metrics: `deferred` where an item waited offline, `test` where a test (k6) made it; such points stay out of alerts.
    pub const DELIVERY: &str = "farol.delivery";
    /// Metrics: true on the series that takes what found no room in the others; OpenTelemetry's name.
    pub const METRIC_OVERFLOW: &str = "otel.metric.overflow";
    /// Metrics: which collector counted. OpenTelemetry's name.
    pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";
}

/// Metrics that the collector makes out of items. What they count and how they divide stands in [`crate::metrics`], which
/// `docs/metrics.md` repeats.
pub mod metric {
    /// Largest Contentful Paint by page and device.
    pub const VITAL_LCP: &str = "farol.web_vital.lcp";
    /// Largest Contentful Paint by country.
    pub const VITAL_LCP_BY_COUNTRY: &str = "farol.web_vital.lcp.by_country";
    /// Largest Contentful Paint by release.
    pub const VITAL_LCP_BY_RELEASE: &str = "farol.web_vital.lcp.by_release";
    /// First Contentful Paint by page and device.
    pub const VITAL_FCP: &str = "farol.web_vital.fcp";
    /// First Contentful Paint by country.
    pub const VITAL_FCP_BY_COUNTRY: &str = "farol.web_vital.fcp.by_country";
    /// First Contentful Paint by release.
    pub const VITAL_FCP_BY_RELEASE: &str = "farol.web_vital.fcp.by_release";
    /// Interaction to Next Paint by page and device.
    pub const VITAL_INP: &str = "farol.web_vital.inp";
    /// Interaction to Next Paint by country.
    pub const VITAL_INP_BY_COUNTRY: &str = "farol.web_vital.inp.by_country";
    /// Interaction to Next Paint by release.
    pub const VITAL_INP_BY_RELEASE: &str = "farol.web_vital.inp.by_release";
    /// Time to First Byte by page and device.
    pub const VITAL_TTFB: &str = "farol.web_vital.ttfb";
    /// Time to First Byte by country.
    pub const VITAL_TTFB_BY_COUNTRY: &str = "farol.web_vital.ttfb.by_country";
    /// Time to First Byte by release.
    pub const VITAL_TTFB_BY_RELEASE: &str = "farol.web_vital.ttfb.by_release";
    /// Cumulative Layout Shift by page and device.
    pub const VITAL_CLS: &str = "farol.web_vital.cls";
    /// Cumulative Layout Shift by country.
    pub const VITAL_CLS_BY_COUNTRY: &str = "farol.web_vital.cls.by_country";
    /// Cumulative Layout Shift by release.
    pub const VITAL_CLS_BY_RELEASE: &str = "farol.web_vital.cls.by_release";
    /// Vitals by name and rating.
    pub const VITAL_RATINGS: &str = "farol.web_vital.ratings";
    /// Sessions.
    pub const SESSIONS: &str = "farol.sessions";
    /// Sessions in which an exception was seen.
    pub const SESSIONS_WITH_EXCEPTIONS: &str = "farol.sessions.with_exceptions";
    /// Page loads and navigations within pages.
    pub const PAGE_VIEWS: &str = "farol.page_views";
    /// Exceptions.
    pub const EXCEPTIONS: &str = "farol.exceptions";
    /// How long the page's requests took; OpenTelemetry's stable name.
    pub const CLIENT_REQUEST_DURATION: &str = "http.client.request.duration";
}
