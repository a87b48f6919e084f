//! Bodies that are small on the wire and much once they are written out for a destination.

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

use super::{Answers, Attack, Target, paced, post};

/// Items of a body: what a collector takes of one by default.
const ITEMS: usize = 2_000;

pub(super) async fn run(target: &Target, attack: Attack) -> Result<Answers> {
    let body = match attack.name {
        "repeated-meta" => repeated_meta(),
        _ => dense_attributes(),
    };
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(body.as_bytes())?;
    let packed = packed.finish()?;
    paced(target, attack, &|target, _| {
        post(target, "content-encoding: gzip\r\n", &packed)
    })
    .await
}

/// Almost 2 KiB about the session, which stand on each of the items.
fn repeated_meta() -> String {
    let about: Vec<String> = (0..128).map(|n| format!(r#""k{n:02}":{n}"#)).collect();
    let items = vec![r#"{"message":"m"}"#; ITEMS].join(",");
    format!(
        r#"{{"meta":{{"session":{{"id":"s","attributes":{{{}}}}}}},"logs":[{items}]}}"#,
        about.join(",")
    )
}

/// As many attributes as an item may have, on as many items, none longer than it must be.
fn dense_attributes() -> String {
    let own: Vec<String> = (0..128).map(|n| format!(r#""{n:x}":1"#)).collect();
    let item = format!(r#"{{"message":"m","context":{{{}}}}}"#, own.join(","));
    format!(
        r#"{{"meta":{{}},"logs":[{}]}}"#,
        vec![item; ITEMS].join(",")
    )
}
