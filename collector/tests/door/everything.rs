//! Everything at once: random items through every path, faulty destinations, duplicates, settings that change under load, and a restart. The
//! books hold to the item, and what was acknowledged arrives. FAROL_FULL asks for a million items instead of ten thousand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use farol_collector::config::Config;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;

use crate::harness::{Backend, Collector, app, gzip};
use crate::ledgers::{Dice, sum};

const CLIENTS: u64 = 8;
const SHOP: (&str, &str) = ("origin", "https://shop.example");

/// What the clients know of what they sent.
#[derive(Default)]
struct Tally {
    requests: AtomicU64,
    /// Ended without an answer.
    cut: AtomicU64,
    accepted: AtomicU64,
    duplicate: AtomicU64,
    refused: AtomicU64,
    /// Items that were acknowledged, and how many of them become log records and spans.
    items: AtomicU64,
    records: AtomicU64,
    spans: AtomicU64,
    dropped: AtomicU64,
}

impl Tally {
    fn get(&self) -> BTreeMap<&'static str, u64> {
        let all = [
            ("requests", &self.requests),
            ("aborted", &self.cut),
            ("accepted", &self.accepted),
            ("duplicate", &self.duplicate),
            ("refused", &self.refused),
            ("items", &self.items),
            ("dropped", &self.dropped),
        ];
        all.map(|(name, n)| (name, n.load(Relaxed))).into()
    }
}

