//! What a payload or a head says, toward those who read logs and terminals, and toward what could follow an address.

use std::net::TcpListener;

use farol_load::attack::raw::answers;

use crate::program::Program;

fn post(path: &str, more: &[u8], body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\norigin: http://shop.example\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    [head.as_bytes(), more, b"\r\n", body].concat()
}

#[tokio::test]
async fn nothing_that_a_client_says_steers_a_terminal_or_forges_a_line() {
    let program = Program::start("");
    let evil = r"\u001b[2J\u001b]0;owned\u0007\u009b31m\r\n2026-01-01T00:00:00Z ERROR forged\u0000\u202e\u2028end";
    let body = format!(
        r#"{{"meta":{{"app":{{"name":"{evil}"}},"page":{{"url":"https://shop.example/{evil}"}},"user":{{"id":"{evil}"}},"session":{{"id":"{evil}","attributes":{{"{evil}":"{evil}"}}}}}},
"logs":[{{"message":"first {evil}","level":"{evil}","context":{{"{evil}":"{evil}"}}}}],
"exceptions":[{{"type":"{evil}","value":"second {evil}","stacktrace":{{"frames":[{{"filename":"{evil}","function":"{evil}","lineno":1}}]}}}}],
"events":[{{"name":"third {evil}","attributes":{{"a":"{evil}"}}}}],
"measurements":[{{"type":"{evil}","values":{{"{evil}":1}}}}]}}"#
    );
    let mut invalid = br#"{"meta":{},"logs":[{"message":"fourth "#.to_vec();
    invalid.extend([0xff, 0xfe, 0xc0, 0xaf, 0x9b, 0x1b]);
    invalid.extend(br#"","level":"info"}]}"#);
    let heads: [&[u8]; 3] = [
        b"user-agent: a\x9b31m\xffb\r\n",
        b"x-forwarded-for: \x9b\xff\r\n",
        b"x-faro-session-id: a\tb\x80\r\n",
    ];
    for head in heads {
        let answers = answers(program.address, &post("/collect/k1", head, body.as_bytes())).await;
        assert_eq!(answers[0].status, 202, "{answers:?}");
    }
    let taken = answers(program.address, &post("/collect/k1", b"", &invalid)).await;
    assert!([202, 400].contains(&taken[0].status), "{taken:?}");
    let _ = answers(
        program.address,
        &post("/collect/%1b%5b2J%0aforged", b"", b"{}"),
    )
    .await;
    let last = br#"{"meta":{},"logs":[{"message":"the last one","level":"info"}]}"#;
    let _ = answers(program.address, &post("/collect/k1", b"", last)).await;
    let written = program.written_with(&["first", "second", "third", "the last one"]);
    let text = String::from_utf8(written).expect("what is written is UTF-8");
    for c in text.chars() {
        let steers = c.is_control() && c != '\n';
        let turns = matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!steers && !turns, "{c:?} in {text:?}");
    }
    for line in text.lines() {
        assert!(
            !line
                .trim_start()
                .starts_with("2026-01-01T00:00:00Z ERROR forged"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn no_address_in_a_payload_or_a_head_is_ever_followed() {
    let program = Program::start("");
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!("http://{}", canary.local_addr().unwrap());
    let body = format!(
        r#"{{"meta":{{"app":{{"name":"shop","bundleId":"{url}"}},"page":{{"url":"{url}/p"}},"sdk":{{"name":"{url}"}},"browser":{{"name":"{url}","userAgent":"{url}"}},"geo":{{"continentIso":"{url}"}}}},
"logs":[{{"message":"{url}","level":"info"}}],
"exceptions":[{{"type":"E","value":"{url}","stacktrace":{{"frames":[{{"filename":"{url}/a.js","function":"f","lineno":1,"colno":1}}]}}}}],
"events":[{{"name":"faro.performance.resource","attributes":{{"name":"{url}/r","url":"{url}","sourceMappingURL":"{url}/a.js.map"}}}}]}}"#
    );
    let heads = format!(
        "referer: {url}/\r\nx-forwarded-host: {url}\r\nforwarded: for=1.2.3.4;host={url}\r\nx-original-url: {url}\r\nx-webhook: {url}\r\ntraceparent: {url}\r\n"
    );
    let taken = answers(
        program.address,
        &post("/collect/k1", heads.as_bytes(), body.as_bytes()),
    )
    .await;
    assert_eq!(taken[0].status, 202, "{taken:?}");
    // As a proxy would be asked.
    let whole = answers(
        program.address,
        &post(&format!("{url}/collect/k1"), b"", b"{}"),
    )
    .await;
    assert!(whole.len() <= 1);
    let connect = format!(
        "CONNECT {} HTTP/1.1\r\nhost: a\r\n\r\n",
        canary.local_addr().unwrap()
    );
    let connect = answers(program.address, connect.as_bytes()).await;
    assert!(connect.iter().all(|a| a.status >= 400), "{connect:?}");
    // All was delivered by now; whoever wanted to fetch something has had its time.
    program.written_with(&[&url]);
    program.lives().await;
    let followed = canary.accept();
    assert_eq!(followed.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert!(program.folder.path().join("data").exists());
}
