//! Requests that can be read in two ways.

use farol_load::attack::raw::{PATHS, answers, smuggling};

use crate::program::Program;

#[tokio::test]
async fn no_request_hides_behind_another() {
    let program = Program::start("");
    let sent = smuggling().into_iter().map(|case| {
        let to = program.address;
        (
            case.name,
            case.status,
            tokio::spawn(async move { answers(to, &case.bytes).await }),
        )
    });
    for (name, status, answers) in sent.collect::<Vec<_>>() {
        let answers = answers.await.unwrap();
        let statuses: Vec<_> = answers.iter().map(|a| a.status).collect();
        println!("{name}: {statuses:?}");
        // The second request is the only one that is answered with 405; a reader that takes it has been fooled, or kept a connection
        // whose framing is in doubt. One that answers nothing has not said no.
        assert_eq!(statuses, [status], "{name}");
    }
    program.lives().await;
}

#[tokio::test]
async fn a_plain_pair_of_requests_is_still_two() {
    let program = Program::start("");
    let plain = b"POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n12345GET /collect HTTP/1.1\r\nhost: a\r\n\r\n";
    let statuses: Vec<_> = answers(program.address, plain)
        .await
        .iter()
        .map(|a| a.status)
        .collect();
    assert_eq!(statuses, [404, 405]);
}

#[tokio::test]
async fn no_path_leads_to_what_is_not_public() {
    let program = Program::start("path = \"/rum\"");
    for path in
        PATHS
            .iter()
            .copied()
            .chain(["/rum/../metrics", "/rum//metrics", "/rum/%2e%2e/metrics"])
    {
        for method in ["GET", "POST"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let answers = answers(program.address, request.as_bytes()).await;
            let allowed = [400, 401, 403, 404, 405];
            for answer in &answers {
                assert!(
                    allowed.contains(&answer.status),
                    "{method} {path}: {answer:?}"
                );
                let body = String::from_utf8_lossy(&answer.body);
                assert!(
                    !body.contains("farol_") && !body.contains("healthy"),
                    "{method} {path}: {body}"
                );
            }
            assert!(answers.len() <= 1, "{method} {path}");
        }
    }
    program.lives().await;
}

/// What operators see where they have no address of their own.
const FIGURES: [&str; 3] = ["/metrics", "/metrics/rum", "/-/status"];

#[tokio::test]
async fn what_operators_see_is_shown_to_nobody_that_a_proxy_speaks_for() {
    // The proxy is on the same machine, so that every connection is from here.
    for more in ["", "trusted_proxies = [\"127.0.0.0/8\"]"] {
        let program = Program::at_one_address(more);
        let asked = async |path: &str, version: &str, headers: &str| {
            let request =
                format!("GET {path} HTTP/{version}\r\n{headers}\r\nconnection: close\r\n\r\n");
            let answers = answers(program.address, request.as_bytes()).await;
            assert_eq!(answers.len(), 1, "{request}");
            let body = String::from_utf8_lossy(&answers[0].body).into_owned();
            (answers[0].status, body)
        };
        for path in FIGURES {
            for (version, headers) in [
                ("1.1", "host: 127.0.0.1\r\nx-forwarded-for: 198.51.100.7"),
                ("1.1", "host: 127.0.0.1\r\nx-forwarded-for: 127.0.0.1"),
                (
                    "1.1",
                    "host: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1, 198.51.100.7",
                ),
                ("1.1", "host: 127.0.0.1\r\nx-forwarded-for:"),
                ("1.1", "host: 127.0.0.1\r\nforwarded: for=127.0.0.1"),
                ("1.1", "host: 127.0.0.1\r\nx-real-ip: 127.0.0.1"),
                ("1.1", "host: 127.0.0.1\r\nvia: 1.1 proxy"),
                ("1.1", "host: rum.example"),
                ("1.0", "host: 127.0.0.1"),
            ] {
                let (status, body) = asked(path, version, headers).await;
                assert_eq!(status, 403, "{path} {headers}");
                assert!(
                    body.contains("operators_only") && body.contains("admin_listen"),
                    "{body}"
                );
                assert!(!body.contains("farol_") && !body.contains("shop"), "{body}");
            }
            let (status, _) = asked(path, "1.1", "host: 127.0.0.1").await;
            assert_eq!(status, 200, "{path}");
        }
        let stranger = "host: rum.example\r\nx-forwarded-for: 198.51.100.7";
        for path in ["/-/ready", "/-/healthy"] {
            assert_eq!(asked(path, "1.1", stranger).await.0, 200, "{path}");
        }
        for path in [
            "/-/tail",
            "/-/queue/erase",
            "/-/queue/replay",
            "/-/dead-letters/replay",
        ] {
            assert_eq!(asked(path, "1.1", "host: 127.0.0.1").await.0, 404, "{path}");
        }
        program.lives().await;
    }
}

#[tokio::test]
async fn asking_for_what_operators_see_costs_its_address() {
    let program = Program::at_one_address("trusted_proxies = [\"127.0.0.0/8\"]");
    // The least that an address has in hands is a thousand requests, and a hundred more for each second that this takes.
    let request = "GET /metrics HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 198.51.100.7\r\n";
    let many = format!("{request}\r\n").repeat(499) + request + "connection: close\r\n\r\n";
    let mut refused = 0;
    for _ in 0..40 {
        let answers = answers(program.address, many.as_bytes()).await;
        refused += answers.iter().filter(|it| it.status == 429).count();
        if refused > 0 {
            break;
        }
    }
    assert!(refused > 0);
    program.lives().await;
}
