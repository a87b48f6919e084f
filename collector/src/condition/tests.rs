use proptest::prelude::*;

use farol_protocol::payload::Payload;

use super::*;

fn payload() -> Payload {
    let body = r#"{"meta":{"app":{"environment":"production","version":"1.2"},"session":{"id":"s1","attributes":{"plan":"gold"}},"page":{"url":"https://a.example/admin/users"}},
        "logs":[{"message":"slow","level":"warn","context":{"ms":1500,"flag":true,"http.route":"/admin/:id"}}],
        "exceptions":[{"type":"TypeError","value":"x is undefined"}]}"#;
    let limits = crate::decode::Limits::default();
    *crate::decode::faro(body.as_bytes(), &limits)
        .unwrap()
        .payload
}

fn log(condition: &str) -> bool {
    let condition = Condition::parse(condition).unwrap_or_else(|e| panic!("{condition}: {e}"));
    judge(&condition)[0]
}

/// What it says of each item.
fn judge(condition: &Condition) -> Vec<bool> {
    let payload = payload();
    let ground = Ground {
        app: "shop",
        tenant: "one",
        payload: &payload,
    };
    (ground.subjects())
        .map(|(_, subject)| condition.holds(&subject))
        .collect()
}

#[test]
fn what_holds_of_an_item_and_what_does_not() {
    for condition in [
        r#"app == "shop""#,
        r#"app == 'shop' && kind == "log" && attributes["http.route"] =~ "/admin/*""#,
        r#"kind in ["event", "log"]"#,
        r#"attributes["ms"] > 1000"#,
        r#"attributes["ms"] >= 1500 && attributes["ms"] <= 1500"#,
        r#"!(kind == "span") && (level == "debug" || level == "warn")"#,
        r#"attributes["flag"]"#,
        r#"attributes["flag"] == true"#,
        r#"attributes["missing"] != "x" && !attributes["missing"]"#,
        r#"attributes["deployment.environment.name"] == "production""#,
        r#"attributes["url.full"] =~ "https://*/admin/*""#,
        r#"attributes["plan"] == "gold""#,
        r#"message =~ "s?ow" && message !~ "fast*""#,
        r#"tenant == "one" || app == "never""#,
        r#"name != "x""#,
    ] {
        assert!(log(condition), "{condition}");
    }
    for condition in [
        r#"app == "shop" && kind == "span""#,
        r#"attributes["ms"] < 1500"#,
        r#"attributes["missing"] < 1"#,
        r#"attributes["missing"] =~ "*""#,
        r#"message =~ "slo""#,
        r#"kind in []"#,
    ] {
        assert!(!log(condition), "{condition}");
    }
    let thrown = Condition::parse(r#"kind == "exception" && name == "TypeError""#).unwrap();
    assert_eq!(judge(&thrown), [false, true]);
}

#[test]
fn where_a_request_is_of_several_apps_each_item_has_its_own() {
    let resource = |app: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{app}"}}}}]}},"scopeSpans":[{{"spans":[{{"name":"s"}}]}}]}}"#
        )
    };
    let body = format!(
        r#"{{"traces":{{"resourceSpans":[{},{}]}}}}"#,
        resource("shop"),
        resource("blog")
    );
    let payload = Payload::decode(body.as_bytes()).unwrap();
    let ground = Ground {
        app: "",
        tenant: "",
        payload: &payload,
    };
    let shop = Condition::parse(r#"app == "shop""#).unwrap();
    let holds = ground.subjects().map(|(_, subject)| shop.holds(&subject));
    assert_eq!(holds.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_level_is_one_whoever_wrote_it_and_however() {
    let judged = |body: &str, condition: &str| -> Vec<bool> {
        let payload = Payload::decode(body.as_bytes()).unwrap();
        let ground = Ground {
            app: "shop",
            tenant: "",
            payload: &payload,
        };
        let condition = Condition::parse(condition).unwrap();
        let holds = ground
            .subjects()
            .map(|(_, subject)| condition.holds(&subject));
        holds.collect()
    };
    let otlp = |records: &str| {
        format!(
            r#"{{"farol.otlp":{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}}}"#
        )
    };
    let faro = r#"{"logs":[{"message":"a","level":"error"},{"message":"b","level":"ERROR"}]}"#;
    let errors = otlp(
        r#"{"severityText":"ERROR"},{"severityNumber":17},{"severityText":"Error","severityNumber":17},{"severityText":"error"}"#,
    );
    for condition in [
        r#"level == "error""#,
        r#"level == "ERROR""#,
        r#"level in ["fatal", "Error"]"#,
        r#"level =~ "Err*""#,
        r#"!(level != "error")"#,
        r#"level !~ "warn*""#,
    ] {
        assert_eq!(judged(faro, condition), [true; 2], "{condition}");
        assert_eq!(judged(&errors, condition), [true; 4], "{condition}");
    }
    let debug = otlp(r#"{"severityText":"debug"},{"severityText":"INFO"}"#);
    assert_eq!(judged(&debug, r#"level == "DEBUG""#), [true, false]);
    for (number, level) in [
        (1, "trace"),
        (4, "trace"),
        (5, "debug"),
        (8, "debug"),
        (9, "info"),
        (12, "info"),
        (13, "warn"),
        (16, "warn"),
        (20, "error"),
        (21, "fatal"),
        (24, "fatal"),
    ] {
        let body = otlp(&format!(r#"{{"severityNumber":{number}}}"#));
        let condition = format!("level == '{level}'");
        assert_eq!(judged(&body, &condition), [true], "{number}");
    }
    // What a record does not say it does not have, and the text counts over the number.
    let odd = otlp(r#"{},{"severityNumber":25},{"severityText":"notice","severityNumber":17}"#);
    assert_eq!(judged(&odd, "level"), [false, false, true]);
    assert_eq!(judged(&odd, r#"level == "error""#), [false; 3]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (condition, problem) in [
        ("", "it ends at letter 1; write app, kind, tenant"),
        (
            "app = \"x\"",
            "at letter 5 stands \"= \\\"x\\\"\"; here && or ||",
        ),
        (
            "colour == 1",
            "at letter 1 stands \"colour == 1\"; write app",
        ),
        (
            "app == shop",
            "at letter 8 stands \"shop\"; write a text in quotes",
        ),
        ("(app == 'x'", "it ends at letter 12; close the parenthesis"),
        (
            "app == 'x",
            "at letter 8 stands \"'x\"; the quote is not closed",
        ),
        ("attributes[1] == 2", "an attribute's name stands in quotes"),
        ("app =~ 5", "a pattern in quotes"),
        ("app in ['a' 'b']", "a comma or ] is missing"),
        (
            "app == 'x' and kind == 'y'",
            "at letter 12 stands \"and kind == \"; here &&",
        ),
    ] {
        let error = Condition::parse(condition).unwrap_err();
        assert!(error.contains(problem), "{condition}: {error}");
        assert!(!error.contains('\n'));
    }
}

#[test]
fn a_condition_is_bounded() {
    assert!(Condition::parse(&"(".repeat(4000)).is_err());
    assert!(Condition::parse(&"!".repeat(4000)).is_err());
    assert!(Condition::parse(&vec!["app == 'x'"; 65].join(" || ")).is_err());
    assert!(Condition::parse(&format!("app == '{}'", "x".repeat(5000))).is_err());
    let (pattern, text) = (format!("{}b", "*a".repeat(100)), "a".repeat(10_000));
    assert!(!glob(pattern.as_bytes(), text.as_bytes()));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(app|kind|in|attributes|\\[|\\]|\\(|\\)|==|=~|&&|\\|\\||!|\"|'|,|[a-z0-9é .]){0,40}") {
        if let Ok(condition) = Condition::parse(&text) {
            judge(&condition);
        }
    }

    #[test]
    fn a_glob_is_what_a_slow_reading_of_it_says(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
        fn slow(p: &[u8], t: &[u8]) -> bool {
            match p {
                [] => t.is_empty(),
                [b'*', p @ ..] => (0..=t.len()).any(|n| slow(p, &t[n..])),
                [c, p @ ..] => t.first().is_some_and(|x| *c == b'?' || c == x) && slow(p, &t[1..]),
            }
        }
        prop_assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), slow(pattern.as_bytes(), text.as_bytes()));
    }
}
