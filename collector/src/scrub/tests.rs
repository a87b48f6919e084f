use super::{Action, Query, Rules, Scrubber, USER_FIELDS, scrub_url};
use crate::config::Secret;
use crate::decode::{Form, Limits, faro, otlp};
use crate::record::SourceKind;
use farol_protocol::meta::User;
use farol_protocol::payload::Payload;
use farol_protocol::span::Span;
use farol_protocol::walk::{At, Walk, Walked};
use proptest::prelude::*;

#[test]
fn credentials_leave_an_address_and_the_rest_stays_byte_for_byte() {
    for (address, clean) in [
        ("https://a.example/p?q=1#f", "https://a.example/p?q=1#f"),
        ("https://user:pass@a.example/p", "https://a.example/p"),
        (
            "https://user@a.example:8443?x=1",
            "https://a.example:8443?x=1",
        ),
        ("https://us@er:p@ss@a.example/", "https://a.example/"),
        ("//user:pass@a.example/p", "//a.example/p"),
        (
            "https://a.example/@user/p?to=x@y.z",
            "https://a.example/@user/p?to=x@y.z",
        ),
        ("/p?token=abc&x=1", "/p?token=REDACTED&x=1"),
        ("?Access-Token=abc", "?Access-Token=REDACTED"),
        ("/p?sig=&x", "/p?sig=&x"),
        (
            "/p?X-Amz-Signature=ab&X-Amz-Credential=c&X-Amz-Security-Token=d&AWSAccessKeyId=e&Signature=f&sig=g&X-Goog-Signature=h&page=2",
            "/p?X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&AWSAccessKeyId=REDACTED&Signature=REDACTED&sig=REDACTED&X-Goog-Signature=REDACTED&page=2",
        ),
        (
            "/p?user%5Bpassword%5D=x&user[password]=y",
            "/p?user%5Bpassword%5D=REDACTED&user[password]=REDACTED",
        ),
        (
            "/cb#access_token=abc&token_type=bearer",
            "/cb#access_token=REDACTED&token_type=bearer",
        ),
        ("/#/reset?token=abc", "/#/reset?token=REDACTED"),
        ("/p#0123456789abcdef0123456789abcdef", "/p#REDACTED"),
        ("/p?h=0123456789abcdef0123456789abcdef", "/p?h=REDACTED"),
        (
            "/p?t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "/p?t=REDACTED",
        ),
        (
            "/p?t=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRg==",
            "/p?t=REDACTED",
        ),
        (
            "/p?id=123e4567-e89b-12d3-a456-426614174000",
            "/p?id=123e4567-e89b-12d3-a456-426614174000",
        ),
        (
            "/p?q=the-quick-brown-fox-jumps-over-the-lazy-dog",
            "/p?q=the-quick-brown-fox-jumps-over-the-lazy-dog",
        ),
        ("/p?token=REDACTED", "/p?token=REDACTED"),
        ("blob:https://u:p@a.example/x", "blob:https://a.example/x"),
        // An address within an address, as it stands.
        (
            "https://a.example/login?next=https://ana:hunter2@intra:8080/x",
            "https://a.example/login?next=https://intra:8080/x",
        ),
        (
            "https://u:p@proxy.example/https://ana:hunter2@intra/x@y",
            "https://proxy.example/https://intra/x@y",
        ),
        (
            "https://a.example/x,https://ana:hunter2@db/",
            "https://a.example/x,https://db/",
        ),
        ("/proxy/https://u:p@intra/", "/proxy/https://intra/"),
        (
            "/proxy/https://a.example/https://u:p@intra/",
            "/proxy/https://a.example/https://intra/",
        ),
        ("/login?next=//ana:hunter2@intra/x", "/login?next=//intra/x"),
        (
            "https://a.example/#/login?next=https://ana:hunter2@intra",
            "https://a.example/#/login?next=https://intra",
        ),
        ("://x/https://ana:hunter2@intra/", "://x/https://intra/"),
        (
            "https://c.example/?next=https://a.example&to=x@y;as=https://b.example;at=x@y",
            "https://c.example/?next=https://a.example&to=x@y;as=https://b.example;at=x@y",
        ),
        ("", ""),
    ] {
        assert_eq!(scrub_url(address), clean);
        assert_eq!(scrub_url(clean), clean, "scrubbing again does nothing");
    }
}

