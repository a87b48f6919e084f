//! The SDK's core: what pages, browsers and other people's scripts hand it. Whatever comes in, what goes out is a payload that can be read.

use std::cell::RefCell;
use std::rc::Rc;

use farol_sdk::abi::{op, signal};
use farol_sdk::client::Client;
use farol_sdk::host::Host;
use farol_sdk::vitals::what;
use serde_json::Value;

/// The wall clock at `performance.now()` = 0.
const EPOCH: f64 = 1_767_225_600_000.0;

/// Bytes of a payload: what bursts may come to, with its meta and its frame.
const PAYLOAD: usize = 256 * 1024;

/// Numbers of `START`, none of them given (`farol_sdk::options`).
const GIVEN: usize = 18;

/// Causes of one exception that are kept, as the adapters keep them.
const CAUSES: u32 = 2;

/// What the core said: signals and their bytes.
type Said = Rc<RefCell<Vec<(u32, Vec<u8>)>>>;

/// A page that writes down what it is told, and answers what it is asked.
struct Page {
    said: Said,
    wall: f64,
}

impl Host for Page {
    fn emit(&mut self, signal: u32, bytes: &[u8]) -> f64 {
        self.said.borrow_mut().push((signal, bytes.to_vec()));
        match signal {
            signal::HOOK => -2.0,
            // Nothing is known of the browser: an answer of no fields.
            _ => 0.0,
        }
    }

    fn number(&self, value: f64, room: &mut [u8]) -> usize {
        assert!(value.is_finite());
        // JavaScript turns to exponents where Rust does not.
        let text = if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) {
            format!("{value:e}")
        } else {
            value.to_string()
        };
        room[..text.len()].copy_from_slice(text.as_bytes());
        text.len()
    }

    fn wall(&self) -> f64 {
        self.wall
    }

    fn answer(&self, _len: usize) -> &[u8] {
        &[]
    }
}

/// A message as the adapters write it.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn word(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn number(&mut self, value: f64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.word(text.len() as u32);
        self.0.extend(text.as_bytes());
        self
    }

    fn texts(&mut self, texts: &[&str]) -> &mut Self {
        for text in texts {
            self.text(text);
        }
        self
    }
}

/// A client that was started.
struct Bench {
    client: Client<Page>,
    said: Said,
    now: f64,
}

impl Bench {
    fn new(flags: u8, stored: &str, url: &str) -> Self {
        let said = Said::default();
        let page = Page {
            said: Rc::clone(&said),
            wall: EPOCH,
        };
        let mut start = Writer::default();
        start.byte(flags).byte(1);
        for seed in 1..5 {
            start.word(seed);
        }
        for _ in 0..GIVEN {
            start.number(f64::NAN);
        }
        start
            .texts(&["", ""])
            .texts(&["00f067aa0ba902b7", stored])
            .texts(&["shop", "", "1.0.0", "", ""])
            .texts(&["", url, ""])
            // No user, no attributes of session and items.
            .byte(0)
            .texts(&[""; 6])
            .word(0)
            .word(0)
            .word(0);
        let mut bench = Self {
            client: Client::new(page),
            said,
            now: 0.0,
        };
        bench.put(op::START, &start.0);
        let session = bench
            .said
            .borrow()
            .iter()
            .any(|(s, _)| *s == signal::SESSION);
        assert!(session, "the start is one that the core can read");
        bench
    }

    fn put(&mut self, op: u32, message: &[u8]) {
        let due = self.client.put(op, self.now, message);
        assert!(!due.is_nan() && due >= 0.0);
    }

    /// What was said by a signal so far.
    fn said(&self, signal: u32) -> Vec<Vec<u8>> {
        let said = self.said.borrow();
        said.iter()
            .filter(|(s, _)| *s == signal)
            .map(|(_, bytes)| bytes.clone())
            .collect()
    }

    /// All payloads, what waits among them. Each is JSON with as many items as it says, and no longer than it may be.
    fn payloads(&mut self) -> Vec<Value> {
        self.put(op::FLUSH, &[0]);
        self.said(signal::BATCH)
            .iter()
            .map(|bytes| read(bytes))
            .collect()
    }
}

