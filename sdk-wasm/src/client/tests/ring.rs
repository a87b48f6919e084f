//! Sessions outside of the sample: what the ring keeps, what wakes it, and the rates of kinds.

use serde_json::json;

use super::payload::with;
use super::*;
use crate::vitals::what;

const MINUTE: f64 = 60_000.0;

/// Sampled out, with the ring on.
fn outside() -> Start {
    Start {
        flags: flag::RING,
        numbers: with(0, 0.0),
        ..Start::default()
    }
}

/// Bytes that are kept back.
pub(super) fn kept(bench: &Bench) -> usize {
    let client = &bench.client;
    let all = client.ring.iter().chain([&client.batch]);
    all.map(|batch| batch.bytes).sum()
}

fn error(bench: &mut Bench, message: &str) {
    let message = Writer::default()
        .b(0)
        .many(&["onerror", "TypeError", message, "", ""])
        .n(f64::NAN)
        .n(f64::NAN)
        .u(0)
        .a(&[])
        .s("")
        .s("")
        .n(f64::NAN)
        .u(0);
    bench.put(op::EXCEPTION, &message.0);
}

fn user(bench: &mut Bench, id: &str) {
    let message = Writer::default()
        .b(1)
        .many(&[id, "", "", "", "", ""])
        .a(&[]);
    bench.put(op::USER, &message.0);
}

/// The head of a message of vitals: a visible page whose response began at 50 ms.
fn vital(what: u8) -> Writer {
    let head = Writer::default().b(what).b(0).b(b'n').n(50.0).n(0.0);
    head.n(100.0).n(200.0).n(300.0).n(f64::NAN)
}