/// Collects every text and name.
#[derive(Default)]
struct Texts(Vec<String>);

impl Walk for Texts {
    fn text(&mut self, at: At<'_>, text: &mut String) {
        if !super::is_id(at, text) {
            self.0.push(text.clone());
        }
    }

    fn name(&mut self, _at: At<'_>, name: &mut String) -> bool {
        self.0.push(name.clone());
        false
    }
}

#[test]
fn no_place_of_a_payload_keeps_a_secret() {
    // Every text of the maximal payload, names of attributes included, with an address in it that holds three secrets.
    let body = include_str!("../../../tests/fixtures/payload/maximal.json");
    let mut payload = faro(body.as_bytes(), &Limits::default())
        .expect("a payload")
        .payload;
    struct Plant(usize);
    impl Walk for Plant {
        fn text(&mut self, _at: At<'_>, text: &mut String) {
            self.0 += 1;
            *text = format!(
                "see https://hunter:hunter@a.example/p?token=hunter&n={}#access_token=hunter (x)",
                self.0
            );
        }

        fn name(&mut self, _at: At<'_>, name: &mut String) -> bool {
            self.0 += 1;
            *name = format!("https://a.example/?secret=hunter&n={}", self.0);
            true
        }
    }
    let mut plant = Plant(0);
    payload.visit(&mut plant);
    assert!(plant.0 > 150, "{} places", plant.0);
    Scrubber::default().scrub(&mut payload);
    let mut texts = Texts::default();
    payload.visit(&mut texts);
    for text in texts.0 {
        assert!(!text.contains("hunter"), "{text}");
        assert!(text.contains("&n="), "{text}");
    }
    assert!(!String::from_utf8_lossy(&payload.encode()).contains("hunter"));
}

#[test]
fn relative_addresses_are_scrubbed_where_an_address_is_expected() {
    let body = r#"{"meta":{"page":{"url":"/p?token=hunter"}},
        "logs":[{"message":"not an address: /p?sig=fine","farol":{"page":{"url":"/q?token=hunter"}}}],
        "exceptions":[{"type":"E","stacktrace":{"frames":[{"filename":"/a.js?key=hunter"}]},"causes":[{"stacktrace":{"frames":[{"filename":"/b.js?key=hunter"}]}}]}],
        "events":[{"name":"browser.navigation","attributes":{"url":"/r?code=hunter","fromUrl":"/s?code=hunter","nested":{"url":"/t?code=hunter"}}}],
        "traces":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",
            "attributes":[{"key":"url.full","value":{"stringValue":"/u?sig=hunter"}}]}]}]}]}}"#;
    let mut payload = faro(body.as_bytes(), &Limits::default())
        .expect("a payload")
        .payload;
    Scrubber::default().scrub(&mut payload);
    let stored = String::from_utf8_lossy(&payload.encode()).into_owned();
    assert!(!stored.contains("hunter"), "{stored}");
    assert_eq!(stored.matches("REDACTED").count(), 8, "{stored}");
}

