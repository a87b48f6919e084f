//! Values that are new each time, toward whatever may keep a table by them.

use anyhow::Result;

use super::{Answers, Attack, Target, paced, post};

/// Series of a request: each an item with a page, a browser and a release of its own.
const SERIES: usize = 100;

pub(super) async fn run(target: &Target, attack: Attack) -> Result<Answers> {
    match attack.name {
        "distinct-keys" => {
            paced(target, attack, &|target, n| {
                let other = Target { key: format!("no-such-key-{n}"), ..target.clone() };
                post(&other, "", b"{}")
            })
            .await
        }
        "distinct-origins" => {
            paced(target, attack, &|target, n| {
                let other = Target { origin: format!("https://o{n}.example"), ..target.clone() };
                post(&other, "", b"{}")
            })
            .await
        }
        "distinct-apps" => {
            paced(target, attack, &|target, n| {
                let body = format!(
                    r#"{{"meta":{{"app":{{"name":"app-{n}","version":"{n}","environment":"e{n}"}},"session":{{"id":"s{n}"}}}},"logs":[{{"message":"m","level":"info"}}]}}"#
                );
                post(target, "", body.as_bytes())
            })
            .await
        }
        _ => {
            let requests = Attack {
                count: attack.count.div_ceil(SERIES),
                rate: attack.rate / SERIES as f64,
                ..attack
            };
            paced(target, requests, &|target, n| post(target, "", series(n).as_bytes())).await
        }
    }
}

fn series(n: usize) -> String {
    let items: Vec<_> = (n * SERIES..(n + 1) * SERIES)
        .map(|i| {
            format!(
                r#"{{"type":"web-vitals","values":{{"lcp":{i},"custom_{i}":1}},"context":{{"page":"/p{i}","rating":"r{i}"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"meta":{{"app":{{"name":"shop","release":"r{n}"}},"page":{{"url":"https://shop.example/p{n}","id":"p{n}"}},"browser":{{"name":"B{n}","os":"O{n}"}},"session":{{"id":"s{n}"}}}},"measurements":[{}]}}"#,
        items.join(",")
    )
}
