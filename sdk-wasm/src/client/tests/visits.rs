use serde_json::json;

use super::payload::with;
use super::*;

const MINUTE: f64 = 60_000.0;

fn names(batches: &[Sealed]) -> Vec<(std::string::String, std::string::String)> {
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    batches
        .iter()
        .flat_map(|b| {
            b.json["events"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|e| (text(&b.json["meta"]["session"]["id"]), text(&e["name"])))
        })
        .collect()
}

fn stored(bench: &mut Bench) -> std::string::String {
    std::string::String::from_utf8(bench.said(signal::STORE).pop().unwrap()).unwrap()
}

#[test]
fn a_start_says_and_stores_its_session() {
    let mut bench = Bench::new(&Start::default());
    assert_eq!(bench.sessions(), [(2, "00f067aa0ba902b7".into())]);
    assert_eq!(
        stored(&mut bench),
        "1 1767225600000 1767225600000 0 00f067aa0ba902b7"
    );
}

#[test]
fn a_stored_session_is_resumed_and_has_no_first_mark() {
    let stored = "1 1767225000000 1767225500000 1 older".into();
    let mut bench = Bench::new(&Start {
        stored,
        ..Start::default()
    });
    assert_eq!(bench.sessions(), [(2, "older".into())]);
    let batch = bench.batch();
    assert_eq!(
        names(std::slice::from_ref(&batch)),
        [("older".into(), "session_resume".into())]
    );
    assert!(batch.json["farol"].get("first").is_none());
}

#[test]
fn a_stored_session_that_is_over_is_named_as_the_previous_one() {
    let stored = "1 1767220000000 1767220000000 1 older".into();
    let mut bench = Bench::new(&Start {
        stored,
        ..Start::default()
    });
    let json = bench.batch().json;
    assert_eq!(json["events"][0]["name"], "session_start");
    assert_eq!(json["events"][0]["attributes"]["previousSession"], "older");
    assert_eq!(
        json["meta"]["session"]["attributes"]["previousSession"],
        "older"
    );
}

#[test]
fn what_another_version_stored_stays() {
    let mut bench = Bench::new(&Start {
        stored: "2;x".into(),
        ..Start::default()
    });
    bench
        .wait(20.0 * MINUTE)
        .put(op::ACTIVITY, &[])
        .put(op::CONSENT, &[2]);
    assert!(bench.said(signal::STORE).is_empty());
}

#[test]
fn telemetry_does_not_prolong_a_session_and_trusted_input_does() {
    let mut bench = Bench::started(&Start::default());
    bench.sessions();
    for _ in 0..20 {
        bench.wait(MINUTE).event("poll");
    }
    assert_eq!(
        bench.sessions().len(),
        1,
        "a new one after 15 minutes, then nobody attends"
    );
    let mut bench = Bench::started(&Start::default());
    bench.sessions();
    for _ in 0..20 {
        bench.wait(MINUTE).put(op::ACTIVITY, &[]).event("click");
    }
    assert_eq!(bench.sessions(), []);
}

#[test]
fn an_item_is_stamped_with_the_session_of_its_time() {
    let mut bench = Bench::started(&Start::default());
    bench.said(signal::SESSION);
    bench.wait(14.0 * MINUTE).event("before");
    bench.wait(2.0 * MINUTE).event("after");
    let (_, new) = bench.sessions().remove(0);
    assert_eq!(new.len(), 16);
    let batches = bench.flush().batches();
    let old = "00f067aa0ba902b7".to_owned();
    assert_eq!(
        names(&batches),
        [
            (old.clone(), "before".into()),
            (new.clone(), "session_extend".into()),
            (new, "after".into())
        ]
    );
    assert_eq!(
        batches[1].json["events"][0]["attributes"]["previousSession"],
        *old
    );
    assert_eq!(
        batches[1].json["farol"]["first"],
        serde_json::json!(["session"])
    );
}

