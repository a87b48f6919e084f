use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// One step of a page's life.
#[derive(Debug, Clone)]
enum Step {
    Put(u32, Vec<u8>),
    Wait(f64),
    Jump(f64),
}

fn text() -> impl Strategy<Value = std::string::String> {
    prop_oneof!["[a-z]{0,8}", "\\PC{0,30}", Just("x".repeat(3000))]
}

fn put(op: u32, writer: impl Strategy<Value = Writer>) -> impl Strategy<Value = Step> {
    writer.prop_map(move |writer| Step::Put(op, writer.0))
}

fn attrs() -> impl Strategy<Value = Vec<(std::string::String, std::string::String)>> {
    proptest::collection::vec(
        (
            text(),
            prop_oneof![
                text(),
                Just("1.5".into()),
                Just("NaN".into()),
                Just("true".into())
            ],
        ),
        0..4,
    )
}

fn step() -> impl Strategy<Value = Step> {
    let with = |writer: Writer, attrs: Vec<(std::string::String, std::string::String)>| {
        let attrs: Vec<_> = attrs.iter().map(|(k, v)| (&**k, &**v)).collect();
        writer.a(&attrs)
    };
    let w = Writer::default;
    let item = prop_oneof![
        put(
            op::EVENT,
            (text(), attrs())
                .prop_map(move |(t, a)| with(w().s(&t).s(""), a).s("").s("").n(f64::NAN))
        ),
        put(
            op::LOG,
            (text(), attrs())
                .prop_map(move |(t, a)| with(w().s("info").s(&t), a).s("").s("").n(f64::NAN))
        ),
        put(
            op::MEASUREMENT,
            (text(), any::<f64>()).prop_map(move |(t, v)| w()
                .s(&t)
                .u(2)
                .s("a")
                .n(v)
                .s("b")
                .n(1.0)
                .a(&[])
                .s("")
                .s("")
                .n(f64::NAN))
        ),
        put(
            op::EXCEPTION,
            (text(), text()).prop_map(move |(t, s)| w()
                .b(0)
                .many(&["api", &t, "m", &s, ""])
                .n(0.0)
                .n(0.0)
                .u(0)
                .a(&[])
                .s("")
                .s("")
                .n(f64::NAN)
                .u(0))
        ),
        put(
            op::SPAN,
            (text(), any::<f64>()).prop_map(move |(t, v)| w()
                .many(&["t", "s", "", &t])
                .b(1)
                .n(v)
                .n(v)
                .b(0)
                .s("")
                .a(&[]))
        ),
        put(
            op::REQUEST,
            (text(), any::<f64>()).prop_map(move |(t, v)| w()
                .b(1)
                .many(&["t", "s", "", &t, &t])
                .n(1.0)
                .n(2.0)
                .n(v)
                .s("")
                .a(&[]))
        ),
        Just(Step::Put(op::SUPPRESSED, 3u32.to_le_bytes().into())),
    ];
    let state = prop_oneof![
        put(
            op::NAVIGATION,
            (text(), 0u8..8).prop_map(move |(t, how)| w().s(&t).b(how).s(&t))
        ),
        put(
            op::VIEW,
            (text(), any::<f64>()).prop_map(move |(t, at)| w().s(&t).n(at))
        ),
        put(
            op::USER,
            (0u8..2, text())
                .prop_map(move |(p, t)| w().b(p).many(&[&t, "", "", "", "", ""]).a(&[]))
        ),
        put(op::ATTRIBUTES, attrs().prop_map(move |a| with(w(), a))),
        put(op::SESSION, attrs().prop_map(move |a| with(w(), a))),
        put(
            op::VISIBILITY,
            (0u8..4).prop_map(move |v| w().b(v).n(f64::NAN))
        ),
        put(op::CONSENT, (0u8..3).prop_map(move |c| w().b(c))),
        put(op::FLUSH, (0u8..3).prop_map(move |c| w().b(c))),
        put(
            op::LOAD,
            (text(), text()).prop_map(move |(t, s)| w().s(&t).s(&s))
        ),
        put(
            op::STORED,
            prop_oneof![
                text(),
                Just(std::string::String::new()),
                "1 1767[0-9]{9} (0000000000000|1767[0-9]{9}) [0-3] [a-d]"
            ]
            .prop_map(move |t| w().s(&t))
        ),
        Just(Step::Put(op::ACTIVITY, Vec::new())),
        Just(Step::Put(op::TICK, Vec::new())),
    ];
    let time = prop_oneof![
        (0.0..3000.0f64).prop_map(Step::Wait),
        Just(Step::Wait(1e6)),
        Just(Step::Wait(2e7)),
        (-1e8..1e8f64).prop_map(Step::Jump),
    ];
    let noise = (0u32..25, proptest::collection::vec(any::<u8>(), 0..60))
        .prop_filter_map("not the user's consent", |(op, bytes)| {
            (op != op::CONSENT).then_some(Step::Put(op, bytes))
        });
    prop_oneof![8 => item, 3 => state, 2 => time, 1 => noise]
}

