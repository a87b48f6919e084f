use serde_json::json;

use super::payload::with;
use super::*;

const STACK: &str = "TypeError: x is not a function\n    at foo (https://shop.example/app.js?token=t:10:5)\n    at https://shop.example/lib.js:20:7";

struct Thrown<'a> {
    flags: u8,
    kind: &'a str,
    message: &'a str,
    stack: &'a str,
    file: &'a str,
    causes: &'a [[&'a str; 3]],
    bundles: &'a [[&'a str; 4]],
}

const THROWN: Thrown<'static> = Thrown {
    flags: 0,
    kind: "TypeError",
    message: "x is not a function",
    stack: STACK,
    file: "",
    causes: &[],
    bundles: &[],
};

fn message(t: &Thrown<'_>) -> Vec<u8> {
    let mut writer = Writer::default()
        .b(t.flags)
        .many(&["onerror", t.kind, t.message, t.stack, t.file])
        .n(3.0)
        .n(4.0);
    writer = writer.u(t.causes.len() as u32);
    for cause in t.causes {
        writer = writer.many(cause);
    }
    writer = writer
        .a(&[("a", "b")])
        .s("")
        .s("")
        .n(f64::NAN)
        .u(t.bundles.len() as u32);
    for bundle in t.bundles {
        writer = writer.many(bundle);
    }
    writer.0
}

impl Bench {
    fn throw(&mut self, thrown: &Thrown<'_>) -> &mut Self {
        self.put(op::EXCEPTION, &message(thrown))
    }
}

#[test]
fn an_exception_says_what_where_why_and_what_went_before() {
    let mut bench = Bench::started(&Start::default());
    bench.event("added to cart").wait(5.0);
    bench
        .put(
            op::TRAIL,
            &Writer::default()
                .b(trail::CLICK)
                .s("button#buy")
                .n(f64::NAN)
                .0,
        )
        .flush()
        .batches();
    bench.throw(&Thrown {
        flags: 2,
        causes: &[
            [
                "RangeError",
                "deep",
                "at g (https://shop.example/app.js?token=t:1:2)",
            ],
            ["Error", "deeper", ""],
        ],
        bundles: &[["https://shop.example/lib.js", "d1", "m1", "r1"]],
        ..THROWN
    });
    let batch = bench.batch();
    assert_eq!(batch.flags, 2);
    assert_eq!(batch.json["farol"]["first"], json!(["exception"]));
    let mut item = batch.json["exceptions"][0].clone();
    assert_eq!(item["fingerprint"].take().as_str().unwrap().len(), 10);
    let file = "https://shop.example/app.js?token=REDACTED";
    assert_eq!(
        item,
        json!({
            "timestamp": "2026-01-01T00:00:00.005Z", "type": "TypeError", "value": "x is not a function", "fingerprint": null,
            "fatal": true, "handled": false, "mechanism": "onerror",
            "stacktrace": {"frames": [
                {"filename": file, "function": "foo", "lineno": 10, "colno": 5},
                {"filename": "https://shop.example/lib.js", "function": "?", "lineno": 20, "colno": 7, "debugId": "d1", "module": "m1", "release": "r1"},
            ]},
            "causes": [
                {"type": "RangeError", "value": "deep", "stacktrace": {"frames": [{"filename": file, "function": "g", "lineno": 1, "colno": 2}]}},
                {"type": "Error", "value": "deeper"},
            ],
            "trail": [
                {"t": "2026-01-01T00:00:00.000Z", "k": "event", "m": "added to cart"},
                {"t": "2026-01-01T00:00:00.005Z", "k": "click", "m": "button#buy"},
            ],
            "context": {"cause": "RangeError: deep", "a": "b"}
        })
    );
    bench.throw(&Thrown {
        message: "y",
        ..THROWN
    });
    let json = bench.batch().json;
    assert!(json["farol"].get("first").is_none());
    assert_eq!(
        json["exceptions"][0]["trail"][2]["m"],
        "TypeError: x is not a function"
    );
}