#[test]
fn a_page_can_end_its_session_and_what_follows_belongs_to_another() {
    let mut bench = Bench::started(&Start::default());
    bench.sessions();
    bench.event("before").put(op::END, &[]).event("after");
    let (state, new) = bench.sessions().remove(0);
    assert_eq!((state, new.len()), (2, 16));
    let old = "00f067aa0ba902b7".to_owned();
    let batches = bench.flush().batches();
    assert_eq!(
        names(&batches),
        [
            (old.clone(), "before".into()),
            (old, "session_end".into()),
            (new.clone(), "session_extend".into()),
            (new, "after".into())
        ]
    );
    assert!(batches[0].json["farol"].get("first").is_none());

    let mut bench = Bench::new(&Start {
        consent: 2,
        ..Start::default()
    });
    bench.sessions();
    bench.put(op::END, &[]).flush();
    assert!(bench.sessions().is_empty() && bench.batches().is_empty());
}

#[test]
fn a_session_ends_with_its_lifetime() {
    let mut bench = Bench::started(&Start::default());
    bench.said(signal::SESSION);
    for _ in 0..239 {
        bench.wait(MINUTE).put(op::ACTIVITY, &[]);
    }
    assert!(bench.sessions().is_empty());
    bench.wait(MINUTE).put(op::ACTIVITY, &[]);
    assert_eq!(bench.sessions().len(), 1);
}

#[test]
fn a_forgotten_tab_that_polls_opens_few_sessions() {
    let mut bench = Bench::started(&Start::default());
    bench.said(signal::SESSION);
    for _ in 0..24 * 60 {
        bench.wait(MINUTE).event("poll");
    }
    assert!(bench.sessions().len() <= 6);
}

#[test]
fn sleep_ends_a_session_and_a_clock_set_back_does_not_keep_one() {
    let mut bench = Bench::started(&Start::default());
    bench.said(signal::SESSION);
    bench.client.pen.host.wall += 60.0 * MINUTE;
    bench.put(op::ACTIVITY, &[]);
    assert_eq!(bench.sessions().len(), 1);
    bench.client.pen.host.wall -= 300.0 * MINUTE;
    bench.wait(MINUTE).put(op::ACTIVITY, &[]);
    assert_eq!(bench.sessions().len(), 0);
    bench.wait(16.0 * MINUTE).put(op::ACTIVITY, &[]);
    assert_eq!(bench.sessions().len(), 1);
}

#[test]
fn closing_an_idle_page_begins_no_session() {
    let mut bench = Bench::started(&Start::default());
    bench.said(signal::SESSION);
    bench
        .wait(30.0 * MINUTE)
        .put(op::VISIBILITY, &Writer::default().b(1).n(f64::NAN).0);
    assert!(bench.sessions().is_empty());
    bench
        .wait(MINUTE)
        .put(op::VISIBILITY, &Writer::default().b(0).n(f64::NAN).0);
    assert_eq!(bench.sessions().len(), 1);
}

#[test]
fn a_session_sampled_out_says_nothing_but_its_id() {
    let mut bench = Bench::new(&Start {
        numbers: with(0, 0.0),
        ..Start::default()
    });
    assert_eq!(bench.sessions(), [(0, "00f067aa0ba902b7".into())]);
    bench
        .event("a")
        .put(op::VIEW, &Writer::default().s("v").n(f64::NAN).0)
        .flush();
    assert_eq!(bench.due, f64::INFINITY);
    assert!(bench.batches().is_empty());
    assert!(!stored(&mut bench).is_empty());
}

#[test]
fn sampling_is_the_protocols_function() {
    for n in 0..100u32 {
        let id: &'static str = std::format!("session{n}").leak();
        let mut bench = Bench::new(&Start {
            fresh: id,
            numbers: with(0, 0.3),
            ..Start::default()
        });
        assert_eq!(
            bench.sessions()[0].0 == 2,
            farol_protocol::sampling::sampled(id, 0.3)
        );
    }
}

#[test]
fn while_consent_is_pending_items_are_kept_within_a_bound_and_then_sent() {
    let mut bench = Bench::new(&Start {
        consent: 0,
        numbers: with(3, 200.0),
        ..Start::default()
    });
    assert_eq!(bench.due, f64::INFINITY);
    for _ in 0..2000 {
        bench.event(&"x".repeat(100));
    }
    bench.put(op::VISIBILITY, &Writer::default().b(1).n(f64::NAN).0);
    assert!(bench.said(signal::STORE).is_empty());
    assert!(bench.batches().is_empty());
    assert!(
        bench
            .diagnostics()
            .iter()
            .all(|d| *d == (diagnostic::PENDING_FULL, 3.0))
    );
    bench.put(op::CONSENT, &[1]).flush();
    let batches = bench.batches();
    assert!(batches.len() > 1);
    let mut next = 0;
    for batch in &batches {
        assert_eq!(batch.json["farol"]["seq"], next);
        next += batch.items;
    }
    assert!((200..2000).contains(&next), "{next}");
    assert!(batches.iter().map(|b| b.bytes).sum::<usize>() < 150_000);
    assert!(!stored(&mut bench).is_empty());
}

