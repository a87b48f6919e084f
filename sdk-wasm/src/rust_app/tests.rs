//! The typed API against a page that writes down what it is asked.

use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::fake::lines;
use super::*;

/// A client, with what its start wrote down forgotten.
fn client() -> Farol {
    let farol = init(Options::new("https://rum.example").panics(false));
    lines();
    farol
}

#[test]
fn what_is_called_arrives_with_its_attributes() {
    let farol = client();
    farol.event("paid", ());
    farol.event("paid", [("lines", 3), ("left", 0)]);
    farol.log(
        Level::Warn,
        "slow",
        Attributes::new().with("ms", 12.5).with("ok", true),
    );
    farol.measure("cart", [("value", 9.5)], [("currency", "EUR")]);
    farol.set_view("basket");
    farol.set_user(Some(&User::new().id("u1").full_name("Ada")));
    farol.set_user(None);
    farol.set_consent(Consent::Denied);
    assert_eq!(
        lines(),
        [
            "event paid {}",
            r#"event paid {"left":0.0,"lines":3.0}"#,
            r#"log "warn" slow {"ms":12.5,"ok":true}"#,
            r#"measure cart [("value", 9.5)] {"currency":"EUR"}"#,
            "view basket",
            r#"user {"id":"u1","fullName":"Ada"}"#,
            "user null",
            r#"consent "denied""#,
        ]
    );
}

#[derive(Debug)]
struct Lost(Option<Box<Lost>>);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lost {}", self.0.is_some())
    }
}

impl Error for Lost {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_deref().map(|lost| lost as _)
    }
}

#[test]
fn an_error_brings_its_type_and_its_sources_but_not_without_end() {
    let farol = client();
    let mut error = Lost(None);
    farol.capture_error(&error);
    let unknown: &dyn Error = &error;
    farol.capture_error_with(
        unknown,
        &ErrorInfo::new().handled(false).context([("step", 2)]),
    );
    farol.capture_error(&(&Lost(None) as &dyn Error));
    for _ in 0..20 {
        error = Lost(Some(Box::new(error)));
    }
    farol.capture_error(&error);
    let told = lines();
    let here = |told: &str| {
        let (told, place) = told.rsplit_once(" at ").expect("a place");
        assert!(
            place.starts_with("sdk-wasm/src/rust_app/tests.rs:"),
            "{place}"
        );
        told.to_owned()
    };
    assert_eq!(
        here(&told[0]),
        "fail farol_sdk::rust_app::tests::Lost lost false [] {}"
    );
    assert_eq!(
        here(&told[1]),
        r#"fail Error lost false [] {"context":{"step":2.0},"handled":false}"#
    );
    assert_eq!(here(&told[2]), "fail Error lost false [] {}");
    assert_eq!(told[3].matches("lost true").count(), 1 + CAUSES);
}

/// Ready when it is asked the second time.
struct Second(bool);

impl Future for Second {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if core::mem::replace(&mut self.0, true) {
            Poll::Ready("done")
        } else {
            Poll::Pending
        }
    }
}

#[test]
fn a_futures_span_runs_in_each_poll_and_not_between_them() {
    let farol = client();
    let mut context = Context::from_waker(Waker::noop());
    let mut future = Box::pin(farol.in_span("load", async {
        farol.event("before", ());
        let done = Second(false).await;
        farol.event("after", ());
        done
    }));
    assert_eq!(future.span().trace_id(), "t1");
    assert!(future.as_mut().poll(&mut context).is_pending());
    farol.event("elsewhere", ());
    assert_eq!(
        future.as_mut().poll(&mut context),
        Poll::Ready("done"),
        "what the future gave"
    );
    farol.event("afterwards", ());
    drop(future);
    assert_eq!(
        lines(),
        [
            "start 1 load {}",
            "event before {} in 1",
            "event elsewhere {}",
            "event after {} in 1",
            "end 1",
            "event afterwards {}",
        ]
    );
}

#[test]
fn a_span_ends_once_by_hand_by_drop_or_with_its_work() {
    let farol = client();
    farol.start_span("by-hand").end();
    drop(farol.start_span("dropped"));
    let seven = farol.with_span("work", |span| {
        span.set_error("no");
        7
    });
    assert_eq!(seven, 7);
    drop(farol.in_span("given-up", Second(false)));
    let ends = |span| format!("end {span}");
    let told = lines();
    for span in 1..=4 {
        assert_eq!(
            told.iter().filter(|line| **line == ends(span)).count(),
            1,
            "{told:?}"
        );
    }
}