/// A payload of `n` items of random kinds, and how many of them are spans.
fn payload(dice: &mut Dice, n: u64) -> (String, u64) {
    let at = "2026-01-02T03:04:05.678Z";
    let (mut lists, mut spans) = ([const { Vec::<String>::new() }; 4], Vec::new());
    for i in 0..n {
        match dice.roll(20) {
            0..8 => lists[0].push(format!(r#"{{"message":"hello {i}","level":"info","timestamp":"{at}"}}"#)),
            8..12 => lists[1].push(format!(r#"{{"name":"click","timestamp":"{at}","attributes":{{"n":"{i}"}}}}"#)),
            12..15 => lists[2].push(format!(r#"{{"type":"web-vitals","values":{{"lcp":{i}}},"timestamp":"{at}"}}"#)),
            15..17 => lists[3].push(format!(r#"{{"type":"Error","value":"broken {i}","timestamp":"{at}"}}"#)),
            17 => lists[0].push("7".into()),
            _ => spans.push(format!(
                r#"{{"traceId":"{:032x}","spanId":"{:016x}","name":"GET","kind":3,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000000000001"}}"#,
                dice.roll(u64::MAX) | 1,
                dice.roll(u64::MAX) | 1
            )),
        }
    }
    let lists = lists.map(|list| list.join(","));
    let spans_in = spans.len() as u64;
    let body = format!(
        r#"{{"meta":{{"app":{{"name":"x"}},"session":{{"id":"s1"}}}},"logs":[{}],"events":[{}],"measurements":[{}],"exceptions":[{}],"traces":{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}}}"#,
        lists[0],
        lists[1],
        lists[2],
        lists[3],
        spans.join(",")
    );
    (body, spans_in)
}

/// One client: sends about `items`, each request of a random kind.
async fn client(collector: &Collector, mut dice: Dice, life: u64, items: u64, tally: &Tally) {
    let (mut sent, mut known) = (0, Vec::<(String, Vec<u8>, u64)>::new());
    while sent < items {
        let n = 1 + dice.roll(80);
        sent += n;
        let (body, spans) = payload(&mut dice, n);
        let name = dice.roll(u64::MAX);
        let (path, body, spans) = match dice.roll(16) {
            0 => ("/collect/k1".to_owned(), b"no json".to_vec(), 0),
            1 => ("/collect/nobody".to_owned(), body.into_bytes(), 0),
            2 => (
                "/collect/k1?z=gzip".to_owned(),
                gzip(body.as_bytes())[..20].to_vec(),
                0,
            ),
            3 => ("/collect/k1".to_owned(), vec![b' '; 70_000], 0),
            4 => {
                let off = body.replacen('{', r#"{"farol":{"state":"off"},"#, 1);
                ("/collect/k1".to_owned(), off.into_bytes(), 0)
            }
            5 => {
                let mut stream = collector.connect().await;
                let head = "POST /collect/k1 HTTP/1.1\r\nhost: a\r\norigin: https://shop.example\r\ncontent-length: 9\r\n\r\n{";
                stream.write_all(head.as_bytes()).await.unwrap();
                tally.requests.fetch_add(1, Relaxed);
                tally.cut.fetch_add(1, Relaxed);
                continue;
            }
            6 | 7 if !known.is_empty() => {
                let at = dice.roll(known.len() as u64) as usize;
                let (path, body, spans) = known[at].clone();
                (format!("{path}&try=2"), body, spans)
            }
            8..12 => {
                let path = format!("/collect/k1?z=gzip&id={life}-{name}");
                let batch = (path, gzip(body.as_bytes()), spans);
                known.push(batch.clone());
                batch
            }
            _ => ("/collect/k1".to_owned(), body.into_bytes(), spans),
        };
        let answer = collector.post(&path, &[SHOP], body).await;
        tally.requests.fetch_add(1, Relaxed);
        if answer.status != 202 {
            tally.refused.fetch_add(1, Relaxed);
            continue;
        }
        let said = answer.json();
        if said["status"] == "duplicate" {
            tally.duplicate.fetch_add(1, Relaxed);
            continue;
        }
        let taken = said["items"].as_u64().unwrap();
        tally.accepted.fetch_add(1, Relaxed);
        tally.items.fetch_add(taken, Relaxed);
        tally
            .dropped
            .fetch_add(said["dropped"].as_u64().unwrap(), Relaxed);
        tally.records.fetch_add(taken - spans.min(taken), Relaxed);
        tally.spans.fetch_add(spans.min(taken), Relaxed);
    }
}

/// Changes settings and the destinations' moods until the clients are done, and twice however soon that is.
async fn trouble(collector: &Collector, backends: &[Backend; 3], done: &AtomicU64) {
    let [steady, flapping, passing] = backends;
    let mut round = 0;
    while done.load(Relaxed) < CLIENTS || round < 2 {
        round += 1;
        flapping.answers([200, 503, 200, 500][round % 4]);
        let mut config = collector.settings();
        config.limits.body -= round;
        let mut changed = flapping.destination("flapping");
        changed.retry.initial += Duration::from_millis(round as u64);
        config.destinations = vec![steady.destination("steady"), changed];
        if round % 2 == 0 {
            config.destinations.push(passing.destination("passing"));
        }
        assert!(collector.offer(Ok(config)).await);
        let wrong = collector.offer(Err("a wrong setting".into())).await;
        assert!(!wrong);
    }
    flapping.answers(200);
}

fn check(text: &str, name: &str) -> u64 {
    let of = |family: &str| sum(text, &format!("{family}{{destination=\"{name}\""));
    let came = of("farol_destination_items_received_total");
    let went = of("farol_destination_items_total");
    assert_eq!(came, went + of("farol_destination_items_pending"), "{name}");
    came
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_hold_through_everything() {
    let full = std::env::var_os("FAROL_FULL").is_some();
    let (items, patience) = if full { (1_000_000, 600) } else { (10_000, 30) };
    let backends = [
        Backend::start().await,
        Backend::start().await,
        Backend::start().await,
    ];
    let settings = |config: &mut Config| {
        config.apps = vec![app("shop", "k1", "https://shop.example")];
        config.limits.body = 64 << 10;
        config.destinations = ["steady", "flapping"]
            .into_iter()
            .zip(&backends)
            .map(|(name, backend)| backend.destination(name))
            .collect();
    };
    let mut folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let (mut enqueued, mut acknowledged, mut records, mut spans) = (0, 0, 0, 0);
    for life in 0..2 {
        let collector = Collector::in_folder(folder, settings).await;
        let (tally, done) = (Tally::default(), AtomicU64::new(0));
        let clients = (0..CLIENTS).map(|i| {
            let dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (life << 32 | (i + 1) << 8));
            let (collector, tally, done) = (&collector, &tally, &done);
            async move {
                client(collector, dice, life, items / 2 / CLIENTS, tally).await;
                done.fetch_add(1, Relaxed);
            }
        });
        tokio::join!(join_all(clients), trouble(&collector, &backends, &done));

        // Those that hung up are noticed a moment later.
        let start = Instant::now();
        let text = loop {
            let text = collector.get("/metrics").await.body;
            let pending = sum(&text, "farol_destination_items_pending");
            let open =
                sum(&text, "farol_requests_received_total") - sum(&text, "farol_requests_total{");
            // The first life ends with whatever is pending.
            if open == 0 && (life == 0 || pending == 0) {
                break text;
            }
            assert!(
                start.elapsed() < Duration::from_secs(patience),
                "{open} open, {pending} pending"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let outcome = |name: &str| sum(&text, &format!("farol_requests_total{{outcome=\"{name}\""));
        let item = |name: &str| sum(&text, &format!("farol_items_total{{outcome=\"{name}\""));
        let told: BTreeMap<_, _> = [
            ("requests", sum(&text, "farol_requests_received_total")),
            ("aborted", outcome("aborted")),
            ("accepted", outcome("accepted")),
            ("duplicate", outcome("duplicate")),
            ("refused", outcome("refused")),
            ("items", item("enqueued")),
            ("dropped", item("dropped")),
        ]
        .into();
        assert_eq!(told, tally.get(), "life {life}");
        assert!(told.values().all(|n| *n > 0), "{told:?}");
        assert_eq!(
            sum(&text, "farol_items_seen_total"),
            sum(&text, "farol_items_total{")
        );
        for name in ["steady", "flapping", "passing"] {
            check(&text, name);
        }
        assert_eq!(sum(&text, "farol_bugs_total"), 0);
        let generations = sum(&text, "farol_config_generation");
        assert!(generations > 2, "{generations} generations");
        enqueued += item("enqueued");
        acknowledged += tally.items.load(Relaxed);
        records += tally.records.load(Relaxed);
        spans += tally.spans.load(Relaxed);
        folder = collector.stop().await;
    }
    assert_eq!(enqueued, acknowledged);
    for (name, backend) in ["steady", "flapping"].into_iter().zip(&backends) {
        assert_eq!(backend.distinct(), records, "{name}: each record arrives");
        assert!(backend.logs() >= records, "{name}");
        assert_eq!(backend.distinct_spans(), spans, "{name}: each span arrives");
    }
}
