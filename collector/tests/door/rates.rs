//! How much may come: by app, by address and in all; and whose address it is.

use std::time::Duration;

use farol_collector::client_address::{ForwardedHeader, TrustedProxies};
use farol_collector::config::{Config, Network, Rate};

use tokio::io::AsyncWriteExt as _;

use crate::harness::{Answer, Collector, app, gzip, logs, read_answer};

const SHOP: (&str, &str) = ("origin", "https://shop.example");

/// So slow that little comes back while a test runs.
const THREE: Rate = Rate {
    requests: Some(1),
    bytes: None,
    burst: Duration::from_secs(3),
    observe: false,
};

/// Behind a proxy on this machine, without limits but those that the test sets.
async fn collector(change: impl FnOnce(&mut Config)) -> Collector {
    Collector::with(|config| {
        config.apps = vec![
            app("shop", "k1", "https://shop.example"),
            app("bank", "k2", "https://shop.example"),
        ];
        config.trusted_proxies = TrustedProxies {
            networks: vec![Network::parse("127.0.0.1").unwrap()],
            header: ForwardedHeader::XForwardedFor,
        };
        config.limits.address_rate = Rate::NONE;
        change(config);
    })
    .await
}

async fn send(collector: &Collector, key: &str, from: &str) -> Answer {
    let headers = [SHOP, ("x-forwarded-for", from)];
    collector
        .post(&format!("/collect/{key}"), &headers, logs(1))
        .await
}

fn refused(answer: &Answer) -> (u16, String, bool) {
    let wait = answer
        .header("retry-after")
        .and_then(|s| s.parse::<u64>().ok());
    let readable = answer.header("access-control-expose-headers");
    let readable = readable.is_some_and(|names| names.contains("retry-after"));
    assert!(answer.header("access-control-allow-origin").is_some());
    (
        answer.status,
        answer.error(),
        readable && wait.is_some_and(|s| (1..=3).contains(&s)),
    )
}

fn over(limit: &str, unit: &str, action: &str) -> String {
    format!("farol_rate_exceeded_total{{limit=\"{limit}\",unit=\"{unit}\",action=\"{action}\"}}")
}

/// Sends until it is refused. The bucket fills while it does, so the count is a least one.
async fn until_refused(collector: &Collector, key: &str, from: &str) -> (u64, Answer) {
    for taken in 0..1_000 {
        let answer = send(collector, key, from).await;
        if answer.status != 202 {
            return (taken, answer);
        }
    }
    panic!("never refused");
}

#[tokio::test]
async fn an_app_that_sends_too_much_is_told_when_to_come_back_and_the_others_go_on() {
    let collector = collector(|c| c.apps[0].rate = THREE).await;
    let (taken, answer) = until_refused(&collector, "k1", "192.0.2.1").await;
    assert!(taken >= 3);
    assert_eq!(refused(&answer), (429, "rate_app".into(), true));
    assert_eq!(send(&collector, "k2", "192.0.2.1").await.status, 202);
    assert_eq!(
        collector.metric(&over("app", "requests", "refused")).await,
        1
    );
    let line = "farol_requests_total{outcome=\"refused\",reason=\"rate_app\"}";
    assert_eq!(collector.metric(line).await, 1);
}

#[tokio::test]
async fn retry_after_is_true() {
    let collector = collector(|c| c.apps[0].rate = THREE).await;
    let (_, answer) = until_refused(&collector, "k1", "192.0.2.1").await;
    let wait = answer.header("retry-after").unwrap().parse().unwrap();
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(send(&collector, "k1", "192.0.2.1").await.status, 202);
}

#[tokio::test]
async fn an_address_that_sends_too_much_is_refused_and_its_neighbours_are_not() {
    let collector = collector(|c| c.limits.address_rate = THREE).await;
    let (taken, answer) = until_refused(&collector, "k1", "2001:db8:0:1::1").await;
    assert!(taken >= 3);
    assert_eq!(refused(&answer), (429, "rate_address".into(), true));
    let same_network = send(&collector, "k2", "2001:db8:0:1:ffff::2").await;
    assert_eq!(refused(&same_network), (429, "rate_address".into(), true));
    for other in ["2001:db8:0:2::1", "192.0.2.1", "192.0.2.2"] {
        assert_eq!(send(&collector, "k1", other).await.status, 202, "{other}");
    }
}

