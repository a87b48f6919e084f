//! Distinct bodies of the captured shapes: as many sessions, trace and span ids as there are bodies, so that nothing that caches or
//! deduplicates by content has it easier than in life.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde_json::Value;

pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) items: u64,
    pub(crate) user_agent: String,
}

/// The shapes in `folder` (each file a request with its `body`), in turn, until there are `distinct`.
pub(crate) fn make(folder: &Path, distinct: usize) -> Result<Vec<Body>> {
    let mut shapes = Vec::new();
    let mut paths: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    for path in paths {
        let request: Value = serde_json::from_slice(&fs::read(&path)?)?;
        shapes.push(request["body"].clone());
    }
    ensure!(
        !shapes.is_empty(),
        "{} holds no captured requests",
        folder.display()
    );
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    Ok((0..distinct)
        .map(|n| {
            let mut body = shapes[n % shapes.len()].clone();
            let session = format!("{:016x}", random.next());
            body["meta"]["session"]["id"] = session.into();
            let user_agent = format!(
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.0 Safari/537.36",
                100 + n % 50,
                1000 + n % 40
            );
            body["meta"]["browser"]["userAgent"] = user_agent.clone().into();
            vary(&mut body, &mut random);
            Body { items: count(&body), bytes: body.to_string().into(), user_agent }
        })
        .collect())
}

fn vary(value: &mut Value, random: &mut Random) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match (key.as_str(), &field) {
                    ("traceId" | "trace_id", Value::String(_)) => {
                        *field = format!("{:016x}{:016x}", random.next(), random.next() | 1).into();
                    }
                    ("spanId" | "span_id", Value::String(_)) => {
                        *field = format!("{:016x}", random.next() | 1).into();
                    }
                    _ => vary(field, random),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| vary(item, random)),
        _ => {}
    }
}

fn count(body: &Value) -> u64 {
    let list = |key: &str| body[key].as_array().map_or(0, Vec::len);
    let spans: usize = body["traces"]["resourceSpans"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|resource| resource["scopeSpans"].as_array())
        .flatten()
        .map(|scope| scope["spans"].as_array().map_or(0, Vec::len))
        .sum();
    (list("logs") + list("exceptions") + list("measurements") + list("events") + spans) as u64
}

/// xorshift64*: the same bodies on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