fn read(batch: &[u8]) -> Value {
    let word = |at: usize| u32::from_le_bytes(batch[at..at + 4].try_into().expect("4 bytes"));
    let behind = 4 + word(0) as usize;
    let items = word(behind + 8);
    let body = &batch[behind + 13..];
    assert!(body.len() <= PAYLOAD, "{} bytes", body.len());
    let payload: Value = serde_json::from_slice(body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)));
    let lists =
        ["logs", "exceptions", "measurements", "events"].map(|kind| payload[kind].as_array());
    let spans = payload["traces"]["resourceSpans"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|resource| resource["scopeSpans"].as_array().into_iter().flatten())
        .map(|scope| scope["spans"].as_array());
    let found: usize = lists.into_iter().chain(spans).flatten().map(Vec::len).sum();
    assert_eq!(found, items as usize);
    payload
}

/// As JavaScript's encoder writes any text: always UTF-8.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Messages of any bytes: the first chooses the client's flags; each message is an operation, the time since the last one, a length and so many bytes.
pub(crate) fn messages(input: &[u8]) {
    let Some((flags, mut input)) = input.split_first() else {
        return;
    };
    let mut bench = Bench::new(*flags, "", "https://shop.example/");
    while let [op, later, a, b, rest @ ..] = input {
        let length = usize::from(u16::from_le_bytes([*a, *b])).min(rest.len());
        let (bytes, behind) = rest.split_at(length);
        bench.now += f64::from(*later) * 100.0;
        // A text that is no UTF-8 cannot come: the adapters' encoder writes none, and the core does not look.
        if std::str::from_utf8(bytes).is_ok() {
            bench.put(u32::from(op % 24), bytes);
        }
        input = behind;
    }
    bench.now += 1e6;
    bench.put(op::TICK, &[]);
}

/// An error with any stack, message, and causes: lines of the input behind a NUL are the next text.
pub(crate) fn stack(input: &[u8]) {
    let whole = text(input);
    let mut parts = whole.split('\0');
    let mut next = || parts.next().unwrap_or_default();
    let (stack, message, kind, file) = (next(), next(), next(), next());
    let mut bench = Bench::new(0, "", "https://shop.example/");
    let mut m = Writer::default();
    m.byte(0)
        .texts(&["onerror", kind, message, stack, file])
        .number(3.0)
        .number(f64::NAN)
        .word(CAUSES);
    for _ in 0..CAUSES {
        m.texts(&[next(), next(), next()]);
    }
    m.word(0).texts(&["", ""]).number(f64::NAN).word(0);
    bench.put(op::EXCEPTION, &m.0);
    bench.put(op::SUPPRESSED, &2_u32.to_le_bytes());
    let payloads = bench.payloads();
    let exceptions: Vec<&Value> = payloads
        .iter()
        .flat_map(|payload| payload["exceptions"].as_array().into_iter().flatten())
        .collect();
    // Left out on purpose, where it is a browser extension's; else once, with its repeats.
    if exceptions.is_empty() {
        assert_eq!(bench.said(signal::DIAGNOSTIC).len(), 1);
        return;
    }
    assert_eq!(exceptions.len(), 1);
    assert_eq!(exceptions[0]["count"], 3);
    for frame in exceptions[0]["stacktrace"]["frames"]
        .as_array()
        .into_iter()
        .flatten()
    {
        assert!(
            frame["filename"].is_string() && frame["function"].is_string(),
            "{frame}"
        );
    }
}

/// Numbers that a browser, a page that patched it, or a clock may give.
const NUMBERS: [f64; 16] = [
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    f64::EPSILON,
    1e21,
    1e-7,
    -1.0,
    0.1,
    9_007_199_254_740_993.0,
    4_294_967_296.0,
    1_767_225_600_000.5,
];

/// The fields of each kind of entry, in the order of `what`: `b`yte, `w`hich of three, `n`umber, `t`ext; behind a `*` those of each element of a list.
const FIELDS: [(u8, &str); 16] = [
    (what::START, "b*n"),
    (what::ACTIVATED, ""),
    (what::PAINT, "n"),
    (what::LARGEST, "nnnntttt"),
    (what::FINAL, "nnnntttt"),
    (what::SHIFTS, "*bnnt"),
    (what::EVENTS, "b*tnnnnnt"),
    (what::FRAME, "bnnn*nnnntttt"),
    (what::TIDY, ""),
    (what::COUNT, "*n"),
    (what::HIDDEN, "n"),
    (what::RESTORED, "n"),
    (what::SETTLED, ""),
    (what::REPAINTED, "n"),
    (what::LOADED, "nnnnn"),
    (what::SOFT, "wnnn"),
];

