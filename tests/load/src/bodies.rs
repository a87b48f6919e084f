//! Distinct bodies of the captured shapes: each request has its own session, trace and span ids and its own times, so that nothing that
//! caches or deduplicates by content has it easier than in life.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde_json::Value;

/// Browsers that are told apart: about as many as a large site sees in an hour.
const USER_AGENTS: usize = 2_000;
/// Visitors' addresses.
const ADDRESSES: usize = 10_000;

/// A body, and what the request around it says.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    /// Where ids stand whose first eight digits each request makes its own.
    ids: Vec<usize>,
    /// Items in it.
    pub items: u64,
    /// Those of them that become log records: all but spans.
    pub records: u64,
    /// The browser's.
    pub user_agent: String,
    /// The visitor's.
    pub address: String,
}

impl Body {
    /// How long it is.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of request `n`.
    pub fn of(&self, n: usize) -> Bytes {
        let mut bytes = self.bytes.clone();
        let own = format!("{:08x}", (n as u32).wrapping_mul(0x9e37_79b1) | 1);
        for at in &self.ids {
            bytes[*at..*at + 8].copy_from_slice(own.as_bytes());
        }
        bytes.into()
    }
}

/// The shapes in `folder` (each file a request with its `body`), in turn, until there are `distinct`.
///
/// # Errors
/// When the folder holds none.
pub fn make(folder: &Path, distinct: usize) -> Result<Vec<Body>> {
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    Ok((0..distinct)
        .map(|n| {
            one(
                &shapes[n % shapes.len()],
                n,
                now - n as u64 % 5_000,
                &mut random,
            )
        })
        .collect())
}

fn one(shape: &Value, n: usize, now: u64, random: &mut Random) -> Body {
    let mut body = shape.clone();
    let mut ids = Vec::new();
    let session = random.id(16, &mut ids);
    body["meta"]["session"]["id"] = session.into();
    let browser = n % USER_AGENTS;
    let user_agent = format!(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.0 Safari/537.36",
        100 + browser % 50,
        1000 + browser / 50
    );
    body["meta"]["browser"]["userAgent"] = user_agent.clone().into();
    vary(&mut body, now, random, &mut ids);
    let address = n % ADDRESSES;
    let text = body.to_string();
    Body {
        ids: ids
            .iter()
            .flat_map(|id| text.match_indices(id).map(|(at, _)| at))
            .collect(),
        items: count(&body) + spans(&body),
        records: count(&body),
        bytes: text.into_bytes(),
        user_agent,
        address: format!("10.0.{}.{}", address / 256, address % 256),
    }
}

fn vary(value: &mut Value, now: u64, random: &mut Random, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match (key.as_str(), &field) {
                    ("traceId" | "trace_id", Value::String(_)) => {
                        *field = random.id(32, ids).into();
                    }
                    ("spanId" | "span_id", Value::String(_)) => *field = random.id(16, ids).into(),
                    ("timestamp", Value::String(_)) => *field = rfc3339(now).into(),
                    (
                        "startTimeUnixNano" | "endTimeUnixNano" | "timeUnixNano",
                        Value::String(_),
                    ) => {
                        *field = format!("{now}000000").into();
                    }
                    _ => vary(field, now, random, ids),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| vary(item, now, random, ids)),
        _ => {}
    }
}

/// By the civil calendar (Howard Hinnant's days_from_civil, the other way round).
fn rfc3339(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let z = days + 719_468;
    let (era, day) = (z / 146_097, z % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    format!(
        "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{:02}.{:03}Z",
        of_year - (153 * shifted + 2) / 5 + 1,
        rest / 1000 % 60,
        rest % 1000
    )
}

fn count(body: &Value) -> u64 {
    let list = |key: &str| body[key].as_array().map_or(0, Vec::len);
    (list("logs") + list("exceptions") + list("measurements") + list("events")) as u64
}

fn spans(body: &Value) -> u64 {
    body["traces"]["resourceSpans"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|resource| resource["scopeSpans"].as_array())
        .flatten()
        .map(|scope| scope["spans"].as_array().map_or(0, Vec::len) as u64)
        .sum()
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

    fn id(&mut self, digits: usize, ids: &mut Vec<String>) -> String {
        let mut id = format!("{:016x}", self.next() | 1);
        if digits > 16 {
            id += &format!("{:016x}", self.next() | 1);
        }
        ids.push(id.clone());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_one_body_differ_in_their_ids_alone() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/faro-2.12.1");
        let bodies = make(&folder, 14).unwrap();
        for body in &bodies {
            let (a, b) = (body.of(1), body.of(2));
            let (a, b): (Value, Value) = (
                serde_json::from_slice(&a).unwrap(),
                serde_json::from_slice(&b).unwrap(),
            );
            assert_ne!(a["meta"]["session"]["id"], b["meta"]["session"]["id"]);
            assert_eq!(
                (count(&a) + spans(&a), a["meta"]["page"].clone()),
                (body.items, b["meta"]["page"].clone())
            );
        }
        assert_ne!(bodies[0].address, bodies[1].address);
    }

    #[test]
    fn times_are_written_as_browsers_write_them() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_709_210_096_789), "2024-02-29T12:34:56.789Z");
        assert_eq!(rfc3339(1_767_225_599_999), "2025-12-31T23:59:59.999Z");
    }
}
