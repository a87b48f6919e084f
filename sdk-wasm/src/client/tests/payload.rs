use serde_json::json;

use super::*;

#[test]
fn the_first_payload_says_who_where_and_what() {
    let mut bench = Bench::new(&Start::default());
    let batch = bench.batch();
    assert_eq!(batch.id.len(), 20);
    assert_eq!((batch.offset, batch.items, batch.flags), (EPOCH, 1, 0));
    let client = batch.json["farol"]["client"].clone();
    assert_eq!(client.as_str().unwrap().len(), 16);
    assert_eq!(
        batch.json,
        json!({
            "meta": {
                "sdk": {"name": "farol-web", "version": env!("CARGO_PKG_VERSION")},
                "app": {"name": "shop", "namespace": "web", "version": "1.2.3", "environment": "production", "release": "1.2.3+abc"},
                "browser": {
                    "name": "Chrome", "version": "156.0", "os": "Linux 6.1", "mobile": false, "userAgent": "Mozilla/5.0", "language": "en-GB",
                    "viewportWidth": "1280", "viewportHeight": "720.5", "brands": [{"brand": "Chromium", "version": "156"}]
                },
                "os": {"name": "Linux", "version": "6.1"},
                "session": {"id": "00f067aa0ba902b7", "attributes": {"experiment": "b", "beta": true}},
                "user": {
                    "id": "u1", "username": "joe", "email": "joe@shop.example", "fullName": "Joe", "hash": "h", "roles": "admin,ops",
                    "attributes": {"plan": "gold", "age": 41}
                },
                "page": {"id": "page0", "url": "https://shop.example/?token=REDACTED"},
                "view": {"name": "home"}
            },
            "events": [{"name": "session_start", "domain": "browser", "timestamp": "2026-01-01T00:00:00.000Z"}],
            "farol": {"v": 1, "client": client, "seq": 0, "rate": 1, "state": "on", "first": ["session"]}
        })
    );
}

#[test]
fn in_faros_protocol_nothing_is_ours_and_all_attributes_are_texts() {
    let mut bench = Bench::new(&Start {
        flags: flag::FARO,
        globals: vec![("n", "1.5")],
        ..Start::default()
    });
    let json = bench.batch().json;
    assert!(json.get("farol").is_none());
    assert_eq!(
        json["meta"]["user"]["attributes"],
        json!({"plan": "gold", "age": "41"})
    );
    assert_eq!(
        json["meta"]["session"]["attributes"],
        json!({"experiment": "b", "beta": "true"})
    );
    assert_eq!(json["events"][0]["attributes"], json!({"n": "1.5"}));
}

#[test]
fn items_are_numbered_on_from_payload_to_payload() {
    let mut bench = Bench::new(&Start::default());
    bench.event("a").event("b");
    assert_eq!(bench.batch().json["farol"]["seq"], 0);
    bench.event("c");
    let batch = bench.batch();
    assert_eq!((&batch.json["farol"]["seq"], batch.items), (&json!(3), 1));
    assert!(batch.json["farol"].get("first").is_none());
}

#[test]
fn a_batch_is_sealed_by_count() {
    let mut bench = Bench::started(&Start {
        numbers: with(3, 3.0),
        ..Start::default()
    });
    bench.event("a").event("b");
    assert!(bench.batches().is_empty());
    bench.event("c").event("d");
    assert_eq!(bench.batches()[0].items, 3);
    assert_eq!(bench.batch().items, 1);
}

#[test]
fn a_batch_is_sealed_before_it_is_four_times_full() {
    let mut bench = Bench::started(&Start {
        numbers: with(4, 2048.0),
        ..Start::default()
    });
    for _ in 0..160 {
        bench.event(&"x".repeat(200));
    }
    let batches = bench.flush().batches();
    assert!(batches.len() > 5);
    assert_eq!(batches.iter().map(|b| b.items).sum::<u32>(), 160);
    assert!(
        batches.iter().all(|b| b.bytes < 4 * 2048 + 1500),
        "{batches:?}"
    );
    let ids: std::collections::HashSet<_> = batches.iter().map(|b| &b.id).collect();
    assert_eq!(ids.len(), batches.len());
}