/// Makes fields of bytes.
struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let byte = self.0.first().copied().unwrap_or_default();
        self.0 = self.0.get(1..).unwrap_or_default();
        byte
    }

    /// Most are times of a page that is young; the others are odd, or any bits at all.
    fn number(&mut self) -> f64 {
        match self.byte() {
            255 => f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| self.byte()))),
            odd @ 224.. => NUMBERS[usize::from(odd) % NUMBERS.len()],
            time => f64::from(time) * 7.5,
        }
    }

    fn field(&mut self, kind: u8, m: &mut Writer) {
        match kind {
            b'b' => m.byte(self.byte()),
            b'w' => m.byte(self.byte() % 3),
            b'n' => m.number(self.number()),
            _ => m.text(
                [
                    "",
                    "click",
                    "https://shop.example/a.png?token=x",
                    "html>body>p.é",
                    "pointerup",
                ][usize::from(self.byte()) % 5],
            ),
        };
    }
}

/// Performance entries of any numbers, in any order, as many as there are bytes.
pub(crate) fn entries(input: &[u8]) {
    let mut bench = Bench::new(0, "", "https://shop.example/");
    let mut source = Source(input);
    while !source.0.is_empty() {
        let (what, fields) = FIELDS[usize::from(source.byte()) % FIELDS.len()];
        bench.now += f64::from(source.byte());
        let mut m = Writer::default();
        m.byte(what).byte(source.byte()).byte(source.byte());
        for _ in 0..6 {
            m.number(source.number());
        }
        let (fixed, each) = fields.split_once('*').unwrap_or((fields, ""));
        for field in fixed.bytes() {
            source.field(field, &mut m);
        }
        if !each.is_empty() {
            let count = source.byte() % 4;
            m.word(u32::from(count));
            for field in each.repeat(usize::from(count)).bytes() {
                source.field(field, &mut m);
            }
        }
        bench.put(op::VITAL, &m.0);
    }
    bench.put(
        op::VISIBILITY,
        &[&[1][..], &f64::NAN.to_le_bytes()].concat(),
    );
    for payload in bench.payloads() {
        for vital in payload["measurements"].as_array().into_iter().flatten() {
            assert_eq!(vital["type"], "web-vitals");
            let values = vital["values"].as_object().expect("values");
            // One that is not finite is left out.
            assert!(values.values().all(Value::is_number), "{vital}");
        }
    }
    assert_eq!(bench.said(signal::DIAGNOSTIC), Vec::<Vec<u8>>::new());
}

/// An address in each place that has one: whatever stands around it, the secret in it does not leave.
pub(crate) fn url(input: &[u8]) {
    let any = text(input);
    if any.contains("hunter9") {
        // What the input says itself is no secret.
        return;
    }
    // The core keeps so many bytes of an address: behind them the secret would be gone in any case.
    let addresses = [
        format!("{any}&token=hunter9"),
        format!("https://joe:hunter9@{any}"),
        format!("https://shop.example/{any}?a=1&token=hunter9#{any}"),
    ];
    for address in &addresses {
        let mut bench = Bench::new(0, "", address);
        let mut m = Writer::default();
        m.text(address).byte(1).text("").number(f64::NAN);
        bench.put(op::NAVIGATION, &m.0);
        let mut m = Writer::default();
        m.byte(0)
            .texts(&[
                "0af7651916cd43dd8448eb211c80319c",
                "00f067aa0ba902b7",
                "",
                "GET",
                address,
            ])
            .number(1.0)
            .number(2.0)
            .number(200.0)
            .text("")
            .word(0);
        bench.put(op::REQUEST, &m.0);
        for payload in bench.payloads() {
            let payload = payload.to_string();
            assert!(!payload.contains("hunter9"), "{address}: {payload}");
        }
    }
}

/// What stands in the tab's storage, written by whomever: it is left alone, or becomes a session that a next page finds again.
pub(crate) fn storage(input: &[u8]) {
    let found = text(input);
    let mut bench = Bench::new(0, &found, "https://shop.example/");
    let (session, stored) = (bench.said(signal::SESSION), bench.said(signal::STORE));
    for payload in bench.payloads() {
        let id = payload["meta"]["session"]["id"].as_str().expect("an id");
        assert!(!id.is_empty() && id.is_ascii() && id.len() <= 128, "{id}");
    }
    let Some(stored) = stored.last() else {
        assert!(!found.starts_with("1 "), "our own is written anew");
        return;
    };
    let again = Bench::new(0, &text(stored), "https://shop.example/");
    assert_eq!(
        again.said(signal::SESSION)[0],
        session[0],
        "{found:?} became {:?}",
        text(stored)
    );
}
