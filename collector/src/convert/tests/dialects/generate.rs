//! Payloads with everything odd that clients write. `strict` ones hold the types that both receivers insist on, so that they can be asked
//! as well; the others have numbers for text, text for numbers, and times in other spellings, all of which those refuse whole.

use super::json::{Json, units};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

/// Pieces of text that some rule is about.
const PIECES: &[&str] = &[
    "",
    "a",
    "word",
    " ",
    "  ",
    "=",
    "\"",
    "\\",
    "'",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{1}",
    "\u{8}",
    "\u{c}",
    "\u{1f}",
    "\u{7f}",
    "\u{80}",
    "\u{a0}",
    "\u{2028}",
    "\u{fffd}",
    "\u{feff}",
    "é",
    "日本",
    "😀",
    "null",
    "true",
    "0",
    "-1.5",
    "<b>&",
    "%f%v",
    "https://x.example/y.js?z=1#f",
    "http://h/[a]{b}",
    "0x1Fg",
    "Cannot read property 'find' of undefined",
    "Cannot read properties 'a b'",
    "id: 42",
    "ID=7",
    "Id 9x",
    "uid:3",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "2021-09-30T10:46:17",
    "2021-09-30 10:46",
    "C:\\a\\b.js",
    "/x/y-z.tsx",
    "./lib/a.css!",
    "/a.jsx1",
    "\u{10ffff}",
];

/// Names that another part of the line has too, or of which little remains.
const NAMES: &[&str] = &[
    "",
    " ",
    "=",
    "\u{7f}",
    "\u{fffd}",
    "a",
    "b",
    "A",
    "Z z",
    "a=b",
    "\"q\"",
    "é",
    "日",
    "kind",
    "timestamp",
    "type",
    "value",
    "value_a",
    "value_value_a",
    "level",
    "traceID",
    "spanID",
    "hash",
    "sdk_name",
    "view_name",
    "context_a",
    "event_data_a",
    "browser_mobile",
    "lcp",
    "ttfb",
    "user_attr_x",
    "null",
    "__proto__",
    "1",
];

/// Numbers at the edges of how they are spelled.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "1",
    "14",
    "22.12",
    "-3.5",
    "1e6",
    "999999",
    "999999.9",
    "1000000",
    "1e21",
    "1E+2",
    "1e-5",
    "0.0001",
    "0.00001",
    "0.00012345",
    "2.5e-7",
    "0.0000005",
    "123456789.123456789",
    "100000.5",
    "0.1",
    "0.30000000000000004",
    "1.7976931348623157e308",
    "-1.7976931348623157e308",
    "5e-324",
    "2.2250738585072014e-308",
    "9007199254740993",
    "18446744073709551616",
    "123456789012345678901234567890",
];

fn text() -> BoxedStrategy<Json> {
    let piece = prop_oneof![
        12 => select(PIECES).prop_map(units),
        1 => Just(vec![0xd83d]),
        1 => Just(vec![0xde00]),
        2 => any::<char>().prop_map(|c| units(&c.to_string())),
    ];
    vec(piece, 0..4)
        .prop_map(|it| Json::Text(it.concat()))
        .boxed()
}

fn name() -> BoxedStrategy<Vec<u16>> {
    prop_oneof![
        8 => select(NAMES).prop_map(units),
        1 => Just(vec![0xdc00, 0x62]),
        1 => any::<char>().prop_map(|c| units(&c.to_string())),
    ]
    .boxed()
}

/// Text, or what some client writes in its place.
fn texts(strict: bool) -> BoxedStrategy<Json> {
    if strict {
        return text();
    }
    prop_oneof![
        4 => text(),
        1 => select(&["42", "-7", "1.5", "0"][..]).prop_map(|it| Json::Number(it.to_owned())),
        1 => any::<bool>().prop_map(Json::Bool),
    ]
    .boxed()
}