#[test]
fn a_parent_can_be_chosen_or_refused() {
    let farol = client();
    let parent = farol.start_span("parent");
    let child = farol.start_span_with("child", &SpanOptions::new().parent(&parent));
    let root = farol.start_span_with("root", &SpanOptions::new().root().start_time(5.0));
    assert_eq!(child.traceparent(), "00-t2-s2-01");
    assert_eq!(root.span_id(), "s3");
    let told = lines();
    assert_eq!(
        told[1],
        r#"start 2 child {"parent":{"traceId":"t1","spanId":"s1"}}"#
    );
    assert_eq!(told[2], r#"start 3 root {"parent":null,"startTime":5.0}"#);
}

#[test]
fn a_handle_goes_anywhere_and_does_nothing_on_another_thread() {
    fn anywhere<T: Send + Sync + Copy + 'static>(_: T) {}
    fn sent<T: Send + 'static>(_: &T) {}
    let farol = client();
    anywhere(farol);
    let (tried, callback) = (farol.shutdown(), farol.on_session_change(|_| ()));
    sent(&tried);
    sent(&callback);
    assert_eq!(lines(), ["shutdown"]);
    std::thread::spawn(move || {
        farol.event("lost", ());
        assert_eq!(farol.with_span("work", |span| span.trace_id().len()), 0);
        assert_eq!(
            (farol.session_id(), farol.sampled()),
            (String::new(), false)
        );
    })
    .join()
    .expect("nothing panicked there");
    assert_eq!(lines(), Vec::<String>::new());
}

#[test]
fn a_callback_may_call_the_client() {
    let farol = client();
    let seen = Rc::new(Cell::new(0));
    let count = Rc::clone(&seen);
    farol.on_session_change(move |id| {
        farol.event(id, ());
        count.set(count.get() + 1);
    });
    assert_eq!(seen.get(), 1);
    assert_eq!(lines(), ["event next {}"]);
}

#[test]
fn a_callback_stays_until_it_is_ended() {
    let farol = client();
    farol.on_session_change(|_| ());
    assert_eq!(lines(), Vec::<String>::new());
    farol.on_session_change(|_| ()).end();
    assert_eq!(lines(), ["end callback 7"]);
    Farol(None).on_session_change(|_| ()).end();
}

#[test]
fn what_waits_is_tried_whether_anybody_waits_for_it_or_not() {
    let farol = client();
    farol.flush();
    let mut context = Context::from_waker(Waker::noop());
    let mut tried = Box::pin(farol.flush());
    assert!(tried.as_mut().poll(&mut context).is_pending());
    assert!(tried.as_mut().poll(&mut context).is_ready());
    assert!(tried.as_mut().poll(&mut context).is_ready());
    let moved = farol.flush();
    std::thread::spawn(move || {
        let mut context = Context::from_waker(Waker::noop());
        assert!(Box::pin(moved).as_mut().poll(&mut context).is_ready());
    })
    .join()
    .expect("nothing panicked there");
    assert_eq!(lines(), ["flush", "flush", "tried", "flush"]);
}

/// Panics' hook is the process's: one test at a time has it.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static HOOK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    HOOK.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn a_panic_is_told_with_its_place_and_the_hook_before_is_called() {
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let _alone = alone();
    let former = std::panic::take_hook();
    let note = std::sync::Arc::clone(&heard);
    std::panic::set_hook(Box::new(move |info| {
        note.lock()
            .expect("nobody panics in it")
            .push(info.to_string());
    }));
    init(Options::new("https://rum.example"));
    lines();
    let outcome = std::panic::catch_unwind(|| panic!("no more {}", "bread"));
    std::panic::set_hook(former);
    assert!(outcome.is_err());
    let told = lines();
    assert_eq!(told.len(), 1, "{told:?}");
    let begin = "panic no more bread at sdk-wasm/src/rust_app/tests.rs:";
    assert!(told[0].starts_with(begin), "{told:?}");
    for part in [
        r#""code.file.path":"sdk-wasm/src/rust_app/tests.rs""#,
        r#""code.line.number":"#,
        r#""code.column.number":"#,
    ] {
        assert!(told[0].contains(part), "{told:?}");
    }
    // Other tests of this process may panic on purpose meanwhile; this thread's is among them.
    let heard = heard.lock().expect("nobody panics in it");
    assert!(heard.iter().any(|line| line.contains("no more bread")));
}