#[test]
fn who_refuses_is_forgotten() {
    let mut bench = Bench::new(&Start {
        consent: 0,
        ..Start::default()
    });
    bench.event("a").put(op::CONSENT, &[2]);
    assert_eq!(stored(&mut bench), "");
    assert_eq!(bench.sessions().pop().unwrap().0, 0);
    bench.client.pen.host.said.clear();
    bench
        .wait(60.0 * MINUTE)
        .event("b")
        .put(op::ACTIVITY, &[])
        .put(op::VIEW, &Writer::default().s("v").n(f64::NAN).0)
        .flush();
    assert!(bench.client.pen.host.said.is_empty());
    // Who agrees later begins then.
    bench.put(op::CONSENT, &[1]).event("c");
    let batch = bench.batch();
    assert_eq!(batch.json["farol"]["seq"], 0);
    assert_eq!(batch.json["meta"]["view"]["name"], "v");
}

#[test]
fn attributes_of_the_session_are_replaced() {
    let mut bench = Bench::started(&Start::default());
    bench
        .put(op::SESSION, &Writer::default().a(&[("x", "1")]).0)
        .event("a");
    assert_eq!(
        bench.batch().json["meta"]["session"]["attributes"],
        serde_json::json!({"x": 1})
    );
}

#[test]
fn what_a_hidden_page_tells_of_itself_begins_no_session() {
    let mut bench = Bench::started(&Start::default());
    bench.sessions();
    let message = Writer::default()
        .s("farol.sdk")
        .u(1)
        .s("requests")
        .n(1.0)
        .a(&[])
        .many(&["", ""])
        .n(f64::NAN);
    bench
        .wait(60.0 * MINUTE)
        .put(op::MEASUREMENT | op::PARTING, &message.0)
        .put(op::VISIBILITY, &Writer::default().b(1).n(f64::NAN).0);
    assert_eq!(bench.sessions(), []);
    let json = bench.batches().remove(0).json;
    assert_eq!(json["meta"]["session"]["id"], "00f067aa0ba902b7");
    assert_eq!(json["measurements"][0]["type"], "farol.sdk");
    assert!(json.get("events").is_none());
    bench.put(op::ACTIVITY, &[]);
    assert_eq!(bench.sessions().len(), 1, "nor does it prolong one");
}

#[test]
fn what_the_client_tells_of_itself_says_no_page() {
    let mut bench = Bench::started(&Start::default());
    bench.batches();
    bench.event("before").wait(1.0);
    let there = Writer::default().s("https://shop.example/next").b(1).s("");
    bench.put(op::NAVIGATION, &there.n(f64::NAN).0);
    let message = Writer::default().s("farol.sdk").u(1).s("requests").n(1.0);
    let message = message.a(&[]).many(&["", ""]).n(f64::NAN).0;
    bench.put(op::MEASUREMENT, &message);
    bench.put(op::MEASUREMENT | op::NOWHERE, &message);
    let json = bench.batch().json;
    let says = |at: usize| json["measurements"][at].get("farol").is_some();
    assert_eq!([says(0), says(1)], [true, false]);
}

#[test]
fn what_is_told_on_leaving_goes_as_one_though_the_page_was_hidden_a_moment_before() {
    let mut bench = Bench::started(&Start::default());
    bench
        .put(op::VISIBILITY, &Writer::default().b(1).n(f64::NAN).0)
        .batches();
    for name in ["one form", "another"] {
        let message = Writer::default()
            .many(&[name, ""])
            .a(&[])
            .many(&["", ""])
            .n(f64::NAN);
        bench.put(op::EVENT | op::PARTING, &message.0);
    }
    assert_eq!(bench.batches().len(), 0);
    bench.put(op::VISIBILITY, &Writer::default().b(2).n(f64::NAN).0);
    let batches = bench.batches();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].json["events"].as_array().map(Vec::len), Some(2));
    bench.event("what the page's own listeners record after that");
    assert_eq!(bench.batches().len(), 1);
}