fn fixture(name: &str) -> Payload {
    let file = format!(
        "{}/../tests/fixtures/payload/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let body = std::fs::read(file).expect("the fixture");
    *faro(&body, &Limits::default()).expect("a payload").payload
}

#[test]
fn passthrough_takes_nothing_out() {
    for name in ["maximal", "names"] {
        let mut payload = fixture(name);
        let before = payload.clone();
        Scrubber::new(Rules::passthrough()).scrub(&mut payload);
        assert_eq!(payload, before);
    }
}

#[test]
fn of_a_payload_without_secrets_only_the_user_goes() {
    for name in ["maximal", "names"] {
        let mut payload = fixture(name);
        let mut expected = payload.clone();
        expected.meta.user = User::default();
        struct NoUser;
        impl Walk for NoUser {
            fn text(&mut self, at: At<'_>, text: &mut String) {
                if at.field.starts_with("User.") {
                    text.clear();
                }
            }

            fn entry(&mut self, at: At<'_>, _: &mut dyn Walked, _: bool) -> bool {
                !at.field.starts_with("User.") && !at.key.starts_with("user.")
            }
        }
        expected.visit(&mut NoUser);
        Scrubber::default().scrub(&mut payload);
        assert_eq!(payload, expected);
    }
}

/// The lines of a fixture, tabs between their parts.
fn lines(text: &str) -> impl Iterator<Item = Vec<String>> {
    let plain = |part: &str| {
        let mut out = String::new();
        let mut chars = part.chars();
        while let Some(c) = chars.next() {
            out.push(match (c, c == '\\') {
                (_, true) => match chars.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    other => other.unwrap_or('\\'),
                },
                (c, _) => c,
            });
        }
        out
    };
    text.lines()
        .map(move |line| line.split('\t').map(plain).collect())
}

const CAUGHT: &str = include_str!("../../../tests/fixtures/scrub/caught.tsv");
const LEFT: &str = include_str!("../../../tests/fixtures/scrub/left.tsv");

/// One text in every place of the maximal payload, names of attributes included, each apart in its front so that no two are one.
struct Everywhere<'a>(&'a str);

impl Walk for Everywhere<'_> {
    fn text(&mut self, _at: At<'_>, text: &mut String) {
        self.0.clone_into(text);
    }

    fn name(&mut self, _at: At<'_>, name: &mut String) -> bool {
        *name = format!("{} {}", self.0, name.len());
        true
    }
}