#[test]
fn a_client_that_begins_after_a_panic_is_told_of_the_next() {
    struct Begins;
    impl Drop for Begins {
        fn drop(&mut self) {
            // As in Wasm after any panic; one more would end the process.
            init(Options::new("https://rum.example"));
        }
    }
    let _alone = alone();
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    init(Options::new("https://rum.example"));
    let panics = || {
        let begins = Begins;
        panic!("no bread while {}", std::any::type_name_of_val(&begins));
    };
    assert!(std::panic::catch_unwind(panics).is_err());
    lines();
    assert!(std::panic::catch_unwind(|| panic!("no butter")).is_err());
    std::panic::set_hook(former);
    let told = lines();
    let butter = told.iter().filter(|it| it.contains("no butter"));
    assert_eq!(butter.count(), 2, "each client is told: {told:?}");
}

/// All options, each set.
fn all() -> Options {
    Options::new("https://rum.example")
        .key("k")
        .app(
            AppInfo::new()
                .name("shop")
                .version("1")
                .environment("test")
                .namespace("n")
                .release("r"),
        )
        .sample_rate(0.5)
        .sampling(
            Sampling::new()
                .ring(true)
                .ring_ms(1000)
                .ring_bytes(2000)
                .rates(Rates::new().span(0.5)),
        )
        .propagate_to(["https://api.example"])
        .baggage([("tier".to_owned(), "free".to_owned())])
        .unsampled_header(true)
        .ignore_errors([Pattern::from("text"), Pattern::regex("^Reg")])
        .deny_urls(["cdn"])
        .extension_errors(true)
        .protocol(Protocol::Faro)
        .consent(Consent::Pending)
        .privacy_control(PrivacyControl::Ignore)
        .session(
            SessionOptions::new()
                .idle_ms(1000)
                .lifetime_ms(2000)
                .storage(Storage::None)
                .attributes([("a", 1)]),
        )
        .remote_config(false)
        .outbox(false)
        .self_report(false)
        .batch(BatchOptions::new().items(1).bytes(2000).age_ms(3))
        .limits(
            Limits::new()
                .logs(1)
                .exceptions(2)
                .measurements(3)
                .events(4)
                .spans(5),
        )
        .view("home")
        .routes([Route::from("/cart"), Route::from(("/breads/:id", "bread"))])
        .scrub(
            Scrub::new()
                .allow(["q".to_owned()])
                .deny(["name".to_owned()]),
        )
        .user(
            User::new()
                .id("u")
                .username("n")
                .email("e")
                .full_name("f")
                .hash("h")
                .roles("r")
                .attributes(()),
        )
        .attributes([("tier", "free")])
        .capture(
            Capture::new()
                .vitals(true)
                .errors(true)
                .fetch(true)
                .xhr(true)
                .navigation(true)
                .clicks(true)
                .loads(true)
                .actions(true)
                .frustration(true)
                .element_text(["button".to_owned()])
                .frames(100.0)
                .reports(vec![Report::CspViolation])
                .resources(
                    ResourceOptions::new()
                        .rate(0.1)
                        .ignore(["x"])
                        .third_party(false)
                        .min_ms(10),
                )
                .load(true)
                .user_timing(true)
                .memory(false)
                .console([Level::Warn])
                .trace_response(true)
                .forms(true),
        )
}

#[test]
fn options_become_what_the_adapters_take() {
    let json = serde_json::to_value(all()).expect("JSON");
    assert_eq!(
        json["ignoreErrors"],
        serde_json::json!(["text", { "regex": "^Reg" }])
    );
    assert_eq!(json["session"]["storage"], "none");
    assert_eq!(
        json["routes"],
        serde_json::json!(["/cart", ["/breads/:id", "bread"]])
    );
    assert_eq!(json["capture"]["frames"], 100.0);
    assert_eq!(
        json["capture"]["reports"],
        serde_json::json!(["csp-violation"])
    );
    assert_eq!(json["capture"]["userTiming"], true);
    assert_eq!(json["capture"]["console"], serde_json::json!(["warn"]));
    assert_eq!(
        serde_json::to_string(&Options::new("u")).expect("JSON"),
        r#"{"url":"u"}"#
    );
}

/// The names in an interface of types.ts, those of nested groups behind a dot.
fn typescript(interface: &str) -> BTreeSet<String> {
    let text = include_str!("../../../npm/web/src/types.ts");
    let from = text
        .find(&format!("export interface {interface} {{"))
        .expect(interface);
    let body = &text[from..from + text[from..].find("\n}").expect("an end")];
    let mut group = String::new();
    let mut names = BTreeSet::new();
    for line in body.lines().map(str::trim) {
        if line.starts_with('}') {
            group.clear();
        }
        let Some((name, rest)) = line.split_once(':') else {
            continue;
        };
        let name = name.trim_end_matches('?');
        if !name.chars().all(char::is_alphanumeric) {
            continue;
        }
        if rest.trim() == "{" {
            group = format!("{name}.");
        } else if let Some(inner) = rest.trim().strip_prefix("{ ") {
            for (inner, _) in inner.split(';').filter_map(|part| part.split_once(':')) {
                names.insert(format!("{name}.{}", inner.trim().trim_end_matches('?')));
            }
        } else {
            names.insert(format!("{group}{name}"));
        }
    }
    names
}