fn flag(strict: bool) -> BoxedStrategy<Json> {
    if strict {
        return any::<bool>().prop_map(Json::Bool).boxed();
    }
    prop_oneof![
        any::<bool>().prop_map(Json::Bool),
        select(&["true", "false", ""][..]).prop_map(Json::text),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<String> {
    prop_oneof![
        3 => select(NUMBERS).prop_map(str::to_owned),
        1 => any::<f64>().prop_filter("finite", |it| it.is_finite()).prop_map(|it| format!("{it:e}")),
        1 => (-1e7..1e7f64).prop_map(|it| it.to_string()),
    ]
    .boxed()
}

/// A map of texts; a name may come twice. Nothing is null in it where another of its name holds something: which of the two then holds
/// is the one thing in which the receivers follow their library and not the rule that the last one counts.
fn attributes(strict: bool) -> BoxedStrategy<Json> {
    let value = match strict {
        true => text(),
        false => prop_oneof![
            4 => texts(false),
            1 => Just(Json::Null),
            1 => Just(Json::List(vec![Json::Bool(true), Json::Null, Json::text("a=b")])),
            1 => Just(Json::object(vec![("b", Json::Number("1".into())), ("a", Json::text("x \"y\""))])),
        ]
        .boxed(),
    };
    let map = vec((name(), value), 0..5).prop_map(|fields| {
        let nulls: Vec<_> = fields
            .iter()
            .filter(|it| it.1 == Json::Null)
            .map(|it| it.0.clone())
            .collect();
        let keep = |(name, json): &(Vec<u16>, Json)| *json == Json::Null || !nulls.contains(name);
        Json::Object(fields.into_iter().filter(keep).collect())
    });
    prop_oneof![6 => map, 1 => Just(Json::Null)].boxed()
}

fn values(strict: bool) -> BoxedStrategy<Json> {
    let value = match strict {
        true => number().prop_map(Json::Number).boxed(),
        false => prop_oneof![
            4 => number().prop_map(Json::Number),
            1 => select(&["12.5", " 7 ", "-0"][..]).prop_map(Json::text),
            1 => Just(Json::Null),
        ]
        .boxed(),
    };
    let map = vec((name(), value), 0..5).prop_map(|mut fields| {
        // Of a name of which nothing can be written the receivers make no line at all.
        fields.retain(|(name, _)| {
            super::json::read(name)
                .chars()
                .any(|c| c > ' ' && !"=\"\u{7f}\u{fffd}".contains(c))
        });
        let nulls: Vec<_> = fields
            .iter()
            .filter(|it| it.1 == Json::Null)
            .map(|it| it.0.clone())
            .collect();
        fields.retain(|(name, json)| *json == Json::Null || !nulls.contains(name));
        Json::Object(fields)
    });
    prop_oneof![8 => map, 1 => Just(Json::Null)].boxed()
}

fn time(strict: bool) -> BoxedStrategy<Json> {
    let parts = (
        1970..2500u32,
        1..13u32,
        1..29u32,
        6..18u32,
        0..60u32,
        0..60u32,
    );
    let fraction = prop_oneof![
        Just(String::new()),
        "[0-9]{3}".prop_map(|it| format!(".{it}")),
        "[0-9]{1,9}".prop_map(|it| format!(".{it}")),
        select(&[".000", ".100", ".000000001", ".999999999", ".0005"][..]).prop_map(str::to_owned),
    ];
    let zone = match strict {
        true => Just("Z").boxed(),
        false => select(&["Z", "+02:00", "-05:30"][..]).boxed(),
    };
    let written = (parts, fraction, zone).prop_map(|((y, mo, d, h, mi, s), fraction, zone)| {
        Json::text(&format!(
            "{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}{fraction}{zone}"
        ))
    });
    match strict {
        true => prop_oneof![9 => written, 1 => Just(Json::Null)].boxed(),
        false => prop_oneof![
            6 => written,
            1 => Just(Json::text("yesterday")),
            1 => Just(Json::Number("1632998777680".into())),
        ]
        .boxed(),
    }
}

fn id(digits: &'static str, strict: bool) -> BoxedStrategy<Json> {
    let good = proptest::string::string_regex(digits).expect("a pattern");
    let odd = match strict {
        true => select(
            &[
                "",
                "abcd",
                "00",
                "ABCDEF0123",
                "0000000000000000",
                "0102030405060708090a0b0c0d0e0f101112",
            ][..],
        ),
        false => select(&["", "abc", "not hex", "0", "zz"][..]),
    };
    prop_oneof![5 => good.prop_map(|it| Json::text(&it)), 2 => odd.prop_map(Json::text)].boxed()
}

fn trace(strict: bool) -> BoxedStrategy<Json> {
    let ids = (
        maybe(id("[0-9a-f]{32}", strict)),
        maybe(id("[0-9a-fA-F]{16}", strict)),
    );
    let both = ids.prop_map(|(trace, span)| fields(vec![("trace_id", trace), ("span_id", span)]));
    prop_oneof![6 => both, 1 => Just(Json::Null)].boxed()
}

fn action() -> BoxedStrategy<Json> {
    let of = (maybe(text()), maybe(text()), maybe(text()));
    of.prop_map(|(id, name, parent)| fields(vec![("id", id), ("name", name), ("parentId", parent)]))
        .boxed()
}

fn frames(strict: bool) -> BoxedStrategy<Json> {
    let place = move || match strict {
        true => select(&["0", "1", "42", "152790", "4294967296"][..])
            .prop_map(|it| Json::Number(it.to_owned()))
            .boxed(),
        false => select(&["7", "3000"][..]).prop_map(Json::text).boxed(),
    };
    let frame = (
        maybe(texts(strict)),
        maybe(texts(strict)),
        maybe(texts(strict)),
        maybe(place()),
        maybe(place()),
    )
        .prop_map(|(function, module, filename, line, column)| {
            fields(vec![
                ("function", function),
                ("module", module),
                ("filename", filename),
                ("lineno", line),
                ("colno", column),
            ])
        });
    let frames = vec(prop_oneof![9 => frame, 1 => Just(Json::Null)], 0..3).prop_map(Json::List);
    let stack = maybe(prop_oneof![9 => frames, 1 => Just(Json::Null)])
        .prop_map(|it| fields(vec![("frames", it)]));
    prop_oneof![8 => stack, 1 => Just(Json::Null)].boxed()
}

fn maybe(of: impl Strategy<Value = Json> + 'static) -> BoxedStrategy<Option<Json>> {
    weighted(0.75, of).boxed()
}

fn fields(list: Vec<(&str, Option<Json>)>) -> Json {
    let there = list
        .into_iter()
        .filter_map(|(name, json)| Some((name, json?)));
    Json::object(there.collect())
}

fn level() -> BoxedStrategy<Json> {
    let levels = select(
        &[
            "trace", "debug", "info", "log", "warn", "warning", "error", "ERROR", "", "a b",
        ][..],
    );
    levels.prop_map(Json::text).boxed()
}

fn log(strict: bool) -> BoxedStrategy<Json> {
    let of = (
        texts(strict),
        maybe(level()),
        maybe(attributes(strict)),
        maybe(time(strict)),
        maybe(trace(strict)),
        maybe(action()),
    );
    of.prop_map(|(message, level, context, time, trace, action)| {
        fields(vec![
            ("message", Some(said(message))),
            ("level", level),
            ("context", context),
            ("timestamp", time),
            ("trace", trace),
            ("action", action),
        ])
    })
    .boxed()
}

/// An item that says nothing at all is an outcome of its own here.
fn said(json: Json) -> Json {
    match &json {
        Json::Text(text) if text.is_empty() => Json::text("x"),
        _ => json,
    }
}

fn exception(strict: bool) -> BoxedStrategy<Json> {
    let of = (
        texts(strict),
        maybe(texts(strict)),
        maybe(frames(strict)),
        maybe(attributes(strict)),
        maybe(flag(strict)),
        maybe(time(strict)),
        maybe(trace(strict)),
        maybe(action()),
    );
    of.prop_map(
        |(kind, value, stack, context, fatal, time, trace, action)| {
            fields(vec![
                ("type", Some(said(kind))),
                ("value", value),
                ("stacktrace", stack),
                ("context", context),
                ("fatal", fatal),
                ("timestamp", time),
                ("trace", trace),
                ("action", action),
                ("fingerprint", Some(Json::text("f"))),
            ])
        },
    )
    .boxed()
}

fn measurement(strict: bool) -> BoxedStrategy<Json> {
    let of = (
        texts(strict),
        values(strict),
        maybe(attributes(strict)),
        maybe(time(strict)),
        maybe(trace(strict)),
        maybe(action()),
    );
    of.prop_map(|(kind, values, context, time, trace, action)| {
        fields(vec![
            ("type", Some(said(kind))),
            ("values", Some(values)),
            ("context", context),
            ("timestamp", time),
            ("trace", trace),
            ("action", action),
        ])
    })
    .boxed()
}

fn event(strict: bool) -> BoxedStrategy<Json> {
    let of = (
        texts(strict),
        maybe(texts(strict)),
        maybe(attributes(strict)),
        maybe(time(strict)),
        maybe(trace(strict)),
        maybe(action()),
    );
    of.prop_map(|(name, domain, attributes, time, trace, action)| {
        fields(vec![
            ("name", Some(said(name))),
            ("domain", domain),
            ("attributes", attributes),
            ("timestamp", time),
            ("trace", trace),
            ("action", action),
        ])
    })
    .boxed()
}

/// An object of texts under these names.
fn words(
    strict: bool,
    names: &'static [&'static str],
) -> BoxedStrategy<Vec<(&'static str, Option<Json>)>> {
    vec(weighted(0.5, texts(strict)), names.len())
        .prop_map(move |it| names.iter().copied().zip(it).collect())
        .boxed()
}

fn with(
    strict: bool,
    names: &'static [&'static str],
    more: Vec<(&'static str, BoxedStrategy<Json>)>,
) -> BoxedStrategy<Json> {
    let (more_names, more): (Vec<_>, Vec<_>) = more.into_iter().unzip();
    let more: Vec<_> = more.into_iter().map(maybe).collect();
    (words(strict, names), more)
        .prop_map(move |(mut list, more)| {
            list.extend(more_names.iter().copied().zip(more));
            fields(list)
        })
        .boxed()
}

fn meta(strict: bool) -> BoxedStrategy<Json> {
    let part = with(strict, &["name", "version"], vec![]);
    let parts = vec(part, 0..3).prop_map(Json::List).boxed();
    let brand = with(strict, &["brand", "version"], vec![]);
    let brands = prop_oneof![
        vec(brand, 0..3).prop_map(Json::List),
        text(),
        Just(Json::Null)
    ]
    .boxed();
    let all: Vec<(&str, BoxedStrategy<Json>)> = vec![
        (
            "sdk",
            with(strict, &["name", "version"], vec![("integrations", parts)]),
        ),
        (
            "app",
            with(
                strict,
                &[
                    "name",
                    "namespace",
                    "release",
                    "version",
                    "environment",
                    "bundleId",
                    "gitHash",
                    "installationId",
                ],
                vec![],
            ),
        ),
        (
            "user",
            with(
                strict,
                &["id", "username", "email", "fullName", "roles", "hash"],
                vec![("attributes", attributes(strict))],
            ),
        ),
        (
            "session",
            with(strict, &["id"], vec![("attributes", attributes(strict))]),
        ),
        (
            "page",
            with(
                strict,
                &["id", "url"],
                vec![("attributes", attributes(strict))],
            ),
        ),
        (
            "browser",
            with(
                strict,
                &[
                    "name",
                    "version",
                    "os",
                    "userAgent",
                    "language",
                    "viewportWidth",
                    "viewportHeight",
                ],
                vec![("mobile", flag(strict)), ("brands", brands)],
            ),
        ),
        ("view", with(strict, &["name"], vec![])),
        (
            "k6",
            with(strict, &["testRunId"], vec![("isK6Browser", flag(strict))]),
        ),
        (
            "os",
            with(strict, &["name", "version", "build_id", "detail"], vec![]),
        ),
        (
            "device",
            with(
                strict,
                &[
                    "manufacturer",
                    "model_identifier",
                    "model_name",
                    "brand",
                    "type",
                ],
                vec![("is_physical", flag(strict))],
            ),
        ),
        (
            "geo",
            with(
                strict,
                &[
                    "continent_iso",
                    "country_iso",
                    "subdivision_iso",
                    "city",
                    "asn_org",
                    "asn_id",
                ],
                vec![],
            ),
        ),
    ];
    let (names, parts): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let parts: Vec<_> = parts.into_iter().map(|it| weighted(0.5, it)).collect();
    parts
        .prop_map(move |it| fields(names.iter().copied().zip(it).collect()))
        .boxed()
}

pub(super) fn payload(strict: bool) -> BoxedStrategy<Json> {
    let list = |of: BoxedStrategy<Json>| vec(of, 0..3).prop_map(Json::List).boxed();
    let of = (
        maybe(meta(strict)),
        maybe(list(log(strict))),
        maybe(list(exception(strict))),
        maybe(list(measurement(strict))),
        maybe(list(event(strict))),
    );
    of.prop_map(|(meta, logs, exceptions, measurements, events)| {
        fields(vec![
            ("meta", meta),
            ("logs", logs),
            ("exceptions", exceptions),
            ("measurements", measurements),
            ("events", events),
        ])
    })
    .boxed()
}