/// Names of the events in the batches, in order.
fn events(batches: &[Sealed]) -> Vec<std::string::String> {
    let all = batches.iter().flat_map(|batch| items(&batch.json));
    all.filter(|(kind, _)| *kind == "events")
        .map(|(_, item)| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn while_nothing_goes_wrong_a_session_outside_of_the_sample_says_nothing_and_wants_no_timer() {
    let mut bench = Bench::new(&Start {
        flags: flag::RING | flag::OUTBOX,
        ..outside()
    });
    assert_eq!(bench.sessions(), [(1, "00f067aa0ba902b7".into())]);
    for n in 0..100 {
        bench.wait(500.0).event(&std::format!("e{n}"));
        assert_eq!(bench.due, f64::INFINITY);
    }
    bench
        .put(op::VISIBILITY, &Writer::default().b(1).n(f64::NAN).0)
        .flush();
    assert!(bench.batches().is_empty());
    assert!(bench.sessions().is_empty());
    assert!(bench.said(signal::META).is_empty());
}

#[test]
fn an_error_sends_what_came_before_it_once_and_what_follows() {
    let mut bench = Bench::new(&outside());
    bench.sessions();
    bench.event("before");
    error(&mut bench, "boom");
    assert_eq!(bench.sessions(), [(3, "00f067aa0ba902b7".into())]);
    let batch = bench.batches().remove(0);
    assert_eq!(
        events(std::slice::from_ref(&batch)),
        ["session_start", "before"]
    );
    assert_eq!(batch.json["exceptions"][0]["value"], "boom");
    let farol = &batch.json["farol"];
    assert_eq!(
        (&farol["state"], &farol["rate"]),
        (&json!("ring"), &json!(0))
    );
    assert_eq!(farol["kept"], json!({"exception": 1}));
    assert_eq!(farol["first"], json!(["session", "exception"]));
    assert_eq!(farol["seq"], 0);

    bench.wait(10.0).event("after");
    error(&mut bench, "again");
    let next = bench.batch();
    assert_eq!((next.items, &next.json["farol"]["seq"]), (2, &json!(3)));
    assert_eq!(next.json["farol"]["state"], "ring");
    assert!(next.json["farol"].get("first").is_none());
    assert!(bench.sessions().is_empty(), "told once");
}

#[test]
fn a_poor_vital_wakes_it_and_a_good_one_does_not() {
    for (paint, poor) in [(300.0, false), (9000.0, true)] {
        let mut bench = Bench::new(&outside());
        bench.sessions();
        bench.wait(10_000.0);
        for message in [vital(what::START).b(15).u(0), vital(what::PAINT).n(paint)] {
            bench.put(op::VITAL, &message.0);
        }
        let state = bench.sessions().pop().map(|(state, _)| state);
        assert_eq!(state, poor.then_some(3), "{paint}");
        let batches = bench.flush().batches();
        assert_eq!(batches.is_empty(), !poor);
    }
}

#[test]
fn the_vitals_of_a_load_stand_in_its_span_and_those_of_other_navigations_in_none() {
    let told = |load: Option<[&str; 2]>, messages: Vec<Writer>| {
        let mut bench = Bench::started(&Start::default());
        bench.wait(10_000.0);
        if let Some([trace, span]) = load {
            bench.put(op::LOAD, &Writer::default().s(trace).s(span).0);
        }
        for message in messages {
            bench.put(op::VITAL, &message.0);
        }
        let batch = bench.flush().batch();
        batch.json["measurements"][0]["trace"].clone()
    };
    let paint = || std::vec![vital(what::START).b(15).u(0), vital(what::PAINT).n(300.0)];
    let (trace, span) = ("a363d4f4417aa83158c437febd2d8838", "42876ecc4c1feafa");
    let stands = json!({"trace_id": trace, "span_id": span});
    assert_eq!(told(Some([trace, span]), paint()), stands);
    assert_eq!(told(None, paint()), Json::Null);
    assert_eq!(told(Some(["", ""]), paint()), Json::Null);
    let soft = vital(what::SOFT).b(0).n(800.0).n(150.0).n(940.0);
    let within = std::vec![vital(what::START).b(15).u(0), soft];
    assert_eq!(told(Some([trace, span]), within), Json::Null);
}

#[test]
fn it_keeps_the_last_of_it_by_age() {
    let mut bench = Bench::new(&outside());
    for n in 0..10 {
        bench.wait(10_000.0).event(&std::format!("e{n}"));
    }
    bench.wait(5_000.0);
    error(&mut bench, "boom");
    let batch = bench.batch();
    // A minute back from 105 s.
    let names = events(std::slice::from_ref(&batch));
    assert_eq!(names, ["e4", "e5", "e6", "e7", "e8", "e9"]);
    assert_eq!(
        batch.json["farol"]["first"],
        json!(["exception"]),
        "its start is not in it"
    );
    assert_eq!(
        batch.json["farol"]["seq"], 0,
        "what was let go has no number"
    );
}

#[test]
fn it_keeps_the_last_of_it_by_bytes() {
    let mut start = outside();
    start.numbers[12] = 2048.0;
    let mut bench = Bench::new(&start);
    for n in 0..1000 {
        bench.event(&std::format!("e{n}"));
        assert!(kept(&bench) <= 2048);
    }
    error(&mut bench, "boom");
    let names = events(&bench.flush().batches());
    assert!((5..30).contains(&names.len()), "{names:?}");
    assert_eq!(names.last().unwrap(), "e999");
}

#[test]
fn items_keep_the_user_the_page_and_the_clock_they_were_made_with() {
    let mut bench = Bench::new(&outside());
    bench.event("one");
    user(&mut bench, "u2");
    bench.event("two");
    let url = Writer::default().s("https://shop.example/b").b(1);
    bench.put(op::NAVIGATION, &url.0).event("three");
    bench.client.pen.host.wall += 5_000.0;
    bench.event("four");
    error(&mut bench, "boom");
    let batches = bench.flush().batches();
    let by = |n: usize| {
        (
            batches[n].json["meta"]["user"]["id"].clone(),
            batches[n].offset,
        )
    };
    assert_eq!(batches.len(), 3);
    assert_eq!(by(0), (json!("u1"), EPOCH));
    assert_eq!(by(1), (json!("u2"), EPOCH));
    assert_eq!(by(2), (json!("u2"), EPOCH + 5_000.0));
    assert_eq!(
        batches[1].json["events"][2]["farol"]["page"]["url"],
        "https://shop.example/b"
    );
    let seqs = batches.iter().map(|b| b.json["farol"]["seq"].as_u64());
    assert!(seqs.eq([Some(0), Some(2), Some(5)]));
}

#[test]
fn a_session_that_was_sent_is_sent_on_by_the_next_page_and_its_successor_is_not() {
    let mut bench = Bench::new(&outside());
    error(&mut bench, "boom");
    let text = bench.said(signal::STORE).pop().unwrap();
    let stored = std::string::String::from_utf8(text).unwrap();
    assert!(stored.ends_with(" 3 00f067aa0ba902b7"), "{stored}");
    let mut next = Bench::new(&Start {
        stored,
        ..outside()
    });
    assert_eq!(next.sessions(), [(3, "00f067aa0ba902b7".into())]);
    assert_eq!(events(&next.flush().batches()), ["session_resume"]);
    next.wait(20.0 * MINUTE).put(op::ACTIVITY, &[]);
    assert_eq!(next.sessions().pop().unwrap().0, 1);
    assert!(next.flush().batches().is_empty());
}

#[test]
fn what_a_session_did_that_is_over_is_not_sent_for_an_error_in_the_next() {
    let mut bench = Bench::new(&outside());
    bench.wait(16.0 * MINUTE).put(op::ACTIVITY, &[]);
    error(&mut bench, "boom");
    assert_eq!(events(&bench.flush().batches()), ["session_extend"]);
}

#[test]
fn an_error_that_the_page_drops_wakes_nothing() {
    let mut bench = Bench::new(&Start {
        flags: flag::RING | flag::HOOK,
        ..outside()
    });
    bench.client.pen.host.hook = Some(|_, _| None);
    bench.event("before");
    error(&mut bench, "boom");
    assert!(bench.flush().batches().is_empty());
}

#[test]
fn while_consent_is_pending_nothing_of_it_leaves_and_it_comes_when_it_is_granted() {
    let mut bench = Bench::new(&Start {
        consent: 0,
        ..outside()
    });
    bench.event("before");
    error(&mut bench, "boom");
    bench.flush();
    assert!(bench.batches().is_empty());
    bench.put(op::CONSENT, &[1]);
    let batches = bench.flush().batches();
    assert_eq!(events(&batches), ["session_start", "before"]);
    assert_eq!(batches[0].json["farol"]["state"], "ring");

    let mut bench = Bench::new(&outside());
    bench
        .event("before")
        .put(op::CONSENT, &[2])
        .put(op::CONSENT, &[1]);
    error(&mut bench, "boom");
    assert!(!events(&bench.flush().batches()).contains(&"before".to_owned()));
}

#[test]
fn what_the_ring_keeps_counts_against_a_cap_only_when_it_is_sent() {
    let mut start = outside();
    start.numbers[9] = 3.0;
    let mut bench = Bench::new(&start);
    for _ in 0..10 {
        bench.event("e").wait(MINUTE + 1.0);
    }
    assert!(bench.diagnostics().is_empty());
    bench.event("last");
    error(&mut bench, "boom");
    bench.event("two").event("three").event("four");
    assert_eq!(events(&bench.flush().batches()), ["last", "two", "three"]);
    assert_eq!(bench.diagnostics(), [(diagnostic::CAP_REACHED, 3.0)]);
}

/// A session whose hash is that share of all.
fn id_at(least: f64, most: f64) -> &'static str {
    let mut ids = (0..).map(|n| std::format!("session{n}"));
    let of = |id: &str, rate| farol_protocol::sampling::sampled(id, rate);
    ids.find(|id| !of(id, least) && of(id, most))
        .unwrap()
        .leak()
}

#[test]
fn a_kind_has_the_share_of_sessions_that_its_own_rate_says() {
    let mut start = Start {
        fresh: id_at(0.4, 0.6),
        numbers: with(0, 0.8),
        ..Start::default()
    };
    // Events of fewer sessions than all else.
    start.numbers[16] = 0.2;
    let mut bench = Bench::new(&start);
    assert_eq!(bench.sessions()[0].0, 2);
    bench.event("left out");
    error(&mut bench, "boom");
    let batch = bench.batch();
    assert_eq!(
        (batch.items, &batch.json["farol"]["state"]),
        (1, &json!("on"))
    );
    assert_eq!(batch.json["farol"]["kept"], json!({"event": 0.2}));

    // Exceptions of more; the session itself is outside of the sample.
    start.numbers[0] = 0.1;
    start.numbers[14] = 1.0;
    start.numbers[16] = f64::NAN;
    let mut bench = Bench::new(&start);
    assert_eq!(bench.sessions()[0].0, 1);
    bench.event("left out");
    error(&mut bench, "boom");
    assert_eq!(bench.sessions()[0].0, 3);
    bench.event("left out, too");
    let batches = bench.flush().batches();
    assert_eq!(events(&batches), Vec::<std::string::String>::new());
    assert_eq!(batches[0].json["farol"]["state"], "ring");

    // Logs of all: more of the SDK is wanted from the start.
    start.numbers[13] = 1.0;
    assert_eq!(Bench::new(&start).sessions()[0].0, 3);
}

#[test]
fn beside_the_ring_a_rate_can_only_take_away_and_payloads_tell_no_other() {
    let mut start = outside();
    start.fresh = id_at(0.6, 0.8);
    start.numbers[0] = 0.5;
    start.numbers[13] = 1.0;
    start.numbers[16] = 0.25;
    let mut bench = Bench::new(&start);
    assert_eq!(bench.sessions()[0].0, 1);
    let log = Writer::default()
        .many(&["info", "told"])
        .a(&[])
        .s("")
        .s("")
        .n(f64::NAN);
    bench.event("left out").put(op::LOG, &log.0);
    assert!(bench.batches().is_empty());
    error(&mut bench, "boom");
    let batch = bench.batches().remove(0);
    assert_eq!(
        (batch.items, &batch.json["logs"][0]["message"]),
        (2, &json!("told"))
    );
    assert_eq!(
        batch.json["farol"]["kept"],
        json!({"exception": 1, "event": 0.25})
    );
}

#[test]
fn many_small_batches_are_no_more_than_the_sender_takes_at_once_and_the_last_are_kept() {
    let mut bench = Bench::new(&outside());
    for n in 0..200 {
        user(&mut bench, &std::format!("u{n}"));
        bench.event(&std::format!("e{n}"));
    }
    error(&mut bench, "boom");
    let batches = bench.flush().batches();
    assert!(
        (40..=60).contains(&batches.len()),
        "{} requests at once",
        batches.len()
    );
    let names = events(&batches);
    assert_eq!(names.last().unwrap(), "e199");
    assert_eq!(names.len(), batches.len(), "in a row");
    assert_eq!(
        batches.last().unwrap().json["exceptions"][0]["value"],
        "boom"
    );
}

#[test]
fn the_same_user_told_again_makes_no_batch_of_its_own() {
    let mut bench = Bench::new(&Start::default());
    bench.event("one");
    user(&mut bench, "u1");
    bench.event("two");
    user(&mut bench, "u1");
    bench.event("three").flush();
    assert_eq!(bench.batches().len(), 2);
}