/// An error of which only the page tells.
fn exception(bench: &mut Bench, message: &str) {
    let message = Writer::default()
        .b(0)
        .many(&["api", "E", message, "", ""])
        .n(0.0)
        .n(0.0);
    let message = message.u(0).a(&[]).s("").s("").n(f64::NAN).u(0);
    bench.put(op::EXCEPTION, &message.0);
}

/// What the storage that tabs share holds.
fn shared(bench: &mut Bench, text: &str) {
    bench.put(op::STORED, &Writer::default().s(text).0);
}

#[test]
fn of_two_tabs_that_begin_at_once_one_gives_way_with_all_that_it_has_told() {
    let mut bench = Bench::new(&Start::default());
    bench.sessions();
    bench.wait(3.0).event("seen");
    shared(&mut bench, "1 1767225600002 1767225600002 0 theirs");
    assert_eq!(bench.sessions(), [(2, "theirs".into())]);
    assert_eq!(
        stored(&mut bench),
        "1 1767225600002 1767225600002 0 theirs",
        "theirs, as the other has it"
    );
    let batch = bench.batch();
    assert_eq!(
        names(std::slice::from_ref(&batch)),
        [
            ("theirs".into(), "seen".into()),
            ("theirs".into(), "session_resume".into())
        ]
    );
    assert!(
        batch.json["farol"].get("first").is_none(),
        "the other tab says that there is a session"
    );
    assert_eq!(
        batch.json["meta"]["session"]["attributes"]["previousSession"],
        "00f067aa0ba902b7"
    );
}

#[test]
fn what_gives_way_to_a_session_outside_of_the_sample_says_nothing() {
    let mut bench = Bench::new(&Start {
        numbers: with(0, 0.5),
        fresh: "in2",
        ..Start::default()
    });
    let sampled = |id: &str| farol_protocol::sampling::sampled(id, 0.5);
    let out = ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .find(|id| !sampled(id))
        .unwrap();
    bench.event("seen");
    bench.sessions();
    shared(
        &mut bench,
        &std::format!("1 1767225600002 1767225600002 0 {out}"),
    );
    assert_eq!(bench.sessions(), [(0, out.into())]);
    assert!(bench.flush().batches().is_empty());
}

#[test]
fn a_session_that_another_tab_began_is_gone_over_to_and_what_was_told_stays_where_it_was() {
    let mut bench = Bench::started(&Start::default());
    bench.wait(20_000.0).event("before");
    bench.sessions();
    shared(&mut bench, "1 1767225610000 1767225615000 1 theirs");
    bench.event("after").flush();
    let batches = bench.batches();
    assert_eq!(
        names(&batches),
        [
            ("00f067aa0ba902b7".into(), "before".into()),
            ("theirs".into(), "after".into())
        ],
        "no page was loaded in it, which a resumption says"
    );
    assert_eq!(bench.sessions(), [(2, "theirs".into())]);
}