#[test]
fn a_full_batch_waits_a_moment_for_the_rest_of_a_burst() {
    let mut bench = Bench::started(&Start::default());
    for _ in 0..900 {
        bench.event(&"x".repeat(50));
    }
    assert!(bench.batches().is_empty());
    assert_eq!(bench.due, 2000.0);
    bench.wait(2000.0).put(op::TICK, &[]);
    assert_eq!(bench.batches()[0].items, 900);
}

#[test]
fn where_there_is_an_outbox_a_full_batch_waits_no_longer_than_a_draft() {
    let mut bench = Bench::started(&Start {
        flags: flag::OUTBOX,
        ..Start::default()
    });
    for _ in 0..900 {
        bench.event(&"x".repeat(50));
    }
    assert_eq!(bench.due, 500.0);
    bench.wait(500.0).put(op::TICK, &[]);
    assert_eq!(bench.batches()[0].items, 900);
    assert_eq!(bench.due, f64::INFINITY);
}

#[test]
fn a_hidden_page_seals_a_burst_in_parts_that_outlive_it() {
    let mut bench = Bench::started(&Start::default());
    for _ in 0..900 {
        bench.event(&"x".repeat(50));
    }
    bench.put(op::VISIBILITY, &Writer::default().b(1).n(10.0).0);
    let batches = bench.batches();
    assert!(batches.len() > 1);
    let mut next = 1;
    for batch in &batches {
        assert!(batch.bytes < 24_576 + 1500, "{}", batch.bytes);
        assert_eq!(batch.json["farol"]["seq"], next);
        next += batch.items;
    }
    assert_eq!(next, 901);
}

#[test]
fn a_batch_is_sealed_by_age() {
    let mut bench = Bench::new(&Start::default());
    assert_eq!(bench.due, 5000.0);
    bench.wait(4999.0).put(op::TICK, &[]);
    assert!(bench.batches().is_empty());
    bench.wait(1.0).put(op::TICK, &[]);
    assert_eq!((bench.batches().len(), bench.due), (1, f64::INFINITY));
    bench.event("a");
    assert_eq!(bench.due, 10_000.0);
    bench.wait(1000.0).event("b");
    assert_eq!(bench.due, 10_000.0);
    bench.wait(5000.0).put(op::TICK, &[]);
    assert_eq!(bench.batches()[0].items, 2);
}

#[test]
fn a_hidden_page_seals_and_so_does_what_follows_at_once() {
    let mut bench = Bench::new(&Start::default());
    bench
        .wait(10.0)
        .put(op::VISIBILITY, &Writer::default().b(1).n(10.0).0);
    assert_eq!(bench.batches()[0].flags, 1);
    bench.wait(1.0).event("late");
    assert_eq!(bench.batches()[0].flags, 1);
    // In a tab that stays in the background timers serve again.
    bench.wait(5000.0).event("polled");
    assert_eq!((bench.batches().len(), bench.due), (0, bench.now + 1000.0));
    bench
        .put(op::VISIBILITY, &Writer::default().b(0).n(f64::NAN).0)
        .flush();
    assert_eq!(bench.batches()[0].flags, 0);
}

