//! The bounds that hold without any setting, each on both of its sides, as a client meets them.

use tokio::io::AsyncWriteExt as _;

use crate::harness::{Collector, gzip, logs, read_answer};

/// A payload of exactly this many bytes.
fn sized(bytes: usize) -> String {
    let body = logs(1);
    let padding = " ".repeat(bytes - body.len());
    format!("{body}{padding}")
}

fn zstd(plain: &[u8], window_log: u32) -> Vec<u8> {
    let mut out = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    out.window_log(window_log).unwrap();
    out.include_contentsize(false).unwrap();
    std::io::Write::write_all(&mut out, plain).unwrap();
    out.finish().unwrap()
}

#[tokio::test]
async fn what_is_refused_is_what_is_over_the_bound() {
    let collector = Collector::start().await;
    let nested = |depth: usize| {
        let lists = depth - 1;
        format!(
            r#"{{"logs":[{{"message":"m"}}],"x":{}{}}}"#,
            "[".repeat(lists),
            "]".repeat(lists)
        )
        .into_bytes()
    };
    let mib = 1 << 20;
    for (path, body, status, error) in [
        ("/collect", sized(mib).into_bytes(), 202, ""),
        ("/collect", sized(mib + 1).into_bytes(), 413, "too_large"),
        ("/collect?z=gzip", gzip(sized(5 * mib).as_bytes()), 202, ""),
        (
            "/collect?z=gzip",
            gzip(sized(5 * mib + 1).as_bytes()),
            413,
            "inflated_too_large",
        ),
        ("/collect?z=zstd", zstd(logs(1).as_bytes(), 23), 202, ""),
        (
            "/collect?z=zstd",
            zstd(logs(1).as_bytes(), 24),
            400,
            "bad_encoding",
        ),
        ("/collect", nested(32), 202, ""),
        ("/collect", nested(33), 400, "too_deep"),
    ] {
        let size = body.len();
        let answer = collector.post(path, &[], body).await;
        assert_eq!(answer.status, status, "{path} {size}");
        if status != 202 {
            assert_eq!(answer.error(), error, "{path} {size}");
        }
    }
    for (bytes, status) in [(32 << 10, 202), ((32 << 10) + 1, 431), (64 << 10, 431)] {
        for piece in [usize::MAX, 1_000] {
            assert_eq!(
                head_of(&collector, bytes, piece).await,
                status,
                "{bytes} in pieces of {piece}"
            );
        }
    }
}

/// The answer to a request whose head is exactly so long.
async fn head_of(collector: &Collector, bytes: usize, piece: usize) -> u16 {
    let body = logs(1);
    let lines = format!(
        "POST /collect HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    let fill = bytes - lines.len() - "x-fill: \r\n\r\n".len();
    let head = format!("{lines}x-fill: {}\r\n\r\n", "x".repeat(fill));
    assert_eq!(head.len(), bytes);
    let mut stream = collector.connect().await;
    for piece in head.as_bytes().chunks(piece.min(bytes)) {
        // It may be refused before all of it is sent.
        let _ = stream.write_all(piece).await;
    }
    let _ = stream.write_all(body.as_bytes()).await;
    read_answer(&mut stream).await.status
}

#[tokio::test]
async fn what_is_cut_is_what_is_over_the_bound_and_it_is_counted() {
    let collector = Collector::start().await;
    let cut = |what: &str| format!("farol_cut_total{{what=\"{what}\"}}");
    let dropped = "farol_items_total{outcome=\"dropped\",reason=\"too_many\"}";
    let attributes = |n: usize| {
        let all: Vec<_> = (0..n).map(|n| format!("\"a{n}\":\"v\"")).collect();
        format!(
            r#"{{"logs":[{{"message":"m","context":{{{}}}}}]}}"#,
            all.join(",")
        )
    };
    let text = |n: usize| format!(r#"{{"logs":[{{"message":"{}"}}]}}"#, "x".repeat(n));
    for (body, items, parts, texts) in [
        (attributes(128), 0, 0, 0),
        (attributes(129), 0, 1, 0),
        (text(128 << 10), 0, 1, 0),
        (text((128 << 10) + 1), 0, 1, 1),
        (logs(2_000), 0, 1, 1),
        (logs(2_001), 1, 1, 1),
    ] {
        assert_eq!(collector.post("/collect", &[], body).await.status, 202);
        assert_eq!(collector.metric(&cut("parts")).await, parts);
        assert_eq!(collector.metric(&cut("texts")).await, texts);
        assert_eq!(collector.metric(dropped).await, items);
    }
}