/// Names of groups that are types of their own in types.ts, and are looked at by themselves.
const GROUPS: [&str; 4] = ["user", "capture", "sampling", "scrub"];

/// Options whose names within are the page's own.
const MAPS: [&str; 2] = ["attributes", "baggage"];

#[test]
fn there_is_each_option_of_the_sdks_under_its_name() {
    // What a Rust app has no use for: another core, chosen parts, files to load, a network of its own.
    let without = ["features", "core", "base", "coreDelayMs", "transport"];
    // Functions are no values, and set apart.
    let functions = ["beforeSend", "onDiagnostic"];
    let json = serde_json::to_value(all()).expect("JSON");
    let mut ours = BTreeSet::new();
    for (name, value) in json.as_object().expect("an object") {
        match value.as_object() {
            Some(group) if !GROUPS.contains(&name.as_str()) && !MAPS.contains(&name.as_str()) => {
                ours.extend(group.keys().map(|inner| format!("{name}.{inner}")));
            }
            _ => {
                ours.insert(name.clone());
            }
        }
    }
    let theirs: BTreeSet<_> = typescript("Options")
        .into_iter()
        .filter(|name| !without.contains(&name.as_str()) && !functions.contains(&name.as_str()))
        .collect();
    assert_eq!(ours, theirs);
    for (group, interface) in [
        ("user", "User"),
        ("capture", "Capture"),
        ("sampling", "Sampling"),
        ("scrub", "Scrub"),
    ] {
        let ours: BTreeSet<_> = json[group]
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        let mut theirs = typescript(interface);
        // `scrub.page` is a function.
        theirs.remove("page");
        assert_eq!(ours, theirs, "{group}");
    }
    let resources: BTreeSet<_> = json["capture"]["resources"]
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    assert_eq!(resources, typescript("Resources"));
}