#[test]
fn an_item_of_another_page_or_view_says_so_itself() {
    let mut bench = Bench::new(&Start::default());
    let message = Writer::default().s("https://shop.example/cart?sid=1").b(1);
    bench.wait(10.0).put(op::NAVIGATION, &message.0);
    bench.put(op::VIEW, &Writer::default().s("cart").n(f64::NAN).0);
    bench.event("here");
    let json = bench.batch().json;
    assert_eq!(json["meta"]["page"]["id"], "page0");
    let page = json!({"id": "page0", "url": "https://shop.example/cart?sid=REDACTED"});
    let (home, cart) = (json!({"name": "home"}), json!({"name": "cart"}));
    assert_eq!(
        json["events"],
        json!([
            {"name": "session_start", "domain": "browser", "timestamp": "2026-01-01T00:00:00.000Z"},
            {"name": "browser.navigation", "domain": "browser", "timestamp": "2026-01-01T00:00:00.010Z",
             "attributes": {"url": page["url"], "fromUrl": "https://shop.example/?token=REDACTED", "type": "push", "sameDocument": true},
             "farol": {"page": page, "view": home}},
            {"name": "view_changed", "domain": "browser", "timestamp": "2026-01-01T00:00:00.010Z",
             "attributes": {"fromView": "home", "toView": "cart"}, "farol": {"page": page, "view": cart}},
            {"name": "here", "domain": "browser", "timestamp": "2026-01-01T00:00:00.010Z", "farol": {"page": page, "view": cart}},
        ])
    );
    bench.event("next");
    let json = bench.batch().json;
    assert_eq!(
        (&json["meta"]["page"], &json["meta"]["view"]),
        (&page, &cart)
    );
    assert!(json["events"][0].get("farol").is_none());
}

#[test]
fn a_view_that_waited_for_the_core_holds_from_its_own_time_on() {
    let mut bench = Bench::new(&Start::default());
    let view = |name: &str, at| Writer::default().s(name).n(at).0;
    let event = |bench: &mut Bench, at| {
        let message = Writer::default().many(&["x", ""]).a(&[]);
        bench.put(op::EVENT, &message.many(&["", ""]).n(at).0);
        let json = bench.batch().json;
        let last = json["events"].as_array().unwrap().last().unwrap().clone();
        let own = &last["farol"]["view"]["name"];
        let name = if own.is_null() {
            &json["meta"]["view"]["name"]
        } else {
            own
        };
        name.as_str().unwrap().to_owned()
    };
    bench.wait(900.0).put(op::VIEW, &view("early", 100.0));
    assert_eq!(
        [90.0, 120.0, 900.0].map(|at| event(&mut bench, at)),
        ["home", "early", "early"]
    );
    // Nothing turns before what has turned already, and nothing to come.
    bench.put(op::VIEW, &view("now", f64::NAN));
    bench.put(op::VIEW, &view("late", 200.0));
    assert_eq!(
        [250.0, 900.0].map(|at| event(&mut bench, at)),
        ["early", "late"]
    );
    bench.put(op::VIEW, &view("ahead", 1e15));
    assert_eq!(event(&mut bench, 900.0), "ahead");
}

#[test]
fn a_navigation_that_brings_a_view_belongs_to_it() {
    let mut bench = Bench::started(&Start::default());
    let message = |view: &[&str]| {
        let message = Writer::default().s("https://shop.example/cart").b(1);
        message.many(view).0
    };
    let told = |bench: &mut Bench| -> Vec<[Json; 3]> {
        let mut json = bench.batch().json;
        let name = json["meta"]["view"]["name"].take();
        let events = json["events"].as_array().unwrap().clone();
        let of = |event: &Json| {
            let own = &event["farol"]["view"]["name"];
            let view = if own.is_null() { &name } else { own };
            let attributes = &event["attributes"];
            [&event["name"], view, &attributes["fromView"]].map(Clone::clone)
        };
        events.iter().map(of).collect()
    };
    let navigation = |view: &str| json!(["browser.navigation", view, null]);
    let changed = |from: &str, to: &str| json!(["view_changed", to, from]);
    bench.put(op::NAVIGATION, &message(&["cart"]));
    assert_eq!(
        json!(told(&mut bench)),
        json!([changed("home", "cart"), navigation("cart")])
    );
    // The same name, and none at all, are no news.
    for view in [&["cart"][..], &[]] {
        bench.put(op::NAVIGATION, &message(view));
        assert_eq!(json!(told(&mut bench)), json!([navigation("cart")]));
    }
    bench.put(op::NAVIGATION, &message(&[""]));
    assert_eq!(
        json!(told(&mut bench)),
        json!([
            ["view_changed", null, "cart"],
            ["browser.navigation", null, null]
        ])
    );
    // After an idle hour there is one session more, and not two.
    bench.wait(3.6e6).put(op::NAVIGATION, &message(&["home"]));
    assert_eq!(
        json!(told(&mut bench)),
        json!([
            ["session_extend", null, null],
            changed("unknown", "home"),
            navigation("home")
        ])
    );
}

