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
            tokio::spawn(async move { answers(to, &case.bytes).await }),
        )
    });
    for (name, answers) in sent.collect::<Vec<_>>() {
        let answers = answers.await.unwrap();
        let statuses: Vec<_> = answers.iter().map(|a| a.status).collect();
        println!("{name}: {statuses:?}");
        // The second request is the only one that is answered with 405; a reader that takes it has been fooled, or kept a connection
        // whose framing is in doubt.
        assert!(statuses.len() <= 1, "{name}: {statuses:?}");
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