#[tokio::test]
async fn guessing_keys_costs_the_address_and_nobody_else() {
    let collector = collector(|c| {
        c.limits.address_rate = THREE;
        c.limits.rate = THREE;
        c.apps[0].rate = THREE;
    })
    .await;
    let mut refused_for = Vec::new();
    for n in 0..30 {
        let answer = send(&collector, &format!("guess-{n}"), "192.0.2.1").await;
        refused_for.push(answer.error());
    }
    assert!(refused_for[..3].iter().all(|why| why == "unknown_key"));
    assert!(refused_for.contains(&"rate_address".to_owned()));
    for from in ["192.0.2.2", "192.0.2.3", "192.0.2.4"] {
        assert_eq!(send(&collector, "k1", from).await.status, 202);
    }
}

/// What the queue keeps is as large as what a body inflates to.
#[tokio::test]
async fn a_body_that_inflates_to_much_more_than_was_sent_is_paid_for() {
    let collector = collector(|c| {
        c.limits.address_rate = Rate {
            requests: None,
            bytes: Some(100_000),
            burst: Duration::from_secs(20),
            observe: false,
        };
    })
    .await;
    let packed = async |letters: usize, from: &str| {
        let body = format!(r#"{{"logs":[{{"message":"{}"}}]}}"#, "a".repeat(letters));
        let headers = [
            SHOP,
            ("x-forwarded-for", from),
            ("content-encoding", "gzip"),
        ];
        let body = gzip(body.as_bytes());
        assert!(body.len() < 20_000);
        collector.post("/collect/k1", &headers, body).await.status
    };
    // What they are as sent would do a hundred times, and at once.
    let all = (0..20).map(|_| packed(2_000_000, "192.0.2.1"));
    let all = futures_util::future::join_all(all).await;
    let taken = all.iter().filter(|status| **status == 202).count();
    assert!((1..5).contains(&taken), "{all:?}");
    assert!(all.iter().all(|status| matches!(status, 202 | 429)));
    let plain = [SHOP, ("x-forwarded-for", "192.0.2.1")];
    let large = format!(r#"{{"logs":[{{"message":"{}"}}]}}"#, "a".repeat(900_000));
    let next = collector.post("/collect/k1", &plain, large).await;
    assert_eq!((next.status, next.error().as_str()), (429, "rate_address"));
    // Who is refused takes nothing from others.
    assert_eq!(packed(2_000_000, "192.0.2.2").await, 202);
}

/// What is refused before it is known whose it is costs the address as well.
#[tokio::test]
async fn what_cannot_be_read_costs_the_address() {
    let long = format!("/collect/k1?id={}", "x".repeat(300));
    let large = "x".repeat(33_000);
    let large = ("x-large", large.as_str());
    for (path, more, status) in [
        (long.as_str(), None, 400),
        ("/collect/k1?z=lzma", None, 415),
        ("/v1/logs", Some(("content-type", "image/png")), 415),
        ("/collect/k1", Some(large), 431),
        ("/v1/logs", Some(large), 431),
    ] {
        let collector = collector(|c| c.limits.address_rate = THREE).await;
        let headers = [SHOP, ("x-forwarded-for", "192.0.2.1")];
        let headers: Vec<_> = headers.into_iter().chain(more).collect();
        let mut answers = Vec::new();
        for _ in 0..20 {
            answers.push(collector.request("POST", path, &headers, b"").await);
        }
        let statuses: Vec<_> = answers.iter().map(|a| a.status).collect();
        assert_eq!(statuses[..3], [status; 3], "{path}");
        let last = answers.iter().find(|a| a.status == 429);
        let last = last.unwrap_or_else(|| panic!("{path}: {statuses:?}"));
        assert!(last.header("retry-after").is_some());
        assert!(last.header("access-control-allow-origin").is_some());
        assert_eq!(send(&collector, "k1", "192.0.2.1").await.status, 429);
        assert_eq!(send(&collector, "k1", "192.0.2.2").await.status, 202);
    }
}

/// What is asked of no app: an address pays for it as for all else.
#[tokio::test]
async fn what_leads_nowhere_and_what_is_asked_beforehand_cost_the_address() {
    for (method, path) in [
        ("GET", "/nowhere"),
        ("POST", "/collect/k1/and/more"),
        ("GET", "/collect/k1"),
        ("POST", "/config/k1"),
        ("OPTIONS", "/collect/k1"),
        ("OPTIONS", "/v1/logs"),
        ("OPTIONS", "/config/k1"),
        ("GET", "/sdk/farol.js"),
    ] {
        let collector = collector(|c| c.limits.address_rate = THREE).await;
        let headers = [SHOP, ("x-forwarded-for", "192.0.2.1")];
        let mut answers = Vec::new();
        for _ in 0..20 {
            let answer = collector.request(method, path, &headers, b"").await;
            answers.push(answer);
        }
        let statuses: Vec<_> = answers.iter().map(|a| a.status).collect();
        assert!(
            !statuses[..3].contains(&429),
            "{method} {path}: {statuses:?}"
        );
        let last = answers.iter().find(|a| a.status == 429);
        let last = last.unwrap_or_else(|| panic!("{method} {path}: {statuses:?}"));
        assert_eq!(
            refused(last),
            (429, "rate_address".into(), true),
            "{method} {path}"
        );
        let same = send(&collector, "k1", "192.0.2.1").await;
        assert_eq!(same.status, 429, "{method} {path}");
        assert_eq!(send(&collector, "k1", "192.0.2.2").await.status, 202);
    }
}

#[tokio::test]
async fn all_together_have_a_limit() {
    let collector = collector(|c| c.limits.rate = THREE).await;
    let (taken, answer) = until_refused(&collector, "k1", "192.0.2.1").await;
    assert!(taken >= 3);
    assert_eq!(refused(&answer), (429, "rate_all".into(), true));
    let other = send(&collector, "k2", "192.0.2.2").await;
    assert_eq!((other.status, &*other.error()), (429, "rate_all"));
}

#[tokio::test]
async fn bytes_are_paid_for_beforehand_or_as_they_come() {
    for chunked in [false, true] {
        let collector = collector(|c| {
            c.limits.body = 4_000;
            c.apps[0].rate = Rate {
                requests: None,
                bytes: Some(1_000),
                ..THREE
            };
        })
        .await;
        let payload = logs(30);
        let size = payload.len();
        let (mut headers, body) = match chunked {
            false => (vec![SHOP], payload),
            true => (
                vec![SHOP, ("transfer-encoding", "chunked")],
                format!("{size:x}\r\n{payload}\r\n0\r\n\r\n"),
            ),
        };
        headers.push(("x-forwarded-for", "192.0.2.1"));
        let mut answers = Vec::new();
        for _ in 0..20 {
            let answer = collector.post("/collect/k1", &headers, &body).await;
            answers.push((answer.status, answer.header("retry-after").is_some()));
        }
        assert_eq!(answers[0], (202, false), "a bucket holds the largest body");
        assert!(
            answers.contains(&(429, true)),
            "chunked {chunked}: {answers:?}"
        );
        let refused = collector.metric(&over("app", "bytes", "refused")).await;
        assert_eq!(
            refused,
            answers.iter().filter(|a| a.0 == 429).count() as u64
        );
    }
}

#[tokio::test]
async fn a_limit_that_only_observes_takes_everything_and_counts() {
    let observing = Rate {
        observe: true,
        ..THREE
    };
    let collector = collector(|c| {
        c.limits.address_rate = observing;
        c.limits.rate = observing;
        c.apps[0].rate = observing;
    })
    .await;
    for _ in 0..30 {
        assert_eq!(send(&collector, "k1", "192.0.2.1").await.status, 202);
    }
    for limit in ["app", "address", "all"] {
        assert!(collector.metric(&over(limit, "requests", "observed")).await > 0);
        assert_eq!(
            collector.metric(&over(limit, "requests", "refused")).await,
            0
        );
    }
}

#[tokio::test]
async fn who_is_no_trusted_proxy_cannot_choose_its_address() {
    let collector = collector(|c| {
        c.trusted_proxies = TrustedProxies::default();
        c.limits.address_rate = THREE;
    })
    .await;
    // It is this machine's own address then, which has no limit, however the header is made up.
    for _ in 0..30 {
        assert_eq!(send(&collector, "k1", "192.0.2.1").await.status, 202);
    }
}

#[tokio::test]
async fn a_reload_changes_the_rate_and_fills_no_bucket() {
    let mut collector = collector(|c| c.apps[0].rate = THREE).await;
    until_refused(&collector, "k1", "192.0.2.1").await;
    assert!(collector.reload(|c| c.apps[1].rate = THREE).await);
    let (taken, _) = until_refused(&collector, "k1", "192.0.2.1").await;
    assert!(taken < 3, "{taken}");
    assert!(collector.reload(|c| c.apps[0].rate = Rate::NONE).await);
    for _ in 0..30 {
        assert_eq!(send(&collector, "k1", "192.0.2.1").await.status, 202);
    }
}

/// What strangers can make up without end, and what it may cost: no series, and no memory that grows with it.
#[tokio::test]
async fn a_flood_of_keys_origins_names_and_addresses_mints_nothing() {
    let collector = collector(|c| c.limits.address_rate = THREE).await;
    let lines = |text: String| text.lines().filter(|l| !l.starts_with('#')).count();
    send(&collector, "k1", "192.0.2.1").await;
    send(&collector, "no", "192.0.2.1").await;
    let mut stream = collector.connect().await;
    let rounds = match std::env::var_os("FAROL_FULL") {
        Some(_) => 100_000u32,
        None => 2_000,
    };
    let evil = [
        ("origin", "https://evil.example"),
        ("x-forwarded-for", "192.0.2.7"),
    ];
    collector.post("/collect/k1", &evil, logs(1)).await;
    let before = lines(collector.get("/metrics").await.body);
    for n in 0..rounds {
        let body =
            format!(r#"{{"meta":{{"app":{{"name":"name-{n}"}}}},"logs":[{{"message":"m"}}]}}"#);
        let (key, origin) = match n % 3 {
            0 => (format!("key-{n}"), "https://shop.example".into()),
            1 => ("k1".into(), format!("https://o{n}.example")),
            _ => ("k1".into(), "https://shop.example".to_owned()),
        };
        let from = std::net::Ipv4Addr::from_bits(0x0b00_0000 + n);
        let head = format!(
            "POST /collect/{key} HTTP/1.1\r\nhost: t\r\norigin: {origin}\r\nx-forwarded-for: {from}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let status = read_answer(&mut stream).await.status;
        assert!([202, 403, 429, 503].contains(&status), "{status}");
    }
    let after = lines(collector.get("/metrics").await.body);
    assert!(after <= before + 3, "{before} series before, {after} after");
}

#[tokio::test]
async fn what_is_heard_out_of_a_body_that_is_too_large_costs_the_address() {
    let collector = collector(|config| {
        config.limits.body = 100_000;
        config.limits.address_rate = Rate {
            requests: None,
            bytes: Some(1),
            burst: Duration::from_secs(200_000),
            observe: false,
        };
    })
    .await;
    let large = "x".repeat(150_000);
    let headers = [SHOP, ("x-forwarded-for", "192.0.2.1")];
    for _ in 0..2 {
        let answer = collector.post("/collect/k1", &headers, &large).await;
        assert_eq!((answer.status, &*answer.error()), (413, "too_large"));
    }
    // 64 KiB of each were for nothing, as anybody's; the rest is 168,928 of 200,000 bytes.
    let fits = logs(300);
    assert!((20_000..31_000).contains(&fits.len()), "{}", fits.len());
    let answer = collector.post("/collect/k1", &headers, &fits).await;
    assert_eq!(answer.status, 202);
    let answer = collector.post("/collect/k1", &headers, &fits).await;
    assert_eq!((answer.status, &*answer.error()), (429, "rate_address"));
    assert_eq!(send(&collector, "k1", "192.0.2.2").await.status, 202);
}