/// Payloads with every place that a text can have: Faro's, and what comes as OTLP.
fn all_places() -> Vec<Payload> {
    let otlp = |kind, name: &str| {
        let file = format!(
            "{}/../tests/fixtures/otlp/{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let body = std::fs::read(file).expect("the fixture");
        let decoded = crate::decode::otlp(kind, Form::Json, &body, &Limits::default());
        *decoded.expect("a payload").payload
    };
    vec![
        fixture("maximal"),
        otlp(SourceKind::OtlpLogs, "logs"),
        otlp(SourceKind::OtlpTraces, "traces"),
        otlp(SourceKind::OtlpMetrics, "metrics"),
    ]
}

#[test]
fn what_must_be_caught_is_caught_in_every_place() {
    let places = all_places();
    let scrubber = Scrubber::default();
    let mut missed = Vec::new();
    let mut count = 0;
    for line in lines(CAUGHT) {
        let [kind, secret, text] = &line[..] else {
            panic!("{line:?}")
        };
        count += 1;
        let mut texts = Texts::default();
        for payload in &places {
            let mut payload = payload.clone();
            payload.visit(&mut Everywhere(text));
            scrubber.scrub(&mut payload);
            payload.visit(&mut texts);
        }
        let found = texts.0.iter().filter(|t| t.contains(secret)).count();
        if found > 0 {
            missed.push(format!(
                "{kind} in {found} of {} places: {text:?}",
                texts.0.len()
            ));
        }
    }
    assert!(count >= 500, "{count}");
    assert!(
        missed.is_empty(),
        "{} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

#[test]
fn what_must_be_left_is_left_in_every_place_but_for_one_in_a_hundred() {
    let places = all_places();
    let scrubber = Scrubber::new(Rules {
        user_fields: USER_FIELDS
            .iter()
            .map(|(field, _)| (*field).to_owned())
            .collect(),
        ..Rules::default()
    });
    let mut hit = Vec::new();
    let mut count = 0;
    for line in lines(LEFT) {
        let [kind, text] = &line[..] else {
            panic!("{line:?}")
        };
        count += 1;
        let (mut was, mut is) = (Texts::default(), Texts::default());
        let mut changed = false;
        for payload in &places {
            let mut payload = payload.clone();
            payload.visit(&mut Everywhere(text));
            let mut before = payload.clone();
            scrubber.scrub(&mut payload);
            changed |= payload != before;
            payload.visit(&mut is);
            before.visit(&mut was);
        }
        if changed {
            let changed = was.0.iter().zip(&is.0).filter(|(was, is)| was != is);
            hit.push(format!("{kind} in {} places: {text:?}", changed.count()));
        }
    }
    assert!(count >= 500, "{count}");
    assert!(
        hit.len() * 100 <= count,
        "{} of {count} hit:\n{}",
        hit.len(),
        hit.join("\n")
    );
}

proptest! {
    #[test]
    fn no_text_in_front_of_a_secret_hides_it(text in "(https?|blob|//|:|@|\\?|#|&|=|token|sig|eyJ|%[0-9A-F]{2}|[a-z0-9.%é \"]){0,40}") {
        for secret in ["&token=hunter9", " hunter9@example.org ", " 4111 1111 1111 1111 ", " password=\"hunter9\" ", "https://ana:hunter9@intra/"] {
            let clean = scrub_url(&format!("{text}{secret}"));
            prop_assert!(!clean.contains("hunter9") && !clean.contains("4111"), "{clean}");
        }
    }
}

fn with(rules: Rules) -> impl Fn(&str) -> String {
    let scrubber = Scrubber::new(rules);
    move |text| scrubber.text("", text).unwrap_or_else(|| text.to_owned())
}

#[test]
fn what_becomes_of_a_find_is_the_operators_to_say() {
    let text = "ana@example.org paid with 4111 1111 1111 1111 from 203.0.113.7";
    let clean = with(Rules {
        mails: Action::Hash,
        cards: Action::Drop,
        ips: Action::Keep,
        hash_key: Some(Secret::new("0123456789abcdef".to_owned())),
        ..Rules::default()
    });
    let told = clean(text);
    assert!(told.starts_with("hash:"), "{told}");
    assert!(told.ends_with(" paid with  from 203.0.113.7"), "{told}");
    assert_eq!(told, clean(text), "equal ones stay equal");
    assert_ne!(told, clean(&text.replace("ana", "bob")));
}

#[test]
fn queries_go_whole_or_but_for_the_parameters_that_are_allowed() {
    let url = "see https://a.example/p?page=2&q=ana#top or https://b.example/";
    let clean = with(Rules {
        query: Query::Strip,
        ..Rules::default()
    });
    assert_eq!(
        clean(url),
        "see https://a.example/p#top or https://b.example/"
    );
    let clean = with(Rules {
        query: Query::Allow(vec!["page".into()]),
        ..Rules::default()
    });
    assert_eq!(
        clean(url),
        "see https://a.example/p?page=2&q=REDACTED#top or https://b.example/"
    );
}

#[test]
fn what_stands_in_a_query_without_a_name_stays_only_where_it_is_allowed() {
    let clean = with(Rules {
        query: Query::Allow(vec!["page".into()]),
        ..Rules::default()
    });
    for (given, left) in [
        ("?ana+silva&page=2&page", "?REDACTED&page=2&page"),
        ("?Ana%20Silva&", "?REDACTED&"),
        ("?4711#top", "?REDACTED#top"),
        ("?#frag=ana&bare", "?#frag=REDACTED&REDACTED"),
        ("#/route?ana", "#/route?REDACTED"),
    ] {
        let left = format!("https://a.example/p{left}");
        assert_eq!(clean(&format!("https://a.example/p{given}")), left);
        assert_eq!(clean(&left), left, "scrubbing again does nothing");
    }
    let clean = with(Rules::default());
    let bare = "https://a.example/p?ana+silva&token&4711";
    assert_eq!(clean(bare), bare, "where nothing is said, names alone stay");
}

/// OpenTelemetry has names for the parts of an address, too.
#[test]
fn a_query_and_a_fragment_are_scrubbed_where_they_stand_alone() {
    let given = [
        ("url.query", "code=hunter&q=1"),
        ("url.query", "?q=1&sid=hunter"),
        ("url.query", "ana+silva"),
        ("url.query", "a=1"),
        ("server.url.query", "next=//ana:hunter@intra/x&key=hunter"),
        ("url.fragment", "code=hunter"),
        ("url.fragment", "#code=hunter"),
        ("url.fragment", "/route?code=hunter&q=1"),
        ("url.fragment", "top"),
        ("url.original", "/api/9?code=hunter"),
        ("browser.document.url.full", "/a?code=hunter"),
        ("farol.url.original", "/a?code=hunter"),
        ("curl.query", "code=hunter"),
    ];
    let span = |(name, text): &(&str, &str)| {
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[{{"key":"{name}","value":{{"stringValue":"{text}"}}}}]}}"#
        )
    };
    let spans = given.iter().map(span).collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    let left = |query: Query| {
        let (kind, limits) = (SourceKind::OtlpTraces, Limits::default());
        let mut payload = otlp(kind, Form::Json, body.as_bytes(), &limits)
            .expect("OTLP")
            .payload;
        let rules = Rules {
            query,
            ..Rules::default()
        };
        Scrubber::new(rules).scrub(&mut payload);
        let spans = &payload.traces.resource_spans[0].scope_spans[0].spans;
        let text = |span: &Span| span.attributes.iter().map(|(_, it)| it.to_text()).collect();
        spans.iter().map(text).collect::<Vec<String>>()
    };
    assert_eq!(
        left(Query::Scrub),
        [
            "code=REDACTED&q=1",
            "?q=1&sid=REDACTED",
            "ana+silva",
            "a=1",
            "next=//intra/x&key=REDACTED",
            "code=REDACTED",
            "#code=REDACTED",
            "/route?code=REDACTED&q=1",
            "top",
            "/api/9?code=REDACTED",
            "/a?code=REDACTED",
            "/a?code=REDACTED",
            "code=hunter",
        ]
    );
    assert_eq!(
        left(Query::Strip),
        [
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "/route",
            "top",
            "/api/9",
            "/a",
            "/a",
            "code=hunter"
        ]
    );
    assert_eq!(
        left(Query::Allow(vec!["q".into()])),
        [
            "code=REDACTED&q=1",
            "?q=1&sid=REDACTED",
            "REDACTED",
            "a=REDACTED",
            "next=REDACTED&key=REDACTED",
            "code=REDACTED",
            "#code=REDACTED",
            "/route?code=REDACTED&q=1",
            "top",
            "/api/9?code=REDACTED",
            "/a?code=REDACTED",
            "/a?code=REDACTED",
            "code=hunter",
        ]
    );
}