#[test]
fn in_faros_protocol_what_faro_has_no_field_for_is_context() {
    let mut bench = Bench::started(&Start {
        flags: flag::FARO,
        ..Start::default()
    });
    bench.put(
        op::TRAIL,
        &Writer::default().b(trail::CLICK).s("button").n(f64::NAN).0,
    );
    let thrown = Thrown {
        flags: 1,
        causes: &[["A", "b", ""], ["C", "d", ""]],
        ..THROWN
    };
    bench.throw(&thrown).throw(&thrown).throw(&thrown);
    let json = bench.batch().json;
    assert_eq!(json["exceptions"].as_array().unwrap().len(), 1);
    assert_eq!(
        json["exceptions"][0]["context"],
        json!({
            "trail": r#"[{"t":"2026-01-01T00:00:00.000Z","k":"click","m":"button"}]"#, "causes": r#"[{"type":"A","value":"b"},{"type":"C","value":"d"}]"#,
            "cause": "A: b", "handled": "true", "mechanism": "onerror", "a": "b", "count": "3"
        })
    );
    assert!(json["exceptions"][0].get("causes").is_none());
}

#[test]
fn a_loop_of_one_error_is_one_item_with_a_count() {
    let mut bench = Bench::started(&Start::default());
    for n in 0..1000 {
        bench.throw(&THROWN);
        if n == 499 {
            bench.throw(&Thrown {
                message: "other",
                ..THROWN
            });
        }
    }
    let batch = bench.batch();
    assert_eq!(
        (
            batch.items,
            batch.json["exceptions"].as_array().unwrap().len()
        ),
        (2, 2)
    );
    assert_eq!(
        (
            &batch.json["exceptions"][0]["count"],
            batch.json["exceptions"][1].get("count")
        ),
        (&json!(1000), None)
    );
    // The loop goes on after the batch was sealed.
    bench.throw(&THROWN).throw(&THROWN);
    assert_eq!(bench.batch().json["exceptions"][0]["count"], 2);
}

#[test]
fn repeats_that_were_only_counted_are_delivered() {
    let mut bench = Bench::started(&Start::default());
    bench.put(op::SUPPRESSED, &5u32.to_le_bytes());
    bench
        .throw(&THROWN)
        .put(op::SUPPRESSED, &5u32.to_le_bytes());
    assert_eq!(bench.batch().json["exceptions"][0]["count"], 6);
    bench.wait(7.0).put(op::SUPPRESSED, &9u32.to_le_bytes());
    let json = bench.batch().json;
    assert_eq!(
        (
            &json["exceptions"][0]["count"],
            &json["exceptions"][0]["timestamp"]
        ),
        (&json!(9), &json!("2026-01-01T00:00:00.007Z"))
    );
    assert_eq!(json["exceptions"][0]["value"], THROWN.message);
}

#[test]
fn before_send_sees_a_repeat_as_it_saw_the_first() {
    let mut bench = Bench::started(&Start {
        flags: flag::HOOK,
        ..Start::default()
    });
    bench.client.pen.host.hook = Some(|_, json| {
        let item: Json = serde_json::from_str(json).unwrap();
        Some(json!({"timestamp": "", "seen": item["type"]}).to_string())
    });
    bench.throw(&THROWN).flush();
    bench.wait(1000.0);
    bench.put(op::SUPPRESSED, &2u32.to_le_bytes());
    let json = bench.flush().batches().pop().unwrap().json;
    assert_eq!(
        json["exceptions"],
        json!([{"timestamp": "", "seen": "TypeError", "count": 2}])
    );
}

#[test]
fn an_exception_is_sent_soon() {
    let mut bench = Bench::started(&Start::default());
    bench.event("a");
    assert_eq!(bench.due, 5000.0);
    bench.throw(&THROWN);
    assert_eq!(bench.due, 1000.0);
}

#[test]
fn what_has_no_stack_has_the_place_that_the_browser_named() {
    let mut bench = Bench::started(&Start::default());
    bench.throw(&Thrown {
        stack: "",
        file: "https://shop.example/a.js",
        ..THROWN
    });
    bench.throw(&Thrown {
        kind: "",
        message: "Script error.",
        stack: "",
        ..THROWN
    });
    let json = bench.batch().json;
    assert_eq!(
        json["exceptions"][0]["stacktrace"]["frames"],
        json!([{"filename": "https://shop.example/a.js", "function": "?", "lineno": 3, "colno": 4}])
    );
    assert_eq!(
        (
            &json["exceptions"][1]["type"],
            &json["exceptions"][1]["value"]
        ),
        (&json!("Error"), &json!("Script error."))
    );
    assert!(json["exceptions"][1].get("stacktrace").is_none());
}