#[test]
fn a_page_says_once_that_it_was_loaded_whichever_session_that_is_in_the_end() {
    let sampled = |id: &str| farol_protocol::sampling::sampled(id, 0.5);
    let out = ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .find(|id| !sampled(id))
        .unwrap();
    let told = |numbers, fresh, stored: &str, wait| {
        let mut bench = Bench::new(&Start {
            numbers,
            fresh,
            stored: stored.into(),
            ..Start::default()
        });
        bench.wait(wait);
        shared(&mut bench, "1 1767225600002 1767225600002 0 in2");
        bench.event("seen").flush();
        let names = names(&bench.batches());
        names
            .iter()
            .map(|(id, name)| format!("{id} {name}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(
            with(0, 1.0),
            "fresh",
            "1 1767225000000 1767225500000 1 older",
            3.0
        ),
        ["in2 session_resume", "in2 seen"],
        "it had found one already"
    );
    assert_eq!(
        told(with(0, 0.5), out, "", 3.0),
        ["in2 session_resume", "in2 seen"],
        "what it had begun was outside of the sample"
    );
    assert_eq!(
        told(with(0, 0.5), out, "", 20_000.0),
        ["in2 seen"],
        "that was its session when it was loaded"
    );
}

#[test]
fn a_copy_of_a_tab_says_that_it_was_loaded_where_its_own_start_could_not() {
    let sampled = |id: &str| farol_protocol::sampling::sampled(id, 0.5);
    let out = ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .find(|id| !sampled(id))
        .unwrap();
    let told = |rate, stored: String| {
        let mut bench = Bench::new(&Start {
            numbers: with(0, rate),
            stored,
            ..Start::default()
        });
        bench.event("seen");
        shared(&mut bench, "");
        while !bench.client.session.share.sampled {
            shared(&mut bench, "");
        }
        let names = names(&bench.flush().batches());
        names.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    assert_eq!(
        told(0.5, format!("1 1767225000000 1767225500000 0 {out}")),
        ["session_start"],
        "the one that was copied is outside of the sample"
    );
    assert_eq!(
        told(1.0, "1 1767220000000 1767220000000 0 older".into()),
        ["seen", "session_start"],
        "the one that was copied is over"
    );
}

#[test]
fn a_span_is_of_the_session_that_its_page_goes_over_to() {
    for stored in ["1 1767225000000 1767225600000 0 theirs", ""] {
        for (consent, flags) in [(0, 0), (1, 0), (0, flag::FARO), (1, flag::FARO)] {
            let mut bench = Bench::new(&Start {
                consent,
                flags,
                ..Start::default()
            });
            let request = Writer::default()
                .b(0)
                .many(&["t", "s", "", "GET", "https://shop.example/api"])
                .n(1.0)
                .n(2.0)
                .n(200.0);
            let request = request.s("").a(&[]).0;
            let name = r#""session.id","value":{"stringValue":"00f067aa0ba902b7""#;
            let own = Writer::default()
                .many(&["t", "s", "", name])
                .b(1)
                .n(1.0)
                .n(2.0);
            let own = own.b(0).s("").a(&[]).0;
            bench.put(op::REQUEST, &request).put(op::SPAN, &own);
            if consent == 0 {
                bench.flush().put(op::REQUEST, &request);
            }
            shared(&mut bench, stored);
            bench.put(op::CONSENT, &[1]).put(op::SPAN, &own).flush();
            let id = bench.sessions().pop().unwrap().1;
            assert_ne!(id, "00f067aa0ba902b7");
            let mut spans = 0;
            for batch in bench.batches() {
                assert_eq!(batch.json["meta"]["session"]["id"], *id);
                for (_, span) in items(&batch.json)
                    .iter()
                    .filter(|(kind, _)| *kind == "spans")
                {
                    spans += 1;
                    let attributes = span["attributes"].as_array().unwrap();
                    assert_eq!(
                        attributes[0],
                        json!({"key": "session.id", "value": {"stringValue": id}})
                    );
                    assert!(attributes[1..].iter().all(|one| one["key"] != "session.id"));
                    assert!(span["name"] == "GET" || span["name"] == name);
                }
            }
            assert_eq!(spans, 4 - u32::from(consent));
        }
    }
}

#[test]
fn who_is_active_in_another_tab_is_the_same_visitor_and_nothing_is_written_because_of_it() {
    let mut bench = Bench::started(&Start::default());
    for _ in 0..10 {
        bench.wait(10.0 * MINUTE);
        bench.said(signal::STORE);
        let active = EPOCH + bench.now - 5000.0;
        shared(
            &mut bench,
            &std::format!("1 1767225600000 {active} 1 00f067aa0ba902b7"),
        );
        assert!(bench.said(signal::STORE).is_empty(), "no end of it");
        bench.event("told");
    }
    assert!(bench.client.session.failed);
    bench.flush();
    let batches = bench.batches();
    assert!(
        names(&batches)
            .iter()
            .all(|(id, _)| id == "00f067aa0ba902b7"),
        "100 minutes, and not idle"
    );
}

#[test]
fn who_comes_back_after_long_is_in_a_new_session_though_the_shared_storage_is_read_first() {
    let mut bench = Bench::started(&Start::default());
    bench.wait(20.0 * MINUTE);
    bench.sessions();
    shared(
        &mut bench,
        "1 1767225600000 1767225600000 0 00f067aa0ba902b7",
    );
    bench.put(op::ACTIVITY, &[]);
    assert_eq!(bench.sessions().len(), 1);
}

#[test]
fn of_forgotten_tabs_one_that_polls_begins_one_session_and_no_more() {
    let mut tabs = [
        Bench::started(&Start::default()),
        Bench::started(&Start::default()),
    ];
    let mut begun = std::collections::BTreeSet::new();
    for _ in 0..200 {
        for bench in &mut tabs {
            bench.wait(MINUTE);
            bench.said(signal::STORE);
        }
        tabs[0].event("polled");
        // To and fro, until neither has news.
        let mut from = 0;
        while let Some(text) = tabs[from].said(signal::STORE).pop() {
            from = 1 - from;
            shared(&mut tabs[from], std::str::from_utf8(&text).unwrap());
        }
        for bench in &mut tabs {
            begun.extend(bench.sessions().into_iter().map(|(_, id)| id));
        }
    }
    assert_eq!(
        begun.len(),
        2,
        "the first, and one that nobody attends: {begun:?}"
    );
    assert_eq!(tabs[0].client.session.id, tabs[1].client.session.id);
    tabs[1].put(op::ACTIVITY, &[]);
    assert_eq!(tabs[1].sessions().len(), 1, "who comes back begins another");
}

#[test]
fn what_went_wrong_in_another_tab_sends_what_this_one_kept_back() {
    let mut start = Start {
        numbers: with(0, 0.0),
        ..Start::default()
    };
    start.flags |= flag::RING;
    let mut bench = Bench::new(&start);
    bench.event("kept").flush();
    assert!(bench.batches().is_empty());
    shared(
        &mut bench,
        "1 1767225600000 1767225600000 3 00f067aa0ba902b7",
    );
    let told = names(&bench.flush().batches());
    assert!(told.iter().any(|(_, name)| name == "kept"), "{told:?}");
}

#[test]
fn who_agrees_on_a_page_of_a_shared_session_has_told_all_in_it() {
    let mut bench = Bench::new(&Start {
        consent: 0,
        ..Start::default()
    });
    bench.event("seen");
    shared(&mut bench, "1 1767225000000 1767225500000 0 theirs");
    bench.put(op::CONSENT, &[1]).flush();
    assert_eq!(stored(&mut bench), "1 1767225000000 1767225600000 0 theirs");
    let told = names(&bench.batches());
    assert!(told.iter().all(|(id, _)| id == "theirs"), "{told:?}");
    assert!(told.iter().any(|(_, name)| name == "seen"), "{told:?}");
}

#[test]
fn whatever_is_told_while_consent_is_pending_goes_along_to_the_session_that_the_tab_has_stored() {
    let mut bench = Bench::new(&Start {
        consent: 0,
        ..Start::default()
    });
    let user = Writer::default()
        .b(1)
        .many(&["u2", "", "", "", "", ""])
        .a(&[]);
    bench.event("first").put(op::USER, &user.0);
    bench.wait(20_000.0).event("second").flush();
    bench.wait(20_000.0).event("third");
    shared(&mut bench, "1 1767225000000 1767225500000 0 theirs");
    bench.put(op::CONSENT, &[1]).event("fourth").flush();
    let batches = bench.batches();
    let told = names(&batches);
    assert!(told.iter().all(|(id, _)| id == "theirs"), "{told:?}");
    let told: Vec<_> = told.iter().map(|(_, name)| &**name).collect();
    assert_eq!(
        told,
        ["first", "second", "third", "session_resume", "fourth"],
        "and nobody is told of the one that was none"
    );
    assert_eq!(batches[0].json["meta"]["user"]["id"], "u1");
    assert_eq!(batches[1].json["meta"]["user"]["id"], "u2");
    for batch in &batches {
        assert!(batch.json["farol"].get("first").is_none());
        let attributes = &batch.json["meta"]["session"]["attributes"];
        assert!(attributes.get("previousSession").is_none());
    }
}

#[test]
fn the_first_exception_of_a_session_is_marked_once_whatever_pages_go_over_to_it() {
    let marks = |consent, stored: &str, there: &str| {
        let mut bench = Bench::new(&Start {
            consent,
            stored: stored.into(),
            ..Start::default()
        });
        exception(&mut bench, "a");
        if consent == 0 {
            bench.flush();
            exception(&mut bench, "b");
        }
        shared(&mut bench, there);
        bench.put(op::CONSENT, &[1]);
        exception(&mut bench, "c");
        let marks = bench.flush().batches();
        let marks = marks.iter().map(|b| b.json["farol"]["first"].to_string());
        let text = bench.said(signal::STORE).pop().unwrap();
        (marks.collect::<Vec<_>>().join(" "), text[30] as char)
    };
    for consent in [0, 1] {
        let theirs = |flags| {
            let there = format!("1 1767225000000 1767225500000 {flags} theirs");
            marks(consent, "", &there)
        };
        let (marks, flags) = theirs(1);
        assert_eq!(marks.replace("null", "").trim(), "", "it had one");
        assert_eq!(flags, '1');
        let (marks, flags) = theirs(0);
        assert_eq!(marks.matches("exception").count(), 1, "{marks}");
        assert!(marks.starts_with("[\"exception"), "the oldest: {marks}");
        assert_eq!(flags, '1');
    }
    // The copy of a tab, whose session had one.
    let older = "1 1767225000000 1767225500000 1 older";
    let (marks, flags) = marks(1, older, "");
    assert_eq!(marks.matches("exception").count(), 1, "{marks}");
    assert_eq!(flags, '1');
}

#[test]
fn an_id_that_stands_elsewhere_in_the_meta_too_is_changed_where_it_is_the_sessions() {
    for id in ["d", "id", "session"] {
        let mut bench = Bench::new(&Start {
            consent: 0,
            ..Start::default()
        });
        bench.event("seen");
        shared(&mut bench, &format!("1 1767225000000 1767225500000 0 {id}"));
        shared(&mut bench, "");
        bench.put(op::CONSENT, &[1]).flush();
        let told = names(&bench.batches());
        let seen = told.iter().find(|(_, name)| name == "seen").unwrap();
        assert!(seen.0 != id && seen.0.len() == 16, "{told:?}");
    }
}

#[test]
fn a_stored_session_that_is_over_or_none_changes_nothing_for_who_agrees() {
    for text in [
        "1 1767220000000 1767224000000 0 theirs",
        // Nobody attends it, and its visitor comes back.
        "1 1767220000000 0000000000000 0 theirs",
        "2 theirs",
        "1 garbage",
    ] {
        let mut bench = Bench::new(&Start {
            consent: 0,
            ..Start::default()
        });
        bench.event("seen");
        shared(&mut bench, text);
        bench.put(op::CONSENT, &[1]).flush();
        assert_eq!(
            names(&bench.batches()),
            [
                ("00f067aa0ba902b7".into(), "session_start".into()),
                ("00f067aa0ba902b7".into(), "seen".into())
            ],
            "{text}"
        );
        assert_eq!(
            bench.said(signal::STORE).is_empty(),
            text.starts_with('2'),
            "another version's is left alone"
        );
    }
}

#[test]
fn an_error_while_consent_is_pending_sends_what_led_to_it_in_a_stored_session_outside_of_the_sample()
 {
    let mut bench = Bench::new(&Start {
        consent: 0,
        flags: flag::RING,
        numbers: with(0, 0.0),
        ..Start::default()
    });
    bench.event("before").flush();
    exception(&mut bench, "m");
    shared(&mut bench, "1 1767225000000 1767225500000 0 theirs");
    bench.put(op::CONSENT, &[1]).flush();
    let batches = bench.batches();
    let all: Vec<_> = batches.iter().flat_map(|b| items(&b.json)).collect();
    assert!(all.iter().any(|(_, item)| item["name"] == "before"));
    assert!(all.iter().any(|(kind, _)| *kind == "exceptions"));
    for batch in &batches {
        assert_eq!(batch.json["meta"]["session"]["id"], "theirs");
        assert_eq!(batch.json["farol"]["state"], "ring");
    }
}

/// The numbers of `START` once more.
fn rates(numbers: [f64; 18]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

#[test]
fn rates_that_come_with_the_yes_hold_for_what_was_told_before_it() {
    let pending = || {
        let mut bench = Bench::new(&Start {
            consent: 0,
            ..Start::default()
        });
        bench.event("a").flush();
        let log = Writer::default().many(&["info", "l"]).a(&[]);
        bench
            .put(op::LOG, &log.s("").s("").n(f64::NAN).0)
            .event("b");
        bench.sessions();
        bench
    };
    let mut bench = pending();
    let mut numbers = with(0, 1.0);
    numbers[13] = 0.0;
    bench
        .put(op::RATES, &rates(numbers))
        .put(op::CONSENT, &[1])
        .flush();
    let batches = bench.batches();
    let kinds: Vec<_> = batches.iter().flat_map(|b| items(&b.json)).collect();
    assert!(kinds.iter().all(|(kind, _)| *kind == "events"));
    assert_eq!(kinds.len(), 3);
    assert_eq!(batches[0].json["farol"]["kept"], json!({"log": 0}));

    let mut bench = pending();
    bench
        .put(op::RATES, &rates(with(0, 0.0)))
        .put(op::CONSENT, &[1])
        .event("c")
        .flush();
    assert!(bench.batches().is_empty());
    assert_eq!(bench.sessions().pop().unwrap().0, 0);

    // What has begun to leave has the rates that it began with.
    let mut bench = Bench::started(&Start::default());
    bench.put(op::RATES, &rates(with(0, 0.0))).event("told");
    assert_eq!(bench.batch().json["farol"]["rate"], 1);
    let mut bench = pending();
    bench
        .put(op::RATES, &[1, 2, 3])
        .put(op::CONSENT, &[1])
        .flush();
    assert_eq!(
        bench.batches()[0].json["farol"]["rate"],
        1,
        "half a message is none"
    );
}

#[test]
fn a_copy_of_a_tab_begins_a_session_of_its_own_with_what_it_has_told() {
    let mut bench = Bench::new(&Start {
        stored: "1 1767225000000 1767225500000 1 older".into(),
        ..Start::default()
    });
    bench.sessions();
    bench.wait(50.0).event("seen");
    shared(&mut bench, "");
    let (_, id) = bench.sessions().remove(0);
    let batch = bench.batch();
    assert_ne!(id, "older");
    assert_eq!(
        names(std::slice::from_ref(&batch)),
        [
            (id.clone(), "session_resume".into()),
            (id.clone(), "seen".into()),
            (id, "session_extend".into())
        ]
    );
    assert_eq!(batch.json["farol"]["first"], json!(["session"]));
    assert!(!bench.client.session.failed);
}

#[test]
fn what_is_no_session_of_ours_in_the_shared_storage_harms_nothing() {
    let mut bench = Bench::started(&Start::default());
    for text in ["2 abc", "1 ", "{\"id\":1}", "1 9999999999999 x 0 y"] {
        bench.wait(10.0);
        shared(&mut bench, text);
        bench.event("told");
    }
    assert!(!bench.flush().batches().is_empty());
}

#[test]
fn a_session_says_that_it_started_once_whatever_its_visitor_decides() {
    let consent = |bench: &mut Bench, number| {
        bench.put(op::CONSENT, &[number]);
    };
    // What was said may have left, and is not said again.
    let mut bench = Bench::started(&Start::default());
    consent(&mut bench, 2);
    consent(&mut bench, 1);
    bench.event("a");
    assert_eq!(
        names(&[bench.batch()]),
        [("00f067aa0ba902b7".into(), "a".into())]
    );
    // What was not has not been said.
    let mut bench = Bench::new(&Start {
        consent: 0,
        ..Start::default()
    });
    consent(&mut bench, 2);
    consent(&mut bench, 1);
    assert_eq!(
        names(&[bench.batch()]),
        [("00f067aa0ba902b7".into(), "session_start".into())]
    );
    // Another tab's session was begun there.
    let mut bench = Bench::new(&Start {
        consent: 2,
        ..Start::default()
    });
    shared(&mut bench, "1 1767225599000 1767225600000 0 theirs");
    consent(&mut bench, 1);
    bench.event("a");
    let batch = bench.batch();
    assert!(batch.json["farol"].get("first").is_none());
    assert_eq!(names(&[batch]), [("theirs".into(), "a".into())]);
}
