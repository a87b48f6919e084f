use super::{scrub, scrub_url};
use crate::decode::{Limits, faro};
use farol_protocol::walk::{At, Walk};
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
    fn text(&mut self, _at: At<'_>, text: &mut String) {
        self.0.push(text.clone());
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
    scrub(&mut payload);
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
        "logs":[{"message":"not an address: ?token=fine","farol":{"page":{"url":"/q?token=hunter"}}}],
        "exceptions":[{"type":"E","stacktrace":{"frames":[{"filename":"/a.js?key=hunter"}]},"causes":[{"stacktrace":{"frames":[{"filename":"/b.js?key=hunter"}]}}]}],
        "events":[{"name":"browser.navigation","attributes":{"url":"/r?code=hunter","fromUrl":"/s?code=hunter","nested":{"url":"/t?code=hunter"}}}],
        "traces":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",
            "attributes":[{"key":"url.full","value":{"stringValue":"/u?sig=hunter"}}]}]}]}]}}"#;
    let mut payload = faro(body.as_bytes(), &Limits::default())
        .expect("a payload")
        .payload;
    scrub(&mut payload);
    let stored = String::from_utf8_lossy(&payload.encode()).into_owned();
    assert!(!stored.contains("hunter"), "{stored}");
    assert!(stored.contains("?token=fine"));
    assert_eq!(stored.matches("REDACTED").count(), 8, "{stored}");
}

#[test]
fn what_holds_no_secret_is_left_as_it_is() {
    for path in ["maximal", "names"] {
        let file = format!(
            "{}/../tests/fixtures/payload/{path}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let body = std::fs::read(file).expect("the fixture");
        let mut payload = faro(&body, &Limits::default()).expect("a payload").payload;
        let before = payload.clone();
        scrub(&mut payload);
        assert_eq!(payload, before);
    }
}

proptest! {
    #[test]
    fn any_text_is_survived_and_scrubbing_again_changes_nothing(text in "(https?|blob|//|:|@|\\?|#|&|=|token|sig|eyJ|[a-z0-9.%é \"]){0,40}") {
        let once = scrub_url(&text);
        prop_assert_eq!(scrub_url(&once), once);
    }
}