#[test]
fn noise_is_left_out_and_told() {
    let extension = Thrown {
        stack: "at f (chrome-extension://abc/x.js:1:2)",
        ..THROWN
    };
    let mut bench = Bench::started(&Start {
        flags: flag::IGNORE | flag::DENY,
        ..Start::default()
    });
    bench.client.pen.host.filter = Some(|list, text| match list {
        0 => text == "TypeError: ResizeObserver loop",
        _ => text.starts_with("https://ads.example/"),
    });
    bench.throw(&extension);
    bench.throw(&Thrown {
        message: "ResizeObserver loop",
        ..THROWN
    });
    bench.throw(&Thrown {
        stack: "at f (https://ads.example/x.js:1:2)",
        ..THROWN
    });
    bench.throw(&THROWN);
    assert_eq!(bench.batch().items, 1);
    let ignored = |n| (diagnostic::IGNORED, n);
    assert_eq!(
        bench.diagnostics(),
        [ignored(0.0), ignored(1.0), ignored(2.0)]
    );

    let mut bench = Bench::started(&Start {
        flags: flag::EXTENSIONS,
        ..Start::default()
    });
    assert_eq!(bench.throw(&extension).batch().items, 1);
}

#[test]
fn the_first_exception_of_a_session_is_marked_once_over_pages() {
    let mut bench = Bench::started(&Start::default());
    bench.throw(&THROWN);
    let stored = std::string::String::from_utf8(bench.said(signal::STORE).pop().unwrap()).unwrap();
    assert!(stored.contains(" 1 "));
    let mut bench = Bench::started(&Start {
        stored,
        ..Start::default()
    });
    assert!(
        bench.throw(&THROWN).batch().json["farol"]
            .get("first")
            .is_none()
    );
}

#[test]
fn exceptions_without_end_keep_the_bound() {
    let causes = [["E", "m", STACK]; 100];
    let long = std::format!(
        "E: m\n{}",
        "    at f (https://shop.example/a.js:1:2)\n".repeat(5000)
    );
    let mut bench = Bench::started(&Start {
        numbers: with(4, 4096.0),
        ..Start::default()
    });
    bench.throw(&Thrown {
        causes: &causes,
        stack: &long,
        ..THROWN
    });
    let batch = bench.flush().batches().remove(0);
    assert!(batch.bytes < 6500, "{}", batch.bytes);
    assert_eq!(bench.diagnostics(), [(diagnostic::ITEM_CUT, 1.0)]);
}

#[test]
fn a_cause_may_have_nothing_but_a_stack() {
    let mut bench = Bench::started(&Start::default());
    let thrown = Thrown {
        causes: &[["", "", ""], ["", "", STACK]],
        ..THROWN
    };
    let json = bench.throw(&thrown).batch().json;
    let causes = &json["exceptions"][0]["causes"];
    assert_eq!(causes[0], json!({}));
    assert_eq!(causes[1]["stacktrace"]["frames"][0]["function"], "foo");
}

#[test]
fn the_trail_of_an_error_begins_with_its_session() {
    let mut bench = Bench::started(&Start::default());
    bench.event("of the visitor before").put(op::END, &[]);
    bench.event("of this one").throw(&THROWN);
    let batches = bench.flush().batches();
    let json = &batches.last().unwrap().json;
    let trail = &json["exceptions"][0]["trail"];
    assert_eq!(
        *trail,
        json!([{"t": "2026-01-01T00:00:00.000Z", "k": "event", "m": "of this one"}])
    );
}