#[test]
fn another_user_is_another_payload() {
    let mut bench = Bench::new(&Start::default());
    bench.put(
        op::USER,
        &Writer::default()
            .b(0)
            .many(&["", "", "", "", "", ""])
            .a(&[])
            .0,
    );
    bench.event("a");
    let batches = bench.flush().batches();
    assert_eq!(
        (
            &batches[0].json["meta"]["user"]["id"],
            &batches[1].json["meta"]["user"]
        ),
        (&json!("u1"), &json!(null))
    );
}

#[test]
fn in_faros_protocol_another_page_is_another_payload() {
    let mut bench = Bench::new(&Start {
        flags: flag::FARO,
        ..Start::default()
    });
    bench.put(
        op::NAVIGATION,
        &Writer::default().s("https://shop.example/cart").b(1).0,
    );
    let batches = bench.flush().batches();
    assert_eq!(batches.len(), 2);
    let url = |at: usize| &batches[at].json["meta"]["page"]["url"];
    assert_eq!(
        [url(0), url(1)],
        [
            "https://shop.example/?token=REDACTED",
            "https://shop.example/cart"
        ]
    );
    assert_eq!(
        batches[1].json["events"][0]["attributes"]["sameDocument"],
        "true"
    );
}

#[test]
fn a_clock_that_jumps_seals_what_it_stamped() {
    let mut bench = Bench::new(&Start::default());
    bench.wait(100.0).event("before");
    bench.client.pen.host.wall -= 3_600_000.0;
    bench.wait(100.0).event("after");
    let batches = bench.flush().batches();
    assert_eq!(
        batches.iter().map(|b| b.offset - EPOCH).collect::<Vec<_>>(),
        [0.0, -3_600_000.0]
    );
    assert_eq!(
        batches[0].json["events"][1]["timestamp"],
        "2026-01-01T00:00:00.100Z"
    );
    assert_eq!(
        batches[1].json["events"][0]["timestamp"],
        "2025-12-31T23:00:00.200Z"
    );
}

#[test]
fn options_out_of_bounds_are_told_and_their_defaults_taken() {
    let mut numbers = [f64::NAN; 18];
    numbers[0] = 1.5;
    numbers[4] = 1e9;
    numbers[5] = 30_000.0;
    numbers[7] = f64::NEG_INFINITY;
    let mut bench = Bench::new(&Start {
        numbers,
        ..Start::default()
    });
    let bad = |n| (diagnostic::BAD_OPTION, n);
    assert_eq!(
        bench.diagnostics(),
        [bad(0.0), bad(4.0), bad(5.0), bad(7.0)]
    );
    assert_eq!(bench.batch().json["farol"]["rate"], 1);
}

#[test]
fn before_the_start_there_is_nothing_and_there_is_one_start() {
    let mut bench = Bench {
        client: Client::new(Fake::default()),
        now: 0.0,
        due: 0.0,
    };
    bench.event("early").flush();
    assert!(bench.said(signal::BATCH).is_empty());
    assert_eq!(
        bench.diagnostics(),
        [
            (diagnostic::BAD_MESSAGE, 2.0),
            (diagnostic::BAD_MESSAGE, 16.0)
        ]
    );
    let start = Start::default().message();
    bench
        .put(op::START, &start[..start.len() - 1])
        .event("early");
    assert_eq!(bench.diagnostics().len(), 2);
    bench.put(op::START, &start).put(op::START, &start);
    assert_eq!(bench.batch().items, 1);
}

/// The numbers of `START`, one of them given.
pub(super) fn with(place: usize, value: f64) -> [f64; 18] {
    let mut numbers = [f64::NAN; 18];
    numbers[place] = value;
    numbers
}