#[test]
fn fields_of_the_user_stay_that_are_allowed_and_no_others() {
    let body = r#"{"meta":{"user":{"id":"u-1","email":"ana@example.org","attributes":{"plan":"gold"}}},
        "logs":[{"message":"m","context":{"user.id":"u-1","user.email":"ana@example.org","user.plan":"gold"}}]}"#;
    let mut payload = faro(body.as_bytes(), &Limits::default())
        .expect("a payload")
        .payload;
    let rules = Rules {
        user_fields: vec!["id".into()],
        ..Rules::default()
    };
    Scrubber::new(rules).scrub(&mut payload);
    assert_eq!(payload.meta.user.id, "u-1");
    assert_eq!(payload.meta.user.email, "");
    assert!(payload.meta.user.attributes.is_empty());
    let context = &payload.logs[0].context;
    let names: Vec<_> = context.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["user.id"]);
}

#[test]
fn what_stands_below_the_users_names_goes_unless_it_is_allowed() {
    let names = [
        "user.id",
        "user.phone",
        "user.fullName",
        "user.password",
        "enduser.id",
        "enduser.role",
        "enduser.pseudo.id",
        "farol.user.attribute.plan",
        "user_agent.name",
        "username_shown",
    ];
    let left = |allowed: &[&str]| {
        let context = names.map(|name| format!(r#""{name}":"x""#)).join(",");
        let body = format!(r#"{{"logs":[{{"message":"m","context":{{{context}}}}}]}}"#);
        let mut payload = faro(body.as_bytes(), &Limits::default())
            .expect("a payload")
            .payload;
        Scrubber::new(Rules {
            user_fields: allowed.iter().map(|it| (*it).to_owned()).collect(),
            ..Rules::default()
        })
        .scrub(&mut payload);
        let context = payload.logs[0].context.iter();
        let told = context.filter(|(_, value)| value.as_str() == Some("x"));
        told.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(left(&[]), ["user_agent.name", "username_shown"]);
    assert_eq!(
        left(&["id", "roles"]),
        [
            "user.id",
            "enduser.id",
            "enduser.role",
            "user_agent.name",
            "username_shown"
        ]
    );
    // One that is secret by its name is so among a user's too.
    assert_eq!(
        left(&["attributes"]),
        [
            "user.phone",
            "user.fullName",
            "enduser.pseudo.id",
            "farol.user.attribute.plan",
            "user_agent.name",
            "username_shown"
        ]
    );
}

#[test]
fn of_the_user_flags_and_gaps_go_too_and_what_is_measured_stays() {
    let each = "true false null 0 1 1.5 [] {} \"yes\" \"none\" \"\"".split(' ');
    for value in each {
        let body = format!(
            r#"{{"logs":[{{"message":"m","context":{{"user.debtor":{value},"user.id":{value},"user_agent.name":"x"}}}}]}}"#
        );
        let mut payload = faro(body.as_bytes(), &Limits::default())
            .expect("a payload")
            .payload;
        Scrubber::default().scrub(&mut payload);
        let context = payload.logs[0].context.iter();
        let names: Vec<_> = context.map(|(name, _)| name).collect();
        assert_eq!(names, ["user_agent.name"], "{value}");
    }
    let body = r#"{"measurements":[{"type":"m","values":{"user.wait":12,"user.password":1234},"context":{"user.wait":12}}]}"#;
    let mut payload = Payload::decode(body.as_bytes()).unwrap();
    Scrubber::default().scrub(&mut payload);
    let measured = &payload.measurements[0];
    let names: Vec<_> = measured.values.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["user.wait"]);
    assert!(measured.context.iter().next().is_none());
}

#[test]
fn a_value_goes_by_its_name_whatever_its_type() {
    let body = r#"{"logs":[{"message":"m","context":{"userPassword":"x","pin_token":1234,"auth":{"a":[1]},"has_password":true,"card":4111111111111111,"n":7}}]}"#;
    let mut payload = faro(body.as_bytes(), &Limits::default())
        .expect("a payload")
        .payload;
    Scrubber::default().scrub(&mut payload);
    let context = &payload.logs[0].context;
    for name in ["userPassword", "pin_token", "auth", "card"] {
        assert_eq!(
            context.get(name).and_then(|v| v.as_str()),
            Some("REDACTED"),
            "{name}"
        );
    }
    assert_eq!(context.get("n").map(|v| v.to_text()).as_deref(), Some("7"));
    assert_eq!(
        context.get("has_password").map(|v| v.to_text()).as_deref(),
        Some("true")
    );
}

/// What looks back from each find must do it within a bound: each of these made some step of it look at everything again.
#[test]
fn a_hostile_text_costs_little_more_than_its_length() {
    let scrubber = Scrubber::default();
    for part in [
        "token=(",
        "password:\"",
        "a@",
        "@1.2.3.4",
        "/1.2.3.4",
        "1.",
        "::",
        "a:",
        "aB3dE5gH7jK9",
        "aB3dE5gH7jK9/",
        "%40",
        "%2525",
        "eyJhbGciOiJ",
        "-----BEGIN ",
        "4111 ",
        "DE89 ",
        "://",
        "?a=",
        "ghp_",
        "=",
        "cookie:",
        "é",
        "(((",
        "Bearer ",
        "T00000000000000000000/",
        "cookie:a(",
        "cookie:a(=",
        "cookie:a(b=1;",
        "set-cookie: a(x=1; ",
        "\"cookie\"=>a(=",
        "a@b.cd ",
        "x://a@b.cd ",
        "x://",
        "https://a@b",
        "=//a@b",
        "?x=https://a&b=",
    ] {
        // Without a bound one of these takes minutes, the cheapest with the longest text.
        let length = if part.ends_with("b.cd ") {
            1 << 20
        } else {
            128 << 10
        };
        let text = part.repeat(length / part.len());
        if let Some(clean) = scrubber.text("url.full", &text) {
            assert!(clean.len() <= text.len() + 2 * text.len() / part.len() * "REDACTED".len());
        }
    }
}

#[test]
fn a_cookie_goes_to_the_end_of_its_line_and_a_call_stays() {
    let clean = |text: &str| Scrubber::default().text("message", text);
    let long = format!("Cookie: a={}; b=f(x); c=1\nnext", "v".repeat(600));
    assert_eq!(clean(&long).as_deref(), Some("Cookie: REDACTED\nnext"));
    assert_eq!(clean("const cookie = read(name, \"x\")"), None);
}

#[test]
fn what_may_stay_of_an_encoded_word_shields_nothing_else_in_it() {
    let mails_stay = Scrubber::new(Rules {
        mails: Action::Keep,
        ..Rules::default()
    });
    let clean = |word: &str| mails_stay.text("message", &format!("went to /login?next={word}"));
    let redacted = Some("went to /login?next=REDACTED".to_owned());
    assert_eq!(clean("u%3Da%40b.example%26password%3Dhunter2"), redacted);
    // Encoded once more.
    let twice = "u%253Da%2540b.example%2526password%253Dhunter2";
    assert_eq!(clean(twice), redacted);
    assert_eq!(clean("u%3Da%40b.example"), None);
    let named_stay = Scrubber::new(Rules {
        named: Action::Keep,
        ..Rules::default()
    });
    let address = "see https%3A%2F%2Fann%3Ahunter2%40host.example";
    assert_eq!(
        named_stay.text("message", address).as_deref(),
        Some("see "),
        "a user's password goes whatever is said"
    );
}

#[test]
fn no_id_of_a_web_vital_is_a_card() {
    // Every tenth number passes Luhn's sum.
    for n in 0..100 {
        let id = format!("v6-1795285314913-{}", 4_844_181_056_315_u64 + n);
        assert_eq!(Scrubber::default().text("id", &id), None, "{id}");
    }
}

/// What is kept of a message, as a request with it goes: read, scrubbed, cut.
fn kept(message: &str, limit: usize) -> String {
    let limits = Limits {
        string: limit,
        margin: super::MARGIN,
        ..Limits::default()
    };
    let body = serde_json::json!({ "meta": {}, "logs": [{ "message": message }] }).to_string();
    let mut decoded = faro(body.as_bytes(), &limits).unwrap();
    assert_eq!(decoded.cut.strings, u64::from(message.len() > limit));
    Scrubber::default().scrub(&mut decoded.payload);
    crate::decode::trim(&mut decoded.payload, &limits);
    decoded.payload.logs.remove(0).message
}

#[test]
fn no_half_of_a_secret_stays_where_a_text_is_cut() {
    const LIMIT: usize = 1000;
    let secrets = [
        ("4111111111111111", "41111"),
        ("4111 1111 1111 1111", "4111 1"),
        ("someone@mail.example", "someone"),
        ("DE89 3704 0044 0532 0130 00", "DE89"),
        ("Bearer abcdefghijklmnopqrstuvwxyz0123456789", "abcdefgh"),
    ];
    for (secret, half) in secrets {
        // Where what is kept ends, and where what is looked at ends.
        for edge in [LIMIT, LIMIT + super::MARGIN] {
            for before in 0..=secret.len() + 1 {
                let text = format!(
                    "{} {secret} {}",
                    "é ".repeat((edge - before) / 3),
                    "x ".repeat(9_000)
                );
                let kept = kept(&text, LIMIT);
                assert!(
                    kept.len() <= LIMIT && kept.len() + 64 > LIMIT,
                    "{}",
                    kept.len()
                );
                assert!(
                    !kept.contains(half),
                    "{before}: {}",
                    &kept[kept.len() - 60..]
                );
            }
        }
        // What comes before becomes shorter by more than the margin.
        let token = format!(
            "eyJhbGciOiJIUzI1NiJ9.{}.abcdefghijklmnop",
            "eyJhYmMi".repeat(560)
        );
        for before in 0..=secret.len() {
            let fill = LIMIT + super::MARGIN - before - token.len() - 2;
            let text = format!(
                "{token} {} {secret} {}",
                "x ".repeat(fill / 2),
                "y ".repeat(9_000)
            );
            let kept = kept(&text, LIMIT);
            assert!(!kept.contains(half), "{before}: {kept}");
        }
    }
    assert_eq!(kept("short", LIMIT), "short");
    assert_eq!(kept(&"a ".repeat(600), LIMIT), "a ".repeat(500));
    assert_eq!(kept("ends\u{10ffff}", LIMIT), kept("ends\u{10ffff}", LIMIT));
}

#[test]
fn bytes_are_read_as_text_and_numbers_go_by_their_name_and_by_what_they_are() {
    use farol_protocol::value::Value;
    let attributes = |list: &[(&str, Value)]| {
        let mut payload = Payload::default();
        let mut log = farol_protocol::log::Log::default();
        for (name, value) in list {
            log.context.set(*name, value.clone());
        }
        payload.logs.push(log);
        Scrubber::default().scrub(&mut payload);
        payload.logs.remove(0).context
    };
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    let clean = attributes(&[
        ("a", bytes(b"pay 4111111111111111 now")),
        ("b", bytes(b"\xff\x004111111111111111\xfe")),
        ("c", bytes(b"\xff\x00\x01plain\xfe")),
        ("d", bytes(b"someone@mail.example")),
        ("password", bytes(b"hunter2")),
        ("apiKey", bytes(b"\xff\xfe")),
        ("e", Value::Double(4_111_111_111_111_111.0)),
        ("f", Value::Double(4_111.5)),
        ("g", Value::Int(4_111_111_111_111_111)),
    ]);
    let text = |name: &str| format!("{:?}", clean.get(name).unwrap());
    for name in ["a", "b", "d"] {
        let Some(Value::Bytes(bytes)) = clean.get(name) else {
            panic!("{name}");
        };
        let told = String::from_utf8_lossy(bytes);
        assert!(told.contains("REDACTED"), "{told}");
        assert!(
            !told.contains("4111") && !told.contains("someone"),
            "{told}"
        );
    }
    assert_eq!(clean.get("c"), Some(&bytes(b"\xff\x00\x01plain\xfe")));
    for name in ["password", "apiKey", "e", "g"] {
        assert!(text(name).contains("REDACTED"), "{}", text(name));
    }
    assert_eq!(clean.get("f"), Some(&Value::Double(4_111.5)));

    let body = r#"{"meta":{},"measurements":[{"type":"m","values":{"lcp":1234.5,"at":1764000000000,"card":4111111111111111,"password":1234,"bytes":4111111111111112}}]}"#;
    let mut payload = Payload::decode(body.as_bytes()).unwrap();
    Scrubber::default().scrub(&mut payload);
    let names: Vec<&str> = payload.measurements[0]
        .values
        .iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["lcp", "at", "bytes"]);
}

#[test]
fn a_text_full_of_names_is_read_a_few_times_and_keeps_no_secret() {
    let names = super::names::Names::new(&[]);
    for word in ["token=", "token=token:", "password=\"", "token= "] {
        for gap in [1, 40, 80] {
            let text = format!("{} ", word.repeat(gap)).repeat(20_000 / gap);
            let mut cuts = super::cut::Cuts::default();
            super::pairs::find(&text, &names, &mut cuts);
            let read: usize = cuts.0.iter().map(|cut| cut.range.len()).sum();
            assert!(
                read <= 16 * text.len(),
                "{word} {gap}: {read} of {}",
                text.len()
            );
        }
    }
    let scrubber = Scrubber::default();
    for fill in [0, 1, 50, 64, 65, 100, 500, 511, 512, 513, 2_000] {
        let long = "x.".repeat(fill / 2);
        for text in [
            format!("token={long}password=\"hunter 2 hunter\" end"),
            format!("token={long}&password=hunter2"),
            format!("token: {long}, api_key: 'hunter 2'"),
        ] {
            let clean = scrubber.text("", &text).unwrap_or_default();
            assert!(
                clean.contains("REDACTED") && !clean.contains("hunter"),
                "{fill}: {clean}"
            );
        }
    }
}