#[test]
fn an_error_that_comes_again_with_other_attributes_is_another_item() {
    let mut bench = Bench::started(&Start::default());
    for order in ["17", "18", "18"] {
        let message = Writer::default()
            .b(1)
            .many(&["api", "Error", "no stock", STACK, ""])
            .n(f64::NAN)
            .n(f64::NAN)
            .u(0)
            .a(&[("order", order)])
            .many(&["", ""])
            .n(f64::NAN)
            .u(0);
        bench.put(op::EXCEPTION, &message.0);
    }
    let json = bench.batch().json;
    let told: Vec<_> = json["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["context"]["order"], item.get("count")))
        .collect();
    assert_eq!(told, [(&json!(17), None), (&json!(18), Some(&json!(2)))]);
}

#[test]
fn repeats_of_an_error_that_was_not_kept_are_not_counted_on_another() {
    let noise = Thrown {
        message: "noise",
        ..THROWN
    };
    let ignored = Start {
        flags: flag::IGNORE,
        ..Start::default()
    };
    let dropped = Start {
        flags: flag::HOOK,
        ..Start::default()
    };
    for start in [ignored, dropped] {
        for sealed in [false, true] {
            let mut bench = Bench::started(&start);
            bench.client.pen.host.filter = Some(|_, text| text.contains("noise"));
            bench.client.pen.host.hook =
                Some(|_, item| (!item.contains("\"noise\"")).then(|| item.into()));
            bench.throw(&THROWN);
            if sealed {
                bench.flush();
            }
            bench.throw(&noise).put(op::SUPPRESSED, &5u32.to_le_bytes());
            bench.flush();
            let items: Vec<_> = bench
                .batches()
                .iter()
                .flat_map(|batch| {
                    batch.json["exceptions"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default()
                })
                .collect();
            assert_eq!(items.len(), 1);
            assert_eq!(items[0].get("count"), None);
        }
    }
}

#[test]
fn repeats_are_counted_on_the_error_that_was_thrown_last() {
    let mut bench = Bench::started(&Start::default());
    let other = Thrown {
        message: "other",
        ..THROWN
    };
    bench.throw(&THROWN).throw(&other).throw(&THROWN);
    bench.put(op::SUPPRESSED, &5u32.to_le_bytes());
    let json = bench.batch().json;
    assert_eq!(json["exceptions"][0]["count"], 7);
    assert_eq!(json["exceptions"][1].get("count"), None);
}

/// What happens to a bench, and the texts of the trail of an error that follows.
fn trail_of(bench: &mut Bench) -> Vec<Json> {
    let log = Writer::default().many(&["info", "Joe said so"]);
    bench.put(op::LOG, &log.a(&[]).many(&["", ""]).n(f64::NAN).0);
    for (status, error) in [(404.0, ""), (0.0, "network"), (200.0, "")] {
        let request = Writer::default().b(0).many(&["t", "s", "", "GET"]);
        let request = request.s("https://shop.example/joe").n(1.0).n(2.0);
        bench.put(op::REQUEST, &request.n(status).s(error).a(&[]).0);
    }
    bench.event("joe came").throw(&Thrown {
        message: "no account of joe",
        ..THROWN
    });
    bench.flush().batches();
    bench.throw(&THROWN);
    let json = bench.batch().json;
    let trail = json["exceptions"][0]["trail"].as_array();
    let texts = trail.map(|list| list.iter().map(|past| past["m"].clone()).collect());
    texts.unwrap_or_default()
}

#[test]
fn what_a_hook_may_change_or_drop_is_in_no_trail_but_by_way_of_that() {
    let url = "https://shop.example/joe";
    let told = [
        "Joe said so",
        &format!("GET {url} 404"),
        &format!("GET {url} network"),
        &format!("GET {url} 200"),
        "joe came",
        "TypeError: no account of joe",
    ];
    assert_eq!(trail_of(&mut Bench::started(&Start::default())), told);
    let mut bench = Bench::started(&Start {
        flags: flag::HOOK,
        ..Start::default()
    });
    let left = |text| Writer::default().b(trail::LOG).s(text).n(f64::NAN).0;
    let click = Writer::default().b(trail::CLICK).s("a").n(f64::NAN).0;
    bench
        .put(op::TRAIL | op::HOOKED, &left("(name) said so"))
        .put(op::TRAIL, &click);
    assert_eq!(trail_of(&mut bench), ["(name) said so", "a"]);
}
