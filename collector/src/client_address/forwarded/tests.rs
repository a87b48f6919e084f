use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn trusting(header: ForwardedHeader) -> TrustedProxies {
    let networks = ["10.0.0.0/8", "fd00::/8"];
    TrustedProxies {
        networks: networks.map(|n| Network::parse(n).unwrap()).to_vec(),
        header,
    }
}

fn ip(text: &str) -> ClientAddress {
    ClientAddress::new(text.parse().unwrap())
}

fn client(header: ForwardedHeader, peer: &str, lines: &[&[u8]]) -> String {
    let name = match header {
        ForwardedHeader::XForwardedFor => "x-forwarded-for",
        ForwardedHeader::Forwarded => "forwarded",
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        let Ok(value) = HeaderValue::from_bytes(line) else {
            continue;
        };
        headers.append(name, value);
    }
    let client = trusting(header).client(ip(peer), &headers);
    client.ip().to_string()
}

fn xff(peer: &str, lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|l| l.as_bytes()).collect();
    client(ForwardedHeader::XForwardedFor, peer, &lines)
}

fn forwarded(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|l| l.as_bytes()).collect();
    client(ForwardedHeader::Forwarded, "10.0.0.1", &lines)
}

#[test]
fn who_is_no_trusted_proxy_speaks_for_nobody() {
    assert_eq!(xff("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    let nobody = TrustedProxies::default();
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
    assert_eq!(nobody.client(ip("10.0.0.1"), &headers), ip("10.0.0.1"));
}

#[test]
fn the_client_is_the_rightmost_hop_that_is_not_trusted() {
    assert_eq!(xff("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    assert_eq!(xff("10.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
    assert_eq!(
        xff("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.9.9.9"]),
        "203.0.113.9"
    );
    assert_eq!(
        xff("10.0.0.1", &["1.1.1.1", "203.0.113.9", "10.9.9.9"]),
        "203.0.113.9"
    );
    assert_eq!(xff("fd00::1", &["2001:db8::7, fd00::2"]), "2001:db8::7");
}

#[test]
fn where_all_are_trusted_it_is_the_first_of_them() {
    assert_eq!(xff("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    assert_eq!(xff("10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(xff("10.0.0.1", &[""]), "10.0.0.1");
}

#[test]
fn a_hop_that_is_not_said_ends_the_search() {
    assert_eq!(xff("10.0.0.1", &["203.0.113.9, unknown"]), "10.0.0.1");
    assert_eq!(
        xff("10.0.0.1", &["203.0.113.9, what, 10.0.0.2"]),
        "10.0.0.2"
    );
    assert_eq!(xff("10.0.0.1", &["203.0.113.9,,10.0.0.2"]), "10.0.0.2");
    assert_eq!(forwarded(&["for=203.0.113.9, for=_hidden"]), "10.0.0.1");
    assert_eq!(forwarded(&["for=203.0.113.9, proto=https"]), "10.0.0.1");
}

#[test]
fn ports_and_brackets_are_read() {
    for (hop, ip) in [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ] {
        assert_eq!(xff("10.0.0.1", &[hop]), ip, "{hop}");
    }
    for bad in [
        "203.0.113.9:x",
        "[2001:db8::7",
        "[2001:db8::7]x",
        "[203.0.113.9]",
        "1.2.3",
        "203.0.113.9:99999",
    ] {
        assert_eq!(xff("10.0.0.1", &[bad]), "10.0.0.1", "{bad}");
    }
}

#[test]
fn the_forms_of_rfc_7239_are_read() {
    for (line, ip) in [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=\"203.0.113.9:4711\"", "203.0.113.9"),
        ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("for=\"[2001:db8:cafe::17]:_port\"", "2001:db8:cafe::17"),
        ("for=203.0.113.9;proto=http;by=203.0.113.43", "203.0.113.9"),
        ("proto=http ; FOR = 203.0.113.9", "203.0.113.9"),
        (
            "for=1.1.1.1, for=203.0.113.9;host=\"a, b; for=9.9.9.9\"",
            "203.0.113.9",
        ),
        (
            "for=1.1.1.1, for=203.0.113.9;host=\"a\\\", for=9.9.9.9\"",
            "203.0.113.9",
        ),
        (
            "for=203.0.113.9, for=10.1.1.1, for=\"[fd00::5]\"",
            "203.0.113.9",
        ),
    ] {
        assert_eq!(forwarded(&[line]), ip, "{line}");
    }
    for bad in [
        "for=1.1.1.1;for=203.0.113.9",
        "for",
        "for=",
        "for=\"203.0.113.9",
        "=203.0.113.9",
    ] {
        assert_eq!(forwarded(&[bad]), "10.0.0.1", "{bad}");
    }
}

#[test]
fn quotes_that_a_client_leaves_open_do_not_swallow_what_the_proxy_says() {
    assert_eq!(
        forwarded(&["for=1.1.1.1;x=\", for=203.0.113.9"]),
        "203.0.113.9"
    );
    assert_eq!(
        forwarded(&["for=\"1.1.1.1, for=203.0.113.9"]),
        "203.0.113.9"
    );
    assert_eq!(
        forwarded(&["for=\"\\", "for=\"[2001:db8::7]:1\""]),
        "2001:db8::7"
    );
}

#[test]
fn the_other_header_is_not_looked_at() {
    let mut headers = HeaderMap::new();
    headers.insert("forwarded", HeaderValue::from_static("for=203.0.113.9"));
    let proxies = trusting(ForwardedHeader::XForwardedFor);
    assert_eq!(proxies.client(ip("10.0.0.1"), &headers), ip("10.0.0.1"));
}

proptest! {
    /// Whatever a client makes up, what the proxy appends to it holds: in the same line, or in one of its own.
    #[test]
    fn no_forgery_gets_past_the_proxy(
        forged in prop::collection::vec(any::<u8>(), 0..80),
        looks in "(for=|\"|\\\\|,|;|=|\\[|\\]|10\\.0\\.0\\.2|1\\.1\\.1\\.1| ){0,12}",
        real in prop::sample::select(vec!["203.0.113.9", "\"203.0.113.9:1\"", "\"[2001:db8::7]:4711\""]),
        line_of_its_own: bool,
    ) {
        let bare = real.trim_matches('"');
        let expected = if bare.starts_with('[') { "2001:db8::7" } else { "203.0.113.9" };
        for header in [ForwardedHeader::Forwarded, ForwardedHeader::XForwardedFor] {
            let said = match header {
                ForwardedHeader::Forwarded => format!("for={real}"),
                ForwardedHeader::XForwardedFor => bare.to_owned(),
            };
            for forged in [&forged[..], looks.as_bytes()] {
                // What is no header's value never gets here.
                let forged: Vec<u8> = forged.iter().copied().filter(|b| *b >= 32 && *b != 127).collect();
                let joined = [&forged[..], b", ", said.as_bytes()].concat();
                let lines: Vec<&[u8]> = match line_of_its_own {
                    true => vec![&forged, said.as_bytes()],
                    false => vec![&joined],
                };
                prop_assert_eq!(client(header, "10.0.0.1", &lines), expected);
            }
        }
    }
}