/// On WASI, too, there is `wasm32`, and wasm-bindgen's imports panic.
#[test]
fn what_a_browser_has_goes_by_the_whole_name_of_its_target() {
    let sources = [
        include_str!("../lib.rs"),
        include_str!("../rust_app.rs"),
        include_str!("page.rs"),
        include_str!("../../Cargo.toml"),
    ];
    for source in sources {
        let named = |part: &str| source.matches(part).count();
        assert!(named(r#"target_arch = "wasm32""#) > 0);
        assert_eq!(
            named(r#"target_arch = "wasm32""#),
            named(r#"target_os = "unknown""#),
            "{source}"
        );
    }
}

#[cfg(feature = "tracing")]
mod layer {
    use super::*;
    use ::tracing::{Level, error, event, info, info_span, span};
    use tracing_subscriber::layer::SubscriberExt as _;

    #[test]
    fn events_become_logs_and_spans_become_spans_that_run_while_they_are_entered() {
        let farol = client();
        let subscriber = tracing_subscriber::registry().with(crate::rust_app::layer(farol));
        ::tracing::subscriber::with_default(subscriber, || {
            let outer = info_span!("outer", items = 3, paid = ::tracing::field::Empty);
            {
                let _inside = outer.enter();
                outer.record("paid", true);
                info!(name: "stock", left = 2u64, "half {}", "empty");
                let inner = span!(Level::INFO, "inner");
                error!(parent: &inner, "named");
            }
            event!(name: "bare", Level::WARN, code = "x");
            let _alone = span!(parent: None, Level::INFO, "alone");
        });
        let target = r#""target":"farol_sdk::rust_app::tests::layer""#;
        assert_eq!(
            lines(),
            [
                format!(r#"start 1 outer {{"attributes":{{"items":3.0,{target}}}}}"#),
                r#"attributes 1 {"paid":true}"#.to_owned(),
                format!(r#"log "info" half empty {{"left":2.0,{target}}} in 1"#),
                format!(r#"start 2 inner {{"attributes":{{{target}}}}} in 1"#),
                format!(r#"log "error" named {{{target}}} in 2"#),
                "end 2".to_owned(),
                format!(r#"log "warn" bare {{"code":"x",{target}}}"#),
                format!(r#"start 3 alone {{"attributes":{{{target}}},"parent":null}}"#),
                "end 3".to_owned(),
                "end 1".to_owned(),
            ]
        );
    }

    #[test]
    fn what_comes_after_something_has_unwound_belongs_to_no_span_that_nobody_left() {
        let farol = client();
        let subscriber = tracing_subscriber::registry().with(crate::rust_app::layer(farol));
        let starts = |line: &String| line.starts_with("start");
        ::tracing::subscriber::with_default(subscriber, || {
            let before = info_span!("before");
            let dead = info_span!("dead");
            let inside = dead.enter();
            let nested = || drop(info_span!("nested"));
            nested();
            crate::rust_app::fake::unwound();
            nested();
            drop(info_span!(parent: &before, "named"));
            drop(inside);
        });
        let told: Vec<String> = lines().into_iter().filter(starts).collect();
        let parents: Vec<(bool, bool)> = told
            .iter()
            .map(|it| (it.contains("parent"), it.ends_with(" in 2")))
            .collect();
        // `before`, `dead`; nested before and after; and one that names its own.
        let (none, runs, named) = ((false, false), (false, true), (true, false));
        assert_eq!(parents, [none, none, runs, none, named], "{told:?}");
    }

    #[test]
    fn a_span_belongs_to_the_one_that_runs_also_where_that_is_none_of_tracings() {
        let farol = client();
        let subscriber = tracing_subscriber::registry().with(crate::rust_app::layer(farol));
        ::tracing::subscriber::with_default(subscriber, || {
            info_span!("outer").in_scope(|| farol.with_span("mid", |_| drop(info_span!("inner"))));
        });
        let target = r#""target":"farol_sdk::rust_app::tests::layer""#;
        assert_eq!(
            lines(),
            [
                format!(r#"start 1 outer {{"attributes":{{{target}}}}}"#),
                "start 2 mid {} in 1".to_owned(),
                format!(r#"start 3 inner {{"attributes":{{{target}}}}} in 2"#),
                "end 3".to_owned(),
                "end 2".to_owned(),
                "end 1".to_owned(),
            ]
        );
    }

    #[test]
    fn two_clients_on_one_registry_have_spans_of_their_own() {
        let farols = [client(), client()];
        // Its spans have other numbers than the first's.
        let before = farols[1].start_span("before");
        lines();
        let subscriber = tracing_subscriber::registry()
            .with(crate::rust_app::layer(farols[0]))
            .with(crate::rust_app::layer(farols[1]));
        ::tracing::subscriber::with_default(subscriber, || {
            let span = info_span!("x", paid = ::tracing::field::Empty);
            span.record("paid", true);
            info!(parent: &span, "y");
            span.in_scope(|| info!("z"));
            drop(info_span!(parent: &span, "below"));
        });
        let target = r#""target":"farol_sdk::rust_app::tests::layer""#;
        let below = |number, parent| {
            format!(
                r#"start {number} below {{"attributes":{{{target}}},"parent":{{"traceId":"t{parent}","spanId":"s{parent}"}}}}"#
            )
        };
        assert_eq!(
            lines(),
            [
                format!(r#"start 1 x {{"attributes":{{{target}}}}}"#),
                format!(r#"start 2 x {{"attributes":{{{target}}}}}"#),
                r#"attributes 1 {"paid":true}"#.to_owned(),
                r#"attributes 2 {"paid":true}"#.to_owned(),
                format!(r#"log "info" y {{{target}}} in 1"#),
                format!(r#"log "info" y {{{target}}} in 2"#),
                format!(r#"log "info" z {{{target}}} in 2"#),
                format!(r#"log "info" z {{{target}}} in 2"#),
                below(2, 1),
                below(3, 2),
                "end 2".to_owned(),
                "end 3".to_owned(),
                "end 1".to_owned(),
                "end 2".to_owned(),
            ]
        );
        drop(before);
        lines();
    }

    #[test]
    fn two_layers_of_one_client_tell_of_each_span_once() {
        let farol = client();
        let subscriber = tracing_subscriber::registry()
            .with(crate::rust_app::layer(farol))
            .with(crate::rust_app::layer(farol));
        ::tracing::subscriber::with_default(subscriber, || {
            info_span!("x").in_scope(|| drop(info_span!("y")));
        });
        let told = lines();
        let head = |it: &String| it.split(" {").next().map(str::to_owned);
        let told: Vec<_> = told.iter().filter_map(head).collect();
        assert_eq!(told, ["start 1 x", "start 2 y", "end 2", "end 1"]);
    }
}