/// A hook of the page's that gives back any object, or drops the item.
fn anything(_: u8, json: &str) -> Option<std::string::String> {
    Some(match json.len() % 8 {
        0 => return None,
        1 => "{}".into(),
        2 => "{\"timestamp\":\"x\"}".into(),
        3 => "{\"timestamp\":\"\",\"a\":[],\"b\":{}}".into(),
        4 => "{\"timestamp\":\"2026-01-01T00:00:00.000Z\"}".into(),
        5 => "{\"a\":{}}".into(),
        6 => "[]".into(),
        _ => json.into(),
    })
}

fn options() -> impl Strategy<Value = Start> {
    (
        any::<u8>(),
        0u8..3,
        prop_oneof![Just(f64::NAN), Just(0.0), Just(0.5)],
        prop_oneof![Just(f64::NAN), Just(2.0)],
        prop_oneof![Just(f64::NAN), Just(1024.0)],
        prop_oneof![3 => Just(f64::NAN), 1 => Just(0.0), 1 => Just(1.0)],
    )
        .prop_map(|(flags, consent, rate, items, bytes, logs)| {
            let mut numbers = [f64::NAN; 18];
            numbers[0] = rate;
            numbers[3] = items;
            numbers[4] = bytes;
            numbers[12] = 2048.0;
            numbers[13] = logs;
            Start {
                flags,
                consent,
                numbers,
                ..Start::default()
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_item_has_one_place_and_nothing_leaves_unasked(start in options(), hooked: bool, steps in proptest::collection::vec(step(), 0..60)) {
        let mut bench = Bench::new(&start);
        // What is no JSON is found where a batch is read.
        bench.client.pen.host.hook = hooked.then_some(anything);
        let mut granted = start.consent == 1;
        let faro = start.flags & flag::FARO != 0;
        let ring = start.flags & flag::RING != 0;
        let mut bad = false;
        let (mut ids, mut next, mut clients) = (HashSet::new(), 0, HashSet::new());
        let mut draft = None;
        let end = [Step::Put(op::FLUSH, vec![2])];
        for step in steps.iter().chain(&end) {
            match step {
                Step::Put(op, bytes) => {
                    if *op == op::CONSENT {
                        granted = bytes[0] == 1;
                        // What was not sealed may be kept back now, or dropped.
                        draft = None;
                    }
                    if *op == op::STORED && !bench.client.on() {
                        draft = None;
                    }
                    // The flags of a stored session may say that it has woken in another tab.
                    let woken = || *op == op::STORED && bytes.get(4 + 30).is_some_and(|flags| flags & 2 != 0);
                    bad |= matches!(*op, op::EXCEPTION | op::VITAL) || woken();
                    bench.put(*op, bytes);
                    prop_assert!(ring || bench.client.ring.is_empty());
                    prop_assert!(bench.due == f64::INFINITY || (bench.now..=bench.now + 5000.0).contains(&bench.due));
                }
                Step::Wait(ms) => { bench.wait(*ms); }
                Step::Jump(ms) => bench.client.pen.host.wall += ms,
            }
            prop_assert!(!bench.due.is_nan());

            prop_assert_eq!(bench.due.is_finite(), bench.client.batch.len() > 0 && granted && !bench.client.rings());
            for batch in bench.batches() {
                prop_assert!(granted);
                if batch.json["farol"]["state"] == "ring" {
                    prop_assert!(bad || start.numbers[13] == 1.0, "nothing has gone wrong");
                }
                if batch.flags & 4 != 0 {
                    prop_assert!(start.flags & flag::OUTBOX != 0 && bench.client.batch.len() == batch.items as usize);
                    prop_assert!(draft.is_none_or(|id| id == batch.id) && !ids.contains(&batch.id));
                    prop_assert!(faro || batch.json["farol"]["seq"] == next);
                    draft = Some(batch.id);
                    continue;
                }
                if let Some(id) = draft.take() {
                    prop_assert_eq!(&id, &batch.id, "it takes the place of its draft");
                }
                prop_assert!(ids.insert(batch.id));
                let most = if batch.flags & 1 == 0 { 262_144 } else { 65_536 };
                prop_assert!(batch.bytes <= most);
                let all = items(&batch.json);
                prop_assert_eq!(all.len(), batch.items as usize);
                prop_assert!(batch.items > 0);
                prop_assert!(batch.json["meta"]["session"]["id"].is_string());
                if faro {
                    prop_assert!(batch.json.get("farol").is_none());
                    prop_assert!(all.iter().all(|(_, item)| item.get("farol").is_none()));
                } else {
                    prop_assert_eq!(&batch.json["farol"]["seq"], next);
                    clients.insert(batch.json["farol"]["client"].to_string());
                }
                next += batch.items;
            }
        }
        prop_assert!(clients.len() <= 1);
        if start.numbers[0] == 0.0 && !ring && start.numbers[13] != 1.0 {
            prop_assert_eq!(next, 0);
        }
    }

    #[test]
    fn no_bytes_make_the_core_panic(op in 0u32..30, bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..400) {
        let start = Start::default().message();
        let mut bench = Bench { client: Client::new(Fake::default()), now: 0.0, due: 0.0 };
        bench.put(op::START, &start[..cut.min(start.len())]);
        bench.put(op::START, &bytes);
        let mut bench = Bench::new(&Start::default());
        bench.put(op, &bytes).flush();
    }
}
