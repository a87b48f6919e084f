use super::*;

fn clean(text: &str) -> String {
    let mut cuts = Cuts::default();
    find(text, &Names::new(&[]), &mut cuts);
    cuts.apply(text, |_, _, out| out.push_str("REDACTED"))
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(clean(text), *expected);
        assert_eq!(clean(expected), *expected, "scrubbing again does nothing");
    }
}

#[test]
fn a_quoted_value_ends_at_the_mark_that_closes_it_however_deep_it_stands() {
    check(&[
        (
            r#"{"user":"joe","password":"Tr0ub\"4dor-hunter2","x":1}"#,
            r#"{"user":"joe","password":"REDACTED","x":1}"#,
        ),
        (
            r#"{"token":"ab\\\"hunter2","x":1}"#,
            r#"{"token":"REDACTED","x":1}"#,
        ),
        // A backslash of the value's own is no mark's.
        (
            r#"{"password":"a\\","x":"y"}"#,
            r#"{"password":"REDACTED","x":"y"}"#,
        ),
        (
            r#"{\"password\": \"a\\\"hunter2\", \"x\": 1}"#,
            r#"{\"password\": \"REDACTED\", \"x\": 1}"#,
        ),
        (
            r#"{\\\\\\\"password\\\\\\\":\\\\\\\"hunter2\\\\\\\"}"#,
            r#"{\\\\\\\"password\\\\\\\":\\\\\\\"REDACTED\\\\\\\"}"#,
        ),
        // The text around it ends first.
        (
            r#"sent "{\"password\":\"hunter2" and more"#,
            r#"sent "{\"password\":\"REDACTED" and more"#,
        ),
        ("password='it''s hunter2' x", "password='REDACTED' x"),
        (
            r#"password="""a "b" hunter2""" x"#,
            r#"password="""REDACTED""" x"#,
        ),
        (
            r#"{"password":"a"hunter2","x":"y"}"#,
            r#"{"password":"REDACTED","x":"y"}"#,
        ),
        (r#"{"password":"","x":"y"}"#, r#"{"password":"","x":"y"}"#),
        (
            r#"{"msg":"token=abc\",\"b":1}"#,
            r#"{"msg":"token=REDACTED\",\"b":1}"#,
        ),
        (
            r#"{"set-cookie":["a=hunter2; Path=/", "b=hunter2"],"x":"y"}"#,
            r#"{"set-cookie":["REDACTED"],"x":"y"}"#,
        ),
        (
            r#"{'set-cookie': ['a=hunter2', "b='hunter2'"], 'x': 'y'}"#,
            r#"{'set-cookie': ['REDACTED"], 'x': 'y'}"#,
        ),
    ]);
}

#[test]
fn cookies_go_to_the_end_of_their_header_whatever_marks_they_have() {
    check(&[
        (
            "Cookie: theme=\"dark\"; sid=hunter2\nHost: a",
            "Cookie: REDACTED\nHost: a",
        ),
        (
            "Set-Cookie: sid=\"hunter2\"; HttpOnly",
            "Set-Cookie: REDACTED",
        ),
        ("Cookie: a=it's; sid=hunter2", "Cookie: REDACTED"),
        (
            r#"{"m":"Cookie: theme=\"dark\"; sid=hunter2","x":"y"}"#,
            r#"{"m":"Cookie: REDACTED","x":"y"}"#,
        ),
        (
            "curl -H 'Cookie: a=b; c=hunter2' https://a.example/x",
            "curl -H 'Cookie: REDACTED' https://a.example/x",
        ),
        (
            r#"Cookie: prefs={"a":"b","c":1}; sid=hunter2"#,
            "Cookie: REDACTED",
        ),
        ("Cookie: sid=hunter2; b=f(x)", "Cookie: REDACTED"),
        ("Cookie: $Version=1; sid=hunter2", "Cookie: REDACTED"),
        (
            r#"cookie: cookies().get("x")"#,
            r#"cookie: cookies().get("x")"#,
        ),
        ("Cookie:\r\nHost: a.example", "Cookie:\r\nHost: a.example"),
        ("Cookie: flag1; sid=hunter2", "Cookie: REDACTED"),
        ("Cookie: hunter2 and more", "Cookie: REDACTED and more"),
        (
            "Set cookie: blocked by the browser",
            "Set cookie: blocked by the browser",
        ),
        (
            "cookie: cookie ? read(cookie) : undefined",
            "cookie: cookie ? read(cookie) : undefined",
        ),
    ]);
}

#[test]
fn credentials_of_any_scheme_go_and_sentences_stay() {
    for credentials in [
        "SSWS hunter2",
        "GenieKey aaaa-hunter2",
        "SharedKey acct:hunter2",
        "NTLM hunter2==",
        "Bearer  hunter2",
        "Bearer\thunter2",
        "bearer hunter",
        r#"Hawk id="hunter2", mac="hunter2=""#,
        r#"OAuth realm="a b", oauth_signature="hunter2""#,
        "AWS4-HMAC-SHA256 Credential=AK/x, SignedHeaders=host;range, Signature=hunter2",
    ] {
        for name in ["Authorization: ", "proxy-authorization:", "authorization="] {
            let text = format!("{name}{credentials} and then");
            assert_eq!(clean(&text), format!("{name}REDACTED and then"));
            let escaped = credentials.replace('"', "\\\"");
            let json = format!(r#"{{"m":"{name}{escaped}","x":1}}"#);
            assert_eq!(clean(&json), format!(r#"{{"m":"{name}REDACTED","x":1}}"#));
        }
    }
    for text in [
        "Authorization: required for this page",
        "Authorization: Header Missing",
        "Authorization: The header X-Foo is missing",
        "Missing Authorization: GET https://a.example/x",
        "Authorization: Bearer ${token}",
        "Authorization: Bearer <token>",
    ] {
        assert_eq!(clean(text), text);
    }
}

#[test]
fn a_value_may_stand_far_from_its_name_or_on_the_next_line() {
    check(&[
        ("password:    hunter2", "password:    REDACTED"),
        ("password:\thunter2", "password:\tREDACTED"),
        ("Password         : hunter2", "Password         : REDACTED"),
        (
            "password:\r\n  hunter2\r\nnext",
            "password:\r\n  REDACTED\r\nnext",
        ),
        ("Enter password:\nCancel", "Enter password:\nCancel"),
        (
            "Invalid password:\n    at f2 (a.js:1:2)",
            "Invalid password:\n    at f2 (a.js:1:2)",
        ),
        ("token:\n  key1: value", "token:\n  key1: value"),
        ("x-api-key:\nhost:a1", "x-api-key:\nhost:a1"),
        ("[password] => hunter2", "[password] => REDACTED"),
        (
            "\"password\" => \"hunter2\"",
            "\"password\" => \"REDACTED\"",
        ),
        (":password=>'hunter2'", ":password=>'REDACTED'"),
        ("token => token.value2", "token => token.value2"),
    ]);
}

#[test]
fn a_password_may_begin_with_a_sign_that_code_begins_with() {
    check(&[
        ("password=$hunter2", "password=REDACTED"),
        ("password=$2y$10$abcdef", "password=REDACTED"),
        ("password=(hunter2", "password=REDACTED"),
        ("password: [hunter2]", "password: [REDACTED]"),
        ("password: hun\"ter2 x", "password: REDACTED x"),
    ]);
    for text in [
        "password: $password",
        "password=$DB_PASSWORD2 x",
        "password = $1 AND x",
        "'password' => $request->password1,",
        "password: ${pw1}",
        "password: (required)",
        "password = (event) => go(1)",
        "const pass = (x1: string, body: Buffer): void => {",
        "const pass = [...given]",
        "password: [object Object]",
        "secret: Secret::new(KEY2)",
        "let token = format!(\"{:032x}\", n)",
        "secret=read(key1)",
    ] {
        assert_eq!(clean(text), text);
    }
}
